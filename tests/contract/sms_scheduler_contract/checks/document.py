"""Statuses, content types, schemas and links.

Schemathesis generates the requests and checks the responses by the OpenAPI document.
"""

import re
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection

from ..contract_check import PATIENT, hypothesis_settings, rests_on
from ..document import SCHEMA
from ..generation import fill_in, flatmap_case
from ..server import Server

Case = schemathesis.Case[Any]
_FAR = 10**15  # no server has given out so many ids


SCHEMA.hook(flatmap_case)


def address(case: Case, server: Server) -> dict[str, Any]:
    """Fill in the tester's sender and number. The result says where to send the case."""
    fill_in(case, server.target.sender_id, server.target.phone_numbers[0])
    return {
        "base_url": server.target.url,
        "headers": {"Authorization": server.target.authorization},
        "session": server.session,
    }


def lead_apart(step: Any) -> None:
    """Make a made-up id one that no server has given out.

    Otherwise it might be that of an earlier message, which exists the first time, and not when Hypothesis repeats it.
    """
    made_up = step.case.path_parameters.get("id")
    is_linked = any(name == "id" for _, name in step.applied_parameters)
    if not is_linked and re.fullmatch("[0-9]{1,15}", str(made_up)):
        step.case.path_parameters["id"] = int(made_up) + _FAR


def _checks(case: Case) -> dict[str, Any]:
    """What the page lets a response be checked for."""
    identifier = (case.path_parameters or {}).get("id", 0)
    is_id = isinstance(identifier, int) and 0 <= identifier < 2**31
    if not is_id or (case.method == "POST" and not isinstance(case.body, dict)):
        # A path without an id, or with one that no integer of the server may hold, and a body that is no object of JSON: frameworks and proxies answer by themselves.
        return {"checks": [not_a_server_error]}
    return {"excluded_checks": [negative_data_rejection] if _is_open(case.body) else []}


def _is_open(body: Any) -> bool:
    """Whether the page does not say that a body is invalid: null for what may be left out, a list as PHP writes it."""
    if not isinstance(body, dict):
        return False
    return isinstance(body.get("phone_numbers"), dict) or body.get("message_stop", False) is None


# Hypothesis does not shrink here: the coverage phase tries the shortest cases anyway.
SETTINGS = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=[*PATIENT, HealthCheck.function_scoped_fixture],  # the server has a state anyway
)


@rests_on("Send and receive data in JSON format. [...] 200 OK, 400 Bad Request, 401 Unauthorized, 404 Not Found")
@SCHEMA.parametrize()
@SETTINGS
def test_responses_match_the_document(case: Case, server: Server) -> None:
    """Every response has a status, a content type and the fields of the document; an invalid request is refused."""
    with server.scenario():
        server.may_make_up()
        arguments = address(case, server)
        response = case.call(**arguments)
        server.validate(lambda: case.validate_response(response, transport_kwargs=arguments, **_checks(case)))


@rests_on("message_id: The message id. sms_ids: List of sms ids indexed by phone numbers")
def test_links_match_the_document(server: Server) -> None:
    """The ids in a response are accepted by the other operations, in any order, and every response matches the document."""
    server.may_make_up()

    class Links(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.scenario = server.scenario()
            self.scenario.__enter__()

        def teardown(self) -> None:
            self.scenario.__exit__(None, None, None)

        def step(self, input: Any) -> Any:  # noqa: A002
            lead_apart(input)
            return super().step(input)

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return address(case, server)

        def validate_response(self, response: Any, case: Case, *args: Any, **kwargs: Any) -> None:
            server.validate(lambda: case.validate_response(response, transport_kwargs=kwargs, **_checks(case)))

    with server.scenario():
        run_state_machine_as_test(
            seed(server.effort.seed)(Links), settings=hypothesis_settings(server, 8, stateful_step_count=8)
        )
