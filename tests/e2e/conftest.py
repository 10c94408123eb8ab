import json
import time

import pytest

import golden_cases
from harness import outside
from harness.absent_types import AbsentTypes
from harness.builds import CodeBuild
from harness.controlplane import ControlPlane
from harness.empty_on_delete import EmptyOnDelete
from harness.emulator import REGION, Emulator
from harness.git_host import GitHost
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from roles import actions, called

HEALTH = 4.0  # seconds
TEMPLATES = "templates"
EXAMPLES = json.dumps([golden_cases.example(case) for case in golden_cases.CASES])


@pytest.fixture(scope="session")
def plane():
    with ControlPlane() as one:
        one.install()
        yield one


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as one:
        one.client("s3").create_bucket(Bucket=TEMPLATES, CreateBucketConfiguration={"LocationConstraint": REGION})
        outside.make(one, EXAMPLES)
        yield one


@pytest.fixture(scope="session")
def proxy(emulator):
    with AwsProxy(emulator.endpoint) as one:
        AbsentTypes(one)
        EmptyOnDelete(one)
        outside.Outside(one, EXAMPLES)
        yield one


@pytest.fixture(scope="session")
def git_host():
    with GitHost() as one:
        yield one


@pytest.fixture(scope="session")
def codebuild(emulator, proxy):
    return CodeBuild(emulator).install(proxy)


@pytest.fixture(scope="session")
def operator(plane, proxy, git_host, codebuild):  # noqa: ARG001  it answers
    settings = {"health_interval": f"{HEALTH}s", "ref_interval": "2s", "template_bucket": TEMPLATES}
    with OperatorProcess(plane, proxy.endpoint, git_host.config, **settings) as one:
        yield one
    assert called(proxy.calls) <= actions("OperatorRole")  # whatever was tested, it took no other right


class World:
    """A namespace of the test's own, and what is asked of it."""

    def __init__(self, plane, emulator, namespace):
        self.plane, self.emulator, self.namespace = plane, emulator, namespace
        self.cloudformation = emulator.client("cloudformation")
        self.ecs = emulator.client("ecs")

    def apply(self, name="shop", **spec):
        base = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}
        metadata = {"name": name, "namespace": self.namespace}
        kept = {key: value for key, value in {**base, **spec}.items() if value is not None}
        self.plane.apply(
            {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": metadata, "spec": kept}
        )

    def app(self, name="shop"):
        found = self.plane.kubectl("get", "fargateapp", name, "-n", self.namespace, "-o", "json", "--ignore-not-found").stdout
        return json.loads(found) if found else None

    def status(self, name="shop"):
        return (self.app(name) or {}).get("status", {})

    def condition(self, kind, name="shop"):
        found = [one for one in self.status(name).get("conditions", []) if one["type"] == kind]
        return found[0] if found else {}

    def wait(self, what, seconds=25.0):
        """Until the call is true; the last answer. Fails with the apps as they are."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := what():
                return found
            time.sleep(0.2)
        found = json.loads(self.plane.kubectl("get", "fargateapp", "-n", self.namespace, "-o", "json").stdout)["items"]
        raise AssertionError(
            f"did not come about: {json.dumps({one['metadata']['name']: one.get('status') for one in found}, indent=1)}"
        )

    def ready(self, name="shop"):
        def current():
            app = self.app(name)  # once: what is read in two calls may belong to two moments
            status = app.get("status", {})
            done = status.get("observedGeneration") == app["metadata"]["generation"]
            ready = {one["type"]: one["status"] for one in status.get("conditions", [])}.get("Ready")
            return status if done and ready == "True" else None

        return self.wait(current)

    def stalled(self, reason, name="shop"):
        return self.wait(lambda: (one := self.condition("Stalled", name)).get("reason") == reason and one)["message"]

    def annotate(self, text, name="shop"):
        self.plane.kubectl("annotate", "fargateapp", name, "-n", self.namespace, "--overwrite", text)

    def delete(self, name="shop", *, wait=True):
        self.plane.kubectl("delete", "fargateapp", name, "-n", self.namespace, f"--wait={str(wait).lower()}", "--timeout=25s")

    def stack(self, name):
        """The newest stack of the name, deleted ones too."""
        pages = self.cloudformation.get_paginator("list_stacks").paginate()
        found = [one for page in pages for one in page["StackSummaries"] if one["StackName"] == name]
        return max(found, key=lambda one: one["CreationTime"])["StackStatus"] if found else None


_COUNT = iter(range(1000))


@pytest.fixture
def world(plane, emulator, operator):
    assert operator.process.poll() is None
    namespace = f"team-{next(_COUNT)}"
    plane.kubectl("create", "namespace", namespace)
    return World(plane, emulator, namespace)
