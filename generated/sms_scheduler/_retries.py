# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What may be sent again, and when. Imported by the first request: httpx-retries brings asyncio along, and its time."""

import functools

import httpx
from httpx_retries import Retry, RetryTransport

from ._transport import NOT_SENT, WaitTooLongError
from .errors import seconds_to_wait

__all__ = ["RetryTransport", "retry"]
_LONGEST_WAIT, _LONGEST_WAITS = 30.0, 60.0  # one, and all of a call


@functools.lru_cache(maxsize=256)
def retry(method: str, max_retries: int) -> Retry:
    """Send again what was certainly not accepted, and what does no harm if it was."""
    repeatable = method in {"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"}
    return _Retry(
        total=max_retries,
        allowed_methods=[method],
        status_forcelist=[429, 502, 503, 504] if repeatable else [429],
        retry_on_exceptions=Retry.RETRYABLE_EXCEPTIONS if repeatable else NOT_SENT,
        backoff_factor=0.25,
        backoff_jitter=0.5,
        max_backoff_wait=_LONGEST_WAIT,
        total_timeout=_LONGEST_WAITS,
    )


class _Retry(Retry):
    """Sends again when the server asks for it, and not earlier; if that is too long, not at all."""

    def parse_retry_after(self, retry_after: str) -> float:
        return seconds_to_wait({"retry-after": retry_after}) or 0.0

    def sleep(self, response: httpx.Response | Exception) -> None:
        self._refuse_long_wait(response)
        super().sleep(response)

    async def asleep(self, response: httpx.Response | Exception) -> None:
        self._refuse_long_wait(response)
        await super().asleep(response)

    def _refuse_long_wait(self, response: httpx.Response | Exception) -> None:
        longest = min(_LONGEST_WAIT, _LONGEST_WAITS - self.elapsed_sleep)
        if isinstance(response, httpx.Response) and (seconds_to_wait(response.headers) or 0) > longest:
            raise WaitTooLongError(response)
