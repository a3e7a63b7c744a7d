"""How a client proves who it is: the one security scheme that its API key is sent by."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import attrs

from .document import Document, Mistake
from .source import Pointer

# Headers that the client or HTTP itself sets.
OWN_HEADERS = {
    *("accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type"),
    *("cookie", "expect", "host", "http2-settings", "keep-alive", "proxy-authorization", "proxy-connection", "te"),
    *("trailer", "transfer-encoding", "upgrade", "user-agent"),
}


@attrs.frozen
class Scheme:
    """A security scheme that is supported.

    Attributes:
        kind: "bearer", "basic", "header" or "query".
        name: The header, or the parameter of the query as a URL has it.
    """

    kind: str
    name: str

    @classmethod
    def of(cls, scheme: dict[str, Any]) -> "Scheme | None":
        """The scheme that the document describes, if it is supported."""
        match scheme.get("type"), scheme.get("in"), str(scheme.get("scheme")).lower():
            case "http", _, ("bearer" | "basic") as kind:
                return cls(kind, "Authorization")
            case "apiKey", "header", _ if is_header_name(scheme["name"]) and not _is_own(scheme["name"]):
                return cls("header", scheme["name"])
            case "apiKey", "query", _ if scheme["name"]:
                return cls("query", quote(scheme["name"], safe=""))
            case _:
                return None


def is_header_name(name: str) -> bool:
    """Whether HTTP takes a header of that name."""
    return re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) is not None


def _is_own(header: str) -> bool:
    return header.lower() in OWN_HEADERS - {"authorization"}


def requirements(document: Document, operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of an operation, each with the schemes that it takes together; none if nothing is said."""
    return list(operation.get("security", document.data.get("security")) or [])


def schemes(document: Document) -> dict[str, Scheme]:
    """The supported schemes by name, as far as they serve for each operation that takes a key."""
    raw = document.data.get("components", {}).get("securitySchemes", {})
    found = {name: Scheme.of(document.resolve(scheme)) for name, scheme in raw.items()}
    common = {name: scheme for name, scheme in found.items() if scheme}
    for _, operation in document.operations():
        alternatives = requirements(document, operation)
        if any(alternatives):
            alone = {next(iter(alternative)) for alternative in alternatives if len(alternative) == 1}
            common = {name: scheme for name, scheme in common.items() if name in alone}
    return common


def scheme_of(document: Document) -> Scheme | None:
    """What the client sends its key by: in a header rather than in the query, whose text is written into logs."""
    kinds = ["bearer", "header", "basic", "query"]
    return min(schemes(document).values(), key=lambda scheme: kinds.index(scheme.kind), default=None)


def find_unsupported_security(document: Document) -> Iterator[Mistake]:
    """Operations that the client has no key for; what holds for the whole document is said once."""
    operations = dict(document.operations())
    if "security" not in document.data and all("security" not in operation for operation in operations.values()):
        yield Mistake((), "expected `security`, for the whole document or in each operation; `security: []` for none")
        return
    raw = document.data.get("components", {}).get("securitySchemes", {})
    seen: set[Pointer] = set()
    for pointer, operation in operations.items():
        if "security" not in operation and "security" not in document.data:
            yield Mistake(pointer, "expected `security`; `security: []` for an operation without")
            continue
        alternatives = requirements(document, operation)
        named = {name for alternative in alternatives for name in alternative}
        if not named or any(
            len(each) == 1 and Scheme.of(document.resolve(raw.get(*each, {}))) for each in alternatives
        ):
            continue
        for name in named:
            where: Pointer = ("components", "securitySchemes", name) if name in raw else pointer
            if len(named) > 1 and name in raw and Scheme.of(document.resolve(raw[name])):
                where, problem = pointer, "security schemes that are taken together are not supported; name one alone"
            elif name in raw:
                problem = (
                    "is not supported; use a bearer token, basic authentication, or a key in a header or the query"
                )
            else:
                problem = f"there is no security scheme {name} in `components`"
            if where not in seen:
                seen.add(where)
                yield Mistake(where, problem)
    if not seen and not schemes(document) and any(any(requirements(document, each)) for each in operations.values()):
        yield Mistake(
            ("components", "securitySchemes"), "expected one scheme that serves for every operation with a key"
        )
    yield from _key_as_parameter(document)


def _key_as_parameter(document: Document) -> Iterator[Mistake]:
    """Parameters that say of the key once more how it is sent."""
    key = scheme_of(document)
    if key is None:
        return
    for pointer, _ in document.operations():
        for parameter in document.parameters(pointer):
            name, where = parameter["name"], parameter["in"]
            same = name.lower() == key.name.lower() if where == "header" else quote(name, safe="") == key.name
            if where == key.kind and same and name.lower() not in OWN_HEADERS:
                yield Mistake(pointer, f"the {where} parameter {name} is what the API key is sent by; leave it out")
