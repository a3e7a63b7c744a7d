"""A document in fewer words: what OpenAPI can say in several ways is said in one, with the same meaning.

All that comes after reads only what is written here. The mistakes of a document are found before, where they stand.
"""

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any

import attrs
from openapi_python_client.strings import ClassName, pascal_case

from .document import Document, pointer_of
from .names import python_name
from .source import Pointer
from .tagged import SCHEMAS, TAG, Tag, tag_of
from .unsupported import JSON, incoming, json_content

# Written by this module alone: the content type that a body has in the document, and an operation that the server calls.
CONTENT_TYPE, INCOMING = "x-content-type", "x-incoming"


def simplify(document: Document) -> Document:
    """The same document in fewer words; pointers lead to their old places as far as these are still there."""
    simple = attrs.evolve(document, data=copy.deepcopy(document.data))
    for step in (
        _incoming,
        _one_content_type,
        _schemas_in_components,
        _fields_said_once,
        _tagged_unions,
        _objects_of_choices,
        _one_class_a_schema,
        _shared_error_bodies,
    ):
        step(simple)
        simple = attrs.evolve(simple)  # its parts are those of the changed data
    return simple


def _one_content_type(document: Document) -> None:
    """Let JSON be the one content type, under one name."""
    for part in document.parts:
        if part.kind in {"request body", "response"} and part.value.get("content"):
            for kind, media in json_content(part.value["content"]).items():
                part.value["content"] = {JSON: {**media, CONTENT_TYPE: kind}}
    for _, operation in document.operations():
        for status, response in operation["responses"].items():
            answer = document.resolve(response)
            media = answer.get("content", {}).get(JSON, {})
            if not status.startswith("2") and not document.properties(media.get("schema", {})):
                # users find what has no fields in the error's `content`
                operation["responses"][status] = {key: answer[key] for key in answer.keys() - {"content"}}


def _schemas_in_components(document: Document) -> None:
    """Let every `$ref` to a schema lead to one in `components`: those to `$defs`, and to a part of another schema."""
    schemas = document.data.setdefault("components", {}).setdefault("schemas", {})
    moved: dict[str, str] = {}
    for _, schema in list(document.schemas()):
        reference = str(schema.get("$ref", ""))
        if not reference or (reference.startswith(SCHEMAS) and reference.count("/") == 3):
            continue
        if reference not in moved:
            pointer = pointer_of(reference)
            name = _free(str(pointer[-1]), schemas)
            schemas[name] = document.at(pointer)
            moved[reference] = SCHEMAS + _escaped(name)
            holder = document.at(pointer[:-1])
            holder[int(pointer[-1]) if isinstance(holder, list) else pointer[-1]] = {"$ref": moved[reference]}
        schema["$ref"] = moved[reference]
    for _, schema in document.schemas():
        schema.pop("$defs", None)


def _fields_said_once(document: Document) -> None:
    """Write an object without its parts if several of these say something of one field."""
    is_changed = True
    while is_changed:  # what an object takes over from another may be such an object too
        is_changed = False
        for _, schema in attrs.evolve(document).schemas():
            parts = [*schema.get("allOf", []), {"properties": schema.get("properties", {})}]
            names = [name for part in parts for name in document.properties(part)]
            if "allOf" in schema and len(set(names)) < len(names):
                fields = copy.deepcopy(document.properties(schema))
                schema.update({"type": "object", "properties": fields, "required": sorted(document.required(schema))})
                del schema["allOf"]
                is_changed = True


def _tagged_unions(document: Document) -> None:
    """Let each choice of objects be a schema in `components`, one for those that say the same, and each object too."""
    schemas = document.data["components"]["schemas"]
    made: dict[str, str] = {}
    changed: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for pointer, schema in list(document.schemas()):
        parts = [*schema.get("oneOf", []), *schema.get("anyOf", [])]
        others = [part for part in parts if part != {"type": "null"}]
        tag = tag_of(document, schema) if len(others) > 1 else None
        if tag is None:
            continue
        words: dict[str, Any] = {key: schema[key] for key in schema.keys() & {"deprecated", "description"}}
        if pointer[:-1] == ("components", "schemas") and others == parts:
            changed.append((schema, {**_union(tag, str(pointer[-1]), schemas), **words}))
            continue
        key = json.dumps([tag.name, tag.kinds], sort_keys=True)
        if key not in made:
            made[key] = _free(_name_at(document, pointer), schemas)
            schemas[made[key]] = {**_union(tag, made[key], schemas), **words}
        reference: dict[str, Any] = {"$ref": SCHEMAS + _escaped(made[key])}
        simple = reference if others == parts else {"oneOf": [reference, {"type": "null"}]}
        changed.append((schema, {**simple, **words}))
    for schema, simple in changed:  # only now, for the choices among them are still to be seen as they were
        schema.clear()
        schema.update(simple)
    for _, schema in document.schemas():
        schema.pop("discriminator", None)


