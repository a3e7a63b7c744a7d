"""Render a client from a document, and see that what came out is Python that can be imported."""

import contextlib
import importlib
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import openapi_python_client
from jinja2 import StrictUndefined
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import GeneratorData
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from .commands import commands
from .context import Operation, Uses, Waiter, context, reserved_classes
from .document import Document, DocumentError, Mistake
from .names import Renamed, class_overrides, python_name
from .properties import class_names
from .simplify import simplify
from .source import Pointer
from .swap import write_manifest

TEMPLATES = Path(__file__).with_name("templates")
UPSTREAM = Path(openapi_python_client.__file__).with_name("templates")
_INVALID = "the client made from this document is not valid Python"
# Modules of the client that no document changes.
RUNTIME = Path(__file__).with_name("runtime")


def render(document: Document, folder: Path, package: str, distribution: str, http_library: str = "httpx") -> None:
    """Render the client into a folder that does not exist yet, format it and see that it can be imported.

    Raises:
        DocumentError: The document says something that is not supported.
    """
    document = simplify(document)
    config = Config.from_sources(
        ConfigFile(package_name_override=package, post_hooks=[], field_prefix="field_"),
        meta_type=MetaType.NONE,
        document_source=document.path,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    config.class_overrides = class_overrides(document, reserved_classes(document, package))
    renamed = Renamed(document, config.class_overrides)
    data = GeneratorData.from_dict(renamed.data, config=config)
    if isinstance(data, GeneratorError):
        raise DocumentError(_problem(document, data))
    dropped = [*data.errors, *(e for tag in data.endpoint_collections_by_tag.values() for e in tag.parse_errors)]
    if dropped:
        raise DocumentError("\n".join(_problem(document, error) for error in dropped))
    names = context(document, renamed, data, package, distribution, http_library=http_library)
    operations = cast("list[Operation]", names["operations"])
    names["commands"] = commands(operations, cast("list[Waiter]", names["waiters"]))
    data.models = [model for model in data.models if str(model.class_info.name) in class_names(data)]
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.undefined = StrictUndefined
    project.env.globals.update(names)
    project.env.filters["literal"] = repr
    with contextlib.redirect_stdout(io.StringIO()):  # it announces the folder, which is a temporary one
        errors = project.build()
    if errors:
        raise DocumentError("\n".join(_problem(document, error) for error in errors))
    for name in {path.name for path in TEMPLATES.glob("*.py.jinja")} - {path.name for path in UPSTREAM.iterdir()}:
        (folder / name.removesuffix(".jinja")).write_text(project.env.get_template(name).render(), encoding="utf-8")
    (folder / "py.typed").touch()
    (folder / "api").rename(folder / "_api")
    (folder / "types.py").unlink()
    uses = cast("Uses", names["uses"])
    unused = {name for name, is_used in (("_waiting", names["waiters"]), ("_tagged", uses.tagged)) if not is_used}
    for module in RUNTIME.glob("*.py"):
        if module.stem not in unused:
            shutil.copy(module, folder)
    operations = cast("list[Operation]", names["operations"])
    _format(folder, document, operations)
    _head(folder, document)
    _import(folder, document, operations)
    write_manifest(folder)


def _head(folder: Path, document: Document) -> None:
    """Let the first line of each module say what it is made from."""
    info = document.data["info"]
    # a title is data: it must not end the comment, nor say `coding: ...`, which Python would obey in this line
    source, title = (
        " ".join(re.sub(r"[^\w .,()/&'+-]", " ", text).split()) for text in (document.path.name, info["title"])
    )
    head = f"# Made by scripts/generate from {source}, {title} {info['version']}: do not edit.\n"
    for path in folder.rglob("*.py"):
        path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")


def _problem(document: Document, error: GeneratorError) -> str:
    words = " ".join(f"{error.header.strip()} {error.detail or ''}".split())
    problem = f"openapi-python-client does not support this; write it another way: {words}"
    return document.describe([Mistake(document.pointer_named(words), problem)])


def _format(folder: Path, document: Document, operations: Sequence[Operation]) -> None:
    """Sort imports, drop those not needed, and lay out as ruff does, by its defaults and not those of a folder above.

    Raises:
        DocumentError: A name is not there, or hides another: that would fail, or lie, only when it is used.
    """
    isort = f"known-first-party = ['{folder.name}'], split-on-trailing-comma = false"
    rules = ["--select", "F,I", "--fixable", "F401,I", "--config", f"lint.isort = {{{isort}}}"]
    style = ["--isolated", "--line-length", "120", "--target-version", "py311", "--no-cache", folder.name]
    check = ["check", "--fix", "--quiet", "--output-format", "concise", *rules, *style]
    for arguments in (check, ["format", *style]):
        command = [find_ruff_bin(), *arguments]
        done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            stems = set(re.findall(r"(\w+)\.py\b", said))
            raise _invalid(document, operations, stems, (said or str(command)).splitlines()[-1])


def _invalid(document: Document, operations: Sequence[Operation], modules: set[str], problem: str) -> DocumentError:
    """What to raise for a client that is wrong in some modules: at the operation or the schema of one of them."""
    pointers = zip(dict(document.operations()), operations, strict=False)
    schemas = document.data.get("components", {}).get("schemas", {})
    places: list[Pointer] = [pointer for pointer, operation in pointers if operation.name in modules]
    places += [("components", "schemas", name) for name in schemas if python_name(name) in modules]
    return DocumentError(document.describe([Mistake([*places, ()][0], f"{_INVALID}: {problem}")]))


def _import(folder: Path, document: Document, operations: Sequence[Operation]) -> None:
    """Import every module of the client under another name, and let msgspec read the types of all that is sent.

    Raises:
        DocumentError: A module cannot be imported, or a value cannot be checked; its operation is named if it is known.
    """
    name = "_fresh_client"
    init = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    assert spec is not None  # noqa: S101  # there is a loader for what ends in .py
    assert spec.loader is not None  # noqa: S101
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    writes_bytecode, sys.dont_write_bytecode = not sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
        for path in sorted(folder.rglob("*.py")):
            importlib.import_module(".".join([name, *path.relative_to(folder).with_suffix("").parts]))
        for operation in operations:
            _compile(operation, sys.modules[f"{name}._api.{operation.tag}.{operation.name}"])
    except Exception as error:
        files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
        named = {file.stem for file in files if folder / "_api" in file.parents} | set(getattr(error, "__notes__", ()))
        raise _invalid(document, operations, named, f"{type(error).__name__}: {error}") from error
    finally:
        sys.dont_write_bytecode = not writes_bytecode
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
            del sys.modules[loaded]


def _compile(operation: Operation, module: ModuleType) -> None:
    """Let msgspec read the types of an operation's parameters and body, as it otherwise does at the first call."""
    fields = [*operation.path_parameters, *operation.query, *operation.headers]
    try:
        for kind in [*(field.sent for field in fields), *([operation.body_type] if operation.body_type else [])]:
            msgspec.json.Decoder(eval(kind, vars(module)), dec_hook=lambda _, value: value)  # noqa: S307
    except Exception as error:
        error.add_note(operation.name)
        raise
