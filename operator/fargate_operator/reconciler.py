"""The story of one reconcile: live GET, parse, resolve, compile, observe, plan, act, summarize.

Level-triggered: it takes the object and the world as they are now, never waits for AWS, and may be cut off between any two lines.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fargate_operator import names
from fargate_operator.acting import BRINGS, WRITES, Actor
from fargate_operator.approval import prefix, review
from fargate_operator.aws.services import cluster_of
from fargate_operator.aws.stacks import Order
from fargate_operator.bounds_file import BoundsFile
from fargate_operator.conditions import Reason
from fargate_operator.detection import Detections
from fargate_operator.errors import ReconcileError, Terminal, Transient, Waiting
from fargate_operator.event_index import EventIndex
from fargate_operator.events import ECS, Hint, Kind, of_stack
from fargate_operator.events import place as place_of
from fargate_operator.facts import Place, pins
from fargate_operator.fallback import COOLDOWN, wanting
from fargate_operator.follower import Follower
from fargate_operator.git_images import GitImages
from fargate_operator.homes import Home, home_of, service_arns
from fargate_operator.images import Images, Look, heard, stacks_of
from fargate_operator.kube import FINALIZER, Kube
from fargate_operator.looks import Looks
from fargate_operator.lookup import known_facts, live_facts
from fargate_operator.observation import Failure, Owner, StackObservation
from fargate_operator.pace import Outcome, outcome
from fargate_operator.parameters import NONE, Parameters
from fargate_operator.parsing import parse_app
from fargate_operator.plan import (
    Action,
    Await,
    Create,
    Delete,
    Discard,
    Execute,
    Halt,
    Nothing,
    Propose,
    Protect,
    Recover,
    Recreate,
    Update,
    Wait,
    Wish,
    busy,
    by_change_set,
    plan,
)
from fargate_operator.queue import Key
from fargate_operator.reruns import Reruns
from fargate_operator.rescue import Rescue
from fargate_operator.reverting import Reverts
from fargate_operator.seen import Seen, attempt, condition, news, sooner
from fargate_operator.sources import Sources
from fargate_operator.status import EventNote, summarize, transitions
from fargate_operator.template import Template
from fargate_operator.templates import Templates
from fargate_operator.turn import NOW, Turn, abandoned, app_of, key_of, network, wish
from fargate_operator.withheld import deployed, lacking
from fargate_operator.world import World

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who owns the stacks, and what their default names begin with; neither may change while there are apps."""

    installation: str
    stack_prefix: str = ""


