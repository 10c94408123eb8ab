"""Specs that the CRD's schema takes, generated from it: what admission lets through but for the CEL rules.

References between fields hold in a good part, so that such a spec is often compiled, too.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema
from hypothesis import strategies as st

from fargate_operator.crd import spec_schema
from fargate_operator.status_schema import STATUS
from inputs.hostile import TEXTS

IMAGES = {
    "app": {"uri": "example/app:1"},
    "side": {"repository": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/side", "tag": "v1"},
    "built": {"build": {}, "tag": "v1"},
}
WORKLOADS = ("services", "scheduledTasks", "tasks", "functions")
_ALWAYS = {field: st.sampled_from(sorted(IMAGES)) for field in ("image",)}
# what a schema alone can hardly get right, tried three times of four
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "cpu": st.just(256),
    "memory": st.sampled_from([2048, "2GB", "2048"]),
    "schedule": st.sampled_from(["rate(1 hour)", "cron(0 3 * * ? *)"]),
    "expression": st.just("rate(5 minutes)"),
    "route": st.sampled_from(["GET /a", "$default", "ANY /{proxy+}"]),
    "timezone": st.just("Europe/Vienna"),
    "adoption": st.just("Owned"),
    "dependsOn": st.just(["FargateTasksLogGroup"]),
    "path": st.sampled_from(["/", "/a", "/b/c"]),
    "host": st.sampled_from(["a.example.com", "b.example.com"]),
    "hosts": st.just(["c.example.com"]),
    "subnetIds": st.just(["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]),
    "securityGroupIds": st.just(["sg-0123456789abcdef0"]),
    "region": st.just("eu-west-1"),
    "platform": st.just("linux/amd64"),
    "architecture": st.just("X86_64"),
    "overrides": st.just({}),
    "cluster": st.just({"name": "mine"}),
    "environmentFrom": st.sampled_from([[{"configMapRef": {"name": "config"}}], [{"secretRef": {"name": "secret"}}]]),
    "functions": st.just({"hello": {"image": "app"}}),
}
_SCHEMA = spec_schema()
_RAW = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["Ref", "Fn::Sub", "Type", *TEXTS]), inner, max_size=2)
    ),
    max_leaves=5,
)
_BODIES = st.fixed_dictionaries(
    {"Type": st.sampled_from(["AWS::SNS::Topic", "AWS::IAM::Policy", "x"])}, optional={"Properties": _RAW}
)
_RESOURCES = st.one_of(st.just({"Type": "AWS::SNS::Topic"}), _BODIES, st.dictionaries(st.sampled_from(TEXTS), _RAW, max_size=2))
_KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)


@cache
def _pattern(pattern: str, longest: int) -> st.SearchStrategy[str]:
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern  # Python's $ goes before a last line break, too
    return st.from_regex(exact).map(lambda text: text[: longest + 1]).filter(lambda text: len(text) <= longest)


def _takes(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is of the type; a field of the same name may be something else elsewhere."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int}
    return isinstance(value, kinds.get(schema.get("type", ""), (int, str)))


class _Generator:
    """Draws a value of a schema; `field` is whose value it is."""

    def __init__(self, draw: st.DrawFn, most: int) -> None:
        self._draw, self._most = draw, most

    def value(self, schema: Mapping[str, Any], field: str) -> Any:
        draw = self._draw
        if field in _ALWAYS:
            return draw(_ALWAYS[field])
        if field in _LIKELY and draw(st.integers(0, 3)) and _takes(schema, likely := draw(_LIKELY[field])):
            return likely
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            return draw(_RESOURCES)
        if "enum" in schema:
            return draw(st.sampled_from(schema["enum"]))
        if schema.get("x-kubernetes-int-or-string"):
            return draw(st.integers(schema["minimum"], schema["maximum"]) | _pattern(schema["pattern"], schema["maxLength"]))
        return getattr(self, schema["type"])(schema, field)

    def boolean(self, *_: Any) -> bool:
        return self._draw(st.booleans())

    def integer(self, schema: Mapping[str, Any], _: str) -> int:
        return self._draw(st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**6)))

    def number(self, schema: Mapping[str, Any], _: str) -> float:
        bounds = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
        return self._draw(st.floats(**bounds, allow_nan=False, allow_infinity=False))

    def string(self, schema: Mapping[str, Any], _: str) -> str:
        least, longest = schema.get("minLength", 0), schema.get("maxLength", 300)
        if "pattern" in schema:
            return self._draw(_pattern(schema["pattern"], longest))
        hostile = [text for text in TEXTS if least <= len(text) <= longest]
        return self._draw(
            st.sampled_from(["x", *hostile]) | st.text(st.characters(codec="utf-8"), min_size=least, max_size=min(longest, 40))
        )

    def array(self, schema: Mapping[str, Any], field: str) -> list[Any]:
        most = min(schema.get("maxItems", 3), 3)
        count = self._draw(st.integers(min(schema.get("minItems", 0), most), most))
        return [self.value(schema["items"], field.removesuffix("s")) for _ in range(count)]

    def object(self, schema: Mapping[str, Any], field: str) -> dict[str, Any]:
        if "additionalProperties" in schema:
            return self._map(schema, field)
        fields = schema.get("properties", {})
        required = schema.get("required", [])
        others = sorted(fields.keys() - set(required))
        chosen = self._draw(st.lists(st.sampled_from(others), max_size=self._most, unique=True)) if others else []
        wanted = ["image"] if "image" in others and self._draw(st.integers(0, 3)) else []
        return {name: self.value(fields[name], name) for name in dict.fromkeys((*required, *wanted, *chosen))}

    def _map(self, schema: Mapping[str, Any], field: str) -> dict[str, Any]:
        keys = _NAMES if field in {"environment", "secrets", "args"} else _KEYS
        hostile = [text for text in TEXTS if text]
        chosen = self._draw(st.lists(keys | st.sampled_from(hostile) if not self._draw(st.integers(0, 9)) else keys,
                                     min_size=schema.get("minProperties", 0), max_size=2, unique=True))  # fmt: skip
        return {key: self.value(schema["additionalProperties"], "") for key in chosen}


@st.composite
def specs(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """A spec with at least one workload; `most` is how many optional fields an object has."""
    made = _Generator(draw, most)
    spec = made.object(_SCHEMA, "spec")
    for kind in draw(st.lists(st.sampled_from(WORKLOADS), min_size=1, max_size=2, unique=True)):
        one = _SCHEMA["properties"][kind]["additionalProperties"]
        spec[kind] = {draw(_KEYS): made.value(one, "")}
    return {**spec, "images": IMAGES}


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The structural schema as JSON Schema that lets no unknown field through."""
    found = {name: one for name, one in schema.items() if name not in {"properties", "additionalProperties", "items"}}
    if "properties" in schema:
        found["properties"] = {name: closed(one) for name, one in schema["properties"].items()}
    for name in ("additionalProperties", "items"):
        if name in schema:
            found[name] = closed(schema[name])
    if schema.get("type") == "object" and not {"additionalProperties", "x-kubernetes-preserve-unknown-fields"} & schema.keys():
        found["additionalProperties"] = False
    return found


_SPEC, _STATUS = (jsonschema.Draft202012Validator(closed(one)) for one in (_SCHEMA, STATUS))


def spec_faults(spec: Any) -> list[str]:
    """What the API server would say of a spec, but for the CEL rules."""
    return [f"{one.json_path}: {one.message[:200]}" for one in _SPEC.iter_errors(spec)]


def status_faults(status: Any) -> list[str]:
    """What the API server would say of a status, or cut off silently."""
    return [f"{one.json_path}: {one.message[:200]}" for one in _STATUS.iter_errors(status)]


@st.composite
def statuses(draw: st.DrawFn) -> dict[str, Any]:
    """A status that the CRD's schema takes, written by somebody else than the operator; its pins are any JSON."""
    status = _Generator(draw, 6).value(STATUS, "status")
    conditions = [{**one, "lastTransitionTime": "2025-12-31T23:59:59Z"} for one in status.get("conditions", ())]
    return {**status, "conditions": conditions}
