"""Delete the SMS of a message by its id.

deleteMessage: DELETE /message/{id}
"""

from ...codec import api_error, decode, decoder, path_segment
from ...errors import NotFoundError, UnauthorizedError
from ...models import MessageDeletion
from ...types import Request, Response

_RESULT = decoder(MessageDeletion)
_ERRORS = {
    401: (UnauthorizedError, None),
    404: (NotFoundError, None),
}


def build_request(id: int) -> Request:
    """Build the request from the arguments of the client's method.

    Raises:
        TypeError: An argument is of a type that cannot be sent.
        ValueError: An argument has a value that cannot be sent.
    """
    id_segment = path_segment("id", id, int)
    return Request("deleteMessage", "DELETE", f"/message/{id_segment}")


def read_response(response: Response) -> MessageDeletion:
    """Read what came back.

    Raises:
        ApiError: The status is one of the documented errors, or not documented.
        InvalidResponseError: The body is not what the API's document says.
    """
    if response.status_code == 200:
        return decode(response, _RESULT)
    raise api_error(response, _ERRORS)
