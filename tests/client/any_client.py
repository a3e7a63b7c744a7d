"""The synchronous and the asynchronous client behind one face, so that every test is written once for both."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from sms_scheduler import AsyncSmsScheduler, SmsScheduler

Kind = Literal["sync", "async"]

# The arguments of a call of each operation that is as good as any.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "create_sms": {
        "message_text": "Hello world",
        "delivery_date": "2030-12-25 12:45:59",
        "sender_id": 123,
        "phone_numbers": ["+33612345678"],
    },
    "get_sms": {"id": 5000001},
    "delete_sms": {"id": 5000001},
    "get_message": {"id": 123456},
    "delete_message": {"id": 123456},
}
OPERATIONS = list(ARGUMENTS)
GETS = ["get_sms", "get_message"]
DELETES = ["delete_sms", "delete_message"]


class AnyClient:
    """A client of either kind, called as if it were synchronous.

    Attributes:
        client: The client itself.
    """

    def __init__(self, kind: Kind, **options: Any) -> None:
        self._runner = asyncio.Runner() if kind == "async" else None
        self.client: SmsScheduler | AsyncSmsScheduler
        try:
            self.client = AsyncSmsScheduler(**options) if self._runner else SmsScheduler(**options)
        except BaseException:
            if self._runner:
                self._runner.close()
            raise

    def call(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of the client."""
        return self._result(getattr(self.client, operation)(*arguments, **named))

    def try_out(self, operation: str) -> Any:
        """Call an operation with arguments that are as good as any."""
        return self.call(operation, **ARGUMENTS[operation])

    def call_all(self, operation: str, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Call an operation many times at once: in threads, or in one event loop."""
        method = getattr(self.client, operation)
        if self._runner is None:
            with ThreadPoolExecutor(len(calls)) as pool:
                return list(pool.map(lambda arguments: method(**arguments), calls))

        async def gather() -> list[Any]:
            return await asyncio.gather(*(method(**arguments) for arguments in calls))

        return self._runner.run(gather())

    def with_options(self, **options: Any) -> "AnyClient":
        """A client by `with_options`, in the same event loop."""
        other = object.__new__(AnyClient)
        other._runner, other.client = self._runner, self.client.with_options(**options)
        return other

    def try_out_in_a_block(self, operation: str) -> Any:
        """The same in a `with` or `async with` block."""
        if isinstance(self.client, SmsScheduler):
            with self.client as client:
                return getattr(client, operation)(**ARGUMENTS[operation])

        async def use(client: AsyncSmsScheduler) -> Any:
            async with client as entered:
                return await getattr(entered, operation)(**ARGUMENTS[operation])

        return self._result(use(self.client))

    def close_client(self) -> None:
        if isinstance(self.client, SmsScheduler):
            self.client.close()
        else:
            self._result(self.client.aclose())

    def close(self) -> None:
        self.close_client()
        if self._runner:
            self._runner.close()

    def _result(self, result: Any) -> Any:
        return self._runner.run(result) if self._runner else result
