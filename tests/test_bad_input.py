"""Whatever stands in a FargateApp, its answer is a condition: through the pure core, and through the real reconciler."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fargate_operator import turn
from fargate_operator.errors import InvalidSpec
from fargate_operator.messages import MOST
from fargate_operator.plan import OUTSIDE
from inputs.broken import MIB, broken
from inputs.hostile import HALF, TEXTS, deep
from inputs.operating import MOST_STATUS, operate
from inputs.path import NARROW, WIDE, manifest, through
from inputs.schema import spec_faults, specs, status_faults
from test_sources import Objects

LONG = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
)
SPECS = specs() | broken()
MOST_TURNS, MOST_CALLS = 40, 250  # in ten minutes
BASE = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}


def answered(status):
    """The status is one that the API server takes, and says what is."""
    assert status_faults(status) == []
    assert len(json.dumps(status)) < MOST_STATUS
    found = {one["type"]: one for one in status["conditions"]}
    assert found["Ready"]["reason"] != "InternalError"
    assert all(len(one["message"]) <= MOST for one in found.values())
    return found["Ready"]


def told(error):
    assert isinstance(error, InvalidSpec)
    assert all(fault.path.startswith(("spec", "metadata.namespace")) and fault.message for fault in error.faults)


@settings(LONG, max_examples=100)
@given(SPECS, st.sampled_from([WIDE, NARROW, None]))
def test_any_spec_is_compiled_or_has_faults_that_name_their_fields(spec, bounds):
    end = through(manifest(spec), bounds)
    answered(end.status)
    if end.error:
        told(end.error)
        assert (end.outcome.after, end.outcome.failed) == (OUTSIDE if end.error.outside else None, False)
    else:
        assert end.came == "plan"


def test_what_is_generated_is_what_the_schema_takes_and_is_compiled_in_a_good_part():
    came = []

    @settings(LONG, max_examples=60, database=None, derandomize=True)
    @given(specs())
    def collect(spec):
        assert spec_faults(spec) == []
        came.append(through(manifest(spec)).came)

    collect()
    assert came.count("plan") > len(came) / 5


@settings(LONG, max_examples=50)
@given(SPECS)
def test_the_operator_answers_any_object_and_then_rests(spec):
    done = operate(manifest(spec))
    ready = answered(done.status)
    assert len(done.turns) <= MOST_TURNS
    assert sum(done.aws.calls.values()) <= MOST_CALLS
    gaps = [later - before for before, later in zip(done.turns, done.turns[1:], strict=False)]
    assert all(gap >= 1.0 for gap in gaps)
    if ready["reason"] == "InvalidSpec":
        assert (len(done.turns), done.aws.written) == (1, [])


@pytest.mark.parametrize("text", [*TEXTS, HALF])
@pytest.mark.parametrize("place", ["value", "key", "image", "resource", "output", "annotation"])
def test_a_hostile_text_is_answered_wherever_it_stands(place, text):
    spec = {
        "value": {**BASE, "environment": {"A": text}, "services": {"web": {"image": "app", "command": [text]}}},
        "key": {**BASE, "services": {text: {"image": "app"}}, "tags": {text: text}},
        "image": {**BASE, "images": {"app": {"uri": text}}},
        "resource": {
            **BASE,
            "resources": {"Thing": {"Type": text, "Properties": {text: text}}, text: {"Type": "AWS::SNS::Topic"}},
        },
        "output": {**BASE, "outputs": {"Out": {"Value": text, "Description": text}}},
        "annotation": BASE,
    }[place]
    annotations = dict.fromkeys((turn.NOW, turn.APPROVE, turn.ABANDON), text)
    answered(operate(manifest(spec, annotations=annotations if place == "annotation" and text != HALF else {})).status)


def wide(entry):
    """As many entries as make a MiB."""
    return dict(entry(number) for number in range(MIB // len(json.dumps(dict([entry(100)])))))


RAW = {"Type": "AWS::SNS::Topic"}
HUGE = {
    "a string": {"cluster": {"name": "x" * MIB}},
    "a raw string": {"resources": {"Thing": {**RAW, "Properties": {"DisplayName": "x" * MIB}}}},
    "dollars and braces": {"resources": {"Thing": {**RAW, "Properties": {"DisplayName": {"Fn::Sub": "${" * (MIB // 2)}}}}},
    "dynamic references": {"resources": {"Thing": {**RAW, "Properties": {"DisplayName": "{{resolve:" * (MIB // 10)}}}},
    "joined braces": {"resources": {"Thing": {**RAW, "Properties": {"DisplayName": {"Fn::Join": ["", ["{"] * (MIB // 4)]}}}}},
    "references to nothing": {
        "resources": {"Thing": {**RAW, "Properties": {"X": [{"Ref": f"N{one}"} for one in range(MIB // 16)]}}}
    },
    "a name": {"services": {"a-" * (MIB // 2) + "!": {"image": "app"}}},
    "workloads": {"services": wide(lambda one: (f"w{one}", {"image": "app"}))},
    "workloads that are none": {"tasks": wide(lambda one: (f"w{one}", one))},
    "unknown fields": wide(lambda one: (f"f{one}", one)),
    "variables with wrong names": {"environment": wide(lambda one: (f"-{one}", one))},
    "a list": {"services": {"web": {"image": "app", "command": [1] * (MIB // 3)}}},
    "a duration": {"changes": {"monitoringTime": "1h" * (MIB // 2) + "!"}},
    "a schedule": {"scheduledTasks": {"a": {"image": "app", "schedule": "cron(" + "a " * (MIB // 2)}}},
    "a URL": {"images": {"app": {"build": {"git": {"url": "https://a" + "/a" * (MIB // 2) + "!"}}}}},
    "a region": {"region": "aa" + "-a" * (MIB // 2)},
    "a host": {"services": {"web": {"image": "app", "port": 80, "http": {"host": "a." * (MIB // 2)}}}},
    "an object's name": {"environmentFrom": [{"configMapRef": {"name": "a-" * (MIB // 2)}}]},
    "levels": {"resources": {"Thing": {**RAW, "Properties": {"X": deep(9_000)}}}},
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", HUGE)
def test_a_mebibyte_is_answered(what):
    answered(through(manifest({**BASE, **HUGE[what]})).status)


def test_half_a_surrogate_pair_is_a_fault_of_its_field():
    end = through(manifest({**BASE, "resources": {"Thing": {"Type": "AWS::SNS::Topic", "Properties": {"X": [HALF]}}}}))
    assert [str(one) for one in end.error.faults] == [
        r"spec.resources.Thing.Properties: has half of a surrogate pair in a text, such as \ud800 alone: that is no character"
    ]


def test_a_suspended_app_that_never_had_a_stack_asks_nothing_while_it_waits_for_an_image():
    images = {"app": {"build": {}, "tag": "v1"}}
    done = operate(manifest({**BASE, "images": images, "suspend": True}))
    assert done.turns == [0.0, 300.0, 600.0]


def test_what_boto_itself_refuses_to_send_is_told_and_not_tried_again_at_once():
    done = operate({**manifest(BASE), "status": {"observedGeneration": 1, "region": "no region"}})
    assert done.condition("Stalled")["reason"] == "AwsRefused"
    assert "no region" in done.condition("Ready")["message"]
    assert done.turns == [0.0, 600.0]


@pytest.mark.parametrize("name", ["a" * 253, ".".join(["a" * 60] * 4), "1", "1.2.3", "x--x", "a-" * 126 + "a", "e3b0c442"])
def test_any_name_that_kubernetes_takes_gets_a_stack(name):
    done = operate(
        manifest(BASE, name=name, generateName="x", labels={"a": "b"}, ownerReferences=[], finalizers=["somebody.else/x"])
    )
    assert answered(done.status)["status"] == "True"
    assert done.cluster.item["metadata"]["finalizers"] == ["somebody.else/x", "fargate-operator.dev/stack"]


def test_of_an_annotation_of_256_kib_the_status_has_no_copy():
    done = operate(manifest(BASE, annotations={"reconcile.fluxcd.io/requestedAt": "é" * 130_000}))
    assert len(done.status["lastHandledReconcileAt"]) == 1024
    assert len(done.turns) == 3
    again = operate(done.cluster.item, done.aws)
    assert len(again.turns) == 3


KEYS = st.from_regex(r"[-._a-zA-Z0-9]{1,253}", fullmatch=True) | st.sampled_from(
    ["-", ".", "..", "a.b", "1", "_", "PATH", "a" * 253]
)


def sourced(data, secret):
    objects = Objects()
    objects.put("configmaps", "config", data)
    objects.put("secrets", "secret", secret)
    both = [{"configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}]
    done = operate(manifest({**BASE, "environmentFrom": both}), objects=objects)
    assert len(done.turns) <= MOST_TURNS
    return answered(done.status)


@settings(LONG, max_examples=40)
@given(
    st.dictionaries(KEYS, st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=20), max_size=5),
    st.dictionaries(KEYS, st.binary(max_size=30) | st.sampled_from([one.encode() for one in TEXTS]), max_size=5),
)
def test_configmaps_and_secrets_with_any_keys_and_values_are_answered(data, secret):
    sourced(data, secret)


@pytest.mark.parametrize("value", ["x" * 500, "x" * MIB, "\x00" * 500])
def test_configmaps_and_secrets_of_a_mebibyte_are_answered(value):
    count = MIB // len(value)
    assert sourced({f"K{one}": value for one in range(count)}, {"A": b"x"})["reason"] == "InvalidSpec"
    assert sourced({"A": "x"}, {f"K{one}": value.encode() for one in range(count)})["reason"] == "InvalidSpec"
