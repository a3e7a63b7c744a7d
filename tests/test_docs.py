"""The documentation site: it builds without a dead link, holds all that is public, and its examples do what they say."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from benchmarks import plot
from documentation.api_reference import PACKAGES, public_names
from documentation.links import dead_links
from documentation.pages import SourceError, gather
from playwright.sync_api import Browser
from sms_scheduler_mock import MockServer

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-P", "-m", "documentation", "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_each_page_is_in_the_navigation_and_each_name_in_the_reference(site: Path) -> None:
    nav = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert len(nav) == len(set(nav))
    missing = {path.stem for path in site.glob("*.html")} ^ {name.removesuffix(".md") for name in nav}
    assert missing == {"404"}
    for page, (_, package) in PACKAGES.items():
        text = (site / f"{page}.html").read_text("utf-8")
        assert [name for name in public_names(package) if f'id="{package}.{name}"' not in text] == []


def test_the_reference_leads_from_a_method_to_what_it_returns_and_raises(site: Path) -> None:
    text = (site / "api-client.html").read_text("utf-8")
    start = text.index('id="sms_scheduler.SmsScheduler.create_sms"')
    method = text[start : text.index('id="sms_scheduler.SmsScheduler.get_sms"', start)]
    for name in ("CreatedMessage", "BadRequestError", "UnauthorizedError", "SmsSchedulerError"):
        assert f'href="#sms_scheduler.{name}"' in method


def test_the_reference_of_the_http_api_has_all_of_the_document(site: Path) -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    text = (site / "http-api.html").read_text("utf-8")
    operations = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    operations = [name for name in operations if not name.startswith("PARAMETERS")]
    assert len(operations) == 5
    schemas = document["components"]["schemas"]
    words = [*operations, *schemas, *schemas["SmsStatus"]["x-enum-varnames"], *schemas["NewMessage"]["properties"]]
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<a href="other.html">x</a>', "other.html leads nowhere"),
        ('<a href="#other">x</a>', "#other leads nowhere"),
        ('<img src="//example.org/x.png">', "is of another host"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "is of another host"),
        ('<script src="x.js"></script>', "x.js leads nowhere"),
    ],
)
def test_a_dead_link_and_a_part_of_another_host_are_found(tmp_path: Path, html: str, said: str) -> None:
    (tmp_path / "index.html").write_text(f'<p id="here"><a href="#here">y</a><a href="https://example.org">z</a>{html}')
    (found, *_) = dead_links(tmp_path)
    assert said in found


def test_a_link_to_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/a.md"):
        (root / name).write_text("```\n[no](../link)\n```\n")
    gather(root, tmp_path / "good")
    (root / "docs" / "a.md").write_text("[x](../scripts/none)")
    with pytest.raises(SourceError, match=r"docs/a\.md: \.\./scripts/none leads nowhere"):
        gather(root, tmp_path / "bad")


def test_the_plot_is_that_of_the_table() -> None:
    table = (DOCS / "benchmarks.md").read_text("utf-8")
    rows = plot.ratios(table)
    assert len(rows) == table.count("** of ")
    assert (DOCS / "benchmarks.svg").read_text("utf-8") == plot.svg(rows)


# In a browser


def test_pages_are_as_wide_as_a_phone_and_ask_no_other_host(site: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.close()


def test_the_search_works_on_a_copy_on_disk(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("combobox").fill("deadline")
    page.locator('a[href$="#timeouts-and-deadlines"]:visible').first.wait_for(timeout=20_000)
    page.close()


def test_each_page_is_one_click_away_and_has_a_title_of_its_own(site: Path) -> None:
    """On a phone, the navigation takes three: these are the links in the text of the first page."""
    text = (site / "index.html").read_text("utf-8")
    linked = set(re.findall(r'href="([\w-]+)\.html', text[text.index("<article") : text.index("</article")]))
    pages = {path.stem: path.read_text("utf-8") for path in site.glob("*.html") if path.stem != "404"}
    assert set(pages) - linked == {"index", "security"}
    titles = {}
    for name, page in pages.items():
        (titles[name],) = re.findall(r"<title>(.*?) - sms-scheduler</title>", page)
        (heading,) = re.findall(r"<h1[^>]*>(.*?)<a", page)
        assert titles[name] in heading  # it is called there what it is called in the navigation
    assert len(set(titles.values())) == len(titles)


# Examples


def examples(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    found: list[str] = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return found


# The pages whose examples are run elsewhere, all of them.
ELSEWHERE = {"client.md", "recipes.md", "mock.md", "command-line.md", "campaigns.md"}


# What becomes of each shell example, page by page in their order. Those that are not run have a reason.
SHELL = {
    "../README.md": ["test_demo", "test_wheel", "test_readme", *["not run: shorter than in the guide"] * 2],
    "campaigns.md": [
        "the campaign",
        "not run: its hundred thousand people take minutes",
        "not run: its batches are in doubt elsewhere",
        "not run: its database is elsewhere",
    ],
    "command-line.md": ["not run: it names a variable", "test_command_line", "test_command_line"],
    "contract.md": ["the suite", "test_command", "not run: it sends SMS; its options are tested"],
    "mock.md": ["test_command_line of the mock server", "test_readme"],
    "start.md": ["test_wheel", "test_command_line of the mock server", *["five minutes"] * 3],
}


def test_it_is_known_what_becomes_of_each_shell_example() -> None:
    pages = [*DOCS.glob("*.md"), DOCS / ".." / "README.md"]
    found = {os.path.relpath(page, DOCS): len(examples(os.path.relpath(page, DOCS), "sh")) for page in pages}
    assert {page: count for page, count in found.items() if count} == {page: len(each) for page, each in SHELL.items()}


def test_every_page_with_examples_is_known() -> None:
    pages = {
        page.name for page in DOCS.glob("*.md") if re.search(r"^```(python|sh)$", page.read_text("utf-8"), re.MULTILINE)
    }
    assert pages - ELSEWHERE == {"start.md", "send.md", "contract.md"}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[tuple[Path, MockServer, dict[str, str]]]:
    """A folder to run commands in, and an environment in which clients call a mock server."""
    with MockServer() as server:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        access = {"SMS_SCHEDULER_BASE_URL": server.url, "SMS_SCHEDULER_API_KEY": server.api_key}
        yield tmp_path, server, {**os.environ, **access, "PATH": path}


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("sh") is None, reason="the examples are for a POSIX shell")
def test_five_minutes(shell: tuple[Path, MockServer, dict[str, str]]) -> None:
    folder, server, environment = shell
    for example in examples("start.md", "python"):
        (folder / example.splitlines()[0].removeprefix("# ")).write_text(example)
    install, start, access, hello, test = examples("start.md", "sh")
    # The wheel is built and installed by tests/generator/test_wheel.py.
    build, *_, pip, _ = install.splitlines()
    assert (build, pip) == ("scripts/build", 'pip install "$(echo dist/sms_scheduler-*.whl)[mock]" pytest')
    assert start == "python -m sms_scheduler_mock --port 8025\n"
    named = dict(re.findall(r"export (\w+)=(\S+)", access))
    assert named["SMS_SCHEDULER_API_KEY"] == server.api_key
    assert named["SMS_SCHEDULER_BASE_URL"] == re.sub(r":\d+", ":8025", server.url)
    out = run(hello, folder, environment)
    assert re.fullmatch(r"(\d+ \+33\d+ Scheduled\n){2}2 cancelled\n", out)
    assert "1 passed" in run(test, folder, environment)


def test_send_follow_and_cancel(shell: tuple[Path, MockServer, dict[str, str]]) -> None:
    folder, server, environment = shell
    for example in examples("send.md", "python"):
        (folder / example.splitlines()[0].removeprefix("# ")).write_text(example)
    program = """
