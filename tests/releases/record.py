"""Records what a version of the operator makes of the cases (`make record VERSION=`): objects with status, stacks, services.

It takes the operator and the harness that PYTHONPATH names, so that an older tree can be recorded too. A case that a version does
not know is left out. What is recorded is never changed by hand: it is what a newer operator finds.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

try:
    from harness.absent_types import AbsentTypes
except ImportError:  # an older tree, which had no need of it

    def AbsentTypes(_: AwsProxy) -> None:  # noqa: N802
        """Nothing."""


HERE = Path(__file__).parent
NAMESPACE = "default"
PATIENCE = 40.0  # seconds


def main() -> int:
    """The version is the argument."""
    target = HERE / sys.argv[1]
    shutil.rmtree(target, ignore_errors=True)
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        AbsentTypes(proxy)
        plane.install()
        ecr = emulator.client("ecr")
        ecr.create_repository(repositoryName="python")
        ecr.put_image(repositoryName="python", imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
        with OperatorProcess(plane, proxy.endpoint, installation_id="recorded"):
            for path in sorted((HERE / "cases").iterdir()):
                _record(plane, emulator, path, target / path.stem)
    return 0


def _record(plane: ControlPlane, emulator: Emulator, path: Path, target: Path) -> None:
    name, spec = path.stem, yaml.safe_load(path.read_text())
    found = {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp"}
    body = {**found, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
    made = plane.kubectl("apply", "--server-side", "--validate=false", "-f", "-", stdin=json.dumps(body), check=False)
    app = _settled(plane, name) if made.returncode == 0 else None
    if app is None:
        print(f"{name}: this version does not know it: {made.stderr.strip()}", flush=True)
        return
    stack = emulator.client("cloudformation").describe_stacks(StackName=app["status"]["stack"]["id"])["Stacks"][0]
    template = emulator.client("cloudformation").get_template(StackName=stack["StackId"])["TemplateBody"]
    target.mkdir(parents=True)
    app["metadata"].pop("managedFields", None)
    _write(target / "app.yaml", app)
    _write(target / "stack.yaml", stack)
    _write(target / "template.yaml", json.loads(template) if isinstance(template, str) else template)
    _write(target / "services.yaml", _services(emulator, app))
    print(f"{name}: recorded", flush=True)


def _settled(plane: ControlPlane, name: str) -> dict[str, Any] | None:
    """The object once it is Ready; None where it is Stalled, or does not get there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        app: dict[str, Any] = plane.get("fargateapp", name, "-n", NAMESPACE)
        conditions = {one["type"]: one["status"] for one in app.get("status", {}).get("conditions", ())}
        if conditions.get("Ready") == "True":
            return app
        if conditions.get("Stalled") == "True":
            break
        time.sleep(0.5)
    print(json.dumps(app.get("status")), flush=True)
    return None


def _services(emulator: Emulator, app: dict[str, Any]) -> list[dict[str, Any]]:
    ecs, found = emulator.client("ecs"), []
    for one in (app["status"].get("services") or {}).values():
        arn = one["serviceArn"]
        [service] = ecs.describe_services(cluster=arn.split("/")[1], services=[arn])["services"]
        service["tasks"] = ecs.list_tasks(cluster=arn.split("/")[1], serviceName=service["serviceName"])["taskArns"]
        found.append(service)
    return found


def _write(path: Path, body: Any) -> None:
    path.write_text(yaml.safe_dump(json.loads(json.dumps(body, default=_plain)), sort_keys=False, allow_unicode=True, width=120))


def _plain(value: Any) -> str:
    """A moment."""
    return str(value.isoformat())


if __name__ == "__main__":
    sys.exit(main())
