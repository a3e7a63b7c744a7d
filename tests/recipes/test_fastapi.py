import asyncio
from collections.abc import Callable
from types import ModuleType

import httpx
import pytest
from fastapi import FastAPI
from sms_scheduler import AsyncSmsScheduler, NotSentError

Example = Callable[[str], ModuleType]


def answers(app: FastAPI, *paths: str) -> list[httpx.Response]:
    """What an application answers, from its start to its end."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as browser,
        ):
            return [await browser.get(path) for path in paths]

    return asyncio.run(ask())


def test_a_report_has_the_fields_of_the_response_model(example: Example, send: Callable[[], int]) -> None:
    report, missing = answers(example("app.py").app, f"/messages/{send()}", "/messages/1")
    assert report.json() == [{"phone_number": "+33612345678", "status": 10}]
    assert missing.status_code == 404
    assert missing.json() == {"detail": "There is no such message."}


def test_a_code_that_is_not_known_yet_passes_through(example: Example) -> None:
    module = example("app.py")
    rows = [{"id": 7, "phone_number": "+33612345678", "status": 99}]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=rows))
    module.app.dependency_overrides[module.sms_client] = lambda: AsyncSmsScheduler("key", transport=transport)
    (report,) = answers(module.app, "/messages/5")
    assert report.json() == [{"phone_number": "+33612345678", "status": 99}]


def test_the_schema_does_not_close_the_enum(example: Example) -> None:
    status = example("app.py").app.openapi()["components"]["schemas"]["Delivery"]["properties"]["status"]
    assert status["type"] == "integer"
    assert "enum" not in status


def test_the_lifespan_closes_the_client(example: Example) -> None:
    app = example("app.py").app
    answers(app)
    with pytest.raises(NotSentError, match="closed"):
        asyncio.run(app.state.sms_scheduler.get_message(1))