class Reconciler:
    """Brings an app's stack to what its object says."""

    def __init__(
        self,
        kube: Kube,
        world: World,
        follower: Follower,
        identity: Identity,
        health_interval: float,
        bounds: BoundsFile | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        detections: Detections | None = None,
        *,
        sources: Sources,
        git: GitImages | None = None,
        spot_cooldown: float = COOLDOWN,
        events: EventIndex | None = None,
    ) -> None:
        self._sources, self._events = sources, events or EventIndex()
        self._kube, self._world, self._follower = kube, world, follower
        self._actor = Actor(world, follower)
        self._identity, self._health, self._clock = identity, health_interval, clock
        self._templates, self._reruns = Templates(bounds), Reruns(world, health_interval)
        self._rescue = Rescue(world, spot_cooldown)
        self._detections, self._reverts, self._looks = detections or Detections(world), Reverts(world), Looks()
        self._images = Images(world, git=git)
        self._homes: dict[Key, Home] = {}

    def doubt(self, key: Key, hint: Hint) -> bool:
        """An event has told of the app: what it tells of is read anew at the next need. Whether it is news at all."""
        if hint.kind in ECS:
            self._looks.doubt(key)
            self._reruns.doubt(key)
        if hint.kind in {Kind.Push, Kind.Build}:
            self._images.forget(key)
        if hint.kind is not Kind.Stack:
            return True
        region, name = place_of(hint.about[0]) or ("", "")
        stack = self._world.known(region, name)
        if hint.busy and stack is not None and busy(stack.status):
            return False  # it is followed already: a look would cost a call, and tell nothing new
        self._world.doubt(region, name)
        return True

    def reconcile(self, key: Key) -> Outcome:
        """One turn. ReconcileErrors of the API server itself come through; all others end in the status."""
        item = self._kube.get(key)
        deleting = item is not None and bool(item["metadata"].get("deletionTimestamp"))
        if item is None or (deleting and FINALIZER not in (item["metadata"].get("finalizers") or ())):
            self._forget(key)
            return Outcome()
        turn = self._begin(item, deleting=deleting)
        self._homes[key] = home_of(turn)
        try:
            for step in self._steps(turn):
                turn = step(turn)
        except Exception as error:
            if not isinstance(error, ReconcileError):
                log.exception("reconciling %s/%s", *key)
            refused = isinstance(error, ReconcileError) and error.reason == Reason.AwsRefused  # is the stack not as it was seen?
            if refused or isinstance(error, Waiting | Transient):
                self._world.doubt(turn.seen.region, turn.seen.stack_name)
            turn = self._tend(turn.with_seen(error=error))
        log.debug("%s/%s: %s; %s", *key, turn.seen.action, turn.seen.error or turn.seen.template_digest)
        if isinstance(turn.seen.action, Nothing) and turn.seen.action.release:
            return self._release(turn)
        if isinstance(turn.seen.error, Waiting) and turn.seen.error.reason == Reason.Conflict:
            return Outcome(after=turn.seen.error.after)  # the object is not what it was: its status is not ours to write
        return self._finish(turn)

    def _tend(self, turn: Turn) -> Turn:
        """After an error short of a plan: services on Spot are looked after all the same, where it is known which those are."""
        seen = turn.seen
        conflict = isinstance(seen.error, ReconcileError) and seen.error.reason == Reason.Conflict
        if seen.spot is None or seen.action is not None or conflict or not wanting(app_of(turn)):
            return turn
        try:
            return self._rescue.act(self._read_services(turn))
        except Exception as error:  # the first one is told
            log.debug("%s/%s: services on Spot: %s", *key_of(turn), error, exc_info=not isinstance(error, ReconcileError))
            return turn

    def _steps(self, turn: Turn) -> tuple[Callable[[Turn], Turn], ...]:
        if turn.seen.deleting:
            return (self._locate, self._observe, self._act, self._listen)
        return (
            self._parse,
            self._locate,
            self._resolve,
            self._observe,
            self._rescue.facts,
            self._compile,
            self._act,
            self._listen,
            self._drift,
            self._read_services,
            self._rescue.act,
            self._rerun,
        )

    def _begin(self, item: dict[str, Any], *, deleting: bool) -> Turn:
        metadata = item["metadata"]
        status = item.get("status") or {}
        previous = status if status.get("observedGeneration", -1) >= 0 else {}
        requested = str((metadata.get("annotations") or {}).get(NOW, ""))
        handled = str(previous.get("lastHandledReconcileAt", ""))
        spec = item.get("spec") if isinstance(item.get("spec"), Mapping) else {}
        namespace, name = metadata["namespace"], metadata["name"]
        stack_name = (previous.get("stack") or {}).get("name") or (spec or {}).get("stackName")
        seen = Seen(
            previous=previous,
            generation=metadata.get("generation", 0),
            now=self._clock(),
            region=str(previous.get("region") or (spec or {}).get("region") or self._world.clients.region),
            account_id=str(previous.get("accountId", "")),
            stack_name=str(
                stack_name or names.stack_name(self._identity.installation, namespace, name, self._identity.stack_prefix)
            ),
            reconcile_at=requested,
            deleting=deleting,
        )
        owner = Owner(self._identity.installation, namespace, name)
        # with the status gone (a rebuilt cluster), an old request is no request: the pins of the stack stay
        return Turn(item, seen, owner, reconcile_now=bool(previous) and requested not in ("", handled))

    def _locate(self, turn: Turn) -> Turn:
        """Region and account, which the first reconcile fixes."""
        if abandoned(turn):
            return turn
        if not turn.seen.region:
            raise Terminal(Reason.NoRegion, "spec.region: the app names no region and the operator has none", outside=True)
        account, _ = self._world.clients.account(turn.seen.region)
        if turn.seen.account_id and turn.seen.account_id != account:
            message = f"the app lives in account {turn.seen.account_id}, the operator's credentials are of {account}"
            raise Terminal(Reason.WrongAccount, message, outside=True)
        return turn.with_seen(account_id=account)

    def _parse(self, turn: Turn) -> Turn:
        return turn.with_seen(app=parse_app(turn.item, Place(turn.seen.account_id, turn.seen.region)))

    def _resolve(self, turn: Turn) -> Turn:
        app = app_of(turn)
        self._templates.may_read(app)
        facts, last = known_facts(self._world, turn.seen, app, turn.owner, reconcile_now=turn.reconcile_now)
        stack = self._world.stack(turn.seen.region, turn.seen.stack_name) if app.looked_after() else None
        look = Look(
            key_of(turn),
            turn.seen.region,
            app,
            *stacks_of(app, turn.owner, stack),
            last,
            asked=turn.reconcile_now,
            request=turn.seen.reconcile_at,
        )
        self._events.register(key_of(turn), "images", heard(look, turn.seen.account_id))
        facts, images = self._images.look(look, facts)
        facts = self._sources.facts(app, facts)
        return replace(turn, facts=facts).with_seen(pins=pins(facts), images=images)

    def _observe(self, turn: Turn) -> Turn:
        if abandoned(turn):
            return turn
        seen = turn.seen
        stalled = condition(seen.previous, "Stalled").get("reason")
        if turn.reconcile_now or (seen.deleting and stalled) or stalled == Reason.StackNameTaken:
            self._world.doubt(seen.region, seen.stack_name)
        stack = self._claimed(turn, self._world.stack(seen.region, seen.stack_name))
        if stack is not None and stack.owner != turn.owner:  # somebody else's: what it holds is not to be told
            stack = replace(stack, outputs={}, input_digest="", template_digest="")
            return turn.with_seen(stack=stack, owned=False, attempt=attempt(seen.previous, None, None))
        failure: Failure | None = None
        if stack is not None and news(seen.previous, stack):
            failure = self._world.stacks(seen.region).first_failure(stack)
        if stack is not None and busy(stack.status):
            self._follower.follow(seen.region, stack.id, stack.name, key_of(turn))
        elif stack is not None:
            self._follower.rests(seen.region, stack.id)
        return turn.with_seen(stack=stack, owned=True, attempt=attempt(seen.previous, stack, failure))

    def _claimed(self, turn: Turn, stack: StackObservation | None) -> StackObservation | None:
        """A stack that waits for its first change set has no tags yet: it is known by the names of its change sets."""
        if stack is None or stack.owner is not None or stack.status != "REVIEW_IN_PROGRESS":
            return stack
        ours = (turn.seen.previous.get("stack") or {}).get("id") == stack.id
        found = () if ours else self._world.stacks(turn.seen.region).change_sets.names(stack.name)
        if ours or any(name.startswith(prefix(turn.owner)) for name in found):
            return self._world.put(turn.seen.region, replace(stack, owner=turn.owner))
        return stack

    def _compile(self, turn: Turn) -> Turn:
        """The template, or only its digest where nothing that it is made from has changed."""
        app, stack = app_of(turn), turn.seen.stack
        facts = turn.facts
        assert facts is not None  # noqa: S101  _resolve came before
        inputs = self._templates.inputs(app, facts)
        old = turn.seen.previous.get("stack") or {}
        turn = turn.with_seen(network=network(app, facts, stack))
        unchanged = stack and old.get("inputDigest") == inputs and old.get("templateDigest") == stack.template_digest != ""
        if unchanged and stack and not lacking(app, facts):  # only the template tells who waits for an image
            return turn.with_seen(input_digest=inputs, template_digest=stack.template_digest)
        template = self._template(turn)
        seen = turn.with_seen(input_digest=inputs, template_digest=template.digest, waiting=template.waiting)
        return replace(seen, template=template)

    def _template(self, turn: Turn) -> Template:
        assert turn.facts is not None  # noqa: S101  _resolve came before
        return self._templates.make(app_of(turn), turn.facts, turn.seen.stack_name)

    def _wish(self, turn: Turn) -> Wish:
        return wish(turn, retains=turn.seen.deleting and self._templates.retains(turn.owner.namespace))

    def _act(self, turn: Turn) -> Turn:
        action = plan(self._wish(turn), turn.seen.stack, turn.seen.attempt)
        if isinstance(action, Delete | Recreate):  # nothing is destroyed for what it was when it was seen last
            self._world.doubt(turn.seen.region, turn.seen.stack_name)
            turn = self._observe(turn)
            action = plan(self._wish(turn), turn.seen.stack, turn.seen.attempt)
        turn = turn.with_seen(action=action)
        if isinstance(action, Protect):
            assert turn.seen.stack is not None  # noqa: S101  plan saw one
            self._world.stacks(turn.seen.region).protect(turn.seen.stack, on=action.on)
            stack = self._world.put(turn.seen.region, replace(turn.seen.stack, termination_protection=action.on))
            return self._act(turn.with_seen(stack=stack))
        if by_change_set(self._wish(turn), action):
            turn = turn.with_seen(action=self._review(turn))
        if isinstance(turn.seen.action, BRINGS):
            turn = _current(self._gather(turn))
        turn = replace(turn, seen=self._reverts.step(self._wish(turn), turn.seen))
        self._void(turn)
        final = turn.seen.action
        turn = self._hold(turn)
        if isinstance(final, WRITES):
            turn = self._settle(turn)
            if isinstance(final, Recover):
                turn = self._rescue.restore(turn)
            if isinstance(final, Update | Execute):
                turn = replace(turn, seen=self._reruns.last_look(key_of(turn), turn.seen))
            if isinstance(final, BRINGS) and turn.facts and turn.facts.repositories:
                self._images.hold(turn.seen.region, turn.facts, deployed(app_of(turn), turn.facts))
            written = self._actor.write(turn.seen.region, self._wish(turn), self._order(turn), turn.seen.stack, final)
            turn = turn.with_seen(stack=written, owned=written is None or written.owner == turn.owner)
        return turn

    def _review(self, turn: Turn) -> Action:
        """What becomes of a change that is looked at first."""
        seen, wished = turn.seen, self._wish(turn)
        assert seen.action is not None  # noqa: S101  plan came before
        change_set = self._actor.change_set(seen.region, seen.stack_name, wished, seen.stack)
        return review(wished, seen.action, seen.stack, change_set)

    def _void(self, turn: Turn) -> None:
        """The change sets of a plan that stands no longer go. Where another is made, it takes their place."""
        previous, action, stack = turn.seen.previous, turn.seen.action, turn.seen.stack
        planned = previous.get("plan") or condition(previous, "Ready").get("reason") in {
            Reason.Planning,
            Reason.AwaitingApproval,
            Reason.ChangeSetFailed,
        }
        if not planned or stack is None or abandoned(turn) or self._wish(turn).suspend:
            return
        if not isinstance(action, Wait | Delete | Halt | Propose | Await | Execute | Discard):
            self._world.stacks(turn.seen.region).change_sets.sweep(stack.name, prefix(turn.owner))

    def _gather(self, turn: Turn) -> Turn:
        """What AWS changes by itself goes into the template at the last moment: counts that scaling has set, weights of rules."""
        app, facts, stack = app_of(turn), turn.facts, turn.seen.stack
        assert facts is not None  # noqa: S101  _resolve came before
        template = turn.template or self._template(turn)
        fresh = live_facts(self._world, turn.seen, app, facts, template)
        if fresh == facts:
            return replace(turn, template=template)
        template = self._template(replace(turn, facts=fresh))
        live = turn.with_seen(planned=turn.seen.template_digest, pins=pins(fresh), template_digest=template.digest)
        live = replace(live, facts=fresh, template=template).with_seen(input_digest=self._templates.inputs(app, fresh))
        again = plan(self._wish(live), stack, turn.seen.attempt)
        if isinstance(again, Nothing):
            return live.with_seen(action=again)
        # what a change set brings may be out of date when it is approved: only then are the facts those of the stack
        return replace(turn, facts=fresh, template=template) if isinstance(turn.seen.action, Propose) else live

    def _hold(self, turn: Turn) -> Turn:
        """The finalizer, before the first write to AWS, and where the stack is there already: the cluster was rebuilt."""
        stack, item = turn.seen.stack, turn.item
        wanted = isinstance(turn.seen.action, WRITES) or (stack is not None and stack.owner == turn.owner)
        if turn.seen.deleting or not wanted or FINALIZER in (item["metadata"].get("finalizers") or ()):
            return turn
        return replace(turn, item=self._kube.set_finalizer(item, present=True))

    def _settle(self, turn: Turn) -> Turn:
        """Where the app lives, into the status, before the first write to AWS."""
        old = turn.seen.previous
        if turn.seen.deleting or (old.get("region") and old.get("accountId") and (old.get("stack") or {}).get("name")):
            return turn
        return replace(turn, item=self._kube.put_status(turn.item, summarize(turn.seen)))

    def _order(self, turn: Turn) -> Order:
        stack, wished = turn.seen.stack, self._wish(turn)
        template = turn.template or Template({}, {})  # what brings one has gathered it
        return Order(
            uid=turn.item["metadata"]["uid"],
            owner=turn.owner,
            name=turn.seen.stack_name,
            template=template,
            termination_protection=(turn.item.get("spec") or {}).get("terminationProtection") is True,
            parameters=self._parameters(turn, template),
            before=str((turn.seen.previous.get("stack") or {}).get("id", "")),
            rollback=not wished.keep_failed,
            alarms=wished.alarms,
            adopts=stack if stack is not None and stack.owner != turn.owner else None,
        )

    def _parameters(self, turn: Turn, template: Template) -> Parameters:
        """The values of Secrets that go with a template; of those that the app's own stack has it only says so."""
        stack = turn.seen.stack
        if not template.parameters or turn.facts is None or not isinstance(turn.seen.action, Create | Update | Propose):
            return NONE  # no template is sent; a change set has them already
        own = stack is not None and stack.owner == turn.owner and stack.status != "REVIEW_IN_PROGRESS"
        running = self._world.stacks(turn.seen.region).template(stack) if stack and own else {}
        return self._sources.parameters(app_of(turn), turn.facts, running)

    def _listen(self, turn: Turn) -> Turn:
        """Of what events are to tell, before services are read: what happens meanwhile brings another turn."""
        if turn.seen.stack is not None:
            self._events.register(key_of(turn), "stack", of_stack(turn.seen))
        return turn

    def _drift(self, turn: Turn) -> Turn:
        """What somebody has changed by hand, where it is time to look for it."""
        return replace(turn, seen=self._detections.look(key_of(turn), turn.seen, asked=turn.reconcile_now))

    def _read_services(self, turn: Turn) -> Turn:
        stack, app = turn.seen.stack, app_of(turn)
        if (
            stack is None
            or not isinstance(turn.seen.action, Nothing | Halt | Wait | Await | Propose | Discard | None)
            or stack.owner != turn.owner
        ):
            return turn
        arns = self._rescue.arns(turn)
        self._events.register(key_of(turn), "spot", arns.values())  # those of a stack that is made are in no output yet
        if not arns:
            return turn if busy(stack.status) else turn.with_seen(services={})
        if (known := self._looks.services(key_of(turn), turn.seen)) is not None:
            return turn.with_seen(services=known)
        cluster = stack.outputs.get(names.CLUSTER_OUTPUT) or cluster_of(next(iter(arns.values())))
        services = self._world.services(turn.seen.region).read(cluster, arns, wanting(app))
        if services.keys() != arns.keys() and not busy(stack.status):
            self._world.doubt(turn.seen.region, turn.seen.stack_name)  # has somebody deleted the stack?
        return turn.with_seen(services=services)

    def _rerun(self, turn: Turn) -> Turn:
        """Scheduled runs that found no Spot."""
        return replace(turn, seen=self._reruns.look(key_of(turn), turn.seen, asked=turn.reconcile_now))

    def _release(self, turn: Turn) -> Outcome:
        action = turn.seen.action
        if isinstance(action, Nothing) and action.note:
            self._kube.tell(turn.item, EventNote("Normal", Reason.Released, action.note))
        self._kube.set_finalizer(turn.item, present=False)
        self._forget(key_of(turn))
        return Outcome()

    def _forget(self, key: Key) -> None:
        """The app is gone: nothing of it is remembered."""
        for one in (self._detections, self._looks, self._rescue, self._images, self._reruns, self._events):
            one.forget(key)
        if (home := self._homes.pop(key, None)) is not None:
            self._world.forget(home.region, home.stack_name, home.services)
            self._kube.forget(home.uid)

    def _finish(self, turn: Turn) -> Outcome:
        status = summarize(turn.seen)
        for one in turn.seen.notes:
            self._kube.tell(turn.item, EventNote(one.type, one.reason, one.message))
        if status != turn.item.get("status"):
            item = self._kube.put_status(turn.item, status)
            gone = service_arns(turn.item.get("status") or {}) - service_arns(status)
            self._world.forget_services(turn.seen.region, gone)
            for note in transitions(turn.seen.previous, status):
                self._kube.tell(item, note)
        seen = sooner(turn.seen, self._images.again(key_of(turn), turn.seen.app))
        return self._looks.paced(key_of(turn), seen, outcome(seen, status, self._health))


def _current(turn: Turn) -> Turn:
    """A change set is carried out only while it brings what would be sent now: counts and weights may have changed since."""
    action, template = turn.seen.action, turn.template
    if isinstance(action, Execute) and template is not None and template.digest != action.change_set.template_digest:
        return turn.with_seen(action=Discard(action.change_set))
    return turn
