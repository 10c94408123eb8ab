import pytest

from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Facts, Place, Subnets
from fargate_operator.parsing import parse_app
from test_model import manifest

HERE = Place("123456789012", "eu-west-1", "aws")
CODE = {"s3Bucket": "x", "s3Key": "y", "handler": "a.b", "runtime": "python3.13"}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1"
SQS = "arn:aws:sqs:eu-west-1:123456789012:jobs"


def told(where=HERE, **spec):
    try:
        parse_app(manifest(**spec), where)
    except InvalidSpec as error:
        return {fault.path: fault.message for fault in error.faults}
    return {}


def web(**fields):
    return {"services": {"web": {"image": "app", "port": 80, **fields}}}


def function(**fields):
    return {"images": {"app": {"uri": ECR}}, "functions": {"api": {"image": "app", **fields}}}


def event(**kind):
    return function(events={"one": kind})


WRONG = {
    "spec.cluster.existing": ({"cluster": {"existing": "arn:aws:ecs:us-east-1:123456789012:cluster/x"}}, "is in us-east-1; an ECS cluster must be in the app's region eu-west-1"),
    "spec.iam.taskRoleArn": ({"iam": {"taskRoleArn": "arn:aws:iam::210987654321:role/x"}}, "is of account 210987654321; an IAM role must be of the app's account 123456789012"),
    "spec.iam.managedPolicies[1]": ({"iam": {"managedPolicies": ["arn:aws:iam::aws:policy/Ok", "arn:aws:iam::aws:role/x"]}}, "is not the ARN of an IAM policy; must begin arn:aws:iam:…:policy/…"),
    "spec.iam.permissionsBoundary": ({"iam": {"permissionsBoundary": "arn:aws-cn:iam::123456789012:policy/x"}}, "is of the partition aws-cn; the app's is aws"),
    "spec.loadBalancer.certificateArns[0]": ({"loadBalancer": {"certificateArns": ["arn:aws:acm:us-east-1:123456789012:certificate/x"]}}, "is in us-east-1"),
    "spec.loadBalancer.listenerArn": ({"loadBalancer": {"listenerArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/x/1/2"}}, "must begin arn:aws:elasticloadbalancing:…:listener/app/…"),
    "spec.services.web.executionRoleArn": (web(executionRoleArn="arn:aws:iam:"), "is no whole ARN; must be that of an IAM role"),
    "spec.services.web.scaling.queue.arn": (web(scaling={"min": 1, "max": 2, "queue": {"arn": "arn:aws:sns:eu-west-1:123456789012:x", "backlogPerTask": 1}}), "is not the ARN of an SQS queue"),
    "spec.services.web.connect.namespace": (web(connect={"namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"}), "is in us-east-1"),
    "spec.scheduledTasks.report.deadLetterQueueArn": ({"scheduledTasks": {"report": {"image": "app", "schedule": "rate(1 hour)", "deadLetterQueueArn": "arn:aws:sns:eu-west-1:123456789012:x"}}}, "is not the ARN of an SQS queue"),
    "spec.functions.api.layers[0]": ({"functions": {"api": {"code": CODE, "layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"]}}}, "is in us-east-1; a layer's version must be in the app's region"),
    "spec.functions.api.events.one.sqs.queueArn": (event(sqs={"queueArn": SQS.replace("eu", "us")}), "is in us-west-1"),
    "spec.httpApi.domain.certificateArn": ({"httpApi": {"domain": {"name": "a.example.com", "certificateArn": "arn:aws:acm:eu-west-1:210987654321:certificate/x"}}}, "is of account 210987654321"),
}  # fmt: skip


@pytest.mark.parametrize("path", WRONG)
def test_an_arn_of_the_wrong_service_region_or_account_is_a_fault_at_its_field(path):
    spec, words = WRONG[path]
    found = told(**spec)
    assert words in found[path]


def test_all_are_told_at_once():
    spec = {
        name: value
        for one in ("spec.cluster.existing", "spec.httpApi.domain.certificateArn")
        for name, value in WRONG[one][0].items()
    }
    assert {"spec.cluster.existing", "spec.httpApi.domain.certificateArn"} <= told(**spec).keys()


def test_references_and_what_is_not_known_yet_pass():
    assert told(iam={"taskRoleArn": "${Import:role}"}) == {}
    assert told(Place(), iam={"taskRoleArn": "arn:aws:iam::210987654321:role/x"}) == {}


def test_a_topic_and_a_queue_may_be_of_another_account():
    topic = event(sns={"topicArn": "arn:aws:sns:eu-west-1:210987654321:news"})
    queue = event(sqs={"queueArn": SQS.replace("123456789012", "210987654321")})
    assert [told(**one) for one in (topic, queue)] == [{}, {}]


def test_the_compiler_judges_them_by_the_facts():
    app = parse_app(manifest(iam={"taskRoleArn": "arn:aws:iam::210987654321:role/x"}))
    facts = Facts("123456789012", "eu-west-1", subnets={"default": Subnets("vpc-1", ("subnet-1",))}, images={"app": "x"})
    with pytest.raises(InvalidSpec, match=r"spec\.iam\.taskRoleArn: .* is of account 210987654321"):
        compile_app(app, facts)
