"""From the plan to the one write: reviewed where a change is looked at first, gathered, held, settled, written. At the edge.

`plan` and `review` decide; the finalizer and where the app lives are in the API before anything is written to AWS.
"""

from dataclasses import replace

from fargate_operator.acting import BRINGS, WRITES, Actor
from fargate_operator.actions import (
    Action,
    Await,
    Cancel,
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
)
from fargate_operator.approval import prefix, review
from fargate_operator.aws.stacks import Order
from fargate_operator.conditions import Reason
from fargate_operator.facts import pins
from fargate_operator.follower import Follower
from fargate_operator.grounding import held
from fargate_operator.homes import recorded
from fargate_operator.images import Images
from fargate_operator.kube import FINALIZER, Kube
from fargate_operator.lookup import live_facts
from fargate_operator.notices import passing, surprise
from fargate_operator.observing import Observer
from fargate_operator.parameters import NONE, Parameters
from fargate_operator.plan import Wish, by_change_set, plan
from fargate_operator.preflighting import Preflight
from fargate_operator.queue import Key
from fargate_operator.reruns import Reruns
from fargate_operator.rescue import Rescue
from fargate_operator.reverting import Reverts
from fargate_operator.seen import condition
from fargate_operator.sources import Sources
from fargate_operator.status import EventNote, summarize
from fargate_operator.template import Template
from fargate_operator.templates import Templates
from fargate_operator.turn import Turn, abandoned, app_of, key_of, wish
from fargate_operator.withheld import deployed
from fargate_operator.world import World


class Execution:
    """Plans, and carries out what was planned."""

    def __init__(
        self,
        kube: Kube,
        world: World,
        follower: Follower,
        observer: Observer,
        templates: Templates,
        sources: Sources,
        rescue: Rescue,
        reruns: Reruns,
        images: Images,
    ) -> None:
        self._kube, self._world, self._actor, self._observer = kube, world, Actor(world, follower), observer
        self._templates, self._sources, self._reverts = templates, sources, Reverts(world)
        self._rescue, self._reruns, self._images = rescue, reruns, images
        self._preflight = Preflight(world)

    def forget(self, key: Key) -> None:
        """The app is gone."""
        self._preflight.forget(key)

    def act(self, turn: Turn) -> Turn:
        """One step towards what is wished."""
        action = self._planned(turn)
        if isinstance(action, Delete | Recreate | Cancel) or self._unsure(turn, action):
            # nothing is destroyed, or let go, for what it was when it was seen last
            self._world.doubt(turn.seen.region, turn.seen.stack_name, recorded(turn.seen))
            turn = self._observer.stack(turn)
            action = self._planned(turn)
        turn = turn.with_seen(action=action)
        if isinstance(action, Protect):
            assert turn.seen.stack is not None  # noqa: S101  plan saw one
            self._world.stacks(turn.seen.region).protect(turn.seen.stack, on=action.on)
            stack = self._world.put(turn.seen.region, replace(turn.seen.stack, termination_protection=action.on))
            return self.act(turn.with_seen(stack=stack))
        if by_change_set(self._wish(turn), action):
            turn = turn.with_seen(action=self._review(turn))
        if (held := self._preflight.held(turn)) is not None:
            turn = turn.with_seen(action=held)
        turn = self._preflight.clear(turn, _current(self._gather(turn)) if isinstance(turn.seen.action, BRINGS) else turn)
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
            if note := passing(final, turn.seen.stack):
                self._kube.tell(turn.item, EventNote(note.type, note.reason, note.message))
            written = self._actor.write(turn.seen.region, self._wish(turn), self._order(turn), turn.seen.stack, final)
            notes = (*turn.seen.notes, *surprise(turn.seen, final, written))
            turn = turn.with_seen(stack=written, owned=written is None or written.owner == turn.owner, notes=notes)
        return turn

    def _planned(self, turn: Turn) -> Action:
        action = plan(self._wish(turn), turn.seen.stack, turn.seen.attempt)
        return held(action, turn.seen.stack, turn.facts.missing if turn.facts else ())

    def _unsure(self, turn: Turn, action: Action) -> bool:
        """Whether the object would go because there is no stack, and nobody has asked CloudFormation for this very one."""
        seen = turn.seen
        absent = isinstance(action, Nothing) and action.release and seen.stack is None and not abandoned(turn)
        return absent and not self._world.gone(seen.region, seen.stack_name, recorded(seen))

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
        template = turn.template or self._templates.of(turn)
        fresh = live_facts(self._world, turn.seen, app, facts, template)
        if fresh == facts:
            return replace(turn, template=template)
        template = self._templates.of(replace(turn, facts=fresh))
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

    def _wish(self, turn: Turn) -> Wish:
        return wish(turn, retains=turn.seen.deleting and self._templates.retains(turn.owner.namespace))


def _current(turn: Turn) -> Turn:
    """A change set is carried out only while it brings what would be sent now: counts and weights may have changed since."""
    action, template = turn.seen.action, turn.template
    if isinstance(action, Execute) and template is not None and template.digest != action.change_set.template_digest:
        return turn.with_seen(action=Discard(action.change_set))
    return turn
