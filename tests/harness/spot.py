"""What ECS says of Fargate Spot, as it was recorded, and an ECS before the emulator's that says it.

The shapes and words are those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html and
https://repost.aws/knowledge-center/fargate-spot-termination-notice. The emulator starts every task and has no service events.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from harness.calls import Call
from harness.proxy import AwsProxy

NO_CAPACITY = (
    "(service {service}) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a "
    "different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)
STARTED = "(service {service}) has started 1 tasks: (task {task})."
STEADY = "(service {service}) has reached a steady state."
INTERRUPTED = "Your Spot Task was interrupted."
NOT_STARTED = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
RUN_FAILURE = {"reason": NOT_STARTED}  # of RunTask, with an empty list of tasks
SPOT = "FARGATE_SPOT"


def event(service: str, message: str, at: float) -> dict[str, Any]:
    """A service event of DescribeServices; `at` is Unix time."""
    text = message.format(service=service, task=uuid.uuid4().hex)
    return {"id": str(uuid.uuid4()), "createdAt": at, "message": text}


def stopped(
    arn: str, cluster: str, service: str, at: float, code: str = "SpotInterruption", reason: str = INTERRUPTED
) -> dict[str, Any]:
    """A task of DescribeTasks that ECS has stopped. With the code TerminationNotice it has been told to, and still runs."""
    going = code == "TerminationNotice"
    return {
        "taskArn": arn,
        "clusterArn": cluster,
        "group": f"service:{service}",
        "capacityProviderName": SPOT,
        "launchType": "FARGATE",
        "desiredStatus": "STOPPED",
        "lastStatus": "RUNNING" if going else "STOPPED",
        "stopCode": code,
        "stoppedReason": reason,
        "stoppingAt": at,
        **({} if going else {"stoppedAt": at}),
        "containers": [
            {"name": service, "lastStatus": "RUNNING" if going else "STOPPED", **({} if going else {"exitCode": 143})}
        ],
    }


class SpotMarket:
    """ECS as it is when Spot runs short: stands on a proxy, and tells the emulator's services otherwise than they are."""

    def __init__(self, proxy: AwsProxy) -> None:
        self._proxy, self._lock = proxy, threading.Lock()
        self._short: dict[str, tuple[int, float]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._tasks: dict[str, dict[str, Any]] = {}

    @contextmanager
    def open(self) -> Iterator["SpotMarket"]:
        """For as long as the context lasts."""
        with ExitStack() as stack:
            for action, change in (
                ("DescribeServices", self._services),
                ("ListTasks", self._listed),
                ("DescribeTasks", self._described),
            ):
                stack.enter_context(self._proxy.overlaid("ecs", action, change))
            yield self

    def runs_out(self, namespace: str, running: int = 0) -> None:
        """From now on the services in this namespace's stacks get no more than so many tasks while their strategy has Spot in it."""
        with self._lock:
            self._short[namespace] = running, time.time()

    def comes_back(self, namespace: str) -> None:
        """There is Spot again; what ECS said before stays among the service's events."""
        with self._lock:
            self._short.pop(namespace, None)

    def says(self, service: str, message: str, at: float | None = None) -> None:
        """A service event."""
        with self._lock:
            self._events.setdefault(service, []).insert(0, event(service.rsplit("/", 1)[-1], message, at or time.time()))

    def takes_back(self, service: str, cluster: str, count: int = 1, code: str = "SpotInterruption") -> list[str]:
        """So many of its tasks are interrupted; ECS starts others."""
        region = ":".join(cluster.split(":")[:5])
        arns = [f"{region}:task/{cluster.rsplit('/', 1)[-1]}/{uuid.uuid4().hex}" for _ in range(count)]
        self.stops(service, cluster, arns, code)
        self.says(service, STARTED)
        return arns

    def stops(self, service: str, cluster: str, arns: list[str], code: str) -> None:
        """How these tasks have stopped, or are about to."""
        with self._lock:
            for arn in arns:
                self._tasks[arn] = stopped(arn, cluster, service.rsplit("/", 1)[-1], time.time(), code)

    # ── what the proxy asks ─────────────────────────────────────────────────────

    def _services(self, _: Call, status: int, body: bytes) -> tuple[int, bytes]:
        answer = json.loads(body)
        with self._lock:
            for service in answer.get("services", ()):
                self._tell(service)
        return status, json.dumps(answer).encode()

    def _tell(self, service: dict[str, Any]) -> None:
        arn = service["serviceArn"]
        service["events"] = [*self._events.get(arn, ()), *service.get("events", ())]
        on_spot = any(one["capacityProvider"] == SPOT for one in service.get("capacityProviderStrategy") or ())
        found = [one for name, one in self._short.items() if f"/{name}-" in arn]
        if not found or not on_spot:
            return
        running, since = found[0]
        service["runningCount"] = min(running, service["desiredCount"])
        service["pendingCount"] = 0
        service["deployments"][0] |= {"runningCount": service["runningCount"], "rolloutState": "IN_PROGRESS"}
        if service["runningCount"] < service["desiredCount"]:
            service["events"].insert(0, {**event(service["serviceName"], NO_CAPACITY, since), "id": f"short-{since}"})

    def _listed(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        if call.parameters.get("desiredStatus") != "STOPPED":
            return status, body
        answer = json.loads(body)
        group = f"service:{call.parameters.get('serviceName')}"
        with self._lock:
            answer["taskArns"] += [arn for arn, one in self._tasks.items() if one["group"] == group]
        return status, json.dumps(answer).encode()

    def _described(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        answer = json.loads(body)
        with self._lock:
            known = [self._tasks[arn] for arn in call.parameters.get("tasks", ()) if arn in self._tasks]
        arns = {one["taskArn"] for one in known}
        answer["tasks"] = [one for one in answer.get("tasks", ()) if one["taskArn"] not in arns] + known
        answer["failures"] = [one for one in answer.get("failures", ()) if one.get("arn") not in arns]
        return status, json.dumps(answer).encode()


@contextmanager
def hanging(proxy: AwsProxy, prefix: str, said: str, until: Callable[[], bool]) -> Iterator[None]:
    """CloudFormation goes on with the stack whose name begins so until the call is true: it waits for a service that gets no tasks.

    The emulator waits for no service. `said` is CREATE_IN_PROGRESS or UPDATE_IN_PROGRESS.
    """
    done = f"<StackStatus>{said.replace('_IN_PROGRESS', '_COMPLETE')}</StackStatus>"
    ids: list[str] = []

    def held(piece: str) -> str:
        if not piece.startswith(f"<member><StackName>{prefix}") or done not in piece:
            return piece
        ids.extend(re.findall(r"<StackId>([^<]+)</StackId>", piece)[:1])
        piece = piece.replace(done, f"<StackStatus>{said}</StackStatus>", 1)
        return (
            re.sub(r"<Outputs>.*?</Outputs>", "<Outputs></Outputs>", piece, flags=re.DOTALL)
            if said.startswith("CREATE")
            else piece
        )

    def described(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
        pieces = re.split(r"(?=<member><StackName>)", body.decode())
        return status, body if until() else "".join(map(held, pieces)).encode()

    def listed(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
        text = body.decode()
        if until() or not ids or ids[-1] in text:
            return status, body
        member = (
            f"<member><StackName>{ids[-1].split('/')[1]}</StackName><StackId>{ids[-1]}</StackId>"
            f"<StackStatus>{said}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member>"
        )
        return status, text.replace("<StackSummaries>", f"<StackSummaries>{member}", 1).encode()

    with (
        proxy.overlaid("cloudformation", "DescribeStacks", described),
        proxy.overlaid("cloudformation", "ListStacks", listed),
    ):
        yield
