"""Copilot's manifests of services and jobs, one or all of an application, as one FargateApp.

See https://aws.github.io/copilot-cli/docs/manifest/overview/.
"""

from dataclasses import replace
from typing import Any

from fargate_operator.importing.copilot import topics
from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.environment import APPLICATION, ENVIRONMENT, Environment, environment, prepared
from fargate_operator.importing.copilot.http import addresses
from fargate_operator.importing.copilot.network import shared
from fargate_operator.importing.copilot.plaintext import tell_secrets
from fargate_operator.importing.copilot.tasks import retention
from fargate_operator.importing.copilot.values import text
from fargate_operator.importing.copilot.workloads import CONVERTERS, LOST
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, Unreadable
from fargate_operator.importing.writer import manifest

_OWN = "Environment"


def recognizes(root: Node) -> bool:
    """Whether it is a manifest of Copilot's, or a list of several."""
    return all(_type(one) in (*CONVERTERS, *LOST, _OWN) for one in _roots(root))


def convert(root: Node, options: Options, report: Report) -> dict[str, Any]:
    """The FargateApp."""
    options = _informed(root, options)
    tops = [Cursor(prepared(one, options.stage, options.environment), report) for one in _roots(root)]
    spec: dict[str, Any] = {"region": options.region} if options.region else {}
    own = [environment(top, spec) for top in tops if _type(top.node) == _OWN and _is_of(top, options.stage)]
    if options.stage and not own:
        _tell_unknown_stage(root, options.stage, report)
    workloads = [top for top in tops if _type(top.node) != _OWN]
    named = _named(workloads)
    draft = Draft(_name(workloads, options), options, report, own[0] if own else Environment(), frozenset(named), spec)
    for name, top in named.items():
        draft.public |= _faces_the_internet(top)
        topics.publish(top, name, draft)
    for name, top in named.items():
        if _type(top.node) not in CONVERTERS:
            raise Unreadable(f"{top.node.file}:{top.node.line}: the type {_type(top.node)!r} is none of Copilot's")
        tell_secrets(top.at(f"spec.{_kind(top)}.{name}"))
        CONVERTERS[_type(top.node)](top.at(f"spec.{_kind(top)}.{name}"), name, draft)
    _finish(draft)
    for top in workloads:
        if others := top.get("environments"):
            others.lose("give --env NAME to take the values of an environment")
        top.unread()
    return manifest(draft.name, options.namespace, draft.spec)


def _roots(root: Node) -> list[Node]:
    return root.value if isinstance(root.value, list) else [root]


def _type(root: Node) -> str:
    found = root.value.get("type") if isinstance(root.value, dict) else None
    return str(found.value) if found else ""


def _is_of(top: Cursor, stage: str) -> bool:
    """Whether an environment's manifest is that of the environment that is imported; it is told where it is not."""
    name = top.get("name")
    if name is None or text(name) == stage:
        return True
    top.skip()  # as a whole
    name.lose("is another environment than the one that is imported; give --env")
    return False


def _tell_unknown_stage(root: Node, stage: str, report: Report) -> None:
    """Tell that no manifest has values for the environment, though there are some for others: its name may be a wrong one."""
    known = [
        found for one in _roots(root) if (found := Cursor(one, report).get("environments")) and isinstance(found.node.value, dict)
    ]
    if not any(stage in one.node.value for one in known):
        for one in known:
            one.note(f"has no values for {stage}; there are: {', '.join(one.node.value) or 'none'}")


def _kind(top: Cursor) -> str:
    return "scheduledTasks" if _type(top.node) == "Scheduled Job" else "services"


def _informed(root: Node, options: Options) -> Options:
    """With Copilot's two variables, and the environment of the one environment's manifest that was given."""
    names = [text(Cursor(one, Report("")).get("name")) for one in _roots(root) if _type(one) == _OWN]
    stage = options.stage or (names[0] if len(names) == 1 else "") or ""
    known = {key: value for key, value in ((APPLICATION, options.app), (ENVIRONMENT, stage)) if value}
    return replace(options, stage=stage, environment={**options.environment, **known})


def _name(workloads: list[Cursor], options: Options) -> str:
    """Of the FargateApp: the application's, or that of the only workload."""
    own = text(workloads[0].get("name")) if len(workloads) == 1 else None
    return options.name or options.app or own or "app"


def _named(workloads: list[Cursor]) -> dict[str, Cursor]:
    """The manifests that can be carried over, by their names."""
    found: dict[str, Cursor] = {}
    for top in workloads:
        kind, name = _type(top.node), text(top.get("name"))
        for step in ("type", "name"):
            if settled := top.get(step):
                settled.skip()
        if kind in LOST or not name or name in found:
            top.skip()  # as a whole
            twice = "must have a name" if not name else f"{name} is the name of another manifest, too; import them one by one"
            (top.get("type" if kind in LOST else "name") or top).lose(LOST.get(kind) or twice)
        else:
            found[name] = top
    return found


def _faces_the_internet(top: Cursor) -> bool:
    http = top.get("http")
    return _type(top.node) == "Load Balanced Web Service" and http is not None and http.node.value is not False


def _finish(draft: Draft) -> None:
    known = {key: draft.options.environment[key] for key in (APPLICATION, ENVIRONMENT) if key in draft.options.environment}
    if known:
        draft.spec["environment"] = known  # which Copilot puts into every container
    addresses(draft)
    retention(draft)
    shared(draft)
    given = draft.environment
    if not draft.sources:
        draft.spec.pop("loadBalancer", None)  # it would make nothing
        return
    if certificates := given.certificates if draft.public else given.internal_certificates:
        draft.part("loadBalancer")["certificateArns"] = list(certificates)
    if subnets := given.public if draft.public else given.private:
        draft.part("loadBalancer")["subnetIds"] = list(subnets)
