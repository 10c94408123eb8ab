"""What must always hold, whatever the app."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.names import stack_name
from fargate_operator.parsing import parse_app
from fargate_operator.references import PSEUDO, targets
from test_model import facts, manifest

KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True)
TASKS = st.fixed_dictionaries(
    {"image": st.just("app")},
    optional={
        "command": st.lists(st.text("ab ${}!:.", max_size=8), max_size=3),
        "environment": st.dictionaries(
            st.from_regex(r"[A-Z]{2,5}", fullmatch=True), st.text("ab${}AWS:R", max_size=9), max_size=3
        ),
        "tags": st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("xy", max_size=3), max_size=3),
        "dependsOn": st.just(["FargateTasksLogGroup"]),
    },
)
HTTP = st.fixed_dictionaries(
    {},
    optional={
        "path": st.sampled_from(["/", "/api", "/api/v2", "/a/b/c"]),
        "host": st.sampled_from(["a.example.com", "b.example.com", "*.example.com"]),
        "priority": st.sampled_from([1, 2, 40000]),
    },
)
SCALING = st.fixed_dictionaries(
    {"min": st.integers(0, 2), "max": st.integers(3, 9), "cpu": st.just(60)},
    optional={
        "memory": st.just(70),
        "queue": st.just({"arn": "arn:aws:sqs:eu-west-1:123456789012:jobs", "backlogPerTask": 10}),
        "schedule": st.dictionaries(KEYS, st.just({"schedule": "rate(1 day)", "min": 1, "max": 2}), min_size=1, max_size=3),
    },
)
DEPLOYMENT = st.sampled_from([{}, {"strategy": "BlueGreen"}, {"strategy": "Linear"}, {"strategy": "Canary", "bakeTime": "1m"}])
REACHED = st.tuples(HTTP, DEPLOYMENT).map(lambda one: {"port": 80, "http": one[0], "deployment": one[1]})
SERVICES = st.tuples(TASKS, st.just({}) | REACHED, st.just({}) | SCALING.map(lambda one: {"scaling": one})).map(
    lambda parts: {name: value for part in parts for name, value in part.items()}
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "services": st.dictionaries(KEYS, SERVICES, max_size=4),
        "tasks": st.dictionaries(KEYS, TASKS, max_size=4),
        "scheduledTasks": st.dictionaries(KEYS, TASKS.map(lambda one: {**one, "schedule": "rate(1 hour)"}), max_size=4),
    },
)


def shuffled(value, rng):
    if isinstance(value, dict):
        items = [(key, shuffled(item, rng)) for key, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


def result(source):
    try:
        app = parse_app(source)
        return compile_app(app, facts(app)).json()
    except InvalidSpec as error:
        return error.faults


@settings(max_examples=150, deadline=None)
@given(SPECS, st.integers())
def test_compiling_is_deterministic_and_independent_of_the_order_of_maps(spec, seed):
    source = manifest(**spec)
    assert result(source) == result(shuffled(source, random.Random(seed)))


@settings(max_examples=150, deadline=None)
@given(SPECS)
def test_every_reference_of_a_template_resolves(spec):
    try:
        app = parse_app(manifest(**spec))
        template = compile_app(app, facts(app))
    except InvalidSpec as error:
        known = ("collides", "dependsOn", ".http.")
        assert all(any(word in str(fault) for word in known) for fault in error.faults)
    else:
        assert set(targets([template.resources, template.outputs])) <= template.resources.keys() | PSEUDO


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["image", "services", "images", "cpu", "web", "network", "events", "tags", "resources"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_spec_either_parses_or_has_faults_that_name_their_fields(spec):
    try:
        parse_app({"metadata": {"name": "x"}, "spec": spec})
    except InvalidSpec as error:
        assert error.faults
        assert all(fault.path.startswith("spec") and fault.message for fault in error.faults)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?", fullmatch=True)


@given(NAMES, NAMES)
def test_a_stacks_name_is_one_that_cloudformation_takes(namespace, name):
    made = stack_name("installation", namespace, name)
    assert len(made) <= 128
    assert made[0].isalpha()
    assert made.replace("-", "").isalnum()


def test_namespace_and_name_cannot_run_into_each_other():
    assert stack_name("i", "team", "a-shop") != stack_name("i", "team-a", "shop")
