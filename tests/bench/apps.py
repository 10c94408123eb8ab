"""`make bench`: N apps applied at once against the emulator behind the counting proxy; counts, ratios and times."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import urllib3
from kubernetes import client, config

from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

MOST_CALLS = 2.1
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"  # what kubectl get asks for: some columns of each object


def manifest(number: int) -> dict[str, object]:
    """An app with one service."""
    spec = {
        "images": {"app": {"uri": "example/app:1"}},
        "network": {"subnetIds": ["subnet-00000001"], "securityGroupIds": ["sg-00000001"]},
        "services": {"web": {"image": "app"}},
    }
    metadata = {"name": f"app-{number:04}", "namespace": "default"}
    return {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": metadata, "spec": spec}


def of(counts: Counter[tuple[str, str]], service: str) -> int:
    """Calls of a service."""
    return sum(count for (one, _), count in counts.items() if one == service)


def main() -> int:
    """1 when a number does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=400)
    parser.add_argument("--health-interval", type=float, default=60.0, help="seconds")
    parser.add_argument("--sweep-interval", default="2s", help="the operator's own default")
    args = parser.parse_args()
    urllib3.disable_warnings()  # the control plane's certificate is its own
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        config.load_kube_config(str(plane.kubeconfig))
        objects = client.CustomObjectsApi()
        settings = {"health_interval": f"{args.health_interval}s", "sweep_interval": args.sweep_interval}
        with OperatorProcess(plane, proxy.endpoint, **settings) as operator:
            for number in range(args.apps):
                objects.create_namespaced_custom_object(
                    "fargate-operator.dev", "v1alpha1", "default", "fargateapps", manifest(number)
                )
            applied = time.monotonic()
            while (ready := _ready(objects)) < args.apps:
                if time.monotonic() - applied > 180:
                    print(f"only {ready} Ready\n{operator.log()[-3000:]}")
                    return 1
                time.sleep(0.5)
            took = time.monotonic() - applied
            created = Counter(proxy.counts)
            time.sleep(args.health_interval)
            idle = Counter(proxy.counts) - created
            assert operator.process is not None
            lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
            memory = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))
    calls = of(created, "cloudformation") / args.apps
    print(f"{args.apps} apps: all Ready {took:.1f} s after the last was applied, {memory} MB resident")
    print(f"create: {calls:.3f} CloudFormation calls an app (hold: {MOST_CALLS}), {of(created, 'ecs') / args.apps:.2f} ECS")
    print(f"idle for {args.health_interval:.0f} s: {of(idle, 'cloudformation')} CloudFormation calls (hold: 0),", end=" ")
    print(f"{of(idle, 'ecs') / args.apps:.3f} ECS reads an app (hold: 1)")
    print(json.dumps({" ".join(call): count for call, count in sorted(created.items())}))
    held = calls <= MOST_CALLS and of(idle, "cloudformation") == 0 and of(idle, "ecs") <= args.apps
    return 0 if held else 1


def _ready(objects: client.CustomObjectsApi) -> int:
    """How many apps are Ready, out of the API server's cache: the two processors are the operator's."""
    listed = objects.list_cluster_custom_object(
        "fargate-operator.dev", "v1alpha1", "fargateapps", resource_version="0", _headers={"Accept": TABLE}
    )
    assert isinstance(listed, dict)
    column = [one["name"] for one in listed["columnDefinitions"]].index("Ready")
    return sum(row["cells"][column] == "True" for row in listed["rows"])


if __name__ == "__main__":
    sys.exit(main())
