"""One story acted out in a lane: changes and faults at their times; then no more faults, and all must become as the model says."""

import time
from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from chaos.model import differences, restless, stalled
from chaos.people import AWAY, People
from chaos.schedule import API, AWS, OPERATOR, PLANE, STACK, Change, Fault, Story
from chaos.specs import secret
from chaos.watching import Watching
from chaos.writes import forbidden

if TYPE_CHECKING:
    from chaos.lane import Lane

SETTLE = 60.0  # seconds in which all must be well once the faults are over: the operator backs off meanwhile
TERM = 10.0  # seconds in which the operator must end on SIGTERM
IDLE = 1.0  # seconds without a call to CloudFormation
MOST = (150, 40)  # AWS calls that an app may cost, and each change and each restart of the operator
TICK, POLL = 0.05, 0.25


class Act:
    """`play` it once."""

    def __init__(self, lane: "Lane", story: Story) -> None:
        self._lane, self._story = lane, story
        self._place = lane.place(story.namespace)
        self._people = People(str(lane.plane.kubeconfig), self._place)
        self._watching = Watching(lane.emulator, self._people, self._place)
        self._apps = sorted({one.app for one in story.changes})
        self._secret = f"Pl4nted-{story.seed}-s3cret"
        self.calls = 0
        self.phases: dict[str, float] = {}  # seconds
        self._struck: Counter[str] = Counter()
        self._down: list[tuple[float, str]] = []  # when the API server or etcd comes back

    def play(self) -> list[str]:
        """What was wrong, a line each."""
        lane, seed = self._lane, self._story.seed
        lane.stack_faults.begin()
        lane.stack_faults.apps = {self._place.stack(app): app for app in self._apps}
        lane.weather.begin(seed)
        lane.proxy.reset()
        self._people.settle(secret(self._place.namespace, self._secret))
        with self._people:
            wrong = []
            for step in (self._act_out, self._settled, self._idle, self._mended, self._gone):
                began = time.monotonic()
                wrong = step() or []
                self.phases[step.__name__.strip("_")] = time.monotonic() - began
                if wrong:
                    break
        self.calls = len(lane.proxy.calls)
        wrong += forbidden(self._place, self._people.history, self._apps, lane.stack_faults.writes)
        self._sweep()
        return wrong

    # the story

    def _act_out(self) -> None:
        began = time.monotonic()
        events = sorted((*self._story.changes, *self._story.faults), key=lambda one: one.at)
        windows: list[tuple[float, Fault]] = []  # when it is over
        while events or self._down or any(until < inf for until, _ in windows):
            now = time.monotonic() - began
            while events and events[0].at <= now:
                one = events.pop(0)
                if isinstance(one, Change):
                    self._people.wish(one)
                elif fault := self._strike(one, began):
                    windows.append((one.at + one.lasts, fault))
            windows = [one for one in windows if one[0] > now]
            self._lane.weather.set(tuple(fault for _, fault in windows))
            if any(fault.kind == "watches cut" for _, fault in windows):
                self._lane.weather.hit("watches cut", self._lane.kube.cut_watches())
            self._bring_back(now)
            self._lane.stack_faults.tend()
            time.sleep(TICK)
        self._lane.weather.set(tuple(fault for until, fault in windows if until == inf))
        self._lane.stack_faults.disarm()
        self._lane.stack_faults.hurry()

    def _strike(self, fault: Fault, began: float) -> Fault | None:
        """A fault that lasts is given back."""
        if fault.kind in OPERATOR:
            self._struck[fault.kind] += self._lane.strike(fault.kind)
        elif fault.kind in STACK:
            self._lane.stack_faults.arm(fault)
        elif fault.kind in PLANE:
            self._struck[fault.kind] += 1
            (self._lane.plane.stop_apiserver if fault.kind == "API server restarted" else self._lane.plane.kill_etcd)()
            self._down.append((time.monotonic() - began + fault.lasts, fault.kind))
        elif fault.kind in (*API, *AWS):
            return fault
        return None

    def _bring_back(self, now: float) -> None:
        for one in [one for one in self._down if one[0] <= now]:
            self._down.remove(one)
            (self._lane.plane.start_apiserver if one[1] == "API server restarted" else self._lane.plane.start_etcd)()

    # the end

    def _settled(self, when: str = "after the faults", *, excused: bool = True) -> list[str]:
        """What differs from the model when time is up; empty as soon as nothing does."""
        self._lane.keeper.until_ready()
        until = time.monotonic() + SETTLE
        while time.monotonic() < until:
            self._lane.stack_faults.tend()
            try:
                if self._calm(excused=excused) and not self._differences(excused=excused):
                    return []
            except AWAY:
                pass
            time.sleep(POLL)
        wrong = self._differences(excused=excused)
        return [f"{when}: {one}" for one in wrong or [f"a change could not be made: {self._people.refused}"]]

    def _calm(self, *, excused: bool) -> bool:
        """By a look at the objects alone, which costs little: whether a look at all of the world can find nothing wrong."""
        objects = self._people.objects()
        going = {name for name, one in objects.items() if one["metadata"].get("deletionTimestamp")}
        done = self._people.wished <= going if excused else self._people.idle  # what cannot be deleted cannot be made again
        return done and not restless(objects)

    def _differences(self, *, excused: bool) -> list[str]:
        dooms = self._lane.stack_faults.dooms if excused else ()
        return differences(self._place, self._people.history, self._watching.world(), dooms)

    def _idle(self) -> list[str]:
        """Nobody waits, nothing changes: CloudFormation is asked nothing but, now and then, for a look at all there is."""
        if stalled(self._watching.world()):
            return []
        before = len(self._lane.proxy.calls)
        time.sleep(IDLE)
        calls = [one for one in self._lane.proxy.calls[before:] if one.service == "cloudformation"]
        surveys = [one for one in calls if one.action == "DescribeStacks" and not one.stack]
        asked = [one.action for one in calls if one not in surveys[:1]]
        return [f"at rest, CloudFormation was asked {len(asked)} times: {', '.join(asked[:5])}"] if asked else []

    def _mended(self) -> list[str]:
        """What stood in the way is gone, and a person asks to reconcile: no failure is left but that of a broken spec."""
        waiting = stalled(self._watching.world())
        self._lane.stack_faults.mend()
        if not waiting and self._people.idle:
            return []
        self._people.ask(waiting, f"{self._story.seed}")
        return self._settled("mended", excused=False)

    def _gone(self) -> list[str]:
        """All are deleted."""
        for app in self._people.objects():
            self._people.wish(Change(0.0, app, None))
        return self._settled("deleted", excused=False)

    def _sweep(self) -> None:
        """What is retained, or was left by a fault, is no part of the next story."""
        cloudformation = self._lane.emulator.client("cloudformation")
        for one in self._watching.stacks():
            cloudformation.delete_stack(StackName=one["StackId"])

    def hits(self) -> Counter[str]:
        """What each fault has hit."""
        return self._struck + self._lane.weather.hits + Counter(self._lane.stack_faults.hits)

    def counted(self, log: str, ended: Sequence[tuple[int, float]]) -> list[str]:
        """What the operator's log, its ends and its calls tell against it."""
        wrong = [f"the operator logged a traceback, {log.count('Traceback')} in all"] if "Traceback" in log else []
        if self._secret in log:
            wrong.append("a Secret's value is in the operator's log")
        most = MOST[0] * len(self._apps) + MOST[1] * (len(self._story.changes) + len(ended))
        if self.calls > most:
            wrong.append(f"{self.calls} calls to AWS, at most {most} were to be expected")
        return wrong + [f"SIGTERM took {took:.1f} s" for _, took in ended if took > TERM]
