"""The FargateApp: who it is, and its spec as frozen values. `parsing` makes them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fargate_operator import names
from fargate_operator.fragments.build import Build
from fargate_operator.fragments.changes import Changes
from fargate_operator.fragments.drift import Drift
from fargate_operator.fragments.environment_from import EnvironmentFrom
from fargate_operator.fragments.http_api import HttpApi
from fargate_operator.fragments.iam import Iam
from fargate_operator.fragments.load_balancer import LoadBalancer
from fargate_operator.fragments.network import Network, Question, merge_networks, question, subnets_key
from fargate_operator.fragments.overrides import Overrides
from fargate_operator.fragments.sizes import SIZE_RULES
from fargate_operator.fragments.task import Architecture, Cpu, TaskSpec
from fargate_operator.fragments.values import (
    WORKLOADS,
    Arn,
    Environment,
    Flag,
    Key,
    LogicalId,
    Memory,
    Raw,
    Secrets,
    Strict,
    Tags,
    Text,
    text,
)
from fargate_operator.workloads.function import FunctionSpec
from fargate_operator.workloads.scheduled_task import ScheduledTaskSpec
from fargate_operator.workloads.service import ServiceSpec
from fargate_operator.workloads.task import RunTaskSpec

RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
StackName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=128)]
Region = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$", max_length=32)]


TAG = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?$"
_REPOSITORY = "AWS::ECR::Repository"
_IMAGE = "AWS::ECS::TaskDefinition ContainerDefinitions.Image, AWS::Lambda::Function Code.ImageUri"


class Cluster(Strict):
    """The ECS cluster; omitted: one of the app's own."""

    name: Text | None = text("Of the app's own cluster", default="named by CloudFormation", aws="AWS::ECS::Cluster ClusterName")
    container_insights: Literal["enabled", "enhanced", "disabled"] | None = text(
        "Metrics by task and container", default="the account's setting", aws="AWS::ECS::Cluster ClusterSettings"
    )
    existing: Arn | None = text(
        "ARN of a cluster to run on instead; excludes the other fields", default="none", aws="AWS::ECS::Service Cluster"
    )

    cel = [
        {
            "rule": "!has(self.existing) || (!has(self.name) && !has(self.containerInsights))",
            "message": "existing excludes name and containerInsights",
        }
    ]


class Image(Strict):
    """A container image: a repository and tag, a URI, or one that is built from source."""

    repository: Text | None = text(
        "Repository without a tag; in ECR the tag is resolved to its digest", default="none: uri or build", aws=_IMAGE
    )
    tag: Annotated[str, StringConstraints(strict=True, pattern=TAG, max_length=200)] | None = text(
        "Tag in the repository, with @sha256:<digest> behind it where it is pinned. Its digest is what is deployed. With "
        "build.git it stands before the commit in the tags of what is built",
        default="none: uri or build.git",
        aws=_IMAGE,
    )
    uri: Text | None = text(
        "The whole image reference instead of repository and tag", default="none: repository and tag, or build", aws=_IMAGE
    )
    build: Build | None = text(
        "Built from source, into an ECR repository of the app's own", default="none: repository and tag, or uri", aws=_REPOSITORY
    )
    keep: Annotated[int, Field(strict=True, ge=2, le=1000)] | None = text(
        "With build: how many images are kept; one that is deployed is kept whatever its age",
        default="20",
        aws=f"{_REPOSITORY} LifecyclePolicy",
    )
    follow: Flag | None = text("Whether a new push of the tag rolls the workloads that use it; in ECR only", default="false")

    cel = [
        {
            "rule": "has(self.uri) ? !has(self.repository) && !has(self.tag) && !has(self.build) : "
            "has(self.build) ? !has(self.repository) : has(self.repository) && has(self.tag)",
            "message": "an image is either repository and tag, or uri, or build",
        },
        {"rule": "!has(self.build) || has(self.tag) || has(self.build.git)", "message": "build without git needs a tag"},
        {"rule": "!has(self.keep) || has(self.build)", "message": "keep goes with build"},
        {
            "rule": "!has(self.follow) || !self.follow || (has(self.build) ? !has(self.build.git) : "
            "(has(self.uri) ? self.uri : has(self.repository) ? self.repository : '').contains('ecr'))",
            "message": "follow goes with images in ECR that are pushed; the ref of build.git is followed anyway",
        },
    ]

    def written(self) -> str:
        """The reference as the manifest has it; of one that is built what follows the repository."""
        if self.build:
            return f":{self.tag}" if self.tag else ""
        return self.uri or f"{self.repository}:{self.tag}"

    def tag_and_digest(self) -> tuple[str, str]:
        """The tag, and the digest that it is pinned to; both may be empty."""
        tag, _, digest = (self.tag or "").partition("@")
        return tag, digest


