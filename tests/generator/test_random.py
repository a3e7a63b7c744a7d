"""Random schemas: values go through a client as the document says, or the document is refused with a place."""

import asyncio
import contextlib
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from generator import cli
from generator.document import load
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .commands import PACKAGE
from .test_corpus import Server, call_all

DOCUMENTS = int(os.environ.get("RANDOM_DOCUMENTS", "0"))  # more of them, other ones each time
OPERATIONS = 25
_COUNT = itertools.count()
NAMES = st.sampled_from(["id", "theName", "from", "a-b", "2fa", "type", "uuid", "Body", "$ref_", "x_y", "self", "µ"])
PLAIN = st.sampled_from(
    [
        *({"type": kind} for kind in ("string", "integer", "number", "boolean")),
        *({"type": "string", "format": each} for each in ("date-time", "date", "uuid", "msisdn", "byte")),
        {"type": "string", "enum": ["a", "B", "b", "1"]},
        {"type": "integer", "enum": [1, 2, 30]},
        {"const": "fixed"},
        {"type": "object"},
        {},
    ]
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    fields = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=4))
    required = [name for name in fields if draw(st.booleans())]
    return {"type": "object", "properties": fields, "required": required}


@st.composite
def tagged(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    kinds = draw(st.lists(objects(inner), min_size=2, max_size=3))
    for index, kind in enumerate(kinds):
        kind["properties"]["kind"] = {"const": f"k{index}"}
        kind["required"].append("kind")
    return {"oneOf": kinds}


@st.composite
def nullable(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    return {"anyOf": [draw(inner), {"type": "null"}]}


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        objects(inner),
        objects(inner),
        tagged(inner),
        nullable(inner),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        inner.map(lambda schema: {"type": "object", "additionalProperties": schema}),
        st.lists(inner, min_size=2, max_size=2).map(lambda parts: {"anyOf": parts}),
    )


SCHEMAS = st.recursive(PLAIN, _compound, max_leaves=8)


def _operation(index: int, body: Any, answer: Any, method: str) -> dict[str, Any]:
    def content(schema: Any) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": schema}}}

    responses = {"200": {"description": "It.", **content(answer)}}
    request = {"required": True, **content(body)}
    return {method: {"operationId": f"call{index}", "requestBody": request, "responses": responses}}


@settings(
    max_examples=DOCUMENTS or 20,
    derandomize=not DOCUMENTS,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(
    st.lists(st.tuples(SCHEMAS, SCHEMAS, st.sampled_from(["post", "patch"])), min_size=OPERATIONS, max_size=OPERATIONS)
)
def test_values_go_through_a_client_or_the_document_is_refused(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, Any, str]]
) -> None:
    folder = tmp_path_factory.mktemp("random")
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Random", "version": "1.0.0"},
        "servers": [{"url": "https://random.example/v1"}],
        "security": [{"key": []}],
        "paths": {f"/p{index}": _operation(index, *part) for index, part in enumerate(parts)},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }
    for refused in _refusals(folder, document):
        del document["paths"][refused]
    assert len(document["paths"]) > OPERATIONS // 4
    assert not _refusals(folder, document)
    name = f"random_{next(_COUNT)}"
    spec = importlib.util.spec_from_file_location(name, folder / "out" / PACKAGE / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = package = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(package)
        asyncio.run(call_all(Server(load(folder / "api.json")), package))
    finally:
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
            del sys.modules[loaded]
        shutil.rmtree(folder)


def _refusals(folder: Path, document: Any) -> set[str]:
    """The paths that a document is refused for."""
    (folder / "api.json").write_text(json.dumps(document, indent=1))
    arguments = ["--document", str(folder / "api.json"), "--output", str(folder / "out")]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main(arguments)
    lines = err.getvalue().splitlines()
    if code == 0:
        return set()
    places = [re.match(r"\S+api\.json:\d+:\d+: paths\.(/p\d+)\.", line) for line in lines[:-1]]
    assert all(places), lines
    assert not any("not valid Python" in line or "openapi-python-client" in line for line in lines), lines
    return {place[1] for place in places if place}
