import asyncio
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import django
import pytest
from django.conf import settings
from django.test import AsyncClient, Client
from django.urls import path
from sms_scheduler_mock import MockServer

Example = Callable[[str], ModuleType]
FORM = {"delivery_date": "2099-12-24 12:45:00", "phone_number": "+33612345678"}
urlpatterns: list[Any] = []


@pytest.fixture(autouse=True)
def site(example: Example, sms_scheduler_server: MockServer) -> Iterator[None]:
    """A Django project with the view at `/remind`."""
    if not settings.configured:  # which is possible once in a process
        settings.configure(ALLOWED_HOSTS=["testserver"], ROOT_URLCONF=__name__)
        django.setup()
    settings.SMS_SCHEDULER_API_KEY = sms_scheduler_server.api_key
    settings.SMS_SCHEDULER_BASE_URL = sms_scheduler_server.url
    urlpatterns[:] = [path("remind", example("views.py").remind)]
    yield
    asyncio.run(example("sms.py").sms_client().aclose())


async def remind(**changes: str) -> Any:
    return await AsyncClient().post("/remind", FORM | changes)


def remind_under_wsgi() -> Any:
    return Client().post("/remind", FORM)


def test_a_view_sends(sms_scheduler_server: MockServer) -> None:
    response = asyncio.run(remind())
    assert response.status_code == 201
    (message,) = sms_scheduler_server.messages
    assert response.json() == {"message_id": message.id}
    assert message.text == "Your appointment is tomorrow."


def test_what_the_api_refuses_is_told(sms_scheduler_server: MockServer) -> None:
    response = asyncio.run(remind(phone_number="no number"))
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["phone_numbers"]


def test_requests_of_one_event_loop_share_the_client(sms_scheduler_server: MockServer) -> None:
    async def many() -> list[Any]:
        return await asyncio.gather(*[remind() for _ in range(20)])

    assert {response.status_code for response in asyncio.run(many())} == {201}
    assert len(sms_scheduler_server.messages) == 20


def test_the_client_serves_one_event_loop_after_another(example: Example, sms_scheduler_server: MockServer) -> None:
    client = example("sms.py").sms_client()
    for _ in range(3):  # an event loop each
        assert asyncio.run(remind()).status_code == 201
        assert remind_under_wsgi().status_code == 201
    assert len(sms_scheduler_server.messages) == 6
    assert example("sms.py").sms_client() is client
