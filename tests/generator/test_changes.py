"""What the command says that users will notice, from small edits of a document."""

import re
import shutil
from pathlib import Path

import pytest

from .commands import FIRST, PACKAGE, Done, generate, run, tree

VERSION = "0.1.0"
TEXT = FIRST.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the client of that document."""
    return generate(TEXT, tmp_path_factory.mktemp("first"))


@pytest.fixture
def output(first: Path, tmp_path: Path) -> Path:
    """A copy of it, to be written over."""
    return shutil.copytree(first, tmp_path / "out", ignore=shutil.ignore_patterns("__pycache__"))


def _edited(*edits: tuple[str, str], text: str = TEXT) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def _report(output: Path, *edits: tuple[str, str], options: tuple[str, ...] = ("--dry-run",)) -> Done:
    document = output.parent / "api.yaml"
    document.write_text(_edited(*edits), encoding="utf-8")
    done = run(*options, "--document", "api.yaml", "--output", "out", cwd=output.parent)
    assert (done.code, done.err) == (0, ""), done
    return done


def _lines(done: Done) -> set[tuple[str, str]]:
    """The changes, each with its mark, without their places."""
    found = re.findall(r"(?m)^  (BREAKING|ok) +(.*?)(?: \(api\.yaml:\d+\))?$", done.out)
    return {(mark, text) for mark, text in found}


def _removed(start: str, end: str) -> tuple[str, str]:
    """An edit that removes all from one line up to another."""
    begin = TEXT.index(start)
    return TEXT[begin : TEXT.index(end, begin)], ""


PRIORITY = "        sender_id:\n", "        priority: {type: integer, description: How soon.}\n        sender_id:\n"
SENDER = "                  sender_id: 123\n"
# the examples must have it too; the comment makes the second edit find the second example
REQUIRED = [
    ("phone_numbers]", "phone_numbers, priority]"),
    (SENDER, f"                  priority: 1\n{SENDER.rstrip()} #\n"),
    (SENDER, f"                  priority: 1\n{SENDER}"),
]
NEW_CODE = [
    ("38, 39]", "38, 39, 40]"),
    ("        - MISSED_ERROR\n", "        - MISSED_ERROR\n        - BLOCKED\n"),
    ("        - Missed - Error\n", "        - Missed - Error\n        - Blocked\n"),
    ("true, true, true, true, true, true, true, true, true, true]", "true, true, true, true, true, true, true, true, "
     "true, true, true]"),
]  # fmt: skip
PAYMENT = (
    '        "404":\n',
    '        "402": {description: Not enough credits.}\n        "404":\n',
)
DELETE_SMS = _removed("    delete:\n      operationId: deleteSms", "  /message/{id}:")
UNLINKED = [
    _removed("          links:\n            deletion:\n              operationId: deleteSms", '        "401"'),
    _removed("            firstSmsDeletion:", "            deletion:\n              operationId: deleteMessage\n"
             "              description: Deletes the SMS of the message just reported."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "expected", "step"),
    [
        pytest.param(NEW_CODE, {("ok", "`SmsStatus`: new member `BLOCKED = 40`")}, "minor", id="new code"),
        pytest.param([PRIORITY], {("ok", "`create_sms`: new optional argument `priority`")}, "minor", id="optional"),
        pytest.param(
            [PRIORITY, *REQUIRED],
            {("BREAKING", "`create_sms`: new required argument `priority`")},
            "minor, as for all that breaks while the version is 0.x",
            id="required",
        ),
        pytest.param(
            [("    SmsReport:\n", "    SmsReport:\n      #\n"), ("          $ref: \"#/components/schemas/SmsStatus\"\n",
              "          $ref: \"#/components/schemas/SmsStatus\"\n        price: {type: number, description: Paid.}\n")],
            {("ok", "`SmsReport`: new optional field `price`")},
            "minor",
            id="response field",
        ),
        pytest.param(
            [DELETE_SMS, *UNLINKED],
            {("BREAKING", "`delete_sms` is gone"), ("BREAKING", "`SmsDeletion` is gone")},
            "minor, as for all that breaks while the version is 0.x",
            id="removed operation",
        ),
        pytest.param(
            [("operationId: getSms\n      tags", "operationId: readSms\n      tags"),
             ("operationId: getSms\n              ", "operationId: readSms\n              "),
             ("operationId: getSms\n              ", "operationId: readSms\n              ")],
            {("BREAKING", "`get_sms` is now called `read_sms`")},
            "minor, as for all that breaks while the version is 0.x",
            id="renamed operation",
        ),
        pytest.param(
            [("          type: integer\n          description: The number of SMS deleted.",
              "          type: string\n          description: The number of SMS deleted."),
             ("success: 3", "success: three")],
            {("BREAKING", "`MessageDeletion`: the field `success` is now `str`, before `int`")},
            "minor, as for all that breaks while the version is 0.x",
            id="changed type",
        ),
        pytest.param(
            [("default: false", "default: true")],
            {("BREAKING", "`create_sms`: the default of the argument `message_stop` is now `True`, before `False`")},
            "minor, as for all that breaks while the version is 0.x",
            id="changed default",
        ),
        pytest.param(
            [PAYMENT],
            {("ok", "`PaymentRequiredError`: new error"),
             ("ok", "`get_sms`: raises `PaymentRequiredError` for 402, which was `UnexpectedStatusError` before")},
            "minor",
            id="new status",
        ),
        pytest.param(
            [('        "404":\n          $ref: "#/components/responses/NotFound"\n', "")],
            {("BREAKING", "`get_sms`: raises `UnexpectedStatusError` for 404, before `NotFoundError`")},
            "minor, as for all that breaks while the version is 0.x",
            id="removed status",
        ),
        pytest.param(
            [("        - MISSED_ERROR\n", "        - MISSED\n")],
            {("BREAKING", "`SmsStatus`: `MISSED_ERROR` is now called `MISSED`")},
            "minor, as for all that breaks while the version is 0.x",
            id="renamed code",
        ),
        pytest.param(
            [("Get the sending report of one SMS.", "Get the report of one SMS.")],
            {("ok", "`get_sms`: its description")},
            "patch",
            id="text",
        ),
        pytest.param(
            [("        - Sent\n", "        - Sent off\n")], {("ok", "`SmsStatus`: its description")}, "patch", id="words"
        ),
    ],
)  # fmt: skip
def test_users_are_told_what_they_notice(
    output: Path, edits: list[tuple[str, str]], expected: set[tuple[str, str]], step: str
) -> None:
    before = tree(output)
    done = _report(output, *edits)
    assert _lines(done) == expected
    assert f"Version step: {step}: {VERSION} -> " in done.out
    assert tree(output) == before


def test_nothing_changed(output: Path) -> None:
    assert _report(output).out == f"out/{PACKAGE}: already up to date.\n"


def test_a_private_change_is_not_reported(output: Path) -> None:
    path = output / PACKAGE / "_codec.py"
    path.write_text(path.read_text() + "\n\ndef _gone() -> None: ...\n\n\ndef gone() -> None: ...\n")
    done = _report(output)
    assert "1 file, 0 lines added, 6 removed." in done.out
    assert done.out.endswith("Users of the Python API will notice nothing.\n")


def test_what_the_templates_break_is_reported_as_griffe_sees_it(output: Path) -> None:
    path = output / PACKAGE / "client.py"
    path.write_text(
        path.read_text().replace("    def close(self)", "    def open(self) -> None: ...\n\n    def close(self)")
    )
    done = _report(output)
    assert _lines(done) == {("BREAKING", "`client.SmsScheduler.open`: public object was removed")}


def test_the_place_in_the_new_document_is_named(output: Path) -> None:
    done = _report(output, PRIORITY)
    line = _edited(PRIORITY).split("        priority:")[0].count("\n") + 1
    assert f"new optional argument `priority` (api.yaml:{line})" in done.out


@pytest.mark.parametrize(
    ("version", "is_enough"), [(VERSION, False), ("0.1.7", False), ("0.2.0", True), ("1.0.0", True)]
)
def test_a_version_that_says_too_little_is_noticed(output: Path, version: str, is_enough: bool) -> None:
    done = _report(output, PRIORITY, (f"  version: {VERSION}", f"  version: {version}"))
    assert ("Warning: raise info.version: expected at least 0.2.0." in done.out) is not is_enough


def test_from_1_0_on_what_breaks_is_a_major_step(output: Path) -> None:
    one = "version: 0.1.0", "version: 1.4.2"
    _report(output, one, options=())
    assert "Version step: major: 1.4.2 -> 2.0.0 or later" in _report(output, one, PRIORITY, *REQUIRED).out
    assert "Version step: minor: 1.4.2 -> 1.5.0 or later" in _report(output, one, PRIORITY).out


def test_the_changelog_is_ready_to_paste(output: Path) -> None:
    done = _report(output, PRIORITY, ("default: false", "default: true"), options=())
    assert done.out.endswith("""For CHANGELOG.md:

## 0.2.0

### Added

- `create_sms`: new optional argument `priority`.

### Changed

- **Breaking**: `create_sms`: the default of the argument `message_stop` is now `True`, before `False`.

""")
    assert "priority" in (output / PACKAGE / "client.py").read_text()


def test_a_damaged_old_client_is_replaced_without_a_report(output: Path, first: Path) -> None:
    (output / PACKAGE / "client.py").write_text("<<<<<<< HEAD\n")
    done = _report(output, options=())
    assert "written anew" in done.out
    assert "No report on what users will notice" in done.out
    assert tree(output / PACKAGE) == tree(first / PACKAGE)


@pytest.mark.parametrize("other", ["--dry-run", "--watch"])
def test_check_goes_alone(other: str) -> None:
    done = run("--check", other)
    assert (done.code, "--check goes with neither" in done.err) == (2, True)
