"""The OpenAPI document, without what the vendor leaves open."""

import copy
import json
from importlib.resources import files
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

DOCUMENT: dict[str, Any] = json.loads(files("sms_scheduler_mock").joinpath("openapi.json").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
LISTED_CODES = frozenset(SCHEMAS["SmsStatus"]["enum"])
CODES: dict[str, int] = dict(zip(SCHEMAS["SmsStatus"]["x-enum-varnames"], SCHEMAS["SmsStatus"]["enum"], strict=True))
WAITING, SENT_CODES = {CODES["SCHEDULED"], CODES["PENDING"]}, {CODES["SENT"], CODES["RECEIVED"]}
LISTED_FIELDS = frozenset(name for schema in SCHEMAS.values() for name in schema.get("properties", {}))


def _without_open_points() -> dict[str, Any]:
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


_CONFIG = SchemathesisConfig.from_str(
    files("sms_scheduler_contract").joinpath("schemathesis.toml").read_text(encoding="utf-8")
)
SCHEMA = schemathesis.openapi.from_dict(_without_open_points(), config=_CONFIG)
OPERATIONS: dict[str, Any] = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())  # type: ignore[union-attr]
}
