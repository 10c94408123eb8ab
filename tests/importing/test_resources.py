"""`resources`, in several files, and what they change of the framework's own."""

from typing import Any

from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.serverless import convert
from fargate_operator.importing.source import parse

HEAD = """\
service: a
provider: {name: aws, region: eu-west-1}
functions: {f1: {image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"}}
"""


def imported(text: str) -> tuple[dict[str, Any], list[tuple[int, str, str]]]:
    report = Report("x.yml")
    spec = convert(parse(HEAD + text, "x.yml"), Options(), report)["spec"]
    return spec, [(one.line, one.path, one.message) for one in report.losses()]


def test_what_stands_in_two_files_is_merged_and_what_is_displaced_is_told() -> None:
    spec, told = imported("""\
resources:
  - Resources: {T: {Type: "AWS::SQS::Queue", Properties: {DelaySeconds: 1, Tags: [{Key: a, Value: b}, {Key: c, Value: d}]}}}
    Outputs: {O: {Value: x, Description: y}}
  - Resources:
      T: {DeletionPolicy: Retain, Properties: {DelaySeconds: 2, FifoQueue: true, Tags: [{Value: b}]}}
    Outputs: {O: {Export: {Name: z}}}
""")
    tags = [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]
    properties = {"DelaySeconds": 2, "Tags": tags, "FifoQueue": True}
    assert spec["resources"] == {"T": {"Type": "AWS::SQS::Queue", "Properties": properties, "DeletionPolicy": "Retain"}}
    assert spec["outputs"] == {"O": {"Value": "x", "Description": "y", "Export": {"Name": "z"}}}
    message = "T.Properties.DelaySeconds stands here with another value than before; the later one wins, as in the framework"
    assert told == [(8, "resources[1].Resources.T", message)]


def test_a_topic_that_an_event_makes_is_merged_with_what_resources_say_of_it() -> None:
    report = Report("x.yml")
    text = HEAD.replace("x:1", 'x:1", events: [{sns: alerts}], memorySize: "512')
    root = parse(f"{text}resources: {{Resources: {{SNSTopicAlerts: {{Properties: {{KmsMasterKeyId: k}}}}}}}}\n", "x.yml")
    spec = convert(root, Options(), report)["spec"]
    body = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts", "KmsMasterKeyId": "k"}}
    assert (spec["resources"], report.losses()) == ({"SNSTopicAlerts": body}, [])


def test_what_changes_a_resource_of_the_frameworks_is_told_and_no_resource() -> None:
    spec, told = imported("""\
resources:
  Resources:
    F1LambdaFunction: {Type: "AWS::Lambda::Function", Properties: {ReservedConcurrentExecutions: 5}}
    F1LogGroup: {Type: "AWS::Logs::LogGroup", Properties: {RetentionInDays: 7}}
    IamRoleLambdaExecution: {Type: "AWS::IAM::Role", Properties: {ManagedPolicyArns: [a]}}
    ServerlessDeploymentBucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: x}}
    ApiGatewayRestApi: {Type: "AWS::ApiGateway::RestApi", Properties: {Name: x}}
    HttpApi: {Type: "AWS::ApiGatewayV2::Api", Properties: {Name: x}}
    HttpApiStage: {Properties: {AutoDeploy: false}}
    F1LambdaPermissionHttpApi: {Properties: {SourceArn: x}}
    Mine: {Type: "AWS::SSM::Parameter", Properties: {Value: !GetAtt F1LambdaFunction.Arn, Name: !Ref IamRoleLambdaExecution}}
""")
    arn, role = {"Fn::GetAtt": ["F1Function", "Arn"]}, {"Ref": "IamRoleLambdaExecution"}
    assert spec["resources"] == {"Mine": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": arn, "Name": role}}}
    theirs = "changes a resource that the framework makes; use the FargateApp's own fields"
    assert [(line, message) for line, _, message in told] == [
        *((line, theirs) for line in range(6, 14)),
        (14, "refers to IamRoleLambdaExecution, which is not in this stack; write what it stands for"),
    ]


def test_a_text_cannot_refer_to_what_is_no_resource_any_more() -> None:
    spec, told = imported(
        """\
resources: {Resources: {F1LambdaFunction: {Type: "AWS::Lambda::Function", Properties: {Timeout: 5}}}}
""".replace("resources", "fargate: {environment: {A: !GetAtt F1LambdaFunction.Arn}}\nresources", 1)
    )
    assert "environment" not in spec
    assert told[0][2] == "refers to F1LambdaFunction.Arn; strings of a FargateApp can refer to spec.resources only"


def test_what_is_made_with_routes_or_tasks_alone_is_not_there_without_them() -> None:
    """An overridden HttpApi is told as the framework's own; what refers to it is told as well."""
    text = 'resources: {Resources: {A: {Type: "AWS::SSM::Parameter", Properties: {Value: !Ref HttpApi, Name: !Ref FargateTasksCluster}}}}\n'
    assert [message for _, _, message in imported(text)[1]] == [
        "refers to FargateTasksCluster, which is not in this stack; write what it stands for",
        "refers to HttpApi, which is not in this stack; write what it stands for",
    ]
