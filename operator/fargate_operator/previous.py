"""The status as it was found, without what is not of its schema: others may write it, and so did other versions. Pure.

Whatever reads a previous status may rely on the types that `status_schema` gives; what `pins` hold is `facts.recall`'s to judge.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fargate_operator.status_schema import STATUS

_NONE: Final[Any] = object()
_TYPES: Mapping[str, Any] = {
    "object": Mapping, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float),
}  # fmt: skip


def sound(status: Any) -> dict[str, Any]:
    """The parts of a status that are of the schema; empty where nothing is."""
    found = _sound(status, STATUS)
    return {} if found is _NONE else found


def _sound(value: Any, schema: Mapping[str, Any]) -> Any:
    kind: str = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return _NONE
    if kind == "array":
        return [found for one in value if (found := _sound(one, schema["items"])) is not _NONE]
    if kind == "object":
        return _object(value, schema)
    if value not in schema.get("enum", (value,)) or (schema.get("format") == "date-time" and not _moment(value)):
        return _NONE
    return value


def _object(value: Mapping[Any, Any], schema: Mapping[str, Any]) -> Any:
    fields, more = schema.get("properties", {}), schema.get("additionalProperties")
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return dict(value)
    parts = {name: _sound(one, known) for name, one in value.items() if (known := fields.get(name) or more)}
    kept = {name: one for name, one in parts.items() if one is not _NONE}
    return kept if kept.keys() >= set(schema.get("required", ())) else _NONE


def _moment(text: str) -> bool:
    """Whether it is a moment, and not one so far off that nothing can be reckoned with it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return False
    return found.tzinfo is not None and 1 < found.year < 9999
