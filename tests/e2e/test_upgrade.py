"""The operator starts over stacks that an older version has made, with the statuses that it has left."""

import json

import pytest
import yaml

from e2e.conftest import World
from harness.absent_types import AbsentTypes
from harness.controlplane import ControlPlane
from harness.emulator import Emulator, client
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from test_releases import CASES, ROOT, changes, recorded

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("upgrade"), pytest.mark.timeout(240)]
WRITES = {"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet"}
HEALTH = 4.0  # seconds


def left(world, cloudformation, case, name):
    """What the version left: the stack from its template, the object with its status."""
    template, stack, app = (json.dumps(recorded(case, one), default=str) for one in ("template", "stack", "app"))
    old = recorded(case, "stack")["StackName"]
    made = cloudformation.create_stack(
        StackName=old, TemplateBody=template, Tags=json.loads(stack)["Tags"], Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=old, WaiterConfig={"Delay": 1})
    item = json.loads(app.replace(json.loads(stack)["StackId"], made["StackId"]))
    status = item.pop("status")
    created = cloudformation.describe_stacks(StackName=old)["Stacks"][0]["CreationTime"]
    status["stack"]["updatedAt"] = created.strftime("%Y-%m-%dT%H:%M:%SZ")  # else somebody has touched it meanwhile
    item["metadata"] = {"name": name, "namespace": world.namespace, "finalizers": item["metadata"]["finalizers"]}
    world.plane.apply(item)
    patch = json.dumps({"status": status})
    world.plane.kubectl("patch", "fargateapp", name, "-n", world.namespace, "--subresource=status", "--type=merge", "-p", patch)


@pytest.mark.parametrize("version", sorted({version for version, _ in CASES}))
def test_an_upgrade_writes_what_is_on_purpose_and_nothing_else(version):
    cases = [case for case in CASES if case[0] == version and "functions" not in case[1]]  # whose image is nowhere
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        AbsentTypes(proxy)
        world = World(plane, emulator, "default")
        for case in cases:
            left(world, client("cloudformation", proxy.endpoint), case, case[1])
        before = len(proxy.calls)
        settings = {"health_interval": f"{HEALTH}s", "installation_id": "recorded"}
        with OperatorProcess(plane, proxy.endpoint, **settings):
            read = [case[1] for case in cases if "services" in yaml.safe_load((ROOT / "cases" / f"{case[1]}.yaml").read_text())]
            looked = lambda: sum(call.action == "DescribeServices" for call in proxy.calls[before:]) >= 2 * len(read)  # noqa: E731
            world.wait(looked, 60)  # each twice: it has been looked after, after whatever was to be written
            for case in cases:
                world.ready(case[1])
            written = [call.action for call in proxy.calls[before:] if call.action in WRITES]
            stacks = {one["StackName"]: one["StackStatus"] for one in world.cloudformation.describe_stacks()["Stacks"]}
    assert set(stacks) == {recorded(case, "stack")["StackName"] for case in cases}
    assert len(written) <= (len(cases) if changes(version) else 0)
    assert set(written) <= {"UpdateStack"}
    assert set(stacks.values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
