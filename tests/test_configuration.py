"""environmentFrom in the core: what wins, what it becomes, what is a fault, and where values could leak."""

import dataclasses
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fargate_operator import names
from fargate_operator.aws.operations import safe_reason
from fargate_operator.checks.sources import MOST_PARAMETERS
from fargate_operator.compiler import compile_app, input_digest
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Copied, config_map
from fargate_operator.fragments.copied_secret import MOST_VALUE, encoded, running, secret_size, value_faults
from fargate_operator.fragments.environment import literal
from fargate_operator.fragments.environment_from import CopiedKey, named_in
from fargate_operator.parameters import Parameters
from fargate_operator.parsing import parse_app
from fargate_operator.references import substitute
from test_model import facts, faults, manifest

CONFIG, SECRET = {"configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}
OWN_CONFIG, OWN_SECRET = {"configMapRef": {"name": "own"}}, {"secretRef": {"name": "own"}}
API_KEY = "/shop/api-key"


def known(app, *, config=None, own=None, secret=(), own_secret=(), version="uid/1"):
    maps = {"config": config_map(config or {}), "own": config_map(own or {})}
    copied = {"secret": Copied(version, tuple(secret)), "own": Copied("uid/9", tuple(own_secret))}
    named = {(kind, name) for _, kind, name in app.sources()}
    return dataclasses.replace(
        facts(app),
        config_maps={name: one for name, one in maps.items() if ("configmaps", name) in named},
        copied={name: one for name, one in copied.items() if ("secrets", name) in named},
    )


def compiled(found, **spec):
    app = parse_app(manifest(**spec))
    return compile_app(app, known(app, **found))


def told(found, **spec):
    with pytest.raises(InvalidSpec) as caught:
        compiled(found, **spec)
    return {fault.path: fault.message for fault in caught.value.faults}


def given_to(template, name="WebTask"):
    """Name → value, or the JSON key in the stack's secret, or what the spec names."""
    one = template.resources[name]["Properties"]["ContainerDefinitions"][0]
    secrets = {each["Name"]: each["ValueFrom"] for each in one.get("Secrets", [])}
    plain = {each["Name"]: each["Value"] for each in one.get("Environment", [])}
    assert not plain.keys() & secrets.keys()
    return plain | {name: value if isinstance(value, str) else value["Fn::Join"][1][1] for name, value in secrets.items()}


LAYERS = [
    ("the shared ConfigMap alone", {"environmentFrom": [CONFIG]}, {}, "config"),
    ("the shared Secret over the ConfigMap before it", {"environmentFrom": [CONFIG, SECRET]}, {}, ":secret/X::"),
    ("the ConfigMap over the Secret before it", {"environmentFrom": [SECRET, CONFIG]}, {}, "config"),
    ("the shared environment over both", {"environmentFrom": [CONFIG, SECRET], "environment": {"X": "shared"}}, {}, "shared"),
    ("a shared secret over both", {"environmentFrom": [SECRET, CONFIG], "secrets": {"X": API_KEY}}, {}, API_KEY),
    ("the own ConfigMap over what is shared", {"secrets": {"X": API_KEY}}, {"environmentFrom": [OWN_CONFIG]}, "own"),
    ("the own Secret over what is shared", {"environment": {"X": "shared"}}, {"environmentFrom": [OWN_SECRET]}, ":own/X::"),
    ("the own environment over all", {"environmentFrom": [SECRET]}, {"environmentFrom": [OWN_SECRET], "environment": {"X": "mine"}}, "mine"),
    ("an own secret over all", {"environment": {"X": "shared"}}, {"environmentFrom": [OWN_CONFIG], "secrets": {"X": API_KEY}}, API_KEY),
]  # fmt: skip


@pytest.mark.parametrize(("shared", "own", "expected"), [one[1:] for one in LAYERS], ids=[one[0] for one in LAYERS])
def test_the_stronger_wins_and_no_name_is_given_twice(shared, own, expected):
    found = {"config": {"X": "config"}, "own": {"X": "own"}, "secret": ["X"], "own_secret": ["X"]}
    assert given_to(compiled(found, services={"web": {"image": "app", **own}}, **shared))["X"] == expected


def test_a_sidecar_gets_none_of_it():
    spec = {"services": {"web": {"image": "app", "sidecars": {"proxy": {"image": "app"}}}}, "environmentFrom": [CONFIG, SECRET]}
    sidecar = compiled({"config": {"X": "1"}, "secret": ["KEY"]}, **spec).resources["WebTask"]["Properties"][
        "ContainerDefinitions"
    ][1]
    assert not sidecar.keys() & {"Environment", "Secrets", "DockerLabels"}


def test_only_the_workloads_that_use_a_secret_change_with_its_version_and_the_secret_itself():
    spec = {
        "services": {
            "web": {"image": "app", "environmentFrom": [SECRET]},
            "other": {"image": "app", "environmentFrom": [CONFIG]},
        },
        "tasks": {"job": {"image": "app"}},
    }
    one, two = (compiled({"config": {"X": "1"}, "secret": ["KEY"], "version": version}, **spec) for version in ("uid/1", "uid/2"))
    assert {name for name, body in one.resources.items() if body != two.resources[name]} == {"WebTask", "FargateSecret"}
    assert one.parameters == two.parameters
    assert one.digest != two.digest


def test_a_config_map_of_the_same_data_in_another_cluster_changes_nothing():
    app = parse_app(manifest(environmentFrom=[CONFIG]))
    one, two = (
        dataclasses.replace(facts(app), config_maps={"config": config_map({"X": "1"}, version)}) for version in ("a/1", "b/2")
    )
    assert input_digest(app, one) == input_digest(app, two)
    assert compile_app(app, one).json() == compile_app(app, two).json()


def test_an_override_of_the_labels_is_merged_and_wins():
    label = names.secret_label("secret")
    container = {"DockerLabels": {"mine": "1", label: "x"}}
    spec = {"services": {"web": {"image": "app", "environmentFrom": [SECRET], "overrides": {"container": container}}}}
    one = compiled({"secret": ["KEY"]}, **spec).resources["WebTask"]["Properties"]["ContainerDefinitions"][0]
    assert one["DockerLabels"] == {"mine": "1", label: "x"}


def test_a_functions_role_reads_the_secret_and_its_environment_has_the_arn():
    function = {"image": "app", "environmentFrom": [CONFIG, SECRET]}
    app = parse_app(
        manifest(
            services={}, images={"app": {"uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"}}, functions={"api": function}
        )
    )
    template = compile_app(app, known(app, config={"STAGE": "x"}, secret=["KEY"]))
    assert template.resources["ApiFunction"]["Properties"]["Environment"]["Variables"] == {
        "STAGE": "x", "KEY_ARN": {"Ref": "FargateSecret"}}  # fmt: skip
    [policy] = template.resources["ApiFunctionRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [{"Ref": "FargateSecret"}]}
    ]


SECRET_ARN = len("arn:aws:secretsmanager:eu-west-1:123456789012:secret:FargateSecret-123456789012-123456")
FUNCTION_LAYERS = [
    ("its own environment over a Secret's key", {"environmentFrom": [SECRET]}, {"environment": {"DB_ARN": "mine"}}, "mine"),
    ("its own environment over a shared secret", {"secrets": {"DB": API_KEY}}, {"environment": {"DB_ARN": "mine"}}, "mine"),
    ("its own ConfigMap over a shared secret", {"secrets": {"DB": API_KEY}}, {"environmentFrom": [OWN_CONFIG]}, "own"),
    ("its own Secret over the shared environment", {"environment": {"DB_ARN": "shared"}}, {"environmentFrom": [OWN_SECRET]}, {"Ref": "FargateSecret"}),
    ("a shared Secret over the ConfigMap before it", {"environmentFrom": [CONFIG, SECRET]}, {}, {"Ref": "FargateSecret"}),
    ("a shared ConfigMap over the Secret before it", {"environmentFrom": [SECRET, CONFIG]}, {}, "config"),
]  # fmt: skip


def function_of(found, own, **shared):
    images = {"app": {"uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"}}
    return compiled(found, services={}, images=images, functions={"api": {"image": "app", **own}}, **shared)


@pytest.mark.parametrize(
    ("shared", "own", "expected"), [one[1:] for one in FUNCTION_LAYERS], ids=[one[0] for one in FUNCTION_LAYERS]
)
def test_for_a_function_the_arn_of_a_secret_is_as_strong_as_the_secret(shared, own, expected):
    found = {"config": {"DB_ARN": "config"}, "own": {"DB_ARN": "own"}, "secret": ["DB"], "own_secret": ["DB"]}
    template = function_of(found, own, **shared)
    assert template.resources["ApiFunction"]["Properties"]["Environment"]["Variables"] == {"DB_ARN": expected}
    reads = any("secretsmanager" in json.dumps(one) or "ssm" in json.dumps(one)
                for one in template.resources["ApiFunctionRole"]["Properties"].get("Policies", ()))  # fmt: skip
    assert reads == (not isinstance(expected, str))


@pytest.mark.parametrize(
    ("found", "own", "shared"),
    [
        ({}, {"environment": {"AA": "x" * 4094}}, {}),
        ({"config": {"AA": "x" * 2000}}, {"environment": {"BB": "x" * 2092}}, {"environmentFrom": [CONFIG]}),
        ({"secret": ["KEY"]}, {"environment": {"AA": "x" * (4094 - len("KEY_ARN") - SECRET_ARN)}}, {"environmentFrom": [SECRET]}),
        ({"config": {"AA": "x" * 9000}}, {"environment": {"AA": "x" * 4094}}, {"environmentFrom": [CONFIG]}),
        ({}, {"environment": {"AA": "x" * 4094}}, {"secrets": {"AA": API_KEY}}),
        ({"config": {"AA": "${AWS::Region}" + "x" * 4080}}, {}, {"environmentFrom": [CONFIG]}),
    ],
    ids=["environment", "a ConfigMap and environment", "the ARN of a Secret", "what is displaced", "a displaced secret", "text as it stands"],
)  # fmt: skip
def test_a_functions_environment_is_counted_as_a_whole_and_by_what_it_really_gets(found, own, shared):
    function_of(found, own, **shared)  # 4096
    more = {**own, "environment": {**own.get("environment", {}), "ZZ": ""}}
    with pytest.raises(InvalidSpec) as caught:
        function_of(found, more, **shared)
    [fault] = caught.value.faults
    assert (fault.path, fault.message.partition(" with")[0]) == ("spec.functions.api.environment", "is 4098 bytes")


def test_a_secret_without_keys_makes_a_secret_that_can_be_made():
    template = compiled({"secret": []}, environmentFrom=[SECRET])
    assert template.resources["FargateSecret"]["Properties"]["SecretString"] == "{}"
    assert template.parameters == {}


@given(st.text("ab${}!:.AWS", max_size=20))
@example("${AWS::Region}")
@example("${!x} ${x}")
def test_a_config_maps_value_is_taken_as_it_stands(value):
    assert substitute(literal(value), ["ab"]) == value


@given(st.text(max_size=60))
@example("{{resolve:ssm:/x}}")
@example("{{{{resolve:ssm:/x}}")
def test_an_encoded_value_is_what_it_was_and_can_be_no_dynamic_reference(value):
    assert json.loads(encoded(value)) == value
    assert "{{" not in encoded(value)
    assert encoded(value).isascii()


@pytest.mark.parametrize(
    "leak",
    [
        {"outputs": {"Leak": {"Value": {"Ref": "PARAMETER"}}}},
        {"outputs": {"Leak": {"Value": {"Fn::Sub": "${PARAMETER}"}}}},
        {"resources": {"Leak": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "PARAMETER"}}}}},
        {"overrides": {"container": {"User": {"Fn::Join": ["", ["x", {"Ref": "PARAMETER"}]]}}}},
        {"services": {"web": {"image": "app", "overrides": {"container": {"DockerLabels": {"x": {"Fn::Sub": "${PARAMETER}"}}}}}}},
    ],
)
def test_no_author_can_refer_to_a_value(leak):
    parameter = names.secret_parameter("secret", "KEY")
    spec = json.loads(json.dumps(leak).replace("PARAMETER", parameter))
    assert any(
        f"refers to {parameter}, which is not a resource of this stack" in one
        for one in told({"secret": ["KEY"]}, environmentFrom=[SECRET], **spec).values()
    )


