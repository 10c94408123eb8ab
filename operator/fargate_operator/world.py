"""What AWS is known to be: the last observation of each stack, so that an idle app costs no CloudFormation call.

At first need one paginated DescribeStacks tells of all the stacks of a region. After that an entry changes with what the operator
does itself, and is dropped when the follower says that the stack has ended.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.services import Services
from fargate_operator.aws.stacks import Stacks
from fargate_operator.errors import ReconcileError
from fargate_operator.observation import ChangeSet, StackObservation
from fargate_operator.plan import busy

log = logging.getLogger(__name__)
LOOK = 1800.0  # seconds after which somebody else may have done something about a change set


class World:
    """Stacks and services by region."""

    def __init__(self, clients: Clients, bucket: str = "", role: str = "") -> None:
        self.clients = clients
        self._bucket, self._role = bucket, role
        self._lock = threading.Lock()
        self._listing: dict[str, threading.Lock] = {}  # by region: one whose AWS hangs holds up no other
        self._stacks: dict[str, Stacks] = {}
        self._services: dict[str, Services] = {}
        self._surveyed: dict[str, float] = {}  # regions, when all their stacks were seen last
        self._seen: dict[tuple[str, str], StackObservation | None] = {}
        self._change_sets: dict[tuple[str, str], tuple[ChangeSet | None, float]] = {}  # by the stack's name; seen when
        self._templates: dict[tuple[str, str], tuple[tuple[str, str, str], Mapping[str, Any]]] = {}
        self._stale: dict[tuple[str, str], str] = {}  # to be described anew, by the id where it is known
        self._gone: dict[tuple[str, str], str] = {}  # the id of the stack that was asked for last and is no more

    def stacks(self, region: str) -> Stacks:
        """CloudFormation in a region; the first time, with a look at all that is there."""
        with self._lock:
            if region in self._stacks:
                return self._stacks[region]
            listing = self._listing.setdefault(region, threading.Lock())
        with listing:
            if region not in self._stacks:
                stacks = Stacks(self.clients, region, self._bucket, self._role)
                for one in stacks.describe_all():
                    self._seen[region, one.name] = one
                self._stacks[region], self._surveyed[region] = stacks, time.monotonic()
            return self._stacks[region]

    def services(self, region: str) -> Services:
        """ECS in a region."""
        with self._lock:
            if region not in self._services:
                self._services[region] = Services(self.clients, region)
            return self._services[region]

    def stack(self, region: str, name: str) -> StackObservation | None:
        """The stack as it was seen last."""
        stacks = self.stacks(region)
        stale = self._stale.pop((region, name), None)  # before it is asked: a doubt that comes meanwhile counts
        if stale is not None:
            try:
                found = stacks.describe(stale or name)
            except Exception:
                self._stale.setdefault((region, name), stale)
                raise
            gone = found is None or found.status == "DELETE_COMPLETE"
            self._seen[region, name] = None if gone else found
            if gone and stale:
                self._gone[region, name] = stale
        return self._seen.get((region, name))

    def survey(self, region: str, every: float) -> None:
        """Doubts each stack at rest that is not as it was seen last: one look at all, once in so many seconds."""
        stacks = self.stacks(region)
        with self._lock:
            now = time.monotonic()
            if now - self._surveyed[region] < every:
                return
            self._surveyed[region] = now
        try:
            there = {one.name: (one.id, one.status, one.updated_at) for one in stacks.describe_all()}
        except ReconcileError as error:  # it is tried again in its time
            log.warning("survey of %s: %s", region, error.message)
            return
        for (where, name), known in list(self._seen.items()):
            rests = where == region and known is not None and not busy(known.status)
            if rests and known is not None and there.get(name) != (known.id, known.status, known.updated_at):
                self.doubt(region, name)

    def template(self, region: str, stack: StackObservation) -> Mapping[str, Any]:
        """The template that the stack has, read once for each change of the stack."""
        mark = (stack.id, stack.status, stack.template_digest)
        with self._lock:
            known = self._templates.get((region, stack.name))
        if known is None or known[0] != mark:
            known = (mark, self.stacks(region).template(stack))
            with self._lock:
                self._templates[region, stack.name] = known
        return known[1]

    def known(self, region: str, name: str) -> StackObservation | None:
        """The stack as it was seen last, without a look, whatever is in doubt."""
        return self._seen.get((region, name))

    def count(self, region: str) -> int:
        """How many stacks the region has, somebody else's among them, as far as was seen."""
        return sum(place == region and stack is not None for (place, _), stack in list(self._seen.items()))

    def gone(self, region: str, name: str, stack_id: str) -> bool:
        """Whether CloudFormation was asked for this very stack, by its id, and has it no more: an id never comes back."""
        return bool(stack_id) and self._gone.get((region, name)) == stack_id

    def ended(self, region: str, name: str) -> None:
        """The follower saw the stack's operation end; of an app that was forgotten since, nothing is remembered for it."""
        if self._seen.get((region, name)) is not None:
            self.doubt(region, name)

    def doubt(self, region: str, name: str, stack_id: str = "") -> None:
        """Look anew at the next need; `stack_id` is asked for where no stack is known."""
        self._change_sets.pop((region, name), None)
        seen = self._seen.get((region, name))
        self._stale[region, name] = seen.id if seen else stack_id or self._stale.get((region, name), "")

    def change_set(self, region: str, stack_name: str, name: str) -> ChangeSet | None:
        """The stack's change set of that name; one that waits to be carried out, or has failed, is described every half hour."""
        seen, at = self._change_sets.get((region, stack_name), (None, 0.0))
        rests = seen is not None and seen.name == name and (seen.execution == "AVAILABLE" or seen.status == "FAILED")
        if not rests or time.monotonic() - at > LOOK:
            seen = self.stacks(region).change_sets.describe(stack_name, name)
            self._change_sets[region, stack_name] = seen, time.monotonic()
        return seen

    def put(self, region: str, stack: StackObservation) -> StackObservation:
        """What a call that was just made has turned the stack into."""
        self._seen[region, stack.name] = stack
        return stack

    def forget(self, region: str, name: str, services: Iterable[str] = ()) -> None:
        """The app is gone, and with it its services, by ARN. A stack that stays is remembered: the name is taken."""
        stack = self._seen.get((region, name))
        stays = stack is not None and not stack.status.startswith("DELETE_")
        if stack is not None and stays:  # whose it is by the time the name is wanted again nobody knows
            self._stale[region, name] = stack.id
        for one in (self._change_sets, self._templates, self._gone, *(() if stays else (self._stale, self._seen))):
            one.pop((region, name), None)
        self.forget_services(region, services)

    def forget_services(self, region: str, arns: Iterable[str]) -> None:
        """They are not to be read again."""
        with self._lock:
            services = self._services.get(region)
        if services is not None:
            services.forget(arns)
