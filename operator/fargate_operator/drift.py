"""Drift: when to look for what somebody changed by hand, what the answers mean, and how the status tells of it. Pure.

`detection` asks, at most one detection a second. What AWS changes by itself is left out: to put that back would undo what scaling
or a deployment has done. See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
Only paths of properties are ever held, never values: those may be secrets.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fargate_operator import names
from fargate_operator.conditions import Reason
from fargate_operator.fragments.deployment import shifts
from fargate_operator.fragments.drift import DEFAULT_INTERVAL
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App

MOST_RESOURCES, MOST_PROPERTIES = 20, 20  # in the status; properties are of each
MOST_MESSAGE = 500  # characters
AT_REST = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """A resource that is not as its template says. `properties` are JSON pointers, such as ``/RedrivePolicy/maxReceiveCount``."""

    logical_id: str
    type: str
    deleted: bool = False
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the spec wants; `interval` in seconds."""

    revert: bool
    interval: int


def policy(app: App | None) -> Policy | None:
    """None: nothing is to be looked for."""
    wanted = app.spec.drift if app else None
    if wanted is None or wanted.policy in (None, "Ignore"):
        return None
    return Policy(wanted.policy == "Revert", seconds(wanted.interval) if wanted.interval else DEFAULT_INTERVAL)


def due(uid: str, interval: int, previous: Mapping[str, Any], updated_at: datetime | None, now: datetime) -> float:
    """In how many seconds a detection is due, 0 or less: now. `previous` is status.stack.drift.

    The first ones of many apps that are made at the same time are spread over the interval.
    """
    checked = previous.get("checkedAt")
    if (previous.get("revert") or {}).get("state") == "Done":
        return 0.0  # has it helped?
    if checked:
        return (datetime.fromisoformat(checked) - now).total_seconds() + interval
    if updated_at is None:
        return 0.0
    return (updated_at - now).total_seconds() + interval * _fraction(uid)


def _fraction(uid: str) -> float:
    return int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4]) / 2**32


# ── what nobody did ─────────────────────────────────────────────────────────────

