"""The pure core's whole way, from a manifest to a status, with facts that are made up."""

import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml
from pydantic.alias_generators import to_camel

from fargate_operator.bounds import Bounds, parse_bounds
from fargate_operator.compiler import compile_app
from fargate_operator.errors import ReconcileError
from fargate_operator.facts import Copied, Facts, Listener, Subnets, config_map
from fargate_operator.fragments.environment_from import CONFIG_MAPS
from fargate_operator.fragments.network import Selector
from fargate_operator.model import App, network_questions
from fargate_operator.observation import Owner
from fargate_operator.pace import Outcome, outcome
from fargate_operator.parsing import parse_app
from fargate_operator.plan import Attempt, Wish, plan
from fargate_operator.police import police
from fargate_operator.seen import Seen
from fargate_operator.status import summarize

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ROLES = "default:\n  permissionsBoundary: arn:aws:iam::123456789012:policy/boundary\n  rolePath: /apps/\n"
NARROW = parse_bounds(_ROLES).of("team-a")
_FREE = {to_camel(name): True if one.annotation is bool else ["*"]
         for name, one in Bounds.model_fields.items() if one.default in ((), False)}  # fmt: skip
WIDE = parse_bounds(_ROLES + textwrap.indent(yaml.safe_dump(_FREE), "  ")).of("team-a")


def manifest(spec: Any, name: str = "shop", **metadata: Any) -> dict[str, Any]:
    """The object as the API server would give it."""
    own = {"namespace": "team-a", "name": name, "uid": "uid-1", "generation": 1, "resourceVersion": "1", **metadata}
    return {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": own, "spec": spec}


def facts(app: App) -> Facts:
    """An answer to every question that the app leaves open."""
    subnets = {}
    for key, asked in network_questions(app).items():
        vpc = asked.vpc_id if isinstance(asked, Selector) else "vpc-1"
        subnets[key] = Subnets(vpc, asked if isinstance(asked, tuple) else ("subnet-1", "subnet-2"), ("a", "b"))
    named = [(kind, name) for _, kind, name in app.sources()]
    return Facts(
        "123456789012",
        "eu-west-1",
        subnets=subnets,
        images={name: f"example/{name}:1" for name in app.spec.images or {}},
        code={key: "v1" for key, one in (app.spec.functions or {}).items() if one.code},
        listener=Listener("vpc-1", ("sg-1",), "https://l") if app.existing_listener() else None,
        config_maps={name: config_map({"A": "1"}) for kind, name in named if kind == CONFIG_MAPS},
        copied={name: Copied("uid/1", ("KEY",)) for kind, name in named if kind != CONFIG_MAPS},
    )


@dataclass(frozen=True, slots=True)
class End:
    """What became of a manifest; `came` names the last station that it reached."""

    status: dict[str, Any]
    outcome: Outcome
    came: str
    error: ReconcileError | None = None


def through(source: dict[str, Any], bounds: Bounds | None = WIDE) -> End:
    """Parse, compile, police, plan, summarize. Nothing but ReconcileErrors is caught."""
    seen, came = Seen({}, 1, NOW, region="eu-west-1", account_id="123456789012", stack_name="team-a-shop-123456"), "parse"
    try:
        app = parse_app(source)
        seen, came = Seen({}, 1, NOW, seen.region, seen.account_id, seen.stack_name, app=app), "compile"
        known = facts(app)
        template = compile_app(app, known)
        template.json().encode()
        came = "police"
        police(app, template, bounds, known, seen.stack_name)
        came = "plan"
        action = plan(Wish(Owner("here", "team-a", "shop"), template_digest=template.digest), None, Attempt())
        seen = Seen({}, 1, NOW, seen.region, seen.account_id, seen.stack_name, app=app, action=action)
    except ReconcileError as error:
        seen = Seen({}, 1, NOW, seen.region, seen.account_id, seen.stack_name, app=seen.app, error=error)
        status = summarize(seen)
        return End(status, outcome(seen, status, 300.0, 3600.0), came, error)
    status = summarize(seen)
    return End(status, outcome(seen, status, 300.0, 3600.0), came)
