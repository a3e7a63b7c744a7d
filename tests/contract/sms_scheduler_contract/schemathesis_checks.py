"""Contract checks for Schemathesis's own command, which loads them with SCHEMATHESIS_HOOKS=sms_scheduler_contract.schemathesis_checks.

They are those of the suite that need one response and what can be read after it. Messages are created from the sender in
the environment variable SMS_SCHEDULER_SENDER_ID, 123 if there is none.
"""

import os
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.transport import Response

from . import generation
from .encoding import check_encoding
from .errors import expect
from .keys import WRONG_KEYS, wrong_header
from .models import read_created

Case = schemathesis.Case[Any]
_SENDER_ID = int(os.environ.get("SMS_SCHEDULER_SENDER_ID", "123"))
_NUMBER = "+33612345678"


@schemathesis.hook
def flatmap_case(context: schemathesis.HookContext, case: Case) -> st.SearchStrategy[Case]:
    """Make most of the bodies valid, so that messages are created."""
    return generation.flatmap_case(context, case).map(_filled_in)


def _filled_in(case: Case) -> Case:
    generation.fill_in(case, _SENDER_ID, _NUMBER)
    return case


@schemathesis.check
def integers_are_whole(ctx: schemathesis.CheckContext, response: Response, case: Case) -> None:
    """JSON is in UTF-8, and has whole numbers where the page has integers."""
    if response.status_code in {200, 400} and response.content.lstrip()[:1] in {b"{", b"["}:
        check_encoding(case.operation.label, response.content)


@schemathesis.check
def created_sms_are_reported(ctx: schemathesis.CheckContext, response: Response, case: Case) -> None:
    """The report of a new message has the SMS of `sms_ids`, and no other; each has a report of its own."""
    if case.method != "POST" or response.status_code != 200:
        return
    created = read_created(response.json())
    report = _read(case, response, "/message/{id}", created.message_id)
    rows = report.json() if report.status_code == 200 else []
    numbers = {row["id"]: row["phone_number"] for row in rows}
    expected = f"the report of message {created.message_id} has the SMS {created.number_of}"
    expect(numbers == created.number_of and len(rows) == len(numbers), expected, report.text[:500])
    for sms_id, number in created.number_of.items():
        own = _read(case, response, "/sms/{id}", sms_id)
        is_right = own.status_code == 200 and own.json()["phone_number"] == number
        expect(is_right, f"SMS {sms_id} is to {number}", f"{own.status_code} {own.text[:500]}")


@schemathesis.check
def reports_need_the_key(ctx: schemathesis.CheckContext, response: Response, case: Case) -> None:
    """A report that was read with the key is answered 401 with anything else."""
    if case.method != "GET" or response.status_code != 200:
        return
    key = str(_headers(response).get("Authorization", "")).partition(" ")[2]
    for what in WRONG_KEYS:
        header = wrong_header(what, key)
        refused = _read(case, response, case.path, case.path_parameters["id"], authorization=header)
        expect(
            refused.status_code == 401, f"a report with {what} instead of the key is answered 401", refused.status_code
        )


def _headers(response: Response) -> Any:
    return response.request.headers


def _read(case: Case, response: Response, path: str, id_: int, *, authorization: str | None = "") -> Any:
    """Ask for a report: with the key of an earlier request if `authorization` is empty, without any if it is None."""
    operation = case.operation.schema[path]["GET"]
    if authorization == "":
        authorization = _headers(response)["Authorization"]
    headers = {} if authorization is None else {"Authorization": authorization}
    return operation.Case(path_parameters={"id": id_}).call(headers=headers)