def test_a_reference_of_the_specs_own_kind_to_a_value_is_none():
    parameter = names.secret_parameter("secret", "KEY")
    template = compiled({"secret": ["KEY"]}, environmentFrom=[SECRET], environment={"X": f"${{{parameter}}}"})
    assert given_to(template)["X"] == f"${{{parameter}}}"


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ({"environmentFrom": [{}]}, "spec.environmentFrom[0]", "must be either configMapRef or secretRef"),
        ({"environmentFrom": [{**CONFIG, **SECRET}]}, "spec.environmentFrom[0]", "must be either configMapRef or secretRef"),
        ({"environmentFrom": [{"configMapRef": {"name": "Not_A_Name"}}]}, "spec.environmentFrom[0].configMapRef.name", "must"),
        ({"environmentFrom": [CONFIG] * 21}, "spec.environmentFrom", "at most 20"),
        ({"tasks": {"x": {"image": "app", "environmentFrom": [{"secretRef": {}}]}}}, "spec.tasks.x.environmentFrom[0].secretRef.name", "is required"),
        ({"services": {"web": {"image": "app", "environment": {"X": "1"}, "secrets": {"X": API_KEY}}}}, "spec.services.web.secrets.X", "ECS takes a name once"),
    ],
)  # fmt: skip
def test_what_is_no_source_is_a_fault(spec, path, words):
    assert words in faults(**spec)[path]