def _objects_of_choices(document: Document) -> None:
    """Let the objects of a choice in `components` stand there too: openapi-python-client reads the choice many times."""
    schemas = document.data["components"]["schemas"]

    def move(holder: Any, key: str | int, name: str) -> None:
        schema = holder[key]
        kinds = schema.get("type")
        if isinstance(kinds, list) and {"array", "object"} & set(kinds) and len(kinds) > 1:
            inner = {key: schema.pop(key) for key in schema.keys() - {"deprecated", "description"}}
            schema["oneOf"] = [{"type": kind} if kind == "null" else {**inner, "type": kind} for kind in kinds]
        if holder is not schemas and document.properties(schema):
            holder[key] = _in_components(schema, name, schemas)
            return
        for parts in (schema.get("oneOf", []), schema.get("anyOf", [])):
            for index in range(len(parts)):
                move(parts, index, f"{name}Type{index}")
        for inner_key, word in (("items", "Item"), ("additionalProperties", "Value")):
            if holder is not schemas and isinstance(schema.get(inner_key), dict):
                move(schema, inner_key, f"{name}{word}")

    for name in list(schemas):
        move(schemas, name, name)


def _union(tag: Tag, name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """A choice of objects that all stand in `components`."""
    kinds = [_in_components(kind, f"{name}{pascal_case(str(values[0]))}", schemas) for kind, values in tag.kinds]
    return {"oneOf": kinds, TAG: {"name": tag.name, "values": [values for _, values in tag.kinds]}}


def _in_components(schema: dict[str, Any], name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema in `components`, which is put there if it stands elsewhere."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    free = _free(name, schemas)
    schemas[free] = schema
    return {"$ref": SCHEMAS + _escaped(free)}


def _name_at(document: Document, pointer: Pointer) -> str:
    """A name for a schema without one: of what it stands in, and the fields on the way to it."""
    operation = document.at(pointer[:3]) if pointer[0] == "paths" else {}
    words = [str(operation.get("operationId", pointer[2])), *(["body"] if "requestBody" in pointer else [])]
    words += ["result"] if "responses" in pointer else []
    for before, key in itertools.pairwise(pointer[3:]):
        words += [str(key)] if before == "properties" else []
        words += ["item"] if key == "items" else []
        words += ["value"] if key == "additionalProperties" else []
    return "".join(pascal_case(word) for word in words)


def _one_class_a_schema(document: Document) -> None:
    """Give another name to a schema whose class would have the name of one before it."""
    schemas = document.data["components"]["schemas"]
    renamed: dict[str, str] = {}
    classes: set[str] = set()
    for name in list(schemas):
        free = next(each for each in _candidates(name) if ClassName(each, "field_") not in classes)
        classes.add(ClassName(free, "field_"))
        if free != name:
            renamed[SCHEMAS + _escaped(name)] = SCHEMAS + _escaped(free)
            schemas[free] = schemas.pop(name)
    for _, schema in document.schemas():
        if schema.get("$ref") in renamed:
            schema["$ref"] = renamed[schema["$ref"]]


def _shared_error_bodies(document: Document) -> None:
    """Let operations that describe an error's body in the same words share one class for it."""
    schemas = document.data["components"]["schemas"]
    found: dict[str, list[dict[str, Any]]] = {}
    for _, operation in document.operations():
        for status, response in operation.get("responses", {}).items():
            media = document.resolve(response).get("content", {}).get(JSON)
            if media and not status.startswith("2") and "$ref" not in media["schema"]:
                found.setdefault(f"{status} {json.dumps(media['schema'], sort_keys=True)}", []).append(media)
    for key, medias in found.items():
        if len({id(media) for media in medias}) > 1:
            name = _free(f"Error{key.partition(' ')[0]}", schemas)
            schemas[name] = medias[0]["schema"]
            for media in medias:
                media["schema"] = {"$ref": SCHEMAS + name}


def _incoming(document: Document) -> None:
    """Write webhooks and callbacks as paths, whose operations have a payload as their result."""
    for name, kind, pointer in {python_name(f"decode_{found[0]}"): found for found in incoming(document)}.values():
        operation = document.at(pointer)
        body = document.resolve(operation["requestBody"])
        result = {"description": body.get("description") or "The payload.", "content": body["content"]}
        kept = {key: operation[key] for key in ("summary", "description", "deprecated") if key in operation}
        entry = {"operationId": f"decode_{name}", "tags": ["incoming"], "responses": {"200": result}, "security": []}
        document.data["paths"][f"/{kind}/{name}"] = {"post": {**kept, **entry, INCOMING: kind}}
    document.data.pop("webhooks", None)
    for _, operation in document.operations():
        operation.pop("callbacks", None)


def _free(name: str, taken: Any) -> str:
    return next(each for each in _candidates(name) if each not in taken)


def _candidates(name: str) -> Iterator[str]:
    return itertools.chain([name], (f"{name}{number}" for number in itertools.count(2)))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
