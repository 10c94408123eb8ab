"""The rights of tasks and functions, and their roles."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import kept, raw, text, texts

_ALSO_FUNCTIONS = "is for tasks alone in the plugin; in a FargateApp the functions get it, too"


def iam(context: Context, provider: Cursor, fargate: Cursor) -> None:
    """`iam.role` first, then `provider`, then `fargate`, as the plugin puts them together."""
    stack = context.stack
    role = provider.get("iam", "role")
    if role and (isinstance(role.node.value, str) or role.get("Fn::GetAtt") or role.get("Fn::ImportValue") or role.get("Ref")):
        role.lose("is the role of all functions; here each has its own, with the rights of iam", "spec.iam")
        role = None
    if one := provider.get("role"):
        one.lose("is the role of all functions; here each has its own, with the rights of iam", "spec.iam")
    places = [role, provider, fargate]
    statements: list[Any] = []
    policies: list[str] = []
    for place, (first, second) in zip(
        places, (("statements", "managedPolicies"), *[("iamRoleStatements", "iamManagedPolicies")] * 2), strict=True
    ):
        found = place.get(first) if place else None
        statements += (raw(one, stack) for one in found.each()) if found else ()
        policies += texts(place.get(second), stack) if place else ()
    boundary = role.get("permissionsBoundary") if role else None
    boundary = boundary or provider.get("rolePermissionsBoundary")
    context.put("iam", kept(statements=statements, managedPolicies=policies, permissionsBoundary=text(boundary, stack)))
    for name in ("executionRoleArn", "taskRoleArn"):
        context.put("iam", kept(**{name: text(fargate.get(name), stack)}))
    for name in ("iamRoleStatements", "iamManagedPolicies") if context.mixed else ():
        if one := fargate.get(name):
            one.lose(_ALSO_FUNCTIONS, "spec.iam")
    for name in ("name", "path", "tags"):
        if role and (one := role.get(name)):
            one.lose("has no counterpart; the roles are named by CloudFormation and have the app's tags", "spec.iam")
    if one := provider.get("iam", "deploymentRole"):
        one.skip()  # CloudFormation's role is the operator's setting
