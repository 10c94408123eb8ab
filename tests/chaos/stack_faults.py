"""Faults of the operations on stacks, made with what the emulator's CloudFormation itself fails at, and a record of all writes.

What goes into the template on its way: ChaosBad, a queue that cannot be made; ChaosWait, which lasts until it is signalled;
ChaosRepository, which is not deleted while an image is in it. So an operation fails at any resource, hangs, fails to roll back, or the
deletion fails; the states are the emulator's own.
"""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.exceptions import ClientError

from chaos.model import Doom
from chaos.schedule import Fault
from chaos.specs import comparable
from chaos.writes import BRINGS, READS, Write
from harness.calls import Call
from harness.emulator import Emulator

BAD = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 99_999_999}}
WAIT = {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {"Timeout": "PT5M"}}}
REPOSITORY = {"Type": "AWS::ECR::Repository"}
ELSEWHERE = {"sts", "s3"}  # nothing is written there


@dataclass(slots=True)
class _Sent:
    stack: str
    was: str
    fault: Fault | None = None
    lost: bool = False


class StackFaults:
    """`writes` and `dooms` are the story's so far; `tend` must be called now and then."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._cloudformation, self._ecr = emulator.client("cloudformation"), emulator.client("ecr")
        self._lock = threading.Lock()
        self._sent: dict[int, _Sent] = {}
        self._deeds: list[tuple[float, Callable[[], bool]]] = []
        self.begin()

    def begin(self) -> None:
        """Of another story."""
        with self._lock:
            self._armed: list[Fault] = []
            self._deeds = []
            self._names: dict[str, str] = {}  # by the stack's id
            self._repositories: set[str] = set()
            self.writes: list[Write] = []
            self.dooms: list[Doom] = []
            self.apps: dict[str, str] = {}  # by the stack's name
            self.hits: list[str] = []

    def arm(self, fault: Fault) -> None:
        """The next create or update has it."""
        with self._lock:
            self._armed.append(fault)

    def disarm(self) -> None:
        """What has not come yet does not come."""
        with self._lock:
            self._armed = []

    def tend(self) -> None:
        """What is due: signals, images pushed."""
        now = time.monotonic()
        with self._lock:
            due = [one for one in self._deeds if one[0] <= now]
            self._deeds = [one for one in self._deeds if one[0] > now]
        for _, deed in due:
            if not deed():
                self._later(0.1, deed)

    def hurry(self) -> None:
        """What hangs is signalled now."""
        with self._lock:
            self._deeds = [(0.0, deed) for _, deed in self._deeds]

    def mend(self) -> None:
        """Repositories may be deleted from now on."""
        for name in self._repositories:
            try:
                images = self._ecr.list_images(repositoryName=name)["imageIds"]
                if images:
                    self._ecr.batch_delete_image(repositoryName=name, imageIds=images)
            except ClientError:
                continue  # it went with its stack

    def _later(self, after: float, deed: Callable[[], bool]) -> None:
        with self._lock:
            self._deeds.append((time.monotonic() + after, deed))

    # what goes by

    def request(self, call: Call, body: bytes, *, lost: bool = False) -> bytes:
        """The body that the emulator gets. `lost`: whoever asks will never know its answer."""
        if call.action.startswith(READS) or call.service in ELSEWHERE:
            return body
        sent = _Sent(*self._seen(call.stack)) if call.stack else _Sent("", "")
        with self._lock:
            self._sent[id(call)], sent.lost = sent, lost
            due = call.action in BRINGS and self._armed and not sent.was.endswith("_IN_PROGRESS")
            sent.fault = self._armed.pop(0) if due else None
        return self._spoilt(body, sent.fault) if sent.fault else body

    def _seen(self, stack: str) -> tuple[str, str]:
        try:
            [found] = self._cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except ClientError:
            return self._names.get(stack, stack), ""
        self._names[found["StackId"]] = found["StackName"]
        gone = found["StackStatus"] == "DELETE_COMPLETE"
        return found["StackName"], "" if gone else found["StackStatus"]

    def _spoilt(self, body: bytes, fault: Fault) -> bytes:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if "TemplateBody" not in fields:
            return body
        template = json.loads(fields["TemplateBody"])
        there = sorted(template["Resources"])
        after = there[int(fault.where * len(there))]
        more = {
            "resource fails": {"ChaosBad": {**BAD, "DependsOn": [after]}},
            "operation hangs": {"ChaosWait": {**WAIT, "DependsOn": [after]}},
            "hangs, then fails": {"ChaosWait": {**WAIT, "DependsOn": [after]}},
            "rollback fails": {"ChaosRepository": REPOSITORY, "ChaosWait": {**WAIT, "DependsOn": [after, "ChaosRepository"]}},
            "deletion fails": {"ChaosRepository": REPOSITORY},
        }[fault.kind]
        template["Resources"] |= more
        return urlencode({**fields, "TemplateBody": json.dumps(template)}).encode()

    def answer(self, call: Call, sent: bytes, status: int) -> None:
        """Keep what was written, and see to what was put in."""
        with self._lock:
            known = self._sent.pop(id(call), None)
        if known is None:
            return
        resources = _resources(sent) if call.action in BRINGS else None
        taken = status < 300
        doomed = taken and known.fault is not None and known.fault.kind not in {"operation hangs", "deletion fails"}
        doomed = doomed or (taken and "Broken" in (resources or {}))
        token = str(call.parameters.get("ClientRequestToken", ""))
        spoilt = taken and known.fault is not None
        write = Write(
            call.at, call.service, call.action, known.stack, known.was, token, resources, taken, doomed, known.lost, spoilt
        )
        with self._lock:
            self.writes.append(write)
        if known.fault and not taken:
            self.arm(known.fault)
        elif known.fault:
            self._strike(known.fault, known.stack, resources)

    def _strike(self, fault: Fault, stack: str, resources: Any) -> None:
        words = {
            "resource fails": ("ChaosBad",),
            "hangs, then fails": ("ChaosWait",),
            "rollback fails": ("ChaosWait", "ChaosRepository", "not empty"),
            "deletion fails": ("ChaosRepository", "not empty"),
        }
        with self._lock:
            self.hits.append(fault.kind)
            if fault.kind in words:
                self.dooms.append(Doom(self.apps.get(stack, stack), resources, words[fault.kind], fault.kind))
        if fault.kind in {"rollback fails", "deletion fails"}:
            self._later(0.0, lambda: self._push(stack))
        if fault.kind in {"operation hangs", "hangs, then fails", "rollback fails"}:
            how = "SUCCESS" if fault.kind == "operation hangs" else "FAILURE"
            self._later(max(0.5, fault.lasts), lambda: self._signal(stack, how))

    def _signal(self, stack: str, how: str) -> bool:
        """Whether it is done: the stack waits no longer, either."""
        try:
            [found] = self._cloudformation.describe_stacks(StackName=stack)["Stacks"]
            if not found["StackStatus"].endswith("_IN_PROGRESS"):
                return True
            unique = f"{random.randrange(10**9)}"
            self._cloudformation.signal_resource(StackName=stack, LogicalResourceId="ChaosWait", UniqueId=unique, Status=how)
        except ClientError as error:
            return "does not exist" in str(error)
        return True

    def _push(self, stack: str) -> bool:
        try:
            found = self._cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
            [name] = [one["PhysicalResourceId"] for one in found if one["LogicalResourceId"] == "ChaosRepository"]
            self._ecr.put_image(repositoryName=name, imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
        except ClientError as error:
            return "does not exist" in str(error)
        except (ValueError, KeyError):
            return False
        self._repositories.add(name)
        return True


def _resources(body: bytes) -> Any:
    template = json.loads(dict(parse_qsl(body.decode(), keep_blank_values=True)).get("TemplateBody", "{}"))
    return comparable(template.get("Resources", {}))
