"""Every name that the operator gives: logical IDs, outputs, the stack's own. Pure.

Logical IDs are an interface to what already runs: one that changes replaces somebody's service. They follow the ancestor's
(`<N>Task`, `<N>Service`), so that an app that was brought over looks familiar.
"""

import hashlib
import re
from typing import Any

DOMAIN = "fargate-operator.dev"

CLUSTER = "FargateTasksCluster"
LOG_GROUP = "FargateTasksLogGroup"
EXECUTION_ROLE = "FargateIamExecutionRole"
TASK_ROLE = "FargateIamTaskRole"
SCHEDULER_ROLE = "FargateIamSchedulerRole"
INFRASTRUCTURE_ROLE = "FargateIamInfrastructureRole"
HTTP_API = "HttpApi"
HTTP_API_STAGE = "HttpApiStage"
HTTP_API_DOMAIN = "HttpApiDomain"
HTTP_API_MAPPING = "HttpApiMapping"
SECURITY_GROUP = "FargateSecurityGroup"
LOAD_BALANCER = "FargateLoadBalancer"
LOAD_BALANCER_SECURITY_GROUP = "FargateLoadBalancerSecurityGroup"
# by protocol: a listener that changed its port would meet its successor's on the way
HTTP_LISTENER = "FargateHttpListener"
HTTPS_LISTENER = "FargateHttpsListener"
LISTENER_CERTIFICATE = "FargateListenerCertificate"
COPIED_SECRET = "FargateSecret"  # noqa: S105  a logical ID

IMAGES_OUTPUT = "FargateImage"  # begins outputs that the operator acts on: no author can give one
CLUSTER_OUTPUT = "ClusterArn"
SPOT_OUTPUTS = "FargateSpot"
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


def authorizer(name: str) -> str:
    """The logical ID of one of the HTTP API's authorizers."""
    return f"{HTTP_API}{identifier(name)}Authorizer"


def route(key: str) -> str:
    """The logical ID of a route of the HTTP API, from its route key."""
    return f"{HTTP_API}Route{identifier(key)[:64]}{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def ingress(group: str, port: int, source: Any) -> str:
    """The logical ID of the rule that lets the load balancer's group in to a port; `source` is an id or the app's own group."""
    return f"{group}From{identifier(source) if isinstance(source, str) else 'LoadBalancer'}To{port}"


def secret_parameter(secret: str, key: str) -> str:
    """The parameter that brings a value of a Kubernetes Secret into the stack."""
    stem = f"{COPIED_SECRET}{identifier(secret)[:64]}{identifier(key)[:64]}"
    return stem + hashlib.sha256(f"{secret}/{key}".encode()).hexdigest()[:8]


def secret_label(secret: str) -> str:
    """The Docker label of tasks that use a Kubernetes Secret; its value is the Secret's version."""
    return f"{DOMAIN}/secret.{secret}"


def repository(image: str) -> str:
    """The logical ID of the ECR repository of an image that is built."""
    return f"{identifier(image)}Repository"


def repository_output(image: str) -> str:
    """The output that holds the URI of an image's repository."""
    return f"{IMAGES_OUTPUT}{identifier(image)}Repository"


def build_project(image: str) -> str:
    """The logical ID of the CodeBuild project of an image."""
    return f"{identifier(image)}BuildProject"


def build_project_output(image: str) -> str:
    """The output that holds ``<name>/<key of what it builds>`` of an image's CodeBuild project."""
    return f"{IMAGES_OUTPUT}{identifier(image)}Project"


def build_project_name(image: str) -> str:
    """What a project's own name has behind the stack's, which may have 128 of the 150 characters that CodeBuild allows."""
    stem = identifier(image)
    return stem if len(stem) <= 20 else stem[:12] + hashlib.sha256(stem.encode()).hexdigest()[:8]


def build_role(image: str) -> str:
    """The logical ID of the role of an image's builds."""
    return f"{identifier(image)}BuildRole"


def build_logs(image: str) -> str:
    """The logical ID of the log group of an image's builds."""
    return f"{identifier(image)}BuildLogs"


def task(key: str) -> str:
    """The logical ID of a workload's task definition."""
    return f"{identifier(key)}Task"


def service(key: str) -> str:
    """The logical ID of a service."""
    return f"{identifier(key)}Service"


def function(key: str) -> str:
    """The logical ID of a function."""
    return f"{identifier(key)}Function"


def namespace(name: str) -> str:
    """The logical ID of a Service Connect namespace of the app's own; two names can fall together, which is a fault."""
    return f"FargateNamespace{identifier(name)}"


def task_output(key: str) -> str:
    """The output that holds a workload's task definition ARN."""
    return f"{identifier(key)}TaskArn"


def service_output(key: str) -> str:
    """The output that holds a service's ARN."""
    return f"{identifier(key)}ServiceArn"


def service_url_output(key: str) -> str:
    """The output that holds where a service is reached."""
    return f"{identifier(key)}ServiceUrl"


def target_group(key: str) -> str:
    """A service's target group."""
    return f"{identifier(key)}TargetGroup"


def alternate_target_group(key: str) -> str:
    """The second target group of a service whose deployments shift traffic."""
    return f"{identifier(key)}AlternateTargetGroup"


def listener_rule(key: str) -> str:
    """The rule that sends a service its requests."""
    return f"{identifier(key)}ListenerRule"


def listener_certificate(arn: str) -> str:
    """A certificate beside the listener's default one: by what it is, not by its place in the list."""
    return f"{LISTENER_CERTIFICATE}{hashlib.sha256(arn.encode()).hexdigest()[:8]}"


def scheduled_task_output(key: str) -> str:
    """The output that holds a schedule's ARN."""
    return f"{identifier(key)}ScheduledTaskArn"


def spot_queue(key: str) -> str:
    """The logical ID of the queue that gets a scheduled task's starts that found no Spot."""
    return f"{identifier(key)}SpotQueue"


def spot_runs_output(key: str) -> str:
    """The output that tells how to run a scheduled task on demand; no author may give an output a name that begins so."""
    return f"{SPOT_OUTPUTS}{identifier(key)}Runs"


def function_output(key: str) -> str:
    """The output that holds a function's ARN."""
    return f"{identifier(key)}FunctionArn"


def function_url_output(key: str) -> str:
    """The output that holds a function URL."""
    return f"{identifier(key)}FunctionUrl"


def rule_output(key: str) -> str:
    """The output that holds the ARN of the rule by which ECS moves a service's traffic."""
    return f"{identifier(key)}ProductionRuleArn"


def alternate_group_output(key: str) -> str:
    """The output that holds the ARN of the second target group of such a service."""
    return f"{identifier(key)}AlternateTargetGroupArn"


def scalable_target(key: str) -> str:
    """The logical ID of what Application Auto Scaling knows of a service."""
    return f"{identifier(key)}ScalableTarget"


def scaling_policy(key: str, measure: str) -> str:
    """The logical ID of the policy that scales a service by `measure`: cpu, memory, requests or queue."""
    return f"{identifier(key)}{identifier(measure)}ScalingPolicy"


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
