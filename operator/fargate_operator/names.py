"""Every name that the operator gives: logical IDs, outputs, the stack's own. Pure.

Logical IDs are an interface to what already runs: one that changes replaces somebody's service. They follow the ancestor's
(`<N>Task`, `<N>Service`), so that an app that was brought over looks familiar.
"""

import hashlib
import re

DOMAIN = "fargate-operator.dev"

CLUSTER = "FargateTasksCluster"
LOG_GROUP = "FargateTasksLogGroup"
EXECUTION_ROLE = "FargateIamExecutionRole"
TASK_ROLE = "FargateIamTaskRole"
SCHEDULER_ROLE = "FargateIamSchedulerRole"
HTTP_API = "HttpApi"
HTTP_API_STAGE = "HttpApiApiGatewayDefaultStage"  # SAM's
HTTP_API_DOMAIN = "HttpApiDomain"
HTTP_API_MAPPING = "HttpApiMapping"
SECURITY_GROUP = "FargateSecurityGroup"

CLUSTER_OUTPUT = "ClusterArn"
SECURITY_GROUP_OUTPUT = "SecurityGroupId"
HTTP_API_ID_OUTPUT = "HttpApiId"
HTTP_API_URL_OUTPUT = "HttpApiUrl"
HTTP_API_TARGET_OUTPUT = "HttpApiDomainTarget"
HTTP_API_ZONE_OUTPUT = "HttpApiDomainHostedZoneId"


def identifier(key: str) -> str:
    """A workload's key as the stem of its logical IDs: ``my-task`` is ``Mytask``, as the ancestor had it.

    Two keys can fall together (``a-b`` and ``ab``); the compiler makes that a fault.
    """
    letters = re.sub(r"[^0-9A-Za-z]", "", key)
    return letters[:1].upper() + letters[1:]


def namespace(name: str) -> str:
    """The logical ID of a Service Connect namespace of the app's own; two names can fall together, which is a fault."""
    return f"FargateNamespace{identifier(name)}"


def task_output(key: str) -> str:
    """The output that holds a workload's task definition ARN."""
    return f"{identifier(key)}TaskArn"


def service_output(key: str) -> str:
    """The output that holds a service's ARN."""
    return f"{identifier(key)}ServiceArn"


def scheduled_task_output(key: str) -> str:
    """The output that holds a schedule's ARN."""
    return f"{identifier(key)}ScheduledTaskArn"


def function_output(key: str) -> str:
    """The output that holds a function's ARN."""
    return f"{identifier(key)}FunctionArn"


def function_url_output(key: str) -> str:
    """The output that holds a function URL."""
    return f"{identifier(key)}FunctionUrl"


def stack_name(installation: str, namespace: str, name: str, prefix: str = "") -> str:
    """``<prefix><namespace>-<name>-<6 hex digits>`` within CloudFormation's syntax: letters, digits and hyphens, at most 128.

    The hash keeps ``team``/``a-shop`` and ``team-a``/``shop`` apart.
    """
    seed = f"{installation}\0{namespace}\0{name}"
    suffix = hashlib.sha256(seed.encode()).hexdigest()[:6]
    stem = f"{prefix}{namespace}-{name}".replace(".", "-")
    if not stem[0].isalpha():
        stem = f"app-{stem}"
    return f"{stem[: 128 - 7].rstrip('-')}-{suffix}"
