"""Scaling: what a spec of it is refused for, and what the resources name where the golden templates do not show it."""

import pytest

from fargate_operator.fragments.scaling_policies import named
from test_model import compiled, faults

LEAST = {"min": 1, "max": 4, "cpu": 60}
NIGHT = "cron(0 19 * * ? *)"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:jobs"
ACM = "arn:aws:acm:eu-west-1:123456789012:certificate/x"


def web(scaling, **more):
    return {"services": {"web": {"image": "app", "scaling": scaling, **more}}}


def night(**entry):
    return {**LEAST, "schedule": {"night": {"schedule": NIGHT, **entry}}}


REFUSED = {
    "min above max": ({**LEAST, "min": 5}, "min", "is 5, above max 4; must be at most that"),
    "max 0": ({**LEAST, "min": 0, "max": 0}, "max", "is 0, so that no task would ever run"),
    "nothing to scale by": ({"min": 1, "max": 2}, "", "needs at least one of cpu, memory, requests, queue and schedule"),
    "requests without http": ({"min": 1, "max": 2, "requests": 10}, "requests", "needs http"),
    "an entry without counts": (night(), "schedule.night", "must have min, max or both"),
    "an entry's min above its max": (night(min=3, max=2), "schedule.night.min", "is 3, above max 2"),
    "an entry's min above the other max": (night(min=5), "schedule.night.min", "above the max 4 that scaling sets"),
    "an entry's max below the other min": (night(max=0), "schedule.night.max", "below the min 1 that scaling sets"),
    "a morning that the night's max holds back": (
        {**LEAST, "schedule": {"night": {"schedule": NIGHT, "min": 0, "max": 0}, "morning": {"schedule": NIGHT, "min": 2}}},
        "schedule.morning.min",
        "is 2, above the max 0 that schedule.night sets; give max here, too",
    ),
    "a cooldown over an hour": ({**LEAST, "cooldown": {"in": "2h"}}, "cooldown.in", "is 7200s; must be 0s to 3600s"),
    "a cooldown of nothing": (
        {"min": 1, "max": 2, "schedule": {"night": {"schedule": NIGHT, "min": 0}}, "cooldown": {"out": "1m"}},
        "cooldown",
        "a schedule knows no cooldown",
    ),
    "a queue that is none": (
        {"min": 0, "max": 2, "queue": {"arn": ACM, "backlogPerTask": 1}},
        "queue.arn",
        "is not the ARN of an SQS queue",
    ),
    "a queue of another account": (
        {"min": 0, "max": 2, "queue": {"arn": QUEUE.replace("123456789012", "210987654321"), "backlogPerTask": 1}},
        "queue.arn",
        "an SQS queue must be of the app's account 123456789012",
    ),
    "a queue of another region": (
        {"min": 0, "max": 2, "queue": {"arn": QUEUE.replace("eu-west-1", "eu-west-2"), "backlogPerTask": 1}},
        "queue.arn",
        "an SQS queue must be in the app's region eu-west-1",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_scaling_is_refused_for(wrong):
    scaling, field, words = REFUSED[wrong]
    told = faults(**web(scaling))
    assert list(told) == [f"spec.services.web.scaling.{field}".rstrip(".")]
    assert words in next(iter(told.values()))


def test_a_queue_may_be_a_reference_to_one_of_the_app():
    scaling = {"min": 0, "max": 2, "queue": {"arn": "${Jobs.Arn}", "backlogPerTask": 1}}
    template = compiled(resources={"Jobs": {"Type": "AWS::SQS::Queue"}}, **web(scaling))
    policy = template.resources["WebQueueScalingPolicy"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    [messages, *_] = policy["CustomizedMetricSpecification"]["Metrics"]
    assert messages["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "QueueName", "Value": {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Jobs", "Arn"]}]}]}}
    ]


@pytest.mark.parametrize(
    ("cluster", "name"),
    [
        ({"Ref": "FargateTasksCluster"}, {"Ref": "FargateTasksCluster"}),
        ("arn:aws:ecs:eu-west-1:123456789012:cluster/shared", "shared"),
        ("${Cluster}", "${Cluster}"),
        ("${Cluster.Arn}", {"Fn::Select": [1, {"Fn::Split": ["/", "${Cluster.Arn}"]}]}),
        ("${Import:cluster}", {"Fn::Select": [1, {"Fn::Split": ["/", "${Import:cluster}"]}]}),
        (
            "arn:${AWS::Partition}:ecs:eu-west-1:123456789012:cluster/shared",
            {"Fn::Select": [1, {"Fn::Split": ["/", "arn:${AWS::Partition}:ecs:eu-west-1:123456789012:cluster/shared"]}]},
        ),
    ],
)
def test_the_scalable_target_names_its_cluster_however_it_is_given(cluster, name):
    assert named(cluster) == name


def test_a_service_with_scaling_has_no_desired_count_though_the_spec_has_one():
    assert "DesiredCount" not in compiled(**web(LEAST, desiredCount=3)).resources["WebService"]["Properties"]


def test_an_override_of_the_count_is_still_the_last_word():
    service = compiled(**web(LEAST, overrides={"service": {"DesiredCount": 3}})).resources["WebService"]
    assert service["Properties"]["DesiredCount"] == 3
