"""The roles that a platform makes in its account: clean, no more than needed, and no way out of the boundary."""

import json
from pathlib import Path

import cfnlint
import pytest
import yaml
from cfnlint.api import lint_file

from golden_cases import CASES, example, golden
from roles import ACCOUNT, BOUNDARY, EVENT_QUEUE, FOR_DRIFT, OWN_STACK, PATH, SERVICE_ROLE, actions, allows, statements

STACK = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
DEFINITION = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:"
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"

# What the types' handlers name and the service role does not have, by the reason.
LEFT_OUT = {
    "an app's template uses no key of its own, no CodeDeploy, no volume of a function, and has no API's body in S3": {
        "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:RetireGrant", "kms:Encrypt", "kms:GenerateDataKey", "s3:getObject", "codedeploy:CreateDeployment", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig",
        "codedeploy:GetDeploymentGroup", "codedeploy:StopDeployment", "elasticfilesystem:DescribeMountTargets",
        "s3files:ListMountTargets", "lambda:PutFunctionCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig", "lambda:AssociateRuntimeAlias", "lambda:PassCapacityProvider",
    },
    "for mutual TLS of a host name only": {"apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain"},
    "only for the account's defaults, instances and lists that no handler of ours calls": {
        "ecs:PutAccountSetting", "ecs:PutAccountSettingDefault", "ec2:DescribeInstances", "iam:ListRoles",
    },
    "listeners of an app ask nobody to sign in, its load balancers reserve no capacity and take addresses from no pool": {
        "cognito-idp:DescribeUserPoolClient", "ec2:DescribeIpamPools", "elasticloadbalancing:ModifyCapacityReservation",
        "elasticloadbalancing:ModifyIpPools",
    },
    "ECS registers the targets, with its own role": {
        "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets",
    },
    "properties of a log group that no app sets": {
        "firehose:TagDeliveryStream", "s3:REST.PUT.OBJECT", "logs:AssociateKmsKey", "logs:CreateLogDelivery",
        "logs:DeleteDataProtectionPolicy", "logs:DeleteIndexPolicy", "logs:DeleteResourcePolicy", "logs:DisassociateKmsKey",
        "logs:PutBearerTokenAuthentication", "logs:PutDataProtectionPolicy", "logs:PutIndexPolicy",
        "logs:PutLogGroupDeletionProtection", "logs:PutResourcePolicy",
    },
    "the copy of Kubernetes Secrets is neither generated nor replicated, and no handler of ours lists": {
        "secretsmanager:GetRandomPassword", "secretsmanager:ListSecrets", "secretsmanager:RemoveRegionsFromReplication",
        "secretsmanager:ReplicateSecretToRegions",
    },
    "no handler of ours lists queues": {"sqs:ListQueues"},
    "not an action that IAM knows: tags are PUT and DELETE": {"apigateway:TagResource", "apigateway:UntagResource"},
    "denied: a role keeps its boundary": {"iam:DeleteRolePermissionsBoundary"},
}  # fmt: skip
# What no handler names: what Lambda asks for, in the name of whoever makes a function from an image; the types of projects that build,
# with their connections, and of a listener's further certificates, which are older than handlers.
ADDED = {
    "codebuild:BatchGetProjects", "codebuild:CreateProject", "codebuild:CreateWebhook", "codebuild:DeleteProject", "codebuild:DeleteWebhook",
    "codebuild:UpdateProject", "codebuild:UpdateWebhook", "codeconnections:GetConnection", "codeconnections:GetConnectionToken",
    "codeconnections:PassConnection", "codeconnections:UseConnection",
    "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
    "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:RemoveListenerCertificates",
}  # fmt: skip


def generated_types():
    """Without those that only raw resources have."""
    templates = [(yaml.safe_load(golden(case).read_text()), example(case)["spec"].get("resources", {})) for case in CASES]
    return {one["Type"] for template, raw in templates for name, one in template["Resources"].items() if name not in raw}


@pytest.mark.parametrize("file", ["roles.yaml", "events.yaml"])
def test_cfn_lint_finds_nothing(file):
    assert [str(one) for one in lint_file(PATH.parent / file)] == []


def test_the_service_role_has_what_the_generated_types_need_and_no_more():
    wanted, types = set(), generated_types()
    for file in SCHEMAS.glob("*.json"):
        schema = json.loads(file.read_text())
        if schema["typeName"] in types:
            types.discard(schema["typeName"])
            wanted |= {one for handler in schema.get("handlers", {}).values() for one in handler.get("permissions", ())}
    assert types == set()
    left_out = set().union(*LEFT_OUT.values())
    assert left_out <= wanted
    assert actions("CloudFormationRole") == (wanted - left_out) | ADDED


