"""The facts of one reconcile: recorded or looked up, and what must be live put in before a write. At the edge: it asks AWS.

What to ask and what the answers mean is decided in `gathering`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fargate_operator import names
from fargate_operator.aws.live import ask
from fargate_operator.aws.resolve import resolve
from fargate_operator.compiler import input_digest
from fargate_operator.facts import Facts, recall, record
from fargate_operator.facts import pins as facts_pins
from fargate_operator.gathering import answered, carried, questions
from fargate_operator.grounding import Unresolved
from fargate_operator.model import App
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.seen import Seen
from fargate_operator.template import Template
from fargate_operator.world import World


def known_facts(world: World, seen: Seen, app: App, owner: Owner, *, reconcile_now: bool) -> tuple[Facts, Facts]:
    """Pinned while the spec is the same, else looked up anew; what AWS changes by itself is carried on. And what was recorded."""
    if (seen.previous.get("stack") or {}).get("id"):  # a status that has not seen the stack yet knows nothing of it
        unchanged = seen.previous.get("observedGeneration") == seen.generation and not reconcile_now
        recorded = pins(seen.previous, Facts(seen.account_id, seen.region))
        return carried(app, recorded, _resolved(world, seen, app, recorded if unchanged else None)), recorded
    recorded, made_from = _remembered(world, seen, owner)
    facts = carried(app, recorded, _resolved(world, seen, app, recorded))
    built = replace(facts, repositories=recorded.repositories, commits=recorded.commits)
    if input_digest(app, built) == made_from and not reconcile_now:
        return facts, recorded
    return carried(app, recorded, _resolved(world, seen, app, None)), recorded  # another spec: no pins for it


def _resolved(world: World, seen: Seen, app: App, known: Facts | None) -> Facts:
    """With what is missing, and stand-ins for it: what the rest of the app lacks is to be told as well."""
    try:
        return resolve(world.clients, seen.region, app, known)
    except Unresolved as error:
        return error.facts


def live_facts(world: World, seen: Seen, app: App, facts: Facts, template: Template) -> Facts:
    """`facts` with the counts and weights that this template must be written with; InvalidSpec where it cannot be written now."""
    asked = questions(app, facts, template, seen.stack)
    return answered(app, facts, template, asked, ask(world.clients, seen.region, asked))


def repinned(seen: Seen, facts: Facts, last: Facts) -> dict[str, Any]:
    """What the status is to record: of what is missing by now what was found before, as long as the spec is the same."""
    found = facts_pins(facts)
    if seen.previous.get("observedGeneration") != seen.generation:
        return found
    old = record(last)
    for one in facts.missing:
        if one.part == "listener" and one.part in old:
            found[one.part] = old[one.part]
        elif one.part != "listener" and one.key in old.get(one.part, {}):
            found[one.part] = {**found.get(one.part, {}), one.key: old[one.part][one.key]}
    return found


def pins(previous: Mapping[str, Any], base: Facts) -> Facts:
    """What a status recorded of what was looked up."""
    images = {name: one.get("uri") for name, one in (previous.get("images") or {}).items() if one.get("uri")}
    commits = {name: one.get("commit") for name, one in (previous.get("images") or {}).items() if one.get("commit")}
    return recall({**(previous.get("pins") or {}), "images": images, "commits": commits}, base)


def _remembered(world: World, seen: Seen, owner: Owner) -> tuple[Facts, str]:
    """When the status was lost: the facts that the app's stack was made from, and its input digest; empty without a stack."""
    nothing = Facts(seen.account_id, seen.region)
    stack: StackObservation | None = world.stack(seen.region, seen.stack_name)
    if stack is None or stack.owner != owner or not stack.input_digest:
        return nothing, ""
    recorded = (world.template(seen.region, stack).get("Metadata") or {}).get(names.DOMAIN) or {}
    return recall(recorded, nothing), stack.input_digest
