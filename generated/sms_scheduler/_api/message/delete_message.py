# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""deleteMessage: DELETE /message/{id}"""

from ..._codec import Errors, api_error, decode, decoder, path_segment
from ..._types import Request, Response
from ...errors import NotFoundError, UnauthorizedError
from ...models import MessageDeletion

_RESULT = decoder(MessageDeletion)
_ERRORS: Errors = {401: (UnauthorizedError, None), 404: (NotFoundError, None)}


def build_request(id: int) -> Request:
    """Build the request; raises TypeError or ValueError for an argument that cannot be sent."""
    return Request("deleteMessage", "DELETE", "/message/" + path_segment("id", id, int))


def read_response(response: Response) -> MessageDeletion:
    """Read the response; raises ApiError or InvalidResponseError for one that is no success."""
    if response.status_code == 200:
        return decode(response, _RESULT)
    raise api_error(response, _ERRORS)
