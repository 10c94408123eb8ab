"""What applying a manifest would do to its stack, by a change set that is made, read and deleted again.

At the edge. It finds facts and makes the template as the operator does, and writes nothing but that change set.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError

from fargate_operator import names
from fargate_operator.approval import NO_CHANGES, UNDER_WAY
from fargate_operator.aws.clients import Clients
from fargate_operator.aws.stacks import Order
from fargate_operator.bounds_file import BoundsFile
from fargate_operator.cluster import connect
from fargate_operator.facts import Facts, Place
from fargate_operator.fallback import in_template
from fargate_operator.grounding import Unresolved
from fargate_operator.images import Images, Look, stacks_of
from fargate_operator.kube import Kube
from fargate_operator.lookup import known_facts, live_facts
from fargate_operator.model import App
from fargate_operator.observation import Change, ChangeSet, Owner, StackObservation
from fargate_operator.parameters import NONE
from fargate_operator.parsing import parse_app
from fargate_operator.plan import NEVER_UP, STUCK, busy
from fargate_operator.seen import Seen
from fargate_operator.settings import Settings, Unusable
from fargate_operator.source_index import SourceIndex
from fargate_operator.sources import Sources
from fargate_operator.template import Template
from fargate_operator.templates import Templates
from fargate_operator.world import World

PATIENCE = 300.0  # seconds for CloudFormation to work a change set out

_EMPTY = NEVER_UP | {"REVIEW_IN_PROGRESS"}  # everything is made, or made again


class Comparison:
    """Compares manifests with the stacks of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._world = World(Clients(settings.region), settings.template_bucket, settings.cloudformation_role)
        self._templates = Templates(BoundsFile(settings.bounds) if settings.bounds else None)

    def changes(self, manifest: Mapping[str, Any], namespace: str) -> tuple[str, tuple[Change, ...] | None]:
        """What the app's stack is called, and what would change; None: nothing."""
        metadata, spec = manifest.get("metadata"), manifest.get("spec")
        metadata, spec = metadata if isinstance(metadata, Mapping) else {}, spec if isinstance(spec, Mapping) else {}
        manifest = {**manifest, "metadata": {"namespace": namespace, **metadata}}
        region = str(spec.get("region") or self._world.clients.region)
        if not region:
            raise Unusable("spec.region: the app names no region, and AWS_REGION is not set")
        account, _ = self._world.clients.account(region)
        app = parse_app(manifest, Place(account, region))
        owner = Owner(self._installation(), app.namespace, app.name)
        name = app.spec.stack_name or names.stack_name(owner.installation, app.namespace, app.name, self._settings.stack_prefix)
        title = f"{app.namespace}/{app.name}: stack {name} in {region}"
        try:
            stack = self._world.stack(region, name)
        except BotoCoreError as error:
            raise Unusable(f"AWS cannot be asked: {error}") from error
        self._accept(app, owner, stack)
        seen = Seen({}, 0, datetime.now(UTC), region=region, account_id=account, stack_name=name, app=app, stack=stack)
        facts, template = self._made(seen, app, owner)
        if stack is None or stack.status in _EMPTY:
            added = (Change("Add", key, str(body.get("Type"))) for key, body in sorted(template.resources.items()))
            return title, tuple(added)
        if stack.owner == owner and stack.template_digest == template.digest:
            return title, None
        parameters = NONE
        if template.parameters:
            running = self._world.stacks(region).template(stack) if stack.owner == owner else {}
            parameters = self._sources.parameters(app, facts, running)
        adopts = stack if stack.owner != owner else None
        return title, self._proposed(Order("", owner, name, template, parameters=parameters, adopts=adopts), stack, region, app)

    def _accept(self, app: App, owner: Owner, stack: StackObservation | None) -> None:
        if stack is None or stack.status == "REVIEW_IN_PROGRESS":
            return
        if stack.status in STUCK | {"DELETE_FAILED"}:
            raise Unusable(f"the stack {stack.name} is in {stack.status}, in which CloudFormation takes no change")
        if busy(stack.status):
            raise Unusable(f"the stack {stack.name} is in {stack.status}; ask again when CloudFormation is done")
        theirs = app.spec.adoption == "Adopt" and stack.offered_to(owner)
        if stack.owner != owner and not theirs:
            raise Unusable(
                f"the stack {stack.name} is not of this app in installation {owner.installation}; "
                "is --installation-id what the operator has?"
            )

    def _made(self, seen: Seen, app: App, owner: Owner) -> tuple[Facts, Template]:
        """What the operator would send now, and what it is made from."""
        self._templates.may_read(app)
        facts, last = known_facts(self._world, seen, app, owner, reconcile_now=False)
        if facts.missing:
            raise Unresolved(facts)
        look = Look(
            (owner.namespace, owner.name), seen.region, app, *stacks_of(app, owner, seen.stack), last, asked=False, request=""
        )
        facts, _ = Images(self._world).look(look, facts)
        facts = replace(facts, spot=in_template(app, facts.spot))
        named = list(app.sources())  # without any no cluster is asked: there may be none
        facts = self._sources.facts(app, facts) if named else replace(facts, config_maps={}, copied={})
        template = self._templates.make(app, facts, seen.stack_name)
        if seen.stack is None or seen.stack.owner != owner or seen.stack.template_digest == template.digest:
            return facts, template
        facts = live_facts(self._world, seen, app, facts, template)
        return facts, self._templates.make(app, facts, seen.stack_name)

    def _proposed(self, order: Order, stack: StackObservation, region: str, app: App) -> tuple[Change, ...] | None:
        stacks = self._world.stacks(region)
        name = f"fargate-operator-diff-{uuid.uuid4().hex}"
        made, _ = stacks.propose(order, name, stack, imports=app.spec.adoption == "Adopt")
        try:
            change_set = self._worked_out(region, stack, name)
        finally:
            stacks.change_sets.discard(made)
        if change_set.status != "FAILED":
            return change_set.changes
        if any(words in change_set.reason for words in NO_CHANGES):
            return ()  # the templates differ, but in no resource
        raise Unusable(f"CloudFormation refuses the change set: {change_set.reason}")

    def _worked_out(self, region: str, stack: StackObservation, name: str) -> ChangeSet:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = self._world.stacks(region).change_sets.describe(stack.name, name)
            if found is not None and found.status not in UNDER_WAY:
                return found
            time.sleep(0.5)
        raise Unusable(f"CloudFormation did not work the change set out in {PATIENCE:g} s")

    def _installation(self) -> str:
        return self._settings.installation_id or self._kube.cluster_id()

    @cached_property
    def _kube(self) -> Kube:
        return connect()

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self._kube.objects, SourceIndex())
