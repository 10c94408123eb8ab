"""`http` and `nlb`: how a service is reached through a load balancer."""

from typing import Any

from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.values import duration, text, texts
from fargate_operator.importing.cursor import Cursor

STICKY = "24h"  # what the load balancer has where only `true` is said
_RULE = "a service has one host and path, and one port; make a second service with the same image for it"
_ALIAS = "the DNS record is yours to make, and the certificate for HTTPS yours to name in loadBalancer.certificateArns"
_RECORD = "the DNS record is yours to make; it can be an AWS::Route53::RecordSet in resources"
_LOST = {
    "additional_rules": _RULE,
    "hosted_zone": _RECORD,
    "alb": "name a listener of it in loadBalancer.listenerArn, and give http.priority",
}
_HEALTH = {
    "healthy_threshold": "healthyThreshold",
    "unhealthy_threshold": "unhealthyThreshold",
}


def http(top: Cursor, draft: Draft, port: int | None, *, internal: bool) -> dict[str, Any] | None:
    """The service's http; None where it has none. `port` is the one that requests go to."""
    cursor = top.get("http")
    if network := top.get("nlb"):
        network.lose("there is no Network Load Balancer; make one in resources, and name its target group in overrides.service")
    if cursor is None or cursor.node.value is False:
        if cursor:
            cursor.skip()
        return None
    if internal and draft.public:
        cursor.lose("an app has one load balancer, and this one faces the internet: make an app of its own for internal services")
        return None
    if internal:
        draft.part("loadBalancer")["internal"] = True
    draft.sources.append(cursor.get("allowed_source_ips"))
    for field, message in _LOST.items():
        if lost := cursor.get(field):
            lost.lose(message)
    return {name: value for name, value in _fields(cursor, draft, port).items() if value not in (None, {})}


def _fields(cursor: Cursor, draft: Draft, port: int | None) -> dict[str, Any]:
    path, stickiness = text(cursor.get("path")), cursor.get("stickiness")
    version, redirect = cursor.get("version"), cursor.get("redirect_to_https")
    if version and (text(version) or "").lower() != "http1":
        version.lose("the load balancer speaks HTTP/1.1 with the tasks")
    if redirect and redirect.flag() is False:
        redirect.lose("with a certificate HTTP is always redirected to HTTPS")
    return {
        "path": None if path is None else f"/{path.lstrip('/')}",
        "host": _host(cursor.get("alias"), draft),
        "healthCheck": _health_check(cursor.get("healthcheck"), port),
        "stickiness": STICKY if stickiness and stickiness.flag() else None,
        "deregistrationDelay": duration(cursor.get("deregistration_delay")),
    }


def _host(cursor: Cursor | None, draft: Draft) -> str | None:
    """The first alias."""
    if cursor is None:
        return None
    aliases = cursor.each()
    for other in aliases[1:]:
        other.lose(_RULE)
    if not aliases:
        return None
    first = aliases[0]
    name = first.get("name") or first
    if zone := first.get("hosted_zone"):
        zone.lose(_RECORD)
    host = text(name)
    if host:
        name.lose(_RECORD if draft.environment.certificates else _ALIAS)
    return host


def _health_check(cursor: Cursor | None, port: int | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    if not isinstance(cursor.node.value, dict):
        return {"path": text(cursor)}
    if (given := cursor.get("port")) and given.integer() != port:
        given.lose("the check goes to the port that requests go to")
    durations = {"interval": "interval", "timeout": "timeout", "grace_period": "gracePeriod"}
    found: dict[str, Any] = {"path": text(cursor.get("path")), "codes": text(cursor.get("success_codes"))}
    found |= {ours: duration(cursor.get(theirs)) for theirs, ours in durations.items()}
    found |= {ours: one.integer() for theirs, ours in _HEALTH.items() if (one := cursor.get(theirs))}
    return {name: value for name, value in found.items() if value is not None}


def addresses(draft: Draft) -> None:
    """Who may connect: ours is the load balancer's, so that all services with http must say the same."""
    lists = [None if one is None else texts(one) for one in draft.sources]
    if not any(lists):
        return
    for one in draft.sources:
        if one:
            draft.report.made("spec.loadBalancer.allowedCidrs", one.node)
    taken = draft.part("loadBalancer").get("allowedCidrs", lists[0])
    if all(one == taken for one in lists):
        draft.part("loadBalancer")["allowedCidrs"] = lists[0]
        return
    for one in draft.sources:
        if one:
            one.lose("address ranges are the load balancer's, loadBalancer.allowedCidrs, and hold for all services of the app")
