"""Every way around the bounds, tried on the running operator: refused without a write to AWS, or written where the bounds say so."""

import json
import time

import pytest
import yaml

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import ACCOUNT, Emulator
from harness.operator import OperatorProcess
from harness.outside import Outside
from harness.proxy import AwsProxy
from ways_around import BASE, CONFIG_MAPS, DEFAULT, SECRETS
from ways_hidden import ALL_WAYS as WAYS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("bounds"), pytest.mark.timeout(240)]

ROLE = f"arn:aws:iam::{ACCOUNT}:role/fargate-operator-cloudformation"
WRITES = {"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet", "PutObject"}
NAMES = {name: f"way-{number}" for number, name in enumerate(WAYS)}


def rules(**strict):
    opened = {f"open-{NAMES[name]}": way.allowed for name, way in WAYS.items() if way.allowed is not None}
    kept = {"kept": {"deletionPolicy": "Retain"}}
    return yaml.safe_dump({"default": {**DEFAULT, **strict}, "namespaces": {**opened, **kept}})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    file = tmp_path_factory.mktemp("bounds") / "bounds.yaml"
    file.write_text(rules())
    settings = {"single_tenant": "false", "bounds": str(file), "cloudformation_role": ROLE, "stack_prefix": "fargate-"}
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        git = file.with_name("gitconfig")
        git.write_text('[url "http://127.0.0.1:9/"]\n\tinsteadOf = https://\n')  # no test asks hosts that are none of ours
        with OperatorProcess(plane, proxy.endpoint, git, health_interval="30s", **settings) as operator:
            namespaces = ("strict", "kept", *(f"open-{one}" for one in NAMES.values()))
            for namespace in namespaces:
                plane.kubectl("create", "namespace", namespace)
            objects = [one for namespace in namespaces for one in sources(namespace)]
            plane.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
            yield plane, emulator, proxy, operator, file


def manifest(namespace, name, spec):
    kept = {key: value for key, value in {**BASE, **spec}.items() if value is not None}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": metadata, "spec": kept}


def sources(namespace):
    """The ConfigMaps and Secrets that the ways name."""
    for kind, field, named in (("ConfigMap", "data", CONFIG_MAPS), ("Secret", "stringData", SECRETS)):
        for name, data in named.items():
            yield {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, field: data}


def written(proxy):
    """The names of the stacks that were written to."""
    return {call.stack.split("/")[-2] if "/" in call.stack else call.stack for call in proxy.calls if call.action in WRITES}


def there_is_a_listener(call, *_):
    """Whatever listener is asked for, it is there."""
    listener = (
        f"<ListenerArn>{call.parameters.get('ListenerArns.member.1')}</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol>"
    )
    balancer = "<VpcId>vpc-00000001</VpcId><DNSName>shared</DNSName><SecurityGroups><member>sg-1</member></SecurityGroups>"
    arn = "<LoadBalancerArn>shared</LoadBalancerArn>"
    kind, one = ("Listeners", listener) if call.action == "DescribeListeners" else ("LoadBalancers", balancer)
    result = f"<{call.action}Result><{kind}><member>{one}{arn}</member></{kind}></{call.action}Result>"
    return 200, f"<{call.action}Response>{result}</{call.action}Response>".encode()


@pytest.fixture(scope="module")
def tried(place):
    """All of them at once: the apps in `strict` or `kept`, and each in a namespace that allows it; what came of it by way."""
    plane, _, proxy, _, _ = place
    proxy.reset()
    Outside(proxy)
    for action in ("DescribeListeners", "DescribeLoadBalancers"):
        proxy.overlay("elasticloadbalancing", action, there_is_a_listener)
    items = []
    for name, way in WAYS.items():
        items.append(manifest("kept" if way.bound == "deletionPolicy" else "strict", NAMES[name], way.spec))
        if way.allowed is not None:
            items.append(manifest(f"open-{NAMES[name]}", NAMES[name], way.spec))
    plane.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    until = time.monotonic() + 100
    while True:
        found = plane.get("fargateapps", "-A")["items"]
        stalled = {one["metadata"]["name"]: message for one in found if (message := refusal(one))}
        stacks = {name for name in written(proxy) if "open-" in name or name == "other-team-shop"}
        wanted = sum(way.allowed is not None for way in WAYS.values())
        if (len(stalled) == len(WAYS) and len(stacks) >= wanted) or time.monotonic() > until:
            return stalled, written(proxy)
        time.sleep(0.5)


