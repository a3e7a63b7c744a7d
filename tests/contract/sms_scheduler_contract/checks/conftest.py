"""The server under test: the one that scripts/contract hands in, or else the stand-in, in both dialects."""

import datetime
from collections.abc import Generator, Iterator

import pytest
from hypothesis.errors import Flaky
from sms_scheduler_mock import MockServer
from ..target import Target

from ..session import NotTestedError, NoVerdictError, Server


class ServerPlugin:
    """Hands a server to the promises, as a pytest plugin."""

    def __init__(self, server: Server) -> None:
        self.server = server


def _given(config: pytest.Config) -> Server | None:
    plugins = (plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, ServerPlugin))
    return next((plugin.server for plugin in plugins), None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames and _given(metafunc.config) is None:
        metafunc.parametrize("server", ["lists", "integers"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test."""
    if given := _given(request.config):
        yield given
        return
    with MockServer(dialect=request.param, now=datetime.datetime(2030, 1, 1)) as mock:
        yield Server(Target(mock.url, mock.api_key))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Tell what breaks a promise from what keeps it from being tested."""
    try:
        return (yield)
    except NotTestedError as error:
        reason = str(error)
    except NoVerdictError as error:
        pytest.exit(str(error), returncode=2)
    except Flaky as error:
        # seen once, and not when it was tried again: a server has a state
        server: Server = pyfuncitem.funcargs["server"]  # type: ignore[assignment]
        raise server.broken or error from None
    pytest.skip(reason)
