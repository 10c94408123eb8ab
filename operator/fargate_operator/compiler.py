"""compile_app: an App and the Facts of its account as a CloudFormation template. Pure, deterministic."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.checks.arns import arn_faults
from fargate_operator.checks.balancer import placement_faults
from fargate_operator.checks.functions import environment_faults
from fargate_operator.checks.places import function_places, platform_faults
from fargate_operator.checks.roles import role_faults
from fargate_operator.checks.sources import source_faults
from fargate_operator.errors import Fault, InvalidSpec
from fargate_operator.facts import Facts, place, record
from fargate_operator.fragments import api, listener
from fargate_operator.fragments.build import platform_of
from fargate_operator.fragments.connect import after_servers, namespace_resource
from fargate_operator.fragments.copied_secret import copied_secret, parameters
from fargate_operator.fragments.deployment import shifts
from fargate_operator.fragments.environment import variables
from fargate_operator.fragments.http_api import HttpApi
from fargate_operator.fragments.iam import Iam, execution_role, infrastructure_role, scheduler_role, task_role
from fargate_operator.fragments.load_balancer import LoadBalancer
from fargate_operator.fragments.network import Network, merge_networks, own_group, question, subnets_key
from fargate_operator.fragments.priority import priorities
from fargate_operator.fragments.project import build_key, project_output, project_resources
from fargate_operator.fragments.repository import repository_resource
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.sizes import DEFAULT_CPU, DEFAULT_MEMORY
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.volumes import mount_statements
from fargate_operator.model import App
from fargate_operator.references import PSEUDO, may_dangle, substitute_all, targets
from fargate_operator.template import STATE_OUTPUT, Resource, Template, digest
from fargate_operator.withheld import compose, deployed
from fargate_operator.workloads import function, scheduled_task, service, task
from fargate_operator.workloads.function import FunctionSpec

COMPILER_VERSION = "3"
DEFAULT_RETENTION = 30
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_RESOURCES, MOST_OUTPUTS, MOST_BYTES = 500, 200, 1_000_000


# How the operator goes about it: neither compile_app nor police ask for it.
_BESIDE = {"suspend", "termination_protection", "changes", "drift"}


def input_digest(app: App, facts: Facts) -> str:
    """``sha256:<hex>`` of all that the template is made from; the same digest means the same template."""
    return digest(
        {
            "version": COMPILER_VERSION,
            "spec": app.spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_BESIDE),
            "name": [app.namespace, app.name],
            "facts": record(facts),
        }
    )


def compile_app(app: App, facts: Facts) -> Template:
    """The template, without what must wait for an image; InvalidSpec with all faults that only the whole of it shows."""
    scope = _scope(app, facts)
    listed = list(_resources(app, scope))
    made = {resource.logical_id: resource for resource in listed}
    resources = {logical_id: resource.body() for logical_id, resource in made.items()} | _functions(app, scope)
    raw = app.spec.resources or {}
    outputs = _outputs(app, scope)
    faults = [
        *_twice(listed),
        *placement_faults(app, facts),
        *function_places(app, facts),
        *platform_faults(app, facts),
        *source_faults(app, facts),
        *_taken(raw, resources, "resources"),
        *_taken(app.spec.outputs or {}, {**outputs, STATE_OUTPUT: 0}, "outputs"),
    ]
    outputs |= app.spec.outputs or {}
    template = Template(
        resources=substitute_all({**raw, **resources}, raw.keys()),
        outputs=substitute_all(outputs, raw.keys()),
        metadata={names.DOMAIN: record(facts)},
        description=f"FargateApp {app.namespace}/{app.name}",
        input_digest=input_digest(app, facts),
        parameters=parameters(facts),
    )
    text = template.json()
    faults += [*_budget(template, text), *_dangling(app, template, text), *arn_faults(app, place(facts))]
    faults += [*_circular(app, template), *environment_faults(app, template.resources, facts)]
    faults += role_faults({name: template.resources[name] for name in resources})
    if faults:  # a ConfigMap or Secret may be what has to change
        raise InvalidSpec(faults, outside=bool(facts.config_maps or facts.copied or facts.platforms))
    return compose(app, facts, template)


def _scope(app: App, facts: Facts) -> Scope:
    spec, iam = app.spec, app.spec.iam or Iam()
    existing = spec.cluster.existing if spec.cluster else None
    balancer = spec.load_balancer or LoadBalancer()
    return Scope(
        facts=facts,
        cluster=existing or {"Ref": names.CLUSTER},
        cluster_arn=existing or {"Fn::GetAtt": [names.CLUSTER, "Arn"]},
        log_group={"Ref": names.LOG_GROUP},
        execution_role=iam.execution_role_arn or {"Fn::GetAtt": [names.EXECUTION_ROLE, "Arn"]},
        task_role=iam.task_role_arn or {"Fn::GetAtt": [names.TASK_ROLE, "Arn"]},
        cpu=spec.cpu or DEFAULT_CPU,
        memory=spec.memory or DEFAULT_MEMORY,
        architecture=spec.architecture,
        environment=spec.environment or {},
        secrets=spec.secrets or {},
        environment_from=tuple(spec.environment_from or ()),
        tags=spec.tags or {},
        network=spec.network,
        overrides=spec.overrides,
        security_groups=_security_groups(app, facts),
        listener=listener.arn(balancer),
        priorities=priorities({key: one.http for key, one in app.exposed().items() if one.http}),
        target_port=listener.target_port(balancer),
        address=listener.address(balancer, facts.listener),
    )


def _security_groups(app: App, facts: Facts) -> dict[str, str]:
    """VPC → logical ID, for each VPC where some task names no security group.

    The one that most tasks are in, the shared network's, has the plain name, whatever other VPCs come and go.
    """
    asked = (question(network) for network, always in app.placements() if own_group(network, always=always))
    vpcs = sorted({facts.subnets[subnets_key(one)].vpc_id for one in asked})
    shared = facts.subnets.get(subnets_key(question(app.spec.network or Network())))
    plain = vpcs[0] if len(vpcs) == 1 else shared.vpc_id if shared else ""
    return {vpc: names.SECURITY_GROUP + ("" if vpc == plain else names.identifier(vpc)) for vpc in vpcs}


def _resources(app: App, scope: Scope) -> Iterable[Resource]:
    spec, tags = app.spec, tag_list(app.spec.tags)
    made: list[Resource] = []
    for key, one in sorted((spec.services or {}).items()):
        made += service.resources(key, one, scope)
    made = after_servers(made)
    for key, scheduled in sorted((spec.scheduled_tasks or {}).items()):
        made += scheduled_task.resources(key, scheduled, scope)
    for key, definition in sorted((spec.tasks or {}).items()):
        made += task.resources(key, definition, scope)
    if made and not (spec.cluster and spec.cluster.existing):
        yield _cluster(app, tags)
    if made or spec.functions:
        yield _log_group(app, tags)
    for vpc, logical_id in scope.security_groups.items():
        yield _security_group(app, vpc, logical_id, tags)
        yield from _ingress(app, scope, vpc, logical_id)
    if network := app.balancer_network():
        found = scope.facts.subnets[subnets_key(question(network))]
        title = f"FargateApp {app.namespace}/{app.name}"
        yield from listener.resources(spec.load_balancer or LoadBalancer(), found, title, tags)
    for name in sorted({one.connect.namespace for one in (spec.services or {}).values() if one.connect and one.connect.own()}):
        yield namespace_resource(name, tags)
    if scope.facts.copied:
        yield copied_secret(f"FargateApp {app.namespace}/{app.name}", scope.facts, tags)
    yield from _roles(app, scope, made, tags)
    yield from _built(app, scope)
    yield from made


def _built(app: App, scope: Scope) -> Iterable[Resource]:
    """The repositories of the images that are built, and what builds them."""
    spec = app.spec
    days = (spec.logs.retention_in_days if spec.logs else None) or DEFAULT_RETENTION
    used = deployed(app, scope.facts)
    called = {one.image for one in (spec.functions or {}).values()}
    for name, (image, build) in app.built().items():
        digests = used.get(name, set())
        moves, lambda_ = bool(image.follow), name in called
        yield repository_resource(name, image.keep, digests, moves=moves, lambda_=lambda_, tags=dict(scope.tags))
        platform = platform_of(build, app.architectures(name).values())
        if build.git and platform:  # checked: there is one
            tag, _ = image.tag_and_digest()
            yield from project_resources(name, tag, build, build.git, platform, spec.iam or Iam(), days, scope.tags)


def _roles(app: App, scope: Scope, made: list[Resource], tags: list[dict[str, str]]) -> Iterable[Resource]:
    """The shared roles that some task definition really uses."""
    iam = app.spec.iam or Iam()
    definitions = {one.logical_id: one for one in made if one.type == "AWS::ECS::TaskDefinition"}
    if started := _users(app, definitions, "ExecutionRoleArn", names.EXECUTION_ROLE):
        secrets = [value for one in started for value in variables(scope, one).secrets.values()]
        yield execution_role(secrets, iam, tags)
    if running := _users(app, definitions, "TaskRoleArn", names.TASK_ROLE):
        exec_ = any(isinstance(one, service.ServiceSpec) and one.exec for one in running)
        mounted = [volume for one in running for volume in (one.volumes or {}).values()]
        yield task_role(iam, tags, mount_statements(mounted), exec_=exec_)
    if shifting := [key for key, one in app.exposed().items() if shifts(one.deployment)]:
        yield infrastructure_role(shifting, iam, tags)
    if scheduled := app.spec.scheduled_tasks:
        own = {names.task(key) for key in scheduled}
        queues = [arn for key, one in sorted(scheduled.items()) if (arn := scheduled_task.letters(key, one))]
        tasks = {logical_id: one for logical_id, one in definitions.items() if logical_id in own}
        yield scheduler_role(tasks, queues, scope.cluster_arn, iam)


def _users(app: App, definitions: Mapping[str, Resource], property_: str, role: str) -> list[TaskSpec]:
    """The tasks whose definition, after all overrides, has the app's own role."""
    own = {"Fn::GetAtt": [role, "Arn"]}
    made = ((task, definitions[names.task(key)]) for _, key, task in app.tasks())
    return [task for task, definition in made if definition.properties.get(property_) == own]