def test_the_operators_role_may_read_for_drift_what_the_handlers_read_and_no_more():
    read, types = set(), generated_types()
    for file in SCHEMAS.glob("*.json"):
        schema = json.loads(file.read_text())
        if schema["typeName"] in types:
            read |= set(schema.get("handlers", {}).get("read", {}).get("permissions", ()))
    given = {action for one in statements("OperatorRole") if one["Sid"] in FOR_DRIFT for action in one["Action"]}
    assert given - {"cloudformation:BatchDescribeTypeConfigurations", "codebuild:BatchGetProjects"} == read - set().union(
        *LEFT_OUT.values()
    ) - {
        "iam:PassRole",  # which reads nothing
        "secretsmanager:GetSecretValue",  # which is not for the operator to read
    }


def test_only_named_services_get_rights_on_everything():
    everything = {action.split(":")[0] for one in statements("CloudFormationRole") if one["Effect"] == "Allow" and one["Resource"] == "*"
                  for action in one["Action"]}  # fmt: skip
    assert everything == {
        "apigateway", "application-autoscaling", "cloudwatch", "ec2", "ecs", "elasticloadbalancing", "events", "lambda", "logs",
        "scheduler", "servicediscovery", "sns",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("allowed", "action", "resource", "context"),
    [
        (True, "iam:CreateRole", f"{ROLE}/fargate/team-a/x", {"iam_PermissionsBoundary": BOUNDARY}),
        (False, "iam:CreateRole", f"{ROLE}/fargate/team-a/x", {}),
        (False, "iam:CreateRole", f"{ROLE}/fargate/x", {"iam_PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        (False, "iam:CreateRole", f"{ROLE}/x", {"iam_PermissionsBoundary": BOUNDARY}),
        (False, "iam:PutRolePermissionsBoundary", f"{ROLE}/fargate/x", {"iam_PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        (True, "iam:PutRolePolicy", f"{ROLE}/fargate/x", {"iam_PermissionsBoundary": BOUNDARY}),
        (False, "iam:PutRolePolicy", f"{ROLE}/fargate/x", {}),
        (False, "iam:AttachRolePolicy", f"{ROLE}/fargate-operator", {"iam_PermissionsBoundary": BOUNDARY}),
        (False, "iam:PutRolePolicy", SERVICE_ROLE, {"iam_PermissionsBoundary": BOUNDARY}),
        (False, "iam:UpdateAssumeRolePolicy", SERVICE_ROLE, {}),
        (False, "iam:DeleteRolePermissionsBoundary", f"{ROLE}/fargate/x", {}),
        (False, "iam:CreatePolicyVersion", BOUNDARY, {}),
        (False, "iam:SetDefaultPolicyVersion", BOUNDARY, {}),
        (False, "iam:DeletePolicy", BOUNDARY, {}),
        (False, "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x", {}),
        (True, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "ecs-tasks.amazonaws.com"}),
        (False, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "ec2.amazonaws.com"}),
        (True, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "ecs.amazonaws.com"}),
        (True, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "codebuild.amazonaws.com"}),
        (True, "codebuild:CreateProject", f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/fargate-x-App", {}),
        (False, "codebuild:UpdateProject", f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/release", {}),
        (False, "iam:PassRole", f"{ROLE}/Admin", {"iam_PassedToService": "ecs-tasks.amazonaws.com"}),
        (True, "iam:CreateServiceLinkedRole", f"{ROLE}/aws-service-role/ecs.application-autoscaling.amazonaws.com/x",
         {"iam_AWSServiceName": "ecs.application-autoscaling.amazonaws.com"}),
        (False, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x", {}),
        (False, "secretsmanager:UpdateSecret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x", {}),
        (True, "secretsmanager:UpdateSecret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:FargateSecret-x-AbCdEf", {}),
        (False, "cloudformation:CreateStack", f"{STACK}fargate-x/1", {}),
        (False, "sts:AssumeRole", f"{ROLE}/Admin", {}),
        (True, "s3:GetObjectVersion", "arn:aws:s3:::code/api.zip", {}),
        (True, "s3:GetObject", "arn:aws:s3:::other-code/api.zip", {}),
        (False, "s3:GetObject", "arn:aws:s3:::data/api.zip", {}),
        (False, "s3:PutObject", "arn:aws:s3:::code/api.zip", {}),
    ],
)  # fmt: skip
def test_the_service_role(allowed, action, resource, context):
    assert allows("CloudFormationRole", action, resource, **context) is allowed


@pytest.mark.parametrize(
    ("allowed", "action", "resource", "context"),
    [
        (True, "cloudformation:CreateStack", f"{STACK}fargate-x/1", {"cloudformation_RoleArn": SERVICE_ROLE}),
        (False, "cloudformation:CreateStack", f"{STACK}fargate-x/1", {}),
        (False, "cloudformation:CreateStack", f"{STACK}fargate-x/1", {"cloudformation_RoleArn": f"{ROLE}/Admin"}),
        (False, "cloudformation:CreateStack", f"{STACK}other/1", {"cloudformation_RoleArn": SERVICE_ROLE}),
        (False, "cloudformation:DeleteStack", f"{STACK}other/1", {"cloudformation_RoleArn": SERVICE_ROLE}),
        (False, "cloudformation:UpdateTerminationProtection", f"{STACK}other/1", {}),
        (False, "cloudformation:UpdateStack", OWN_STACK, {"cloudformation_RoleArn": SERVICE_ROLE}),
        (False, "cloudformation:UpdateTerminationProtection", OWN_STACK, {}),
        (False, "cloudformation:CancelUpdateStack", OWN_STACK, {}),
        (True, "cloudformation:DescribeStacks", f"{STACK}other/1", {}),
        (True, "iam:PassRole", SERVICE_ROLE, {"iam_PassedToService": "cloudformation.amazonaws.com"}),
        (False, "iam:PassRole", f"{ROLE}/Admin", {"iam_PassedToService": "cloudformation.amazonaws.com"}),
        (False, "iam:PassRole", SERVICE_ROLE, {"iam_PassedToService": "ecs-tasks.amazonaws.com"}),
        (False, "iam:CreateRole", f"{ROLE}/fargate/x", {"iam_PermissionsBoundary": BOUNDARY}),
        (True, "cloudformation:DetectStackDrift", f"{STACK}fargate-x/1", {}),
        (False, "cloudformation:DetectStackDrift", f"{STACK}other/1", {}),
        (True, "iam:GetRole", f"{ROLE}/fargate/x", {}),
        (False, "iam:GetRole", f"{ROLE}/Admin", {}),
        (True, "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", {}),
        (False, "iam:GetPolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", {}),
        (True, "secretsmanager:DescribeSecret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:shop-AbCdEf", {}),
        (True, "acm:DescribeCertificate", f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/one", {}),
        (False, "acm:GetCertificate", f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/one", {}),
        (False, "ssm:GetParameters", "*", {}),
        (False, "iam:PutRolePolicy", f"{ROLE}/fargate/x", {"iam_PermissionsBoundary": BOUNDARY}),
        (True, "lambda:GetFunction", "*", {}),
        (False, "lambda:InvokeFunction", "*", {}),
        (True, "codebuild:StartBuild", f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/fargate-x-App", {}),
        (False, "codebuild:StartBuild", f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/release", {}),
        (False, "codebuild:UpdateProject", f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/fargate-x-App", {}),
        (True, "logs:GetLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:fargate-x-AppBuildLogs-1AB:log-stream:0/1", {}),
        (True, "logs:GetLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:fargate-x-FargateTasksLogGroup-1AB:log-stream:fargate/web/0", {}),
        (False, "logs:GetLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:fargate-x-FargateTasksLogGroup-1AB:log-stream:other", {}),
        (False, "logs:GetLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/orders/production:log-stream:fargate/web/0", {}),
        (True, "ecs:RunTask", f"{DEFINITION}report:1", {"aws_ResourceTag/aws:cloudformation:stack-name": "fargate-x"}),
        (False, "ecs:RunTask", f"{DEFINITION}report:1", {"aws_ResourceTag/aws:cloudformation:stack-name": "other"}),
        (False, "ecs:RunTask", f"{DEFINITION}report:1", {}),
        (True, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "ecs-tasks.amazonaws.com"}),
        (False, "iam:PassRole", f"{ROLE}/fargate/team-a/x", {"iam_PassedToService": "lambda.amazonaws.com"}),
        (True, "sqs:ReceiveMessage", f"{QUEUE}fargate-x-ReportSpotQueue-ABC", {}),
        (False, "sqs:ReceiveMessage", f"{QUEUE}orders", {}),
        (False, "sqs:SendMessage", f"{QUEUE}fargate-x-ReportSpotQueue-ABC", {}),
        (False, "ecs:TagResource", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/x/1", {}),
        (False, "secretsmanager:GetSecretValue", "*", {}),
        (True, "s3:GetObject", "arn:aws:s3:::other-code/api.zip", {}),
        (True, "s3:ListBucket", "arn:aws:s3:::code", {}),
        (False, "s3:ListBucket", "arn:aws:s3:::data", {}),
        (False, "s3:PutObject", "arn:aws:s3:::code/api.zip", {}),
        (True, "sqs:ReceiveMessage", EVENT_QUEUE, {}),
        (True, "sqs:DeleteMessage", EVENT_QUEUE, {}),
        (False, "sqs:SendMessage", EVENT_QUEUE, {}),
        (False, "sqs:ReceiveMessage", f"{QUEUE}set-aside", {}),
    ],
)  # fmt: skip
def test_the_operators_role(allowed, action, resource, context):
    assert allows("OperatorRole", action, resource, **context) is allowed
