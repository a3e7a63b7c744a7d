import attrs

from ..types import JsonObject


@attrs.frozen(kw_only=True)
class RequestErrors:
    """Why a request was refused.

    Attributes:
        errors: The error messages, by the name of the field at fault.
    """

    errors: JsonObject[list[str]]
