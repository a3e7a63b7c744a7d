"""The server under test: the one named on the command line of scripts/contract, or else the stand-in on loopback."""

import datetime
from collections.abc import Iterator

import pytest
from sms_scheduler_mock import MockServer
from target import Target, TargetPlugin


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        dialects = ["lists", "integers"] if _named(metafunc.config) is None else ["as named"]
        metafunc.parametrize("target", dialects, indirect=True, scope="session")


def _named(config: pytest.Config) -> Target | None:
    plugins = (plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, TargetPlugin))
    return next((plugin.target for plugin in plugins), None)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The server under test; the stand-in is tested in both dialects."""
    if named := _named(request.config):
        yield named
        return
    with MockServer(dialect=request.param, now=datetime.datetime(2030, 1, 1)) as server:
        yield Target(server.url, server.api_key)


@pytest.fixture
def may_send(target: Target) -> Target:
    """The server under test, if messages may be created and deleted there."""
    if not target.is_loopback:
        pytest.skip(f"{target.url} is not on loopback: it would really send, and really delete")
    return target
