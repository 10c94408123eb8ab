"""The story of one reconcile: live GET, parse, resolve, compile, observe, plan, act, summarize.

Level-triggered: it takes the object and the world as they are now, never waits for AWS, and may be cut off between any two lines.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from fargate_operator.actions import Nothing
from fargate_operator.aws.errors import stray
from fargate_operator.bounds_file import BoundsFile
from fargate_operator.conditions import Reason
from fargate_operator.detection import Detections
from fargate_operator.errors import ReconcileError, Terminal, Transient, Waiting
from fargate_operator.event_index import EventIndex
from fargate_operator.events import ECS, Hint, Kind, of_stack
from fargate_operator.events import place as place_of
from fargate_operator.execution import Execution
from fargate_operator.explaining import LINES, Explainer
from fargate_operator.facts import Place
from fargate_operator.fallback import COOLDOWN, wanting
from fargate_operator.follower import Follower
from fargate_operator.git_images import GitImages
from fargate_operator.homes import Home, home_of, service_arns
from fargate_operator.images import Images, Look, heard, stacks_of
from fargate_operator.kube import FINALIZER, Kube
from fargate_operator.looks import Looks
from fargate_operator.lookup import known_facts, repinned
from fargate_operator.observing import Observer
from fargate_operator.pace import Outcome, outcome, told
from fargate_operator.parsing import parse_app
from fargate_operator.plan import busy
from fargate_operator.progress import DEADLINE, Progress
from fargate_operator.queue import Key
from fargate_operator.reruns import Reruns
from fargate_operator.rescue import Rescue
from fargate_operator.seen import sooner
from fargate_operator.sources import Sources
from fargate_operator.status import EventNote, summarize, transitions
from fargate_operator.templates import Templates
from fargate_operator.turn import Identity, Turn, abandoned, app_of, begin, key_of, network
from fargate_operator.withheld import lacking
from fargate_operator.world import World

log = logging.getLogger(__name__)
SURVEY = 6  # times the health interval: between two looks at all stacks, where there are apps without services


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
        log_lines: int = LINES,
        progress_deadline: float = DEADLINE,
    ) -> None:
        self._kube, self._world, self._sources, self._events = kube, world, sources, events or EventIndex()
        self._identity, self._health, self._clock = identity, health_interval, clock
        self._templates, self._reruns, self._looks = Templates(bounds), Reruns(world, health_interval), Looks()
        self._rescue, self._images = Rescue(world, spot_cooldown), Images(world, git=git)
        self._detections = detections or Detections(world)
        self._explainer = Explainer(world, sources, log_lines)
        self._progress, self._deadline = Progress(world, progress_deadline), progress_deadline
        self._observer = Observer(
            world,
            follower,
            self._rescue,
            self._looks,
            self._events,
            self._explainer,
            self._progress,
            SURVEY * health_interval,
        )
        self._execution = Execution(
            kube,
            world,
            follower,
            self._observer,
            self._templates,
            sources,
            self._rescue,
            self._reruns,
            self._images,
        )
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
        turn = begin(item, self._identity, self._world.clients.region, self._clock())
        self._settle_in(key, home_of(turn))
        try:
            for step in self._steps(turn):
                turn = step(turn)
        except Exception as raised:
            error = stray(raised)
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
            return self._rescue.act(self._observer.services(turn))
        except Exception as error:  # the first one is told
            log.debug("%s/%s: services on Spot: %s", *key_of(turn), error, exc_info=not isinstance(error, ReconcileError))
            return turn

    def _steps(self, turn: Turn) -> tuple[Callable[[Turn], Turn], ...]:
        if turn.seen.deleting:
            return (self._locate, self._observer.stack, self._execution.act, self._listen)
        return (
            self._parse,
            self._locate,
            self._resolve,
            self._observer.stack,
            self._rescue.facts,
            self._compile,
            self._execution.act,
            self._listen,
            self._drift,
            self._observer.services,
            self._rescue.act,
            self._rerun,
        )

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
        return replace(turn, facts=facts).with_seen(pins=repinned(turn.seen, facts, last), images=images)

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
        template = self._templates.of(turn)
        seen = turn.with_seen(input_digest=inputs, template_digest=template.digest, waiting=template.waiting)
        return replace(seen, template=template)

    def _listen(self, turn: Turn) -> Turn:
        """Of what events are to tell, before services are read: what happens meanwhile brings another turn."""
        if turn.seen.stack is not None:
            self._events.register(key_of(turn), "stack", of_stack(turn.seen))
        return turn

    def _drift(self, turn: Turn) -> Turn:
        """What somebody has changed by hand, where it is time to look for it."""
        return replace(turn, seen=self._detections.look(key_of(turn), turn.seen, asked=turn.reconcile_now))

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
        hold = (self._execution, self._detections, self._looks, self._rescue, self._images, self._reruns, self._events)
        for one in (*hold, self._progress, self._explainer):
            one.forget(key)
        if (home := self._homes.pop(key, None)) is not None:
            self._world.forget(home.region, home.stack_name, home.services)
            self._kube.forget(home.uid)

    def _settle_in(self, key: Key, home: Home) -> None:
        """Where the app is at home; an object that was replaced while nobody looked is another app."""
        old = self._homes.get(key)
        if old is not None and old.uid != home.uid:
            self._forget(key)
            self._world.doubt(home.region, home.stack_name)
        self._homes[key] = home

    def _finish(self, turn: Turn) -> Outcome:
        status = summarize(turn.seen)
        for one in turn.seen.notes:
            self._kube.tell(turn.item, EventNote(one.type, one.reason, one.message))
        if status != turn.item.get("status"):
            item = self._kube.put_status(turn.item, status)
            if gone := service_arns(turn.item.get("status") or {}) - service_arns(status):
                self._world.forget_services(turn.seen.region, gone)
            for note in transitions(turn.seen.previous, status):
                self._kube.tell(item, note)
        seen = sooner(turn.seen, self._images.again(key_of(turn), turn.seen.app))
        return told(self._looks.paced(key_of(turn), seen, outcome(seen, status, self._health, self._deadline)), status)
