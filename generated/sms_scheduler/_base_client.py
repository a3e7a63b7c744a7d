# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What both clients share, which is all but the I/O and the operations."""

import datetime
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, Self, TypeVar, cast

import attrs

from ._about import httpx
from ._call import Call
from ._connections import CLOSED
from ._settings import Secret, Settings
from ._types import RawResponse, Request, Response
from .errors import NotSentError

P = ParamSpec("P")
T = TypeVar("T")
ClientT = TypeVar("ClientT", bound="BaseClient[Any, Any]")
SenderT = TypeVar("SenderT")
TransportT = TypeVar("TransportT")


class BaseClient(Generic[SenderT, TransportT]):
    """The options of a client, and the sender that it may share with others."""

    _make_sender: Callable[[Settings, TransportT | None], SenderT]

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = 30.0,
        deadline: float | None = None,
        max_retries: int = 2,
        timezone: datetime.tzinfo | None = None,
        transport: TransportT | None = None,
        max_connections: int = 100,
        max_response_bytes: int = 64_000_000,
    ) -> None:
        key = Secret(api_key)
        del api_key  # so that a traceback with local variables does not show it
        self._settings = Settings(
            key, base_url, timeout, deadline, max_retries, timezone, max_connections, max_response_bytes
        )
        self._settings.warn_of_clear_text()
        self._sender = self._make_sender(self._settings, transport)
        self._is_owner, self._is_closed = True, False
        self._responses: list[Response] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self, '_settings', '')!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client holds connections and a key, and cannot be pickled or copied: use with_options().")

    def with_options(
        self,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
        timezone: datetime.tzinfo | None = None,
    ) -> Self:
        """Make a client with other options, as in the constructor, that shares the connections of this one.

        Closing it closes no connection; closing this one ends both.
        """
        key = None if api_key is None else Secret(api_key)
        del api_key
        given = {
            "api_key": key, "timeout": timeout, "deadline": deadline, "max_retries": max_retries, "timezone": timezone,
        }  # fmt: skip
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        client = self._copy()
        client._settings = attrs.evolve(self._settings, **changes)
        return client

    def _copy(self) -> Self:
        """A client that shares all that this one has, attributes of subclasses too, and owns nothing."""
        client = object.__new__(type(self))
        state = object.__getstate__(self)  # a dict, with one more beside it if a subclass has slots
        for attributes in cast("tuple[dict[str, Any] | None, ...]", state if isinstance(state, tuple) else (state,)):
            for name, value in (attributes or {}).items():
                object.__setattr__(client, name, value)
        vars(client).pop("with_raw_response", None)  # which is of the other client
        client._is_owner = False
        return client

    def _call(self, request: Request) -> Call:
        if self._is_closed:
            raise NotSentError(request.operation, True, CLOSED)
        self._settings.check_key(request)
        return Call(request, self._settings)

    def _keep(self, response: Response) -> Response:
        """Keep a response for the one who asked for it raw."""
        if self._responses is not None:
            self._responses.append(response)
        return response


# Methods that give the response too: they call the ordinary ones, on a copy of the client that keeps responses.


def raw(client: ClientT, method: Callable[Concatenate[ClientT, P], T]) -> Callable[P, RawResponse[T]]:
    """Make a method of a client give a RawResponse."""

    @functools.wraps(method)
    def call(*arguments: P.args, **named: P.kwargs) -> RawResponse[T]:
        keeper, responses = _keeper(client)
        return _joined(method, responses, method(keeper, *arguments, **named))

    return call


def async_raw(
    client: ClientT, method: Callable[Concatenate[ClientT, P], Awaitable[T]]
) -> Callable[P, Awaitable[RawResponse[T]]]:
    """The same for a method to be awaited."""

    @functools.wraps(method)
    async def call(*arguments: P.args, **named: P.kwargs) -> RawResponse[T]:
        keeper, responses = _keeper(client)
        return _joined(method, responses, await method(keeper, *arguments, **named))

    return call


def _keeper(client: ClientT) -> tuple[ClientT, list[Response]]:
    keeper, responses = client._copy(), list[Response]()  # pyright: ignore[reportPrivateUsage]
    keeper._responses = responses  # pyright: ignore[reportPrivateUsage]
    return keeper, responses


def _joined(method: Callable[..., object], responses: list[Response], parsed: T) -> RawResponse[T]:
    if not responses:
        raise RuntimeError(f"{method.__qualname__} sent no request, so that there is no response to give")
    last = responses[-1]
    return RawResponse(last.status_code, last.headers, last.content, parsed)