# A revision of these never changes: what CloudFormation reports of it is how the service tells of it (defaults, EFS volumes).
_FIXED = frozenset({"AWS::ECS::TaskDefinition", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion"})
_TARGET, _TABLE = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::DynamoDB::Table"
# DescribeServices leaves the controller out where it is ECS's own, so that CloudFormation takes it for removed.
_NEVER_TOLD = {"AWS::ECS::Service": frozenset({"DeploymentController"})}


@dataclass(frozen=True, slots=True)
class Excuses:
    """Properties that AWS changes by itself: by logical ID, and by type."""

    resources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    types: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, one: ResourceDrift, path: str) -> bool:
        """Whether the difference at this path is nobody's doing."""
        name = path.lstrip("/").partition("/")[0]
        if one.type in _FIXED:
            return name != "Tags"
        return name in self.resources.get(one.logical_id, ()) or name in self.types.get(one.type, ())


def excuses(app: App, kept: Iterable[str] = (), moved: Iterable[str] = ()) -> Excuses:
    """`kept` are the services whose count is carried on, because they were scaled once (`gathering`).

    `moved` are logical IDs of services that had to leave Spot for a time (`fallback`).
    """
    resources: dict[str, frozenset[str]] = {}
    for key, service in (app.spec.services or {}).items():
        if service.scaling or key in kept:
            resources[names.service(key)] = frozenset({"DesiredCount"})
        if service.scaling and service.scaling.schedule:
            resources[names.scalable_target(key)] = frozenset({"MinCapacity", "MaxCapacity"})
        if service.http and shifts(service.deployment):
            resources[names.listener_rule(key)] = frozenset({"Actions"})
    for logical_id in moved:
        resources[logical_id] = resources.get(logical_id, frozenset()) | {"CapacityProviderStrategy"}
    types = dict(_NEVER_TOLD)
    for logical_id, body in (app.spec.resources or {}).items():
        if body.get("Type") == _TARGET:
            _of_a_raw_target(logical_id, body.get("Properties"), resources, types)
    return Excuses(resources, types)


def _of_a_raw_target(
    logical_id: str, properties: Any, resources: dict[str, frozenset[str]], types: dict[str, frozenset[str]]
) -> None:
    """What an author's own scaling changes; which resource it is of may be a reference, so that all of the type are excused."""
    scaled = properties if isinstance(properties, Mapping) else {}
    if scaled.get("ScheduledActions"):
        resources[logical_id] = frozenset({"MinCapacity", "MaxCapacity"})
    if scaled.get("ServiceNamespace") == "ecs":
        types["AWS::ECS::Service"] = types["AWS::ECS::Service"] | {"DesiredCount"}
    if scaled.get("ServiceNamespace") == "dynamodb":
        types[_TABLE] = frozenset({"ProvisionedThroughput", "GlobalSecondaryIndexes"})


def somebodys(reported: Iterable[ResourceDrift], excused: Excuses) -> tuple[ResourceDrift, ...]:
    """What is left when everything that AWS did by itself is left out, by logical ID."""
    found = []
    for one in reported:
        left = tuple(sorted(path for path in one.properties if not excused.holds(one, path)))
        if one.deleted or left:
            found.append(ResourceDrift(one.logical_id, one.type, one.deleted, left))
    return tuple(sorted(found, key=lambda one: one.logical_id))


# ── what the status tells ───────────────────────────────────────────────────────


def told(found: tuple[ResourceDrift, ...], now: datetime, trouble: str = "") -> dict[str, Any]:
    """status.stack.drift after a detection; `trouble` says what could not be looked at."""
    state = "Drifted" if found else "Unknown" if trouble else "InSync"
    body: dict[str, Any] = {"state": state, "checkedAt": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    shown = found[:MOST_RESOURCES]
    omitted = len(found) - len(shown) + sum(max(0, len(one.properties) - MOST_PROPERTIES) for one in shown)
    parts = {"resources": [_told(one) for one in shown], "omitted": omitted, "message": trouble[:MOST_MESSAGE]}
    return body | {name: value for name, value in parts.items() if value}


def _told(one: ResourceDrift) -> dict[str, Any]:
    parts = {"type": one.type, "deleted": one.deleted, "properties": list(one.properties[:MOST_PROPERTIES])}
    return {"logicalId": one.logical_id, **{name: value for name, value in parts.items() if value}}


def words(body: Mapping[str, Any]) -> str:
    """``Jobs (AWS::SQS::Queue): /VisibilityTimeout; Logs (AWS::Logs::LogGroup): deleted; and 3 more``."""
    parts = []
    for one in body.get("resources") or ():
        what = "deleted" if one.get("deleted") else ", ".join(one.get("properties") or ())
        parts.append(f"{one['logicalId']} ({one.get('type', '')}): {what}")
    return "; ".join([*parts, *([f"and {body['omitted']} more"] if body.get("omitted") else [])])


def news(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Reason, str]]:
    """Type, reason and message of the Events that tell of a drift, once for each: when it is not what was told of before."""
    found: list[tuple[str, Reason, str]] = []
    if new.get("state") == "Drifted" and not same(old, new):
        found.append(("Warning", Reason.Drifted, words(new)))
    if new.get("message") and new["message"] != old.get("message"):
        found.append(("Warning", Reason.DriftUnknown, new["message"]))
    before, after = (_outcome(one) for one in (old, new))
    if after[0] and after != before:
        kind, reason = ("Normal", Reason.DriftReverted) if after[0] == "Done" else ("Warning", Reason.DriftNotReverted)
        found.append((kind, reason, after[1]))
    return found


def _outcome(body: Mapping[str, Any]) -> tuple[str, str]:
    revert = body.get("revert") or {}
    return revert.get("state", ""), revert.get("message", "")


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the same properties of the same resources have drifted."""
    return all(one.get(name) == other.get(name) for name in ("resources", "omitted"))


def followed(old: Mapping[str, Any], new: Mapping[str, Any], reason: str = "") -> dict[str, Any]:
    """`new` with what became of putting the drift of `old` back; `reason` is why the stack's last operation failed, if it did.

    A detection that comes right after drift was put back confirms it. What is drifted then is not put back at once again: others
    may write there, too. The next detection, an interval later, tries it again, and only a new answer is told by an Event.
    """
    revert = old.get("revert")
    if new["state"] != "Drifted" or not revert:
        return dict(new)
    if revert["state"] == "Done":
        message = f"it has not helped: {reason or revert['message']}"[:MOST_MESSAGE]
        return {**new, "revert": {"state": "Failed", "of": new["checkedAt"], "message": message}}
    return {**new, "revert": revert} if same(old, new) else dict(new)
