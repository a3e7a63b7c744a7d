"""The document's own quality gate: openapi.yaml says all that its readers need, and each gap is named with its place."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from generator import quality
from generator.source import parse

from .commands import DOCUMENT

DATA: dict[str, Any] = parse(DOCUMENT.read_text(encoding="utf-8")).data
Part = dict[str, Any]


def test_the_document_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert quality.main([]) == 0
    assert capsys.readouterr() == ("", "")


@attrs.frozen
class Gap:
    """A fault of a document: how it comes about, where it is found and what is said."""

    id: str
    edit: Callable[[Part], object]
    place: str
    problem: str


def _create(document: Part) -> Part:
    operation: Part = document["paths"]["/sms"]["post"]
    return operation


def _schemas(document: Part) -> Part:
    schemas: Part = document["components"]["schemas"]
    return schemas


def _wait_for_nothing(document: Part) -> Part:
    """The schemas of the document without the waiters, which need to know what is final."""
    for item in document["paths"].values():
        item.get("get", {}).pop("x-waiter", None)
    return _schemas(document)


def _rename(document: Part, name: str) -> None:
    _create(document)["operationId"] = name


SUMMARY = "expected a `summary`, the first line of the method's docstring"
DESCRIPTION = "expected a `description`"
GAPS = [
    Gap("old-version", lambda d: d.update(openapi="3.0.3"), "openapi", "expected an OpenAPI version 3.1.x, not '3.0.3'"),
    Gap("invalid", lambda d: _create(d).update(sumary="Send."), "paths./sms.post", "Unevaluated properties are not allowed ('sumary' was unexpected)"),
    Gap("no-summary", lambda d: _create(d).pop("summary"), "paths./sms.post", SUMMARY),
    Gap("blank-summary", lambda d: _create(d).update(summary=" "), "paths./sms.post", SUMMARY),
    Gap("snake-case", lambda d: _rename(d, "create_sms"), "paths./sms.post.operationId", "expected an operationId in camelCase, such as getLamp"),
    Gap("no-tag", lambda d: _create(d).pop("tags"), "paths./sms.post", "expected one tag in `tags`, which names the module"),
    Gap("two-tags", lambda d: _create(d)["tags"].append("message"), "paths./sms.post", "expected one tag in `tags`, which names the module"),
    Gap("undeclared-tag", lambda d: _create(d).update(tags=["other"]), "paths./sms.post.tags", "the tag other is not declared in the document's `tags`"),
    Gap("unused-tag", lambda d: d["tags"].append({"name": "other", "description": "Other."}), f"tags.{len(DATA['tags'])}", "no operation has the tag other"),
    Gap("tag-not-described", lambda d: d["tags"][0].pop("description"), "tags.0", DESCRIPTION),
    Gap("parameter-not-described", lambda d: d["paths"]["/sms/{id}"]["parameters"][0].pop("description"), "paths./sms/{id}.get", f"the parameter id: {DESCRIPTION}"),
    Gap("response-not-described", lambda d: _create(d)["responses"]["200"].update(description=""), "paths./sms.post.responses.200", DESCRIPTION),
    Gap("schema-not-described", lambda d: _schemas(d)["SmsReport"].pop("description"), "components.schemas.SmsReport", DESCRIPTION),
    Gap("field-not-described", lambda d: _schemas(d)["NewMessage"]["properties"]["sender_id"].pop("description"), "components.schemas.NewMessage.properties.sender_id", DESCRIPTION),
    Gap("codes-without-names", lambda d: _schemas(d)["SmsStatus"].pop("x-enum-varnames"), "components.schemas.SmsStatus.enum", "expected x-enum-varnames beside it: a number does not say what it stands for"),
    Gap("codes-without-ends", lambda d: _wait_for_nothing(d)["SmsStatus"].pop("x-enum-final"), "components.schemas.SmsStatus.enum", "expected x-enum-final beside it: a number does not say what it stands for"),
    Gap("unknown-extension", lambda d: _create(d).update({"x-mood": "good"}), "paths./sms.post.x-mood", "unknown extension; known are "),
    Gap("key-not-described", lambda d: d["components"]["securitySchemes"]["apiKey"].pop("description"), "components.securitySchemes.apiKey", DESCRIPTION),
    Gap("wrong-example", lambda d: d["paths"]["/sms/{id}"]["parameters"][0].update(example="first"), "paths./sms/{id}.parameters.0.example", 'the example is not what its schema says: "first" is not of type "integer"'),
]  # fmt: skip


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.id)
def test_each_gap_is_named_with_its_place(tmp_path: Path, gap: Gap, capsys: pytest.CaptureFixture[str]) -> None:
    document = copy.deepcopy(DATA)
    gap.edit(document)
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document, indent=2))
    assert quality.main([str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f": {gap.place}: {gap.problem}" in err
    assert all(line.startswith(f"{path}:") for line in err.splitlines())