def refusal(item):
    if item["metadata"]["namespace"] not in {"strict", "kept"}:
        return ""
    conditions = {one["type"]: one for one in item.get("status", {}).get("conditions", [])}
    bad = conditions.get("Stalled", {})
    good = conditions.get("SpecValid", {}).get("status") == "False" and conditions["Ready"]["status"] == "False"
    return bad["message"] if good and bad.get("reason") in {"OutOfBounds", "InvalidSpec"} else ""


@pytest.mark.parametrize("name", WAYS)
def test_a_way_around_is_refused_by_field_and_bound_and_nothing_is_written(tried, name):
    refused, stacks = tried
    way = WAYS[name]
    message = refused.get(NAMES[name], "")
    assert way.bound in message
    assert way.field in message
    assert not any(stack.startswith((f"fargate-strict-{NAMES[name]}-", f"fargate-kept-{NAMES[name]}-")) for stack in stacks)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.allowed is not None])
def test_and_written_when_the_bounds_say_so(tried, name):
    _, stacks = tried
    own = WAYS[name].spec.get("stackName") or f"fargate-open-{NAMES[name]}-{NAMES[name]}-"
    assert any(stack.startswith(own) for stack in stacks)


@pytest.mark.usefixtures("tried")
def test_cloudformation_works_with_its_own_role(place):
    _, _, proxy, _, _ = place
    sent = {call.parameters.get("RoleARN") for call in proxy.calls if call.action == "CreateStack"}
    assert sent == {ROLE}


def test_an_apps_roles_carry_boundary_and_path(place):
    plane, emulator, _, _, _ = place
    plane.apply(manifest("strict", "good", {}))
    status = World(plane, emulator, "strict").ready("good")
    cloudformation = emulator.client("cloudformation")
    resources = cloudformation.describe_stack_resources(StackName=status["stack"]["id"])["StackResources"]
    roles = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::IAM::Role"]
    assert [emulator.client("iam").get_role(RoleName=name)["Role"]["Path"] for name in roles] == ["/fargate/strict/"] * 2
    body = cloudformation.get_template(StackName=status["stack"]["id"])["TemplateBody"]  # the emulator keeps no boundary
    sent = (json.loads(body) if isinstance(body, str) else body)["Resources"].values()
    found = [one["Properties"]["PermissionsBoundary"] for one in sent if one["Type"] == "AWS::IAM::Role"]
    assert found == [DEFAULT["permissionsBoundary"]] * 2


def test_bounds_are_read_again_when_they_change_and_what_runs_keeps_running(place):
    plane, emulator, proxy, operator, file = place
    world = World(plane, emulator, "strict")
    plane.apply(manifest("strict", "changed", {}))
    before = world.ready("changed")
    proxy.reset()
    file.write_text(rules(images=["other/*"]))
    assert "spec.images.app: the image 'example/app:1' is not allowed by the bound images" in world.stalled(
        "OutOfBounds", "changed"
    )
    assert world.status("changed")["stack"]["status"] == "CREATE_COMPLETE"
    file.write_text("default: {nonsense: 1}")
    world.wait(lambda: "the bounds stay as they were: default.permissionsBoundary: is required" in operator.log())
    assert world.condition("Ready", "changed")["reason"] == "OutOfBounds"
    file.write_text(rules())
    assert world.ready("changed")["stack"]["id"] == before["stack"]["id"]
    assert before["stack"]["name"] not in written(proxy)


def test_where_stacks_are_kept_a_deleted_app_leaves_its_own(place):
    plane, emulator, _, _, _ = place
    world = World(plane, emulator, "kept")
    plane.apply(manifest("kept", "stays", {}))
    name = world.ready("stays")["stack"]["name"]
    world.delete("stays")
    assert world.stack(name) == "CREATE_COMPLETE"


@pytest.mark.usefixtures("tried")
def test_a_refused_app_can_be_deleted(place):
    plane, emulator, _, _, _ = place
    World(plane, emulator, "strict").delete(NAMES["a task role"])
