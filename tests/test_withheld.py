"""What waits for an image, what goes with it, and what runs on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Running, Subnets
from fargate_operator.fragments.scope import MISSING
from fargate_operator.parsing import parse_app
from fargate_operator.references import PSEUDO, targets
from fargate_operator.withheld import deployed
from test_model import manifest

HOME = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"
DIGEST, OLD = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SUBNETS = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))}
IMAGES = {"there": {"uri": f"{HOME}:1"}, "gone": {"build": {}, "tag": "v1"}}
GONE, THERE = {"image": "gone"}, {"image": "there"}
SCHEDULED = {"image": "gone", "schedule": "rate(1 hour)"}
HOMES = {f"{HOME}-gone": "GoneRepository"}


def app(**spec):
    return parse_app(manifest(**{"images": IMAGES, "services": {}, **spec}))


def facts(**more):
    known = {"images": {"there": f"{HOME}@{DIGEST}"}, "subnets": SUBNETS, "repositories": {"gone": f"{HOME}-gone"}, **more}
    return Facts("123456789012", "eu-west-1", **known)


def lacking(*, running=None, **spec):
    """The template while `gone` is not there; `running` is the spec that the stack has, all of whose images were."""
    before = None
    if running is not None:
        images = {"there": f"{HOME}@{DIGEST}", "gone": f"{HOME}-gone@{OLD}"}
        had = compile_app(app(**running), facts(images=images))
        before = Running(had.resources, had.outputs, HOMES)
    made = compile_app(app(**spec), facts(running=before or Running()))
    assert dangling(made) == set()
    assert MISSING not in made.json()
    return made, before


def dangling(template):
    named = targets(list(template.resources.values())) | targets(list(template.outputs.values()))
    named |= {one for body in template.resources.values() for one in body.get("DependsOn", ())}
    return {one for one in named - template.resources.keys() - PSEUDO if not one.startswith("AWS::")}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"services": {"web": THERE}}, {}),
        ({"services": {"web": GONE, "api": THERE}}, {"gone": ("services.web",)}),
        (
            {"services": {"web": GONE}, "scheduledTasks": {"report": SCHEDULED}, "tasks": {"migrate": GONE}, "functions": {"api": GONE}},
            {"gone": ("functions.api", "scheduledTasks.report", "services.web", "tasks.migrate")},
        ),
        ({"services": {"web": {**THERE, "sidecars": {"proxy": GONE}}}}, {"gone": ("services.web",)}),
        ({"services": {"web": GONE, "api": {**THERE, "dependsOn": ["WebService"]}}}, {"gone": ("services.api", "services.web")}),
        ({"services": {"function": GONE, "myFunction": GONE, "my": THERE}}, {"gone": ("services.function", "services.myFunction")}),
        ({"services": {"web": THERE}, "functions": {"f": GONE}, "iam": {"statements": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["FFunction", "Arn"]}}]}}, {"gone": ("functions.f", "services.web")}),
        ({"services": {"web": {**THERE, "overrides": {"container": {"DockerLabels": {"x": {"Ref": "ApiService"}}}}}, "api": GONE}}, {"gone": ("services.api", "services.web")}),
        (
            {"services": {"api": {**GONE, "port": 80, "connect": {"namespace": "shop.local"}}, "cli": {**THERE, "connect": {"namespace": "shop.local"}}}},
            {"gone": ("services.api", "services.cli")},
        ),
    ],
)  # fmt: skip
def test_who_waits_for_an_image_is_told(spec, expected):
    assert lacking(**spec)[0].waiting == expected


def test_routes_wait_with_the_function_of_their_authorizer():
    functions = {
        "check": GONE,
        "api": {**THERE, "events": {"home": {"httpApi": {"route": "GET /", "authorizer": "own"}}}},
        "open": {**THERE, "events": {"home": {"httpApi": {"route": "GET /open"}}}},
    }
    made, _ = lacking(functions=functions, httpApi={"authorizers": {"own": {"lambda": {"function": "check"}}}})
    routes = [one["Properties"]["RouteKey"] for one in made.resources.values() if one["Type"] == "AWS::ApiGatewayV2::Route"]
    assert (routes, made.waiting) == (["GET /open"], {"gone": ("functions.check",)})


def test_what_refers_to_a_workload_that_waits_is_left_out_and_comes_with_it():
    resources = {
        "Watch": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "WebService"}}},
        "Behind": {"Type": "AWS::SNS::Topic", "DependsOn": "Watch"},
        "WebTasks": {"Type": "AWS::SQS::Queue"},
        "Webs": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "WebapiService"}}},
    }
    outputs = {"Service": {"Value": {"Ref": "WebService"}}, "Queue": {"Value": "${WebTasks.Arn}"}, "Told": {"Value": "${Watch}"}}
    services = {"web": GONE, "webapi": THERE, "user": {**THERE, "environment": {"TOPIC": "${Behind}"}}}
    spec = {"services": services, "resources": resources, "outputs": outputs}
    made, _ = lacking(**spec)
    assert {"WebTasks", "Webs", "WebapiService", "GoneRepository", "FargateTasksCluster"} <= made.resources.keys()
    assert not {"WebTask", "WebService", "UserService", "Watch", "Behind"} & made.resources.keys()
    assert "Queue" in made.outputs
    assert not {"Service", "Told"} & made.outputs.keys()
    full = compile_app(app(**spec), facts(images={"there": f"{HOME}@{DIGEST}", "gone": f"{HOME}-gone@{DIGEST}"}))
    assert {"WebService", "UserService", "Watch", "Behind"} <= full.resources.keys()
    assert full.waiting == {}


@pytest.mark.parametrize(
    "spec",
    [
        {"functions": {"f": {**GONE, "events": {"home": {"httpApi": {"route": "GET /"}}}}}, "outputs": {"Api": {"Value": {"Ref": "HttpApi"}}}},
        {"services": {"web": GONE}, "outputs": {"Role": {"Value": {"Fn::GetAtt": ["FargateIamTaskRole", "Arn"]}}}},
        {"services": {"web": {**GONE, "port": 80, "connect": {"namespace": "shop.local"}}}, "outputs": {"Space": {"Value": {"Ref": "FargateNamespaceShoplocal"}}}},
    ],
)  # fmt: skip
def test_what_all_share_is_there_before_the_first_image(spec):
    made, _ = lacking(**spec)
    assert spec["outputs"].keys() <= made.outputs.keys()


WEB = {"web": {**GONE, "port": 80, "http": {}}}
POOL = {"Type": "AWS::Cognito::UserPool", "Properties": {}}
BUCKET = {
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "Table": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Bucket"}}},
}
HOOK = {"LambdaConfig": {"PreSignUp": {"Fn::GetAtt": ["HookFunction", "Arn"]}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"services": WEB}, {"services": {"web": {**WEB["web"], "environment": {"A": "1"}, "architecture": "ARM64"}}}),
        ({"services": {"web": THERE}}, {"services": {"web": {**THERE, "sidecars": {"proxy": GONE}}}}),
        ({"services": {"web": THERE}}, {"services": {"web": {**THERE, "dependsOn": ["NewService"]}, "new": GONE}}),
        ({"services": {"web": THERE}, "resources": {"Pool": POOL}}, {"services": {"web": {**THERE, "environment": {"P": "${Pool}"}}}, "functions": {"hook": GONE}, "resources": {"Pool": {**POOL, "Properties": HOOK}}}),
        ({"resources": BUCKET}, {"functions": {"hook": GONE}, "resources": {**BUCKET, "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "f", "Value": {"Ref": "HookFunction"}}]}}}}),
        ({"functions": {"api": {**THERE, "provisionedConcurrency": 1, "url": {}}}}, {"functions": {"api": {**GONE, "provisionedConcurrency": 1, "url": {}}}}),
        ({"services": {"web": {**THERE, "spot": True, "scaling": {"min": 1, "max": 2, "cpu": 50}}}}, {"services": {"web": GONE}}),
        ({"scheduledTasks": {"report": {**SCHEDULED, "spot": True}}}, {"scheduledTasks": {"report": {**SCHEDULED, "spot": True, "command": ["x"]}}}),
    ],
)  # fmt: skip
def test_nothing_that_runs_is_taken_away_or_half_changed(before, after):
    made, had = lacking(running=before, **after)
    wanted = compile_app(app(**after), facts(images={"there": f"{HOME}@{DIGEST}", "gone": f"{HOME}-gone@{DIGEST}"})).resources
    assert [name for name in had.resources if name in wanted and name not in made.resources] == []
    services = [name for name, one in had.resources.items() if one["Type"] in {"AWS::ECS::Service", "AWS::ECS::TaskDefinition"}]
    functions = [name for name, one in had.resources.items() if one["Type"] == "AWS::Lambda::Function"]
    assert {name: made.resources[name] for name in (*services, *functions)} == {
        name: had.resources[name] for name in (*services, *functions)
    }


def test_the_repository_of_what_runs_stays_when_the_spec_gives_another_image():
    images = {"main": {"build": {}, "tag": "v1"}, "there": IMAGES["there"]}
    made, had = lacking(running={"services": {"web": GONE}}, images=images, services={"web": {"image": "main"}})
    assert made.resources["GoneRepository"] == had.resources["GoneRepository"]
    assert made.outputs["FargateImageGoneRepository"] == had.outputs["FargateImageGoneRepository"]
    assert made.resources["WebService"] == had.resources["WebService"]
    assert "MainRepository" in made.resources
    moved = compile_app(app(images=images, services={"web": {"image": "main"}}), facts(images={"main": f"{HOME}-main@{DIGEST}"}))
    assert "GoneRepository" not in moved.resources


def test_a_digest_that_runs_is_held_while_its_image_is_missing():
    made, _ = lacking(running={"services": {"web": GONE}}, services={"web": GONE})
    assert f"deployed-{'b' * 16}" in made.resources["GoneRepository"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]


@pytest.mark.parametrize(
    "resources", [{}, {"WebTask": 1}, {"A": {"Type": "AWS::Lambda::Function"}}, {"WebTask": {"DependsOn": [1, None]}}]
)
def test_a_template_of_whatever_shape_takes_nothing_with_it(resources):
    made = compile_app(app(services={"web": GONE}), facts(running=Running(resources)))
    assert "GoneRepository" in made.resources


def test_of_a_manifest_list_each_processor_gets_its_child_and_these_are_what_is_deployed():
    images = {"gone": f"{HOME}-gone@sha256:list"}
    platforms = {"gone": {"linux/amd64": "sha256:amd", "linux/arm64": "sha256:arm"}}
    known = facts(images=images, platforms=platforms)
    whole = app(
        services={"web": GONE, "arm": {**GONE, "architecture": "ARM64"}}, functions={"api": {**GONE, "architecture": "ARM64"}}
    )
    made = compile_app(whole, known).resources
    assert [made[one]["Properties"]["ContainerDefinitions"][0]["Image"] for one in ("WebTask", "ArmTask")] == [
        f"{HOME}-gone@sha256:amd",
        f"{HOME}-gone@sha256:arm",
    ]
    assert made["ApiFunction"]["Properties"]["Code"]["ImageUri"] == f"{HOME}-gone@sha256:arm"
    assert deployed(whole, known) == {"gone": {"sha256:amd", "sha256:arm"}}


KEYS = ["web", "webapi", "api", "a-b"]
WORKLOADS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["there", "gone", "other"]), min_size=1)


def spec_of(services, depends):
    spec = {key: {"image": image} for key, image in services.items()}
    there = {f"{key.replace('-', '').capitalize()}Service" for key in spec}
    for key, target in depends.items():
        if key in spec and target in there and not target.lower().startswith(key.replace("-", "")):
            spec[key]["dependsOn"] = [target]
            break
    return spec


@given(
    before=WORKLOADS,
    services=WORKLOADS,
    depends=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["WebService", "ApiTask", "AbService"])),
    pushed=st.sets(st.sampled_from(["gone", "other"])),
)
def test_whatever_is_missing_the_template_has_all_that_it_names_and_all_that_runs(before, services, depends, pushed):
    images = {**IMAGES, "other": {"build": {}, "tag": "v1"}}
    every = {name: f"{HOME}-{name}@{DIGEST}" for name in images}
    had = compile_app(app(images=images, services=spec_of(before, {})), facts(images=every))
    whole = app(images=images, services=spec_of(services, depends))
    known = facts(images={name: every[name] for name in {"there", *pushed}}, running=Running(had.resources, had.outputs, HOMES))
    made = compile_app(whole, known)
    assert dangling(made) == set()
    wanted = {f"{key.replace('-', '').capitalize()}Service" for key in services}
    assert wanted & had.resources.keys() <= made.resources.keys()
    lacking_ = {path.partition(".")[2] for paths in made.waiting.values() for path in paths}
    assert {f"{key.replace('-', '').capitalize()}Service" for key in services.keys() - lacking_} == wanted & made.resources.keys()
