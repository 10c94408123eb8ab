"""What waits for an image, what goes with it, and what runs on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Subnets
from fargate_operator.parsing import parse_app
from fargate_operator.withheld import deployed, running, waiting, withheld
from test_model import manifest

HOME = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"
DIGEST = "sha256:" + "a" * 64
SUBNETS = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))}
IMAGES = {"there": {"uri": f"{HOME}:1"}, "gone": {"build": {}, "tag": "v1"}}


def app(**spec):
    return parse_app(manifest(**{"images": IMAGES, "services": {}, **spec}))


def facts(**more):
    known = {"images": {"there": f"{HOME}@{DIGEST}"}, "subnets": SUBNETS, **more}
    return Facts("123456789012", "eu-west-1", **known)


GONE, THERE = {"image": "gone"}, {"image": "there"}
SCHEDULED = {"image": "gone", "schedule": "rate(1 hour)"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"services": {"web": THERE}}, {}),
        ({"services": {"web": GONE, "api": THERE}}, {"gone": ("services.web",)}),
        (
            {
                "services": {"web": GONE},
                "scheduledTasks": {"report": SCHEDULED},
                "tasks": {"migrate": GONE},
                "functions": {"api": GONE},
            },
            {"gone": ("functions.api", "scheduledTasks.report", "services.web", "tasks.migrate")},
        ),
        ({"services": {"web": {**THERE, "sidecars": {"proxy": GONE}}}}, {"gone": ("services.web",)}),
        ({"services": {"web": GONE, "api": {**THERE, "dependsOn": ["WebService"]}}}, {"gone": ("services.api", "services.web")}),
        (
            {
                "functions": {
                    "check": GONE,
                    "api": {**THERE, "events": {"home": {"httpApi": {"route": "GET /", "authorizer": "own"}}}},
                    "open": {**THERE, "events": {"home": {"httpApi": {"route": "GET /open"}}}},
                },
                "httpApi": {"authorizers": {"own": {"lambda": {"function": "check"}}}},
            },
            {"gone": ("functions.api", "functions.check")},
        ),
    ],
)
def test_who_waits_for_an_image_is_told(spec, expected):
    assert waiting(app(**spec), facts()) == expected


def test_what_refers_to_a_workload_that_waits_is_left_out_and_comes_with_it():
    resources = {
        "Watch": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "WebService"}}},
        "Behind": {"Type": "AWS::SNS::Topic", "DependsOn": "Watch"},
        "WebTasks": {"Type": "AWS::SQS::Queue"},
        "Webs": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "WebapiService"}}},
    }
    outputs = {"Service": {"Value": {"Ref": "WebService"}}, "Queue": {"Value": "${WebTasks.Arn}"}, "Told": {"Value": "${Watch}"}}
    services = {"web": GONE, "webapi": THERE, "user": {**THERE, "environment": {"TOPIC": "${Behind}"}}}
    whole = app(services=services, resources=resources, outputs=outputs)
    out = withheld(whole, facts())
    assert {key for _, key in out.workloads} == {"web", "user"}
    assert (out.resources, out.outputs) == ({"Watch", "Behind"}, {"Service", "Told"})
    lacking = compile_app(whole, facts())
    assert {"WebTasks", "Webs", "WebapiService", "GoneRepository", "FargateTasksCluster"} <= lacking.resources.keys()
    assert not {"WebTask", "WebService", "UserService", "Watch", "Behind"} & lacking.resources.keys()
    full = compile_app(whole, facts(images={"there": f"{HOME}@{DIGEST}", "gone": f"{HOME}-gone@{DIGEST}"}))
    assert {"WebService", "UserService", "Watch", "Behind"} <= full.resources.keys()


def test_what_all_share_is_there_before_the_first_image():
    services = {"web": {**GONE, "port": 80, "http": {}}}
    made = {one["Type"] for one in compile_app(app(services=services), facts(subnets=SUBNETS)).resources.values()}
    assert made == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::ECR::Repository",
        "AWS::ECS::Cluster",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::Logs::LogGroup",
    }


def test_what_runs_keeps_its_image_by_where_it_runs():
    kept = {"WebTask/web": "old/web:1", "WebTask/proxy": "old/proxy:1", "HookFunction": f"{HOME}@sha256:old"}
    services = {"web": {**GONE, "sidecars": {"proxy": GONE}}, "fresh": GONE}
    known = facts(kept=kept)
    whole = app(services=services, functions={"hook": GONE})
    resources = compile_app(whole, known).resources
    assert running({"Resources": resources}) == kept
    assert waiting(whole, known) == {"gone": ("services.fresh",)}
    assert compile_app(whole, known).resources["HookFunction"]["Properties"]["Code"] == {"ImageUri": f"{HOME}@sha256:old"}


@pytest.mark.parametrize("template", [{}, {"Resources": {"WebTask": 1}}, {"Resources": {"A": {"Type": "AWS::Lambda::Function"}}}])
def test_a_template_without_images_runs_none(template):
    assert running(template) == {}


def test_of_a_manifest_list_each_processor_gets_its_child_and_these_are_what_is_deployed():
    images = {"gone": f"{HOME}-gone@sha256:list"}
    platforms = {"gone": {"linux/amd64": "sha256:amd", "linux/arm64": "sha256:arm"}}
    known = facts(images=images, platforms=platforms, repositories={"gone": f"{HOME}-gone"})
    whole = app(
        services={"web": GONE, "arm": {**GONE, "architecture": "ARM64"}}, functions={"api": {**GONE, "architecture": "ARM64"}}
    )
    template = compile_app(whole, known)
    assert running({"Resources": template.resources}) == {
        "WebTask/web": f"{HOME}-gone@sha256:amd",
        "ArmTask/arm": f"{HOME}-gone@sha256:arm",
        "ApiFunction": f"{HOME}-gone@sha256:arm",
    }
    assert deployed(whole, known) == {"gone": {"sha256:amd", "sha256:arm"}}


KEYS = ["web", "webapi", "api", "a-b"]


@given(
    services=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["there", "gone", "other"]), min_size=1),
    depends=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["WebService", "ApiTask", "AbService"])),
    pushed=st.sets(st.sampled_from(["gone", "other"])),
)
def test_whatever_is_missing_the_template_has_all_that_it_names(services, depends, pushed):
    spec = {key: {"image": image} for key, image in services.items()}
    there = {f"{key.replace('-', '').capitalize()}Service" for key in spec}
    for key, target in depends.items():
        if key in spec and target in there and not target.lower().startswith(key.replace("-", "")):
            spec[key]["dependsOn"] = [target]
            break
    whole = parse_app(manifest(images={**IMAGES, "other": {"build": {}, "tag": "v1"}}, services=spec))
    known = facts(images={name: f"{HOME}-{name}@{DIGEST}" for name in {"there", *pushed}})
    template = compile_app(whole, known)  # would raise for a name that dangles
    made = {key for key in spec if f"{key.replace('-', '').capitalize()}Service" in template.resources}
    lacking = {path.partition(".")[2] for paths in waiting(whole, known).values() for path in paths}
    assert made == spec.keys() - lacking
    assert {key for key, image in services.items() if image not in {"there", *pushed}} <= lacking
