"""What one reconcile has gathered so far, and what the object asks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fargate_operator import incidents, names
from fargate_operator.facts import Facts
from fargate_operator.fragments.changes import Changes
from fargate_operator.fragments.network import configuration
from fargate_operator.model import App
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.plan import Wish
from fargate_operator.previous import sound
from fargate_operator.queue import Key
from fargate_operator.recovery import RETAIN, SKIP
from fargate_operator.seen import Seen, attempt
from fargate_operator.template import Template, encodes

NOW = "reconcile.fluxcd.io/requestedAt"
ABANDON = f"{names.DOMAIN}/abandon"
APPROVE = f"{names.DOMAIN}/approve"
MOST_REQUEST = 1024  # characters of NOW that count


@dataclass(frozen=True, slots=True)
class Identity:
    """Who owns the stacks, and what their default names begin with; neither may change while there are apps."""

    installation: str
    stack_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one reconcile has gathered so far."""

    item: dict[str, Any]
    seen: Seen
    owner: Owner
    reconcile_now: bool = False
    facts: Facts | None = None
    template: Template | None = None

    def with_seen(self, **changes: Any) -> "Turn":
        """The turn with more of what was seen."""
        return replace(self, seen=replace(self.seen, **changes))


def begin(item: dict[str, Any], identity: Identity, region: str, now: datetime) -> Turn:
    """What the object alone tells; `region` is that of an app which names none."""
    metadata = item["metadata"]
    status = sound(item.get("status"))
    previous = status if status.get("observedGeneration", -1) >= 0 else {}
    requested = request(metadata)
    handled = str(previous.get("lastHandledReconcileAt", ""))
    spec = item.get("spec") if isinstance(item.get("spec"), Mapping) else {}
    namespace, name = metadata["namespace"], metadata["name"]
    stack_name = (previous.get("stack") or {}).get("name") or _stated(spec, "stackName")
    seen = Seen(
        previous=previous,
        generation=metadata.get("generation", 0),
        now=now,
        region=str(previous.get("region") or _stated(spec, "region") or region),
        account_id=str(previous.get("accountId", "")),
        stack_name=str(stack_name or names.stack_name(identity.installation, namespace, name, identity.stack_prefix)),
        attempt=attempt(previous, None, None),  # a turn that ends before the stack is read forgets nothing of it
        reconcile_at=requested,
        asked=_asked(metadata),
        deleting=bool(metadata.get("deletionTimestamp")),
    )
    owner = Owner(identity.installation, namespace, name)
    # with the status gone (a rebuilt cluster), an old request is no request: the pins of the stack stay
    return Turn(item, seen, owner, reconcile_now=bool(previous) and requested not in ("", handled))


def _stated(spec: Any, field: str) -> str:
    """A text of the spec, which is not judged yet; empty where it has none that could be told."""
    found = spec.get(field) if isinstance(spec, Mapping) else None
    return found if isinstance(found, str) and encodes(found) else ""


def request(metadata: Mapping[str, Any]) -> str:
    """What asks to reconcile now; an annotation may have 256 KiB, of which the status is to have no copy."""
    return str((metadata.get("annotations") or {}).get(NOW, ""))[:MOST_REQUEST]


def _asked(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The annotations that let resources go, where they say something."""
    found = metadata.get("annotations") or {}
    given = {incidents.SKIP: found.get(SKIP), incidents.RETAIN: found.get(RETAIN)}
    return {name: str(text)[: incidents.MOST_VALUE] for name, text in given.items() if text}


def key_of(turn: Turn) -> Key:
    """The queue's name of the app."""
    return turn.owner.namespace, turn.owner.name


def app_of(turn: Turn) -> App:
    """The app, once it is parsed."""
    assert turn.seen.app is not None  # noqa: S101  _parse came before
    return turn.seen.app


def abandoned(turn: Turn) -> bool:
    """Whether the object is to go without a look at its stack."""
    annotations = turn.item["metadata"].get("annotations") or {}
    return turn.seen.deleting and annotations.get(ABANDON) == "true"


def wish(turn: Turn, *, retains: bool) -> Wish:
    """What the object asks for; `retains`: the platform keeps the stacks of its namespace."""
    spec, stack = turn.item.get("spec") or {}, turn.seen.stack
    kept = spec.get("deletionPolicy", "Retain" if stack and stack.adopted else "Delete") == "Retain"
    changes = (turn.seen.app.spec.changes if turn.seen.app else None) or Changes()
    annotations = turn.item["metadata"].get("annotations") or {}
    tried = (turn.seen.previous.get("stack") or {}).get("attemptedGeneration", turn.seen.generation)
    return Wish(
        owner=turn.owner,
        deleting=turn.seen.deleting,
        retain=kept or retains,
        abandon=abandoned(turn),
        suspend=spec.get("suspend") is True,
        termination_protection=spec.get("terminationProtection"),
        template_digest=turn.seen.template_digest,
        reconcile_now=turn.reconcile_now,
        approval=changes.approval or "Automatic",
        approved=str(annotations.get(APPROVE, "")),
        adopt=spec.get("adoption") == "Adopt",
        alarms=tuple(changes.alarms or ()),
        keep_failed=changes.rollback is False,
        changed=turn.reconcile_now or tried != turn.seen.generation,
        skip=incidents.given(turn.seen, incidents.SKIP, now=turn.reconcile_now),
        retained=incidents.given(turn.seen, incidents.RETAIN, now=turn.reconcile_now),
    )


def network(app: App, facts: Facts, stack: StackObservation | None) -> dict[str, Any]:
    """What tasks run with, for the status: the first workload's network."""
    first = next(iter(app.placements()), None)
    if first is None:
        return {}
    found = {one.vpc_id: "" for one in facts.subnets.values()}
    body = configuration(first[0], facts, found, always=first[1])
    groups = [one for one in body.get("SecurityGroups", ()) if isinstance(one, str)]
    own = stack is not None and len(found) == 1 and not groups and "SecurityGroups" in body
    made = stack.outputs.get(names.SECURITY_GROUP_OUTPUT, "").split(",") if stack and own else []
    found_network = {"subnetIds": body["Subnets"], "securityGroupIds": groups or [one for one in made if one]}
    return {name: value for name, value in found_network.items() if value} | {
        "assignPublicIp": body["AssignPublicIp"] == "ENABLED"
    }
