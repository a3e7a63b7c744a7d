"""What openapi-python-client's properties, endpoints and responses are made of."""

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
from openapi_python_client.parser.openapi import Endpoint, GeneratorData
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import Value
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.parser.responses import Response

from .tagged import TAG

SIMPLE_TYPES: dict[type, str] = {
    AnyProperty: "Any",
    BooleanProperty: "bool",
    DateProperty: "datetime.date",
    DateTimeProperty: "datetime.datetime",
    FloatProperty: "float",
    IntProperty: "int",
    NoneProperty: "None",
    StringProperty: "str",
    UuidProperty: "UUID",
}


def all_endpoints(data: GeneratorData) -> list[Endpoint]:
    """The operations of all tags."""
    return [endpoint for collection in data.endpoint_collections_by_tag.values() for endpoint in collection.endpoints]


def endpoint_results(data: GeneratorData) -> list[Any]:
    """What servers may send."""
    return [response.prop for endpoint in all_endpoints(data) for response in endpoint.responses]


def public_values(data: GeneratorData) -> list[Any]:
    """What users get or give: results whole, but error and request bodies as the fields that they consist of."""
    found: list[Any] = []
    for endpoint in all_endpoints(data):
        found += [prop for _, prop in endpoint.iter_all_parameters()]
        for body in endpoint.bodies:
            found += fields_of(body.prop) or [body.prop]
        for response in endpoint.responses:
            is_success = response.status_code.pattern.startswith("2")
            found += [response.prop] if is_success else fields_of(response.prop)
    return found


def class_names(data: GeneratorData) -> set[str]:
    """The classes that are generated."""
    return {str(prop.class_info.name) for prop in [*data.models, *data.enums] if not is_map(prop)}


def raw_name(prop: Any) -> str:
    """The name in the document, with whatever it holds."""
    return str(prop.name.get_untrusted_value())


def default_code(prop: Any) -> str | None:
    """The default of a property as code; that of openapi-python-client escapes texts twice, and needs dateutil."""
    if prop.default is None:
        return None
    match prop:
        case StringProperty():
            return repr(prop.default.raw_value)
        case UnionProperty():
            raw = prop.default.raw_value
            inners: list[Any] = list(prop.inner_properties)
            converted = [(inner, inner.convert_value(raw)) for inner in inners]
            return next(
                default_code(attrs.evolve(inner, default=value))
                for inner, value in converted
                if isinstance(value, Value)
            )
        case DateProperty() | DateTimeProperty():
            return f"{SIMPLE_TYPES[type(prop)]}.fromisoformat({prop.default.raw_value!r})"
        case _:
            return str(prop.default.python_code.as_unembedded_code())


def has_body(response: Response) -> bool:
    """Whether a response is documented to have a body."""
    return response.source["attribute"] != "None"


def is_map(prop: Any) -> bool:
    """Whether an object has no fields of its own, only any number of values of one type."""
    return isinstance(prop, ModelProperty) and bool(prop.additional_properties) and not fields_of(prop)


def fields_of(prop: Any) -> list[Any]:
    """The properties of a model, required ones first."""
    return [] if tag_of_model(prop) else _properties(prop)


def _properties(prop: Any) -> list[Any]:
    if not isinstance(prop, ModelProperty):
        return []
    return [*(prop.required_properties or []), *(prop.optional_properties or [])]


def tag_of_model(prop: Any) -> dict[str, Any] | None:
    """What tells the kinds of an object apart, for a class that stands for any of them."""
    return (prop.data.model_extra or {}).get(TAG) if isinstance(prop, ModelProperty) else None


def kinds_of(model: Any) -> list[tuple[Any, str]]:
    """The values of a tag, each with the name of the class that it stands for."""
    tag = tag_of_model(model) or {"values": []}
    return [
        (value, str(kind.class_info.name))
        for kind, values in zip(_properties(model), tag["values"], strict=False)
        for value in values
    ]


def inner_props(prop: Any) -> list[Any]:
    """The properties directly below one."""
    match prop:
        case ModelProperty():
            return [prop.additional_properties] if is_map(prop) else _properties(prop)
        case ListProperty():
            return [prop.inner_property]
        case UnionProperty():
            return list(prop.inner_properties)
        case _:
            return []


def everything_in(props: Iterable[Any]) -> Iterator[Any]:
    """Properties and all below them, each class once."""
    queue = list(props)
    seen: set[str] = set()
    while queue:
        prop = queue.pop()
        name = str(prop.class_info.name) if isinstance(prop, EnumProperty | ModelProperty) else None
        if name not in seen:
            yield prop
            queue += inner_props(prop)
            seen.update([name] if name else [])


def holds(prop: Any, *kinds: type) -> bool:
    """Whether a property is of one of the kinds, or one below it is."""
    return any(isinstance(inner, kinds) for inner in everything_in([prop]))


def holds_list(prop: Any) -> bool:
    """Whether a value may be a list."""
    return any(isinstance(inner, ListProperty) for inner in [prop, *inner_props(prop)])


def is_mapped(prop: Any) -> bool:
    """Whether msgspec alone would not write an argument as it is sent: null for what is left out, a date without zone."""
    return holds(prop, ModelProperty, DateTimeProperty) or holds_nested_list(prop)


def holds_nested_list(prop: Any) -> bool:
    """Whether a value may be a list of lists, of which `as_list` would convert only the outer one."""
    lists = [inner for inner in everything_in([prop]) if isinstance(inner, ListProperty)]
    return any(holds(inner.inner_property, ListProperty) for inner in lists)


def class_infos(props: Iterable[Any]) -> dict[str, str]:
    """The models and enums that annotations name, with their modules."""
    found: dict[str, str] = {}
    for prop in props:
        if isinstance(prop, EnumProperty | ModelProperty) and not is_map(prop):
            found[str(prop.class_info.name)] = str(prop.class_info.module_name)
        else:
            found.update(class_infos(inner_props(prop)))
    return found


def used_names(props: Iterable[Any]) -> list[str]:
    """The names of the models and enums that annotations name."""
    return sorted(class_infos(props))


def one_of_one_or_many(union: UnionProperty) -> Any:
    """The one, if a value is either that or a list of it."""
    lists = [prop for prop in union.inner_properties if isinstance(prop, ListProperty)]
    others = [prop for prop in union.inner_properties if not isinstance(prop, ListProperty)]
    if len(lists) == len(others) == 1:
        one, many = others[0], lists[0].inner_property
        if one.get_type_string(no_optional=True) == many.get_type_string(no_optional=True):
            return one
    return None