def _cluster(app: App, tags: list[dict[str, str]]) -> Resource:
    properties: dict[str, Any] = {"CapacityProviders": ["FARGATE", "FARGATE_SPOT"]}
    cluster = app.spec.cluster
    if cluster and cluster.name:
        properties["ClusterName"] = cluster.name
    if cluster and cluster.container_insights:
        properties["ClusterSettings"] = [{"Name": "containerInsights", "Value": cluster.container_insights}]
    if tags:
        properties["Tags"] = tags
    return Resource(names.CLUSTER, "AWS::ECS::Cluster", properties)


def _log_group(app: App, tags: list[dict[str, str]]) -> Resource:
    logs = app.spec.logs
    properties: dict[str, Any] = {"RetentionInDays": (logs.retention_in_days if logs else None) or DEFAULT_RETENTION}
    if logs and logs.group_name:
        properties["LogGroupName"] = logs.group_name
    if tags:
        properties["Tags"] = tags
    return Resource(names.LOG_GROUP, "AWS::Logs::LogGroup", properties)


def _ingress(app: App, scope: Scope, vpc: str, group: str) -> Iterable[Resource]:
    """Lets the load balancer in, and nobody else, on the ports of the services that have the app's own group of this VPC.

    Each a resource of its own: a changed port is let in before tasks listen on it, the old one until they are gone.
    """
    networks = {key: merge_networks(scope.network, one.network) for key, one in app.exposed().items()}
    own = [key for key, one in networks.items() if own_group(one, always=True) and scope.vpc(one) == vpc]
    ports = {app.exposed()[key].port for key in own}
    for source in listener.security_groups(app.spec.load_balancer or LoadBalancer(), scope.facts.listener):
        for port in sorted(one for one in ports if one):
            properties = {
                "GroupId": {"Fn::GetAtt": [group, "GroupId"]},
                "Description": "From the load balancer",
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "SourceSecurityGroupId": source,
            }
            yield Resource(names.ingress(group, port, source), "AWS::EC2::SecurityGroupIngress", properties)


