# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs

from .._types import JsonObject


@attrs.frozen(kw_only=True)
class RequestErrors:
    """Why a request was refused."""

    errors: JsonObject[list[str]]
