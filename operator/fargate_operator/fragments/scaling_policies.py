"""A service's scaling as resources: AWS::ApplicationAutoScaling::ScalableTarget and its policies. Pure.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalabletarget.html.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.scaling import Queue, Scaling
from fargate_operator.fragments.values import seconds
from fargate_operator.template import Resource

_DIMENSION = "ecs:service:DesiredCount"


@dataclass(frozen=True, slots=True)
class Balancing:
    """What requests are counted at: the load balancer and the target groups, as CloudWatch's dimensions name them.

    `load_balancer` is ``app/<name>/<id>``, each of `target_groups` ``targetgroup/<name>/<id>``; template values all.
    """

    load_balancer: Any
    target_groups: tuple[Any, ...]


def scaling_resources(key: str, scaling: Scaling, cluster: Any, service: str, balancing: Balancing | None) -> Iterable[Resource]:
    """The scalable target and a policy for each measure.

    `cluster` is the cluster's name or ARN as the spec has it, `service` the logical ID of the service. Nothing depends on these
    resources. When scaling is taken away, CloudFormation first updates the service, with the count that ran a moment before, and
    removes them afterwards, in the clean-up: until then they scale on, and can move what was just written, never below their min.
    """
    cluster_name, service_name = named(cluster), {"Fn::GetAtt": [service, "Name"]}
    target: dict[str, Any] = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": _DIMENSION,
        "ResourceId": {"Fn::Join": ["/", ["service", cluster_name, service_name]]},
        "MinCapacity": scaling.min,
        "MaxCapacity": scaling.max,
    }
    if scaling.schedule:
        target["ScheduledActions"] = list(_scheduled(scaling))
    yield Resource(names.scalable_target(key), "AWS::ApplicationAutoScaling::ScalableTarget", target)
    for measure, aim, metric in _measures(scaling, cluster_name, service_name, balancing):
        properties = {
            "PolicyName": measure,
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": names.scalable_target(key)},
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": aim, **metric, **_cooldowns(scaling)},
        }
        yield Resource(names.scaling_policy(key, measure), "AWS::ApplicationAutoScaling::ScalingPolicy", properties)


def named(cluster: Any) -> Any:
    """The name of a cluster: of a name itself, or the last part of an ARN, which a ``${…}`` reference tells only in AWS."""
    if not isinstance(cluster, str) or not ("${" in cluster or ":" in cluster):
        return cluster  # the app's own, by Ref
    if "${" not in cluster:
        return cluster.rsplit("/", 1)[-1]
    reference = cluster.removeprefix("${").removesuffix("}")
    if not set(".:/{") & set(reference):
        return cluster  # Ref of a raw AWS::ECS::Cluster is its name
    return {"Fn::Select": [1, {"Fn::Split": ["/", cluster]}]}


def _scheduled(scaling: Scaling) -> Iterable[dict[str, Any]]:
    for name, one in sorted((scaling.schedule or {}).items()):
        counts = {"MinCapacity": one.min, "MaxCapacity": one.max}
        action: dict[str, Any] = {
            "ScheduledActionName": name,
            "Schedule": one.schedule,
            "ScalableTargetAction": {count: value for count, value in counts.items() if value is not None},
        }
        if one.time_zone:
            action["Timezone"] = one.time_zone
        yield action


def _cooldowns(scaling: Scaling) -> Mapping[str, int]:
    cooldown = scaling.cooldown
    given = {"ScaleInCooldown": cooldown and cooldown.in_, "ScaleOutCooldown": cooldown and cooldown.out}
    return {name: seconds(duration) for name, duration in given.items() if duration}


def _measures(
    scaling: Scaling, cluster: Any, service: Any, balancing: Balancing | None
) -> Iterable[tuple[str, int, dict[str, Any]]]:
    """Each measure with its target value and its metric."""
    if scaling.cpu:
        yield "cpu", scaling.cpu, _predefined("ECSServiceAverageCPUUtilization")
    if scaling.memory:
        yield "memory", scaling.memory, _predefined("ECSServiceAverageMemoryUtilization")
    if scaling.requests and balancing:
        yield "requests", scaling.requests, _requests(balancing)
    if scaling.queue:
        yield "queue", scaling.queue.backlog_per_task, _backlog(scaling.queue, cluster, service)


def _predefined(metric: str, **more: Any) -> dict[str, Any]:
    return {"PredefinedMetricSpecification": {"PredefinedMetricType": metric, **more}}


def _requests(balancing: Balancing) -> dict[str, Any]:
    if len(balancing.target_groups) == 1:
        label = {"Fn::Join": ["/", [balancing.load_balancer, *balancing.target_groups]]}
        return _predefined("ALBRequestCountPerTarget", ResourceLabel=label)
    # The predefined metric knows one target group, and ECS moves the traffic between two: the sum is what a task gets.
    whole = balancing.load_balancer
    metrics = [
        _metric(f"group{number}", "AWS/ApplicationELB", "RequestCountPerTarget", "Sum", LoadBalancer=whole, TargetGroup=group)
        for number, group in enumerate(balancing.target_groups, 1)
    ]
    expression = " + ".join(f"FILL({one['Id']}, 0)" for one in metrics)
    return _customized(*metrics, {"Id": "requests", "Expression": expression, "ReturnData": True})


def _backlog(queue: Queue, cluster: Any, service: Any) -> dict[str, Any]:
    """Messages that wait for each running task.

    ECS publishes CPUUtilization once a minute for each running task, so that its SampleCount is how many run: no Container
    Insights are needed, which alone publish RunningTaskCount. Where none runs there is no sample. Then any message lifts the
    value above the target, or a service at zero would wait until more messages than that are there.
    See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html.
    """
    aim = queue.backlog_per_task
    return _customized(
        _metric("messages", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Average", QueueName=_queue_name(queue.arn)),
        _metric("tasks", "AWS/ECS", "CPUUtilization", "SampleCount", ClusterName=cluster, ServiceName=service),
        {
            "Id": "backlog",
            "Expression": f"IF(FILL(tasks, 0) > 0, messages / FILL(tasks, 1), IF(messages > 0, messages + {aim}, 0))",
            "ReturnData": True,
        },
    )


def _queue_name(arn: str) -> Any:
    return {"Fn::Select": [5, {"Fn::Split": [":", arn]}]} if "${" in arn else arn.rsplit(":", 1)[-1]


def _metric(id_: str, namespace: str, name: str, statistic: str, **dimensions: Any) -> dict[str, Any]:
    listed = [{"Name": dimension, "Value": value} for dimension, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": listed}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Stat": statistic}, "ReturnData": False}


def _customized(*metrics: Any) -> dict[str, Any]:
    return {"CustomizedMetricSpecification": {"Metrics": list(metrics)}}
