# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What the document says of the API as a whole, and the HTTP library that the client is made for."""

import httpx

__all__ = [
    "API_KEY_VARIABLE",
    "BASE_URL_VARIABLE",
    "DEFAULT_BASE_URL",
    "DISTRIBUTION",
    "PACKAGE",
    "__version__",
    "httpx",
]

__version__: str = "0.2.0"

PACKAGE = "sms_scheduler"
DISTRIBUTION = "sms-scheduler"
DEFAULT_BASE_URL = "https://sms-scheduler.com/api/v1"
API_KEY_VARIABLE = "SMS_SCHEDULER_API_KEY"
BASE_URL_VARIABLE = "SMS_SCHEDULER_BASE_URL"
