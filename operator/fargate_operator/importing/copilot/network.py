"""`network.vpc`: the subnets and security groups of a workload's tasks."""

from typing import Any

from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.values import from_export, text, texts
from fargate_operator.importing.cursor import Cursor

# Of subnets that only the account knows: tasks do not run in the default VPC, with public addresses, unasked.
_STAND_IN = {"subnetIds": ["<private-subnet>"], "assignPublicIp": False}
_GROUPS = (
    "Copilot adds the environment's security group, the operator adds none to those that are named: they must let in the load "
    "balancer and the services that call this one"
)


def network(top: Cursor, draft: Draft) -> dict[str, Any] | None:
    """What differs from the shared network, which is the environment's public subnets where its manifest was given."""
    vpc = top.get("network", "vpc")
    if vpc is None:
        return None
    groups = _groups(vpc.get("security_groups"))
    return {**_placement(vpc.get("placement"), draft), **({"securityGroupIds": groups} if groups else {})} or None


def shared(draft: Draft) -> None:
    """Public subnets and addresses are Copilot's default."""
    if draft.environment.public:
        draft.spec["network"] = {"subnetIds": list(draft.environment.public), "assignPublicIp": True}


def _placement(cursor: Cursor | None, draft: Draft) -> dict[str, Any]:
    if cursor is None:
        return {}
    if isinstance(cursor.node.value, dict):
        subnets = cursor.get("subnets")
        return _subnets(subnets) if subnets else {}
    where = text(cursor)
    if where == "private" and draft.environment.private:
        return {"subnetIds": list(draft.environment.private), "assignPublicIp": False}
    if where == "private":
        cursor.lose(
            "name the environment's private subnets in network.subnetIds; or import its own manifest, too, where it has their ids"
        )
        return _STAND_IN
    if where and where != "public":
        cursor.lose("must be public or private")
    return {}


def _subnets(cursor: Cursor) -> dict[str, Any]:
    if tags := cursor.get("from_tags"):
        tags.lose("write network.selector with the vpcId and these tags, in place of subnetIds; a tag has one value there")
        return _STAND_IN
    return {"subnetIds": texts(cursor), "assignPublicIp": False}


def _groups(cursor: Cursor | None) -> list[str]:
    if cursor is None:
        return []
    whole = isinstance(cursor.node.value, dict) and "from_cfn" not in cursor.node.value
    listed = cursor.get("groups") if whole else cursor
    denied = (deny := cursor.get("deny_default")) is not None and deny.flag() is True
    found = [from_export(one) or text(one) for one in (listed.each() if listed else [])]
    if not denied:
        cursor.lose(_GROUPS)
    return [one for one in found if one]