import asyncio, json, contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as sent:
    import send
from cancel import cancel
from follow import undelivered
from with_asyncio import send_to_all
message = int(sent.getvalue().split()[0])
missed = undelivered(message)
print(json.dumps([missed, cancel(message), cancel(1), asyncio.run(send_to_all(["+33612345678", "+33202020202"]))]))
"""
    out = run(f"python - <<'END'\n{program}END\n", folder, {**environment, "PYTHONPATH": str(folder)})
    missed, cancelled, of_none, messages = json.loads(out.splitlines()[-1])
    assert (missed, cancelled, of_none) == ([], 2, 0)
    assert [message.id for message in server.messages[-2:]] == messages


@pytest.mark.skipif(shutil.which("sh") is None, reason="the examples are for a POSIX shell")
def test_a_campaign(shell: tuple[Path, MockServer, dict[str, str]]) -> None:
    folder, server, environment = shell
    (folder / "people.csv").write_text("mobile,customer_id,first_name\n+33612345678,1,Ann\n+33202020202,2,Bob\n")
    commands = [line for line in examples("campaigns.md", "sh")[0].splitlines() if not line.startswith("pip ")]
    script = "\n".join(commands).replace("export SMS_SCHEDULER_API_KEY=...", "")
    ended = threading.Event()

    def hurry() -> None:  # the command ends when every SMS has arrived, by the server's clock
        while not ended.wait(0.1):
            server.advance(hours=1)

    clock = threading.Thread(target=hurry)
    clock.start()
    try:
        run(script, folder, environment)
    finally:
        ended.set()
        clock.join()
    assert sorted(message.text for message in server.messages) == ["Hello Ann", "Hello Bob"]
    assert (folder / "result.csv").read_text("utf-8").count("RECEIVED") == 2


@pytest.mark.skipif(shutil.which("sh") is None, reason="the examples are for a POSIX shell")
def test_the_suite_from_a_shell(shell: tuple[Path, MockServer, dict[str, str]]) -> None:
    """On one check, for time; all of them are run in the tests of the suite."""
    folder, server, environment = shell
    script = examples("contract.md", "sh")[0].replace("http://127.0.0.1:8025/api/v1", server.url)
    script = script.replace("KEY", server.api_key)
    script = re.sub(
        r"^scripts/contract", f"{ROOT}/scripts/contract --check a_message_is_deleted", script, flags=re.MULTILINE
    )
    out = run(script, folder, environment)
    assert out.count("1 passed, 0 failed, 0 not tested") == 2
    assert out.endswith("\n0\n")
    assert (folder / "report.html").exists()


def test_the_commands_that_check_a_server() -> None:
    """Their options are those of the command; that it checks is tested with the suite."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sms_scheduler_contract", "--help"], capture_output=True, text=True, timeout=60
    )
    commands = [command for command in examples("contract.md", "sh") if "contract" in command.split(maxsplit=1)[0]]
    used = {option for command in commands for option in re.findall(r"--[\w-]+", command)}
    used |= set(re.findall(r"`(--[\w-]+)", (DOCS / "contract.md").read_text("utf-8")))
    assert {"--url", "--api-key", "--html", "--junit", "--rate"} <= used
    assert [option for option in used if option not in done.stdout] == []