def _security_group(app: App, vpc: str, logical_id: str, tags: list[dict[str, str]]) -> Resource:
    description = f"Tasks of FargateApp {app.namespace}/{app.name}"[: listener.MOST_DESCRIPTION]
    properties: dict[str, Any] = {"GroupDescription": description, "VpcId": vpc}
    if tags:
        properties["Tags"] = tags
    return Resource(logical_id, "AWS::EC2::SecurityGroup", properties)


def _functions(app: App, scope: Scope) -> dict[str, Any]:
    functions = app.spec.functions
    if not functions:
        return {}
    from fargate_operator.fragments.sam import translate  # noqa: PLC0415  only where there are functions

    iam, raw = app.spec.iam or Iam(), app.spec.resources or {}
    resources = dict(function.serverless(key, one, scope, iam, raw) for key, one in sorted(functions.items()))
    try:
        made = translate(resources, scope.facts.region)
    except ValueError as error:
        raise InvalidSpec([Fault("spec.functions", str(error))]) from error
    return made | {one.logical_id: one.body() for one in _api(functions, app.spec.http_api, scope)}


def _api(functions: Mapping[str, FunctionSpec], spec: HttpApi | None, scope: Scope) -> Iterable[Resource]:
    """The HTTP API and its routes, where some function has one."""
    if not function.routes(functions):
        return
    arns = {key: function.invoked(key, one) for key, one in functions.items()}
    yield from api.http_api(spec, arns, scope.tags)
    for key, one in sorted(functions.items()):
        yield from api.routes(function.logical_id(key), arns[key], one.events, spec)
    if spec and spec.domain:
        yield from api.domain(spec.domain, scope.tags)


