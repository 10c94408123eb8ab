"""Apps behind a load balancer, for tests: compiled with what a look into AWS would have found."""

from typing import Any

from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Facts, Listener, Subnets
from fargate_operator.fragments.network import Selector
from fargate_operator.model import App, network_questions
from fargate_operator.parsing import parse_app
from fargate_operator.template import Template
from test_model import manifest

LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/0123456789abcdef"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-1111-4111-8111-11111111111"
VPC = "vpc-0123456789abcdef0"
SHARED = Listener(VPC, ("sg-0123456789abcdef0",), "https://shared.elb.amazonaws.com:8443")


def web(**http: Any) -> dict[str, Any]:
    return {"image": "app", "port": 8080, "http": http}


def zone(subnet: str) -> str:
    """A subnet's zone is its last letter, of which `x` says that it is in another VPC."""
    return f"eu-west-1{subnet[-1]}"


def found(app: App, *, listener: Listener | None = SHARED, looked: bool = True) -> Facts:
    """A subnet whose id begins with ``other`` lies in another VPC; without `looked` nothing is known of zones."""
    subnets = {}
    for key, asked in network_questions(app).items():
        ids = asked if isinstance(asked, tuple) else ("subnet-a", "subnet-b", "subnet-2b")
        vpc = asked.vpc_id if isinstance(asked, Selector) else "vpc-other" if ids[0].startswith("other") else VPC
        subnets[key] = Subnets(vpc, ids, tuple(map(zone, ids)) if looked else ())
    images = dict.fromkeys(app.spec.images or {}, "example/app:1")
    known = listener if app.existing_listener() else None
    return Facts("123456789012", "eu-west-1", subnets=subnets, images=images, listener=known)


def compiled(**spec: Any) -> Template:
    app = parse_app(manifest(**spec))
    return compile_app(app, found(app))


def properties(logical_id: str, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = compiled(**spec).resources[logical_id]["Properties"]
    return body


def faults(**spec: Any) -> dict[str, str]:
    try:
        compiled(**spec)
    except InvalidSpec as error:
        return {fault.path: fault.message for fault in error.faults}
    return {}
