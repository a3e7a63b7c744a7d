"""What makes a function a contract check: its sentences, the cases it is run in, and what it does in safe mode."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .errors import NotTestedError
from .server import Server

# A server may be slow, and valid messages are rare among all that a schema allows.
PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@attrs.frozen
class ContractCheck:
    """What is known of a contract check before it is run.

    Attributes:
        text: What is checked, in a sentence: the first paragraph of the docstring.
        page_sentence: The words of the vendor's page that it rests on.
        posts: How many requests for a message it sends in safe mode, at most.
        unsafe: Why it is not run in safe mode; None if it is.
        alone: Whether no other check may run beside it.
    """

    text: str
    page_sentence: str
    posts: int = 0
    unsafe: str | None = None
    alone: bool = False


def rests_on(page_sentence: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Name the words of the vendor's page that a test of Schemathesis rests on, as `contract_check` does."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        test.page_sentence = page_sentence  # type: ignore[attr-defined]
        return test

    return decorate


def first_paragraph(function: Callable[..., object]) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def contract_check(
    page_sentence: str,
    *,
    posts: int = 0,
    unsafe: str | None = None,
    alone: bool = False,
    cases: int = 4,
    first: Iterable[dict[str, Any]] = (),
    **strategies: st.SearchStrategy[Any],
) -> Callable[[Callable[..., None]], Callable[[Server], None]]:
    """Make a scenario a test: it is run with the arguments of `first`, then in `cases` that Hypothesis makes up.

    `page_sentence` are the words of the vendor's page that it rests on: what the page does not say fails no server.

    One that asks for ids of others, or relies on what is created meanwhile, is run `alone`.

    In safe mode it is run once, with the first or else the simplest arguments, or not at all if it is `unsafe`. Without
    `first` and strategies it is run once anyway.
    """
    known = list(first)

    def decorate(scenario: Callable[..., None]) -> Callable[[Server], None]:
        def test(server: Server) -> None:
            if server.safe_mode and unsafe:
                raise NotTestedError(f"in safe mode: {unsafe}")
            _run(server, scenario, known, st.fixed_dictionaries(strategies) if strategies else None, cases)

        test.__name__, test.__doc__, test.__module__ = scenario.__name__, scenario.__doc__, scenario.__module__
        known_as = ContractCheck(first_paragraph(scenario), page_sentence, posts, unsafe, alone)
        test.contract_check = known_as  # type: ignore[attr-defined]
        return test

    return decorate


def _run(
    server: Server,
    scenario: Callable[..., None],
    first: list[dict[str, Any]],
    strategy: st.SearchStrategy[dict[str, Any]] | None,
    cases: int,
) -> None:
    for arguments in first[: 1 if server.safe_mode else None] or ([] if strategy else [{}]):
        with server.scenario():
            scenario(server, **arguments)
    if strategy is None or (server.safe_mode and first):
        return

    @seed(server.effort.seed)
    @hypothesis_settings(server, cases)
    @given(strategy)
    def case(arguments: dict[str, Any]) -> None:
        with server.scenario():
            scenario(server, **arguments)

    case()


def hypothesis_settings(server: Server, cases: int, **others: Any) -> settings:
    """How Hypothesis runs: one case in safe mode, otherwise so many; it shrinks a failing case unless time is short."""
    return settings(
        max_examples=1 if server.safe_mode else max(1, round(cases * server.effort.cases)),
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if server.effort.shrink else [])],
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=PATIENT,
        **others,
    )