class Logs(Strict):
    """The CloudWatch log group of tasks and functions."""

    group_name: Text | None = text("Its name", default="named by CloudFormation", aws="AWS::Logs::LogGroup LogGroupName")
    retention_in_days: Annotated[int, Field(strict=True, json_schema_extra={"enum": list(RETENTION)})] | None = text(
        "Days that logs are kept, one of CloudWatch's own values", default="30", aws="AWS::Logs::LogGroup RetentionInDays"
    )


_NO_IMAGE = {"functions": "!has(self.functions[name].image) || "}  # its code may be in S3
_KINDS = ("services", "scheduledTasks", "tasks", "functions")


class Spec(Strict):
    """What the app is to be."""

    region: Region | None = text("AWS region; immutable", default="the operator's at the first reconcile")
    stack_name: StackName | None = text("Of the stack; immutable", default="<namespace>-<name>-<6 hex digits>", aws="StackName")
    suspend: Flag | None = text("Touch nothing while true, but for a deletion", default="false")
    deletion_policy: Literal["Delete", "Retain"] | None = text(
        "What becomes of the stack when this object is deleted", default="Delete; Retain for an adopted stack", aws="DeleteStack"
    )
    termination_protection: Flag | None = text(
        "While true a deletion is Stalled", default="false; what was set in AWS stays as it is", aws="EnableTerminationProtection"
    )
    adoption: Literal["Owned", "Adopt"] | None = text(
        "Adopt: take over a stack whose tag fargate-operator.dev/adoptable-by names this object, <namespace>/<name>, and import "
        "raw resources that exist, once the change set is approved",
        default="Owned",
        aws="CreateChangeSet ImportExistingResources",
    )
    changes: Changes | None = text("How changes are made", default="at once, with rollback")
    drift: Drift | None = text("What is done about resources that somebody changed by hand", default="nothing is looked for")
    cluster: Cluster | None = text("The ECS cluster", default="one of the app's own", aws="AWS::ECS::Cluster")
    images: Annotated[dict[Key, Image], Field(max_length=WORKLOADS)] | None = text(
        "Name → image; workloads refer to the name", default="none", aws=_IMAGE
    )
    cpu: Cpu | None = text("CPU units of each task", default="256", aws="AWS::ECS::TaskDefinition Cpu")
    memory: Memory | None = text(
        "MiB of each task, or a string such as 0.5GB", default="512", aws="AWS::ECS::TaskDefinition Memory"
    )
    architecture: Architecture | None = text(
        "Of the processor", default="ECS's own: X86_64", aws="AWS::ECS::TaskDefinition RuntimePlatform.CpuArchitecture"
    )
    environment: Environment | None = text(
        "Environment variables of every workload",
        default="none",
        aws="AWS::ECS::TaskDefinition ContainerDefinitions.Environment, AWS::Lambda::Function Environment",
    )
    secrets: Secrets | None = text(
        "Name → SSM parameter (with a leading slash) or secret ARN, for every workload",
        default="none",
        aws="AWS::ECS::TaskDefinition ContainerDefinitions.Secrets, AWS::IAM::Role Policies",
    )
    environment_from: EnvironmentFrom | None = text(
        "ConfigMaps and Secrets of the namespace that give every workload variables; each wins over those before it, "
        "environment and secrets win over all. A change rolls the workloads that use it",
        default="none",
        aws="AWS::ECS::TaskDefinition ContainerDefinitions.Environment and .Secrets, AWS::SecretsManager::Secret",
    )
    network: Network | None = text(
        "Where tasks run",
        default="the account's default VPC, with public addresses",
        aws="AWS::ECS::Service NetworkConfiguration, AWS::Scheduler::Schedule Target.EcsParameters.NetworkConfiguration",
    )
    iam: Iam | None = text("Roles and rights", default="roles with what the app needs", aws="AWS::IAM::Role")
    load_balancer: LoadBalancer | None = text(
        "One Application Load Balancer, made when a service has http",
        default="one that faces the internet, by HTTP",
        aws="AWS::ElasticLoadBalancingV2::LoadBalancer",
    )
    logs: Logs | None = text("The log group", default="one that keeps logs for 30 days", aws="AWS::Logs::LogGroup")
    tags: Tags | None = text("On every resource that takes tags", default="none", aws="Tags")
    overrides: Overrides | None = text("For every task, before a workload's own", default="none")
    services: Annotated[dict[Key, ServiceSpec], Field(max_length=WORKLOADS)] | None = text(
        "Long-running services", default="none", aws="AWS::ECS::Service, AWS::ECS::TaskDefinition"
    )
    scheduled_tasks: Annotated[dict[Key, ScheduledTaskSpec], Field(max_length=WORKLOADS)] | None = text(
        "Tasks started by a schedule", default="none", aws="AWS::Scheduler::Schedule, AWS::ECS::TaskDefinition"
    )
    tasks: Annotated[dict[Key, RunTaskSpec], Field(max_length=WORKLOADS)] | None = text(
        "Task definitions to run when wanted", default="none", aws="AWS::ECS::TaskDefinition"
    )
    functions: Annotated[dict[Key, FunctionSpec], Field(max_length=WORKLOADS)] | None = text(
        "Lambda functions", default="none", aws="AWS::Lambda::Function"
    )
    http_api: HttpApi | None = text(
        "The HTTP API that the functions' httpApi events share", default="one without CORS", aws="AWS::ApiGatewayV2::Api"
    )
    resources: Annotated[dict[LogicalId, Raw], Field(max_length=200)] | None = text(
        "Logical ID → raw CloudFormation resource; intrinsic functions as objects", default="none", aws="Resources"
    )
    outputs: Annotated[dict[LogicalId, Raw], Field(max_length=100)] | None = text(
        "Name → raw CloudFormation output; its value comes back in status.outputs", default="none", aws="Outputs"
    )

    cel = [
        *SIZE_RULES,
        *(
            {
                "rule": f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})",
                "message": f"{field} is immutable",
            }
            for field in ("region", "stackName")
        ),
        *(
            {
                "rule": f"!has(self.{kind}) || self.{kind}.all(name, {_NO_IMAGE.get(kind, '')}has(self.images) && "
                f"self.{kind}[name].image in self.images)",
                "message": f"each image of {kind} must be a name in images",
            }
            for kind in _KINDS
        ),
        *(
            {
                "rule": f"!has(self.{kind}) || self.{kind}.all(name, !has(self.{kind}[name].sidecars) || "
                f"self.{kind}[name].sidecars.all(one, has(self.images) && self.{kind}[name].sidecars[one].image in self.images))",
                "message": f"each image of a sidecar in {kind} must be a name in images",
            }
            for kind in ("services", "scheduledTasks", "tasks")
        ),
    ]


