"""openapi.yaml as a server is judged by it: without what the vendor leaves open."""

import copy
from pathlib import Path
from typing import Any

import schemathesis
from generator.document import read
from schemathesis.config import SchemathesisConfig

ROOT = Path(__file__).resolve().parents[3]


DOCUMENT: dict[str, Any] = read(ROOT / "openapi.yaml").data
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
LISTED_CODES = frozenset(SCHEMAS["SmsStatus"]["enum"])
CODES: dict[str, int] = dict(zip(SCHEMAS["SmsStatus"]["x-enum-varnames"], SCHEMAS["SmsStatus"]["enum"], strict=True))
WAITING = {CODES["SCHEDULED"], CODES["PENDING"]}
LISTED_FIELDS = frozenset(name for schema in SCHEMAS.values() for name in schema.get("properties", {}))


def judged() -> dict[str, Any]:
    """The document without what the vendor leaves open, which docs/open-points.md lists.

    That is: codes that are not listed yet, `[]` for an empty object, other ways to write a date, and a limit to the rate
    of requests.
    """
    data = copy.deepcopy(DOCUMENT)
    schemas: dict[str, Any] = data["components"]["schemas"]
    del schemas["SmsStatus"]["enum"]
    del schemas["NewMessage"]["properties"]["delivery_date"]["pattern"]
    for name, field in (("CreatedMessage", "sms_ids"), ("RequestErrors", "errors")):
        properties = schemas[name]["properties"]
        properties[field] = {"anyOf": [properties[field], {"type": "array", "maxItems": 0}]}
    for path in data["paths"].values():
        for operation in path.values():
            if "responses" in operation:
                operation["responses"]["429"] = {"description": "Too many requests."}
    return data


SCHEMA = schemathesis.openapi.from_dict(judged(), config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"))
OPERATIONS: dict[str, Any] = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())  # type: ignore[union-attr]
}
