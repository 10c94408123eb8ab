"""Apps of several kinds under the operator, for what is measured over time: made, changed, deleted, and looked at."""

import random
import re
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from harness.controlplane import ControlPlane
from harness.operator import OperatorProcess

GROUP, VERSION, NAMESPACE, PLURAL = "fargate-operator.dev", "v1alpha1", "default", "fargateapps"
WRITES = ("CreateStack", "UpdateStack", "DeleteStack")
_NETWORK = {"subnetIds": ["subnet-00000001"], "securityGroupIds": ["sg-00000001"]}  # the emulator's own
_KINDS = (
    {"services": {"web": {"image": "app"}}},
    {"services": {"web": {"image": "app"}, "worker": {"image": "app"}}},
    {"scheduledTasks": {"nightly": {"image": "app", "schedule": "rate(1 hour)"}}},
    {"tasks": {"migrate": {"image": "app"}}},
)


def spec(number: int, change: int = 0, *, services: bool = False) -> dict[str, Any]:
    """An app's, of one kind after the other or with one service; each change is another template."""
    body = _KINDS[0 if services else number % len(_KINDS)]
    environment = {"environment": {"CHANGE": str(change)}}
    workloads = {kind: {key: {**one, **environment} for key, one in of.items()} for kind, of in body.items()}
    return {"images": {"app": {"uri": "example/app:1"}}, "network": _NETWORK, **workloads}


class Apps:
    """The FargateApps of one namespace, through the API server."""

    def __init__(self, plane: ControlPlane) -> None:
        config.load_kube_config(str(plane.kubeconfig))
        self._api = client.CustomObjectsApi()

    def create(self, name: str, body: dict[str, Any]) -> None:
        """A new one."""
        made = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "FargateApp", "metadata": {"name": name}, "spec": body}
        self._api.create_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, made)

    def change(self, name: str, body: dict[str, Any]) -> None:
        """Another spec."""
        self._api.patch_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, name, {"spec": body})

    def delete(self, name: str) -> None:
        """Ask for it; the finalizer keeps it until its stack is gone."""
        try:
            self._api.delete_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, name)
        except ApiException as error:
            if error.status != 404:
                raise

    def list(self) -> list[dict[str, Any]]:
        """All, out of the API server's cache: the two processors are the operator's."""
        found: Any = self._api.list_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, resource_version="0")
        return list(found["items"])


def converged(item: dict[str, Any]) -> bool:
    """Whether its status is of the spec that it has, and Ready."""
    status = item.get("status") or {}
    return status.get("observedGeneration") == item["metadata"]["generation"] and condition(item, "Ready")["status"] == "True"


def condition(item: dict[str, Any], kind: str) -> dict[str, str]:
    """A condition; one that is not there is Unknown."""
    found = [one for one in (item.get("status") or {}).get("conditions", ()) if one["type"] == kind]
    return found[0] if found else {"status": "Unknown", "reason": ""}


def of(counts: Counter[tuple[str, str]], *services: str) -> int:
    """Calls of some services."""
    return sum(count for (one, _), count in counts.items() if one in services)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process takes: resident memory in KiB, threads, open files, and keys in its queue."""

    memory: int
    threads: int
    files: int
    queue: int


def sample(operator: OperatorProcess) -> Sample:
    """Of the operator, now."""
    assert operator.process is not None
    place = Path(f"/proc/{operator.process.pid}")
    told = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    with urllib.request.urlopen(f"http://127.0.0.1:{operator.port}/healthz", timeout=5) as answer:
        queue = re.findall(r"\d+", answer.read().decode())
    files = len(list((place / "fd").iterdir()))
    return Sample(int(told["VmRSS"].split()[0]), int(told["Threads"]), files, int(queue[0]))


def burst(moments: Iterable[float], rate: float) -> float:
    """The largest number of calls beyond `rate` in any stretch of time: what a token bucket of this rate must hold at least."""
    level = most = 0.0
    before: float | None = None
    for moment in sorted(moments):
        if before is not None:
            level = max(0.0, level - (moment - before) * rate)
        level, before = level + 1.0, moment
        most = max(most, level)
    return most


def rng(seed: int | None) -> random.Random:
    """The seed is printed, to go through it again."""
    chosen = random.randrange(10**6) if seed is None else seed
    print(f"seed {chosen}", flush=True)
    return random.Random(chosen)