def _outputs(app: App, scope: Scope) -> dict[str, Any]:
    spec = app.spec
    outputs: dict[str, Any] = {}
    if spec.services or spec.scheduled_tasks or spec.tasks:
        outputs[names.CLUSTER_OUTPUT] = {"Value": scope.cluster_arn}
    if groups := list(scope.security_groups.values()):
        outputs[names.SECURITY_GROUP_OUTPUT] = {
            "Value": {"Fn::Join": [",", [{"Fn::GetAtt": [one, "GroupId"]} for one in groups]]}
        }
    for name, (image, build) in app.built().items():
        outputs[names.repository_output(name)] = {"Value": {"Fn::GetAtt": [names.repository(name), "RepositoryUri"]}}
        platform = platform_of(build, app.architectures(name).values())
        if build.git and platform:
            key = build_key(build, platform, image.tag_and_digest()[0])
            outputs[names.build_project_output(name)] = {"Value": project_output(name, key)}
    for key, one_service in sorted((spec.services or {}).items()):
        outputs |= service.outputs(key, one_service, scope)
    for key, scheduled in sorted((spec.scheduled_tasks or {}).items()):
        outputs |= scheduled_task.outputs(key, scheduled, scope)
    for key in sorted(spec.tasks or {}):
        outputs |= task.outputs(key)
    functions = spec.functions or {}
    for key, one in sorted(functions.items()):
        outputs |= function.outputs(key, one)
    if function.routes(functions):
        outputs |= api.outputs(spec.http_api.domain if spec.http_api else None)
    return outputs


def _twice(made: Iterable[Resource]) -> Iterable[Fault]:
    counts = Counter(one.logical_id for one in made)
    for name in sorted(name for name, count in counts.items() if count > 1):
        yield Fault("spec", f"makes {name} twice, for two entries whose names run into each other; rename one")


def _taken(raw: Mapping[str, Any], generated: Mapping[str, Any], field: str) -> Iterable[Fault]:
    reserved = {name for name in raw if field == "outputs" and name.startswith((names.SPOT_OUTPUTS, names.IMAGES_OUTPUT))}
    for name in sorted(raw.keys() & generated.keys() | reserved):
        yield Fault(f"spec.{field}.{name}", "is a name that the operator gives itself; choose another")


def _budget(template: Template, text: str) -> Iterable[Fault]:
    outputs = len(template.outputs) + 1  # the reserved one
    for field, count, most in (
        ("resources", len(template.resources), MOST_RESOURCES),
        ("outputs", outputs, MOST_OUTPUTS),
    ):
        if count > most:
            yield Fault("spec", f"makes {count} {field} in one stack, CloudFormation allows {most}; split the app")
    size = len(text.encode())
    if size > MOST_BYTES:
        yield Fault("spec", f"makes a template of {size} bytes, CloudFormation allows {MOST_BYTES}; split the app")


def _circular(app: App, template: Template) -> Iterable[Fault]:
    """Resources that wait for one another, where the spec's own dependsOn has a part in it."""
    stated = {f"spec.{field}.{key}": names.identifier(key) for field, key, one in app.tasks() if one.depends_on}
    if not stated:
        return
    edges = {
        name: (targets(body) | set(body.get("DependsOn", ()) if isinstance(body, Mapping) else ())) & template.resources.keys()
        for name, body in template.resources.items()
    }
    for path, stem in stated.items():
        for own in (f"{stem}Task", f"{stem}Service", f"{stem}ScheduledTask"):
            if own in edges and own in _reachable(edges, edges[own]):
                yield Fault(f"{path}.dependsOn", f"{own} would wait for itself; leave out what depends on it")
                break


def _reachable(edges: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = list(start)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += edges[one]
    return found


def _dangling(app: App, template: Template, text: str) -> Iterable[Fault]:
    known = template.resources.keys() | PSEUDO | {"AWS::NoValue", "AWS::NotificationARNs"}
    # a parameter is known to the copied secret only: into nothing else may its value come
    resources = {
        name: body for name, body in template.resources.items() if name != names.COPIED_SECRET or not template.parameters
    }
    sections = (("resources", resources), ("outputs", template.outputs)) if may_dangle(text, known) else ()
    for section, bodies in sections:
        for name, body in sorted(bodies.items()):
            for target in sorted(targets(body) - known):
                own = name in (getattr(app.spec, section) or {})
                path = f"spec.{section}.{name}" if own else "spec"
                yield Fault(path, f"refers to {target}, which is not a resource of this stack")
    for field, key, workload in app.workloads():
        for target in (workload.depends_on or ()) if isinstance(workload, TaskSpec) else ():
            if target not in template.resources:
                yield Fault(f"spec.{field}.{key}.dependsOn", f"{target} is not a resource of this stack")