@pytest.mark.parametrize(
    ("found", "spec", "path", "words"),
    [
        ({"config": {"a-b": "1"}}, {"environmentFrom": [CONFIG]}, "spec.environmentFrom[0].configMapRef.name", "'a-b' of the ConfigMap config is no name"),
        ({"secret": ["1st"]}, {"environmentFrom": [SECRET]}, "spec.environmentFrom[0].secretRef.name", "'1st' of the Secret secret is no name"),
        ({"secret": [f"K{n}" for n in range(MOST_PARAMETERS + 1)]}, {"environmentFrom": [SECRET]}, "spec.environmentFrom[0].secretRef.name", "have 201 keys"),
        ({"config": {"AWS_REGION": "x"}}, {"services": {}, "functions": {"f": {"image": "app", "environmentFrom": [CONFIG]}}},
         "spec.functions.f.environmentFrom[0].configMapRef.name", "AWS_REGION of the ConfigMap config is Lambda's own"),
        ({"config": {"BIG": "x" * 5000}}, {"services": {}, "functions": {"f": {"image": "app", "environmentFrom": [CONFIG]}}},
         "spec.functions.f.environment", "is 5003 bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_variable_is_a_fault_that_names_the_key(found, spec, path, words):
    images = {"app": {"uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"}}
    assert words in told(found, images=images, **spec)[path]


def test_such_a_fault_is_looked_at_again_since_the_app_need_not_change():
    with pytest.raises(InvalidSpec) as caught:
        compiled({"secret": ["1st"]}, environmentFrom=[SECRET])
    assert caught.value.outside


def test_sizes_are_counted_as_they_are_sent():
    one, other = CopiedKey("secret", "KEY"), CopiedKey("secret", "OTHER")
    values = {one: encoded("x" * (MOST_VALUE - 2)), other: encoded("x" * (MOST_VALUE - 1))}
    [fault] = value_faults({"secret": "spec.environmentFrom[0].secretRef.name"}, values)
    assert "OTHER of the Secret secret has 4097 bytes" in fault.message
    app = parse_app(manifest(environmentFrom=[SECRET]))
    pieces = compile_app(app, known(app, secret=["KEY", "OTHER"])).resources["FargateSecret"]["Properties"]["SecretString"][
        "Fn::Join"
    ][1]
    by_id = {names.secret_parameter(each.secret, each.key): value for each, value in values.items()}
    whole = "".join(piece if isinstance(piece, str) else by_id[piece["Ref"]] for piece in pieces)
    assert len(whole) == secret_size(values)
    assert list(json.loads(whole)) == ["secret/KEY", "secret/OTHER"]


def test_what_a_stack_has_is_read_off_its_template():
    app = parse_app(manifest(environmentFrom=[SECRET]))
    template = compile_app(app, known(app, secret=["KEY"])).body()
    assert running(template) == ({"secret": "uid/1"}, {names.secret_parameter("secret", "KEY")})
    assert running({}) == ({}, set())


HIDDEN = Parameters({"A": encoded('pass "word" <x>\nsecond line'), "B": encoded("no")}, frozenset({"C"}))


def test_parameters_show_no_value_of_themselves():
    assert f"{HIDDEN!r} {HIDDEN}" == "Parameters(2 sent, 1 kept) Parameters(2 sent, 1 kept)"
    assert HIDDEN.sent()[-1] == {"ParameterKey": "C", "UsePreviousValue": True}


@pytest.mark.parametrize(
    "quoted",
    [
        'pass "word" <x>\nsecond line', 'pass \\"word\\" <x>\\nsecond line', "pass &quot;word&quot; &lt;x&gt;", "second line",
        "'\"pass \\\\\"word\\\\\" <x>\\\\nsecond line\"'",
    ],
)  # fmt: skip
def test_a_message_is_scrubbed_of_what_was_sent(quoted):
    text = HIDDEN.scrub(f"Invalid value {quoted} for A, no less")
    assert "word" not in text
    assert "second line" not in text
    assert text.endswith("for A, no less")


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("User: x is not authorized to perform: secretsmanager:CreateSecret on y (HandlerErrorCode: AccessDenied)",
         "secretsmanager:CreateSecret, HandlerErrorCode: AccessDenied"),
        ("#: expected pass-word", "it failed;"),
    ],
)  # fmt: skip
def test_of_a_failure_of_the_copy_only_harmless_words_are_told(reason, kept):
    told = safe_reason({"LogicalResourceId": names.COPIED_SECRET}, reason)
    assert kept in told
    assert "pass-word" not in told
    assert safe_reason({"LogicalResourceId": "Queue"}, reason) == reason


@pytest.mark.parametrize("junk", [None, [], {"environmentFrom": 3}, {"environmentFrom": [None, {"secretRef": 1}, {"secretRef": {"name": 2}}]},
                                  {"services": [1]}, {"services": {"web": None}}])  # fmt: skip
def test_a_spec_that_is_junk_names_nothing(junk):
    assert named_in(junk) == frozenset()


def test_every_place_of_a_spec_is_looked_at_for_names():
    spec = {
        kind: {"x": {"environmentFrom": [{"secretRef": {"name": kind.lower()}}]}}
        for kind in ("services", "scheduledTasks", "tasks", "functions")
    }
    assert named_in({**spec, "environmentFrom": [CONFIG]}) == {
        ("configmaps", "config"), *(("secrets", one) for one in ("services", "scheduledtasks", "tasks", "functions"))}  # fmt: skip
