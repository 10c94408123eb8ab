"""The rights of tasks and functions, and their roles."""

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
    older = ("iamRoleStatements", "iamManagedPolicies")
    for place, (first, second) in ((role, ("statements", "managedPolicies")), (provider, older), (fargate, older)):
        _rights(place and place.get(first), place and place.get(second), context)
    boundary = role.get("permissionsBoundary") if role else None
    boundary = boundary or provider.get("rolePermissionsBoundary")
    context.put("iam", kept(permissionsBoundary=text(boundary, stack)))
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


def _rights(statements: Cursor | None, policies: Cursor | None, context: Context) -> None:
    """More of them, each with its place for the faults that are found in it."""
    rights = context.spec.get("iam", {})
    found, made = list(rights.get("statements", ())), context.top.report.made
    for one in statements.each() if statements else ():
        made(f"spec.iam.statements[{len(found)}]", one.node)
        found.append(raw(one, context.stack))
    if policies:
        made("spec.iam.managedPolicies", policies.node)
    named = [*rights.get("managedPolicies", ()), *texts(policies, context.stack)]
    context.put("iam", kept(statements=found, managedPolicies=named))
