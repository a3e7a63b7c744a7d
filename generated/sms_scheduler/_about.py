# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What the document says of the API as a whole, and the HTTP library that the client is made for."""

import httpx

__all__ = [
    "API_KEY_VARIABLE",
    "BASE_URL_VARIABLE",
    "DEFAULT_BASE_URL",
    "DISTRIBUTION",
    "HTTP_CORE",
    "NEEDS_KEY",
    "PACKAGE",
    "__version__",
    "credentials",
    "httpx",
]

__version__: str = "0.2.0"

PACKAGE = "sms_scheduler"
DISTRIBUTION = "sms-scheduler"
DEFAULT_BASE_URL = "https://sms-scheduler.com/api/v1"
API_KEY_VARIABLE = "SMS_SCHEDULER_API_KEY"
BASE_URL_VARIABLE = "SMS_SCHEDULER_BASE_URL"
HTTP_CORE = "httpcore"  # what the HTTP library itself stands on
NEEDS_KEY = True  # whether no operation works without the API key


def credentials(api_key: str) -> tuple[list[tuple[bytes, bytes]], str]:
    """What goes with a request to prove who sends it: headers, and a part of the query."""
    return [(b"Authorization", b"Bearer " + api_key.encode())], ""
