"""States of stacks that the emulator does not come to, or leaves too soon: operations that hang, rollbacks and deletions that fail.

Stands on a proxy. What becomes of the next call of an action on a stack is said beforehand (`will`). Such a call never reaches the
emulator: its stack stays as it was, and only its status, events and LastUpdatedTime are told otherwise. In a state that is told, each
write is refused that CloudFormation refuses in it; what it takes, and nothing was said of, goes well. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html and the API reference of each action.
"""

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from harness.calls import Call, failure
from harness.proxy import AwsProxy, Rewrite

HANG = "hang"
_SETTLED = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
_UNDELETABLE = frozenset({"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                          "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_IN_PROGRESS"})  # fmt: skip
BEGINS = {
    "UpdateStack": "UPDATE_IN_PROGRESS",
    "DeleteStack": "DELETE_IN_PROGRESS",
    "ContinueUpdateRollback": "UPDATE_ROLLBACK_IN_PROGRESS",
    "CancelUpdateStack": "UPDATE_ROLLBACK_IN_PROGRESS",
    "RollbackStack": "UPDATE_ROLLBACK_IN_PROGRESS",
}
_WELL = {"ContinueUpdateRollback": "UPDATE_ROLLBACK_COMPLETE", "CancelUpdateStack": "UPDATE_ROLLBACK_COMPLETE",
         "RollbackStack": "UPDATE_ROLLBACK_COMPLETE"}  # fmt: skip
_NOTHING = urlencode({"Action": "ListExports", "Version": "2010-05-15"}).encode()


@dataclass(frozen=True, slots=True)
class Piece:
    """A resource of an operation that hangs or fails."""

    logical_id: str
    type: str
    reason: str = ""
    physical_id: str = ""


@dataclass(slots=True)
class _Told:
    status: str
    reason: str = ""
    pieces: tuple[Piece, ...] = ()
    updated: float = 0.0
    then: str = ""  # the state that comes next, at `at` of the monotonic clock
    at: float = 0.0
    skippable: frozenset[str] = frozenset()
    stack_id: str = ""
    events: list[str] = field(default_factory=list)  # the newest first
    token: str = ""  # the ClientRequestToken of the operation


class StackStates:
    """`prefix` is what the stack's name begins with; `takes` are the seconds that an operation takes."""

    def __init__(self, proxy: AwsProxy, takes: float = 0.5) -> None:
        self._proxy, self._takes, self._lock = proxy, takes, threading.RLock()
        self._told: dict[str, _Told] = {}  # by the stack's name
        self._plans: dict[tuple[str, str], list[tuple[str, tuple[Piece, ...], str]]] = {}
        self._answers: dict[int, tuple[int, bytes]] = {}  # by the call's id()
        self._ids: dict[str, str] = {}  # stack names by id

    @contextmanager
    def open(self) -> Iterator["StackStates"]:
        """For as long as the context lasts."""
        with ExitStack() as stack:
            for action in (*BEGINS, "CreateChangeSet", "ExecuteChangeSet"):
                stack.enter_context(self._proxy.rewritten("cloudformation", action, self._judged))
                stack.enter_context(self._proxy.overlaid("cloudformation", action, self._answered))
            for action, change in (
                ("DescribeStacks", self._described),
                ("ListStacks", self._listed),
                ("DescribeStackEvents", self._events),
            ):
                stack.enter_context(self._proxy.overlaid("cloudformation", action, change))
            yield self

    def will(self, prefix: str, action: str, outcome: str, *pieces: Piece, reason: str = "") -> None:
        """What becomes of the next such call: `hang`, or the StackStatus in which the operation ends."""
        with self._lock:
            self._plans.setdefault((prefix, action), []).append((outcome, pieces, reason))

    def moves(self, prefix: str) -> None:
        """What hangs has made a step: there is a new event."""
        with self._lock:
            for told in self._matching(prefix):
                told.events.insert(0, _event(told.stack_id, Piece("Step", "AWS::SNS::Topic"), "UPDATE_COMPLETE", told.token))

    def ends(self, prefix: str, status: str) -> None:
        """What hangs comes to this state."""
        with self._lock:
            for told in self._matching(prefix):
                told.then, told.at = status, 0.0

    def lets_go(self, prefix: str) -> None:
        """Nothing more is told of it: it is as the emulator has it."""
        with self._lock:
            self._told = {name: told for name, told in self._told.items() if not name.startswith(prefix)}
            self._plans = {key: plan for key, plan in self._plans.items() if key[0] != prefix}

    def status(self, prefix: str) -> str:
        """What is told; "" where that is what the emulator has."""
        with self._lock:
            return next((self._now(told).status for told in self._matching(prefix)), "")

    # ── what the proxy asks ─────────────────────────────────────────────────────

    def _judged(self, otherwise: Rewrite) -> Rewrite:
        def rewrite(call: Call, body: bytes) -> bytes:
            with self._lock:
                told = self._ids.get(call.stack, call.stack) in self._told
                answer = self._write(call)
                if answer is not None:
                    self._answers[id(call)] = answer
                    return _NOTHING
            return otherwise(call, _without_retained(body) if told and call.action == "DeleteStack" else body)

        return rewrite

    def _answered(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        with self._lock:
            return self._answers.pop(id(call), (status, body))

    def _write(self, call: Call) -> tuple[int, bytes] | None:
        """The answer to a write; None: the emulator carries it out."""
        name = self._ids.get(call.stack, call.stack)
        told = self._told.get(name)
        if told is not None and (refusal := _refusal(call, self._now(told))):
            return 400, failure(call, "ValidationError", refusal)[1]
        plans = [one for (prefix, action), one in self._plans.items() if action == call.action and name.startswith(prefix)]
        if plan := next(filter(None, plans), None):
            outcome, pieces, reason = plan.pop(0)
            return self._begin(call, name, told, outcome, pieces, reason)
        if told is None or call.action in {"CreateChangeSet", "ExecuteChangeSet"}:
            return None
        if call.action in _WELL:
            return self._begin(call, name, told, _WELL[call.action], (), "")
        del self._told[name]  # an update, or the deletion of what was left
        return None

    def _begin(
        self, call: Call, name: str, told: _Told | None, outcome: str, pieces: tuple[Piece, ...], reason: str
    ) -> tuple[int, bytes]:
        status = BEGINS[call.action]
        stack_id = told.stack_id if told else next((one for one, of in self._ids.items() if of == name), name)
        token = str(call.parameters.get("ClientRequestToken", ""))
        events = [_event(stack_id, one, f"{status.split('_')[0]}_IN_PROGRESS", token) for one in reversed(pieces)]
        own = _event(stack_id, Piece(name, "AWS::CloudFormation::Stack", "User Initiated", stack_id), status, token)
        ends = ("", 0.0) if outcome == HANG else (outcome, time.monotonic() + self._takes)
        self._told[name] = _Told(status, reason, pieces, time.time(), *ends, stack_id=stack_id, token=token,
                                 events=[*events, own, *(told.events if told else ())])  # fmt: skip
        result = f"<{call.action}Result><StackId>{escape(stack_id)}</StackId></{call.action}Result>"
        space = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
        return 200, f"<{call.action}Response {space}>{result}</{call.action}Response>".encode()

    def _matching(self, prefix: str) -> list[_Told]:
        return [told for name, told in self._told.items() if name.startswith(prefix)]

    def _now(self, told: _Told) -> _Told:
        """As the time has it."""
        if told.then and time.monotonic() >= told.at:
            told.status, told.then = told.then, ""
            piece = {"UPDATE_ROLLBACK_FAILED": "UPDATE_FAILED", "DELETE_FAILED": "DELETE_FAILED"}.get(
                told.status, "UPDATE_FAILED"
            )
            if told.status.endswith("_FAILED"):
                told.skippable = frozenset(one.logical_id for one in told.pieces)
                told.reason = told.reason or f"The following resource(s) failed: [{', '.join(sorted(told.skippable))}]. "
            if told.status == "UPDATE_ROLLBACK_FAILED":  # after what the update began
                going = _event(
                    told.stack_id, Piece("", "AWS::CloudFormation::Stack", "", told.stack_id), "UPDATE_ROLLBACK_IN_PROGRESS"
                )
                told.events.insert(0, going)
            if told.status.endswith("_FAILED") or told.status == "UPDATE_ROLLBACK_COMPLETE":
                told.events[:0] = [_event(told.stack_id, one, piece) for one in told.pieces]
            own = Piece("", "AWS::CloudFormation::Stack", told.reason, told.stack_id)
            told.events.insert(0, _event(told.stack_id, own, told.status))
        return told

    def _described(self, _: Call, status: int, body: bytes) -> tuple[int, bytes]:
        with self._lock:
            return status, "".join(map(self._member, re.split(r"(?=<member><StackName>)", body.decode()))).encode()

    def _member(self, piece: str) -> str:
        found = re.match(r"<member><StackName>([^<]+)</StackName><StackId>([^<]+)</StackId><StackStatus>([^<]+)<", piece)
        if found is None:
            return piece
        name, stack_id, real = found.groups()
        self._ids[stack_id] = name
        told = self._told.get(name)
        if told is None:
            return piece
        if told.stack_id not in {stack_id, name} or real == "DELETE_COMPLETE":
            return piece  # made anew, or gone
        told = self._now(told)
        piece = piece.replace(f"<StackStatus>{real}<", f"<StackStatus>{told.status}<", 1)
        reason = f"<StackStatusReason>{escape(told.reason)}</StackStatusReason>"
        piece = re.sub(r"<StackStatusReason>[^<]*</StackStatusReason>", "", piece, count=1)
        moment = f"<LastUpdatedTime>{_time(told.updated)}</LastUpdatedTime>"
        piece = re.sub(r"<LastUpdatedTime>[^<]*</LastUpdatedTime>", "", piece, count=1)
        return piece.replace("<CreationTime>", f"{reason}{moment}<CreationTime>", 1)

    def _listed(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        wanted = {value for key, value in call.parameters.items() if key.startswith("StackStatusFilter.member.")}
        with self._lock:
            names = self._told.keys()
            pieces = re.split(r"(?=<member><StackName>)|(?=</StackSummaries>)", body.decode())
            kept = [one for one in pieces if not any(one.startswith(f"<member><StackName>{name}<") for name in names)]
            told = [(name, self._now(one)) for name, one in self._told.items()]
        added = [
            f"<member><StackName>{name}</StackName><StackId>{one.stack_id}</StackId><StackStatus>{one.status}</StackStatus>"
            "<CreationTime>2026-01-01T00:00:00Z</CreationTime></member>"
            for name, one in told
            if not wanted or one.status in wanted
        ]
        text = "".join(kept)
        return status, text.replace("<StackSummaries>", "<StackSummaries>" + "".join(added), 1).encode()

    def _events(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        with self._lock:
            told = self._told.get(self._ids.get(call.stack, call.stack))
            if told is None or call.parameters.get("NextToken"):
                return status, body
            events = "".join(self._now(told).events)
        return status, body.decode().replace("<StackEvents>", f"<StackEvents>{events}", 1).encode()


def _refusal(call: Call, told: _Told) -> str:
    """Why CloudFormation does not take a call in this state; "" where it does."""
    state, action = told.status, call.action
    named = {value for key, value in call.parameters.items() if key.startswith(("ResourcesToSkip.", "RetainResources."))}
    wrong = f"{action} cannot be called from current stack status"
    if action in {"UpdateStack", "CreateChangeSet", "ExecuteChangeSet"} and state not in _SETTLED:
        return f"Stack:{told.stack_id} is in {state} state and can not be updated."
    if action == "DeleteStack" and state in _UNDELETABLE:
        return f"Stack [{told.stack_id}] cannot be deleted while in status {state}"
    if action == "DeleteStack" and named and (state != "DELETE_FAILED" or not named <= told.skippable):
        return f"Invalid operation on stack [{told.stack_id}]: resources {sorted(named)} cannot be retained in status {state}"
    if action == "ContinueUpdateRollback" and (state != "UPDATE_ROLLBACK_FAILED" or not named <= told.skippable):
        return wrong if state != "UPDATE_ROLLBACK_FAILED" else f"Resources {sorted(named)} cannot be skipped"
    if action == "CancelUpdateStack" and state != "UPDATE_IN_PROGRESS":
        return wrong
    return wrong if action == "RollbackStack" and state not in {"CREATE_FAILED", "UPDATE_FAILED"} else ""


def _without_retained(body: bytes) -> bytes:
    """The emulator's own stack has not failed to be deleted, and takes no RetainResources: what it holds goes with it."""
    fields = [(key, value) for key, value in parse_qsl(body.decode(), keep_blank_values=True) if not key.startswith("RetainRes")]
    return urlencode(fields).encode()


def _event(stack_id: str, piece: Piece, status: str, token: str = "") -> str:
    name = stack_id.split("/")[1] if "/" in stack_id else stack_id
    fields = {
        "StackId": stack_id,
        "StackName": name,
        "EventId": str(uuid.uuid4()),
        "LogicalResourceId": piece.logical_id or name,
        "PhysicalResourceId": piece.physical_id,
        "ResourceType": piece.type,
        "ResourceStatus": status,
        "ResourceStatusReason": piece.reason if not status.endswith("_IN_PROGRESS") else "",
        "Timestamp": _time(time.time()),
        **({"ClientRequestToken": token} if token else {}),
    }
    return "<member>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items()) + "</member>"


def _time(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03}Z"