@dataclass(frozen=True, slots=True)
class App:
    """A FargateApp: who it is, and its spec."""

    namespace: str
    name: str
    uid: str
    generation: int
    spec: Spec

    def workloads(self) -> Iterable[tuple[str, str, TaskSpec | FunctionSpec]]:
        """Every workload as (field of the spec, key, spec), in the order of the fields, then of the keys."""
        spec = self.spec
        kinds: tuple[Mapping[str, TaskSpec | FunctionSpec] | None, ...] = (
            spec.services,
            spec.scheduled_tasks,
            spec.tasks,
            spec.functions,
        )
        for field, workloads in zip(_KINDS, kinds, strict=True):
            for key, workload in sorted((workloads or {}).items()):
                yield field, key, workload

    def uses(self) -> Iterable[tuple[str, str, str | None]]:
        """Every use of an image as (place in the template, name in images, architecture): ``WebTask/web``, ``ApiFunction``."""
        for _, key, workload in self.workloads():
            architecture = workload.architecture or self.spec.architecture
            if isinstance(workload, TaskSpec):
                yield f"{names.task(key)}/{key}", workload.image, architecture
                for name, sidecar in sorted((workload.sidecars or {}).items()):
                    yield f"{names.task(key)}/{name}", sidecar.image, architecture
            elif workload.image:
                yield names.function(key), workload.image, architecture

    def architectures(self, image: str) -> Mapping[str, str | None]:
        """Workload (``spec.services.web``) → architecture, of those that use an image."""
        found = {}
        for field, key, workload in self.workloads():
            used = {workload.image, *(one.image for one in (getattr(workload, "sidecars", None) or {}).values())}
            if image in used:
                found[f"spec.{field}.{key}"] = workload.architecture or self.spec.architecture
        return found

    def built(self) -> Mapping[str, tuple[Image, Build]]:
        """The images that are built from source, by name."""
        return {name: (one, one.build) for name, one in sorted((self.spec.images or {}).items()) if one.build}

    def looked_after(self) -> bool:
        """Whether some image is built from source, or followed."""
        return any(one.build or one.follow for one in (self.spec.images or {}).values())

    def tasks(self) -> Iterable[tuple[str, str, TaskSpec]]:
        """`workloads` without the functions."""
        for field, key, workload in self.workloads():
            if isinstance(workload, TaskSpec):
                yield field, key, workload

    def sources(self) -> Iterable[tuple[str, str, str]]:
        """Every object of Kubernetes that the spec names, as (path, kind, name); one may be there twice."""
        places = [("spec", self.spec.environment_from)]
        places += [(f"spec.{field}.{key}", one.environment_from) for field, key, one in self.workloads()]
        for path, listed in places:
            for number, source in enumerate(listed or ()):
                for end, kind, name in source.named():
                    yield f"{path}.environmentFrom[{number}].{end}", kind, name

    def exposed(self) -> Mapping[str, ServiceSpec]:
        """The services with http, by key."""
        return {key: one for key, one in sorted((self.spec.services or {}).items()) if one.http}

    def placements(self) -> Iterable[tuple[Network, bool]]:
        """The network of each workload that has one, and whether it always needs a security group of the app's own there."""
        shared = self.spec.network
        for _, _, workload in self.workloads():
            if isinstance(workload, TaskSpec):
                yield merge_networks(shared, workload.network), isinstance(workload, ServiceSpec) and bool(workload.http)
            elif workload.vpc:
                network = shared or Network()
                yield network, not network.security_group_ids

    def existing_listener(self) -> str:
        """The listener to be looked up; empty where there is none, or a reference, whose meaning only CloudFormation knows."""
        arn = (self.spec.load_balancer.listener_arn if self.spec.load_balancer else None) or ""
        return arn if self.exposed() and "${" not in arn else ""

    def balancer_network(self) -> Network | None:
        """Where the app's own load balancer is; None where it has none."""
        balancer = self.spec.load_balancer
        if not self.exposed() or (balancer and balancer.listener_arn):
            return None
        shared = self.spec.network or Network()
        if balancer and balancer.subnet_ids:
            return Network(subnet_ids=balancer.subnet_ids)
        return Network(subnet_ids=shared.subnet_ids, selector=shared.selector)


def network_questions(app: App) -> Mapping[str, Question]:
    """Which subnets must be looked up, by their key in `Facts.subnets`."""
    asked = [question(one) for one, always in app.placements() if always or not one.subnet_ids]
    if balancer := app.balancer_network():
        asked.append(question(balancer))
    return {subnets_key(one): one for one in asked}
