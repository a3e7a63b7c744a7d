"""Requests at once."""

from ..contract_check import contract_check
from ..errors import expect
from ..models import Draft, read_created
from ..server import Server
from .deletion import delete_all
from .reports import expect_state, report_of

_AT_ONCE = 6
UNSAFE = "it sends requests at once"


@contract_check(
    "The unique ID of the corresponding SMS", alone=True, unsafe=UNSAFE, first=[{"seen": False}] * 2 + [{"seen": True}]
)
def test_creations_at_once_have_ids_of_their_own(server: Server, seen: bool) -> None:
    """Messages that are created at once have ids of their own, and reports of their own."""
    bodies = [server.fields(Draft(numbers=(index,))) for index in range(_AT_ONCE)]
    responses = server.ask_together(*(("createSms", None, body) for body in bodies))
    created = [read_created(response.json()) for response in responses if response.status_code == 200]
    message_ids = [message.message_id for message in created]
    expect(len(set(message_ids)) == len(created), "messages created at once have ids of their own", message_ids)
    sms_ids = [sms_id for message in created for sms_id in message.ids]
    expect(len(set(sms_ids)) == len(sms_ids), "SMS created at once have ids of their own", sms_ids)
    for message in created if seen else []:
        report_of(server, message)


@contract_check(
    "integer success: The number of SMS deleted",
    alone=True,
    unsafe=UNSAFE,
    first=[{"count": count} for count in (2, 4)],
)
def test_a_deletion_at_once_with_a_report(server: Server, count: int) -> None:
    """A message that is deleted twice at once and read meanwhile is deleted and counted once, and stays deleted."""
    created = server.create(Draft(numbers=tuple(range(count))))
    deletion, report = ("deleteMessage", created.message_id, None), ("getMessage", created.message_id, None)
    own = ("getSms", created.ids[0], None)
    responses = server.ask_together(deletion, report, own, deletion, report, own)
    counts = [responses[index].json()["success"] for index in (0, 3) if responses[index].status_code == 200]
    expected = f"the {len(created.ids)} SMS of message {created.message_id} are counted once by two deletions"
    expect_state(server, created, sum(counts) == len(created.ids), expected, counts)
    delete_all(server, created, 0)
