"""Functions and their HTTP API: what is refused, with the field and the words, and what a change of the spec changes."""

import copy
import dataclasses
import json
from collections.abc import Iterator

import pytest

import golden_cases
from fargate_operator import names
from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Facts, Subnets
from fargate_operator.parsing import parse_app

ACCOUNT, REGION = "123456789012", "eu-west-1"
SHOP = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop"
CODE = {"s3Bucket": "code", "s3Key": "api.zip", "handler": "api.handler", "runtime": "python3.13"}
RAW = {
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}},
    "Jobs": {"Type": "AWS::SQS::Queue"},
    "Ordered": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
    "News": {"Type": "AWS::SNS::Topic"},
    "Clicks": {"Type": "AWS::Kinesis::Stream"},
    "Bus": {"Type": "AWS::Events::EventBus"},
    "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Bucket": "code", "S3Key": "layer.zip"}}},
}


def arn(service, rest, region=REGION):
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def compiled(functions, image=f"{SHOP}@sha256:{'1' * 64}", version="1", **spec):
    spec = {"images": {"app": {"uri": f"{SHOP}:1"}}, "resources": RAW, "functions": functions, **spec}
    app = parse_app({"metadata": {"namespace": "team-a", "name": "shop"}, "spec": spec})
    subnets = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"))}
    facts = Facts(ACCOUNT, REGION, subnets=subnets, images={"app": image}, code=dict.fromkeys(functions, version))
    return compile_app(app, facts)


def resources(**function):
    return compiled({"api": {"image": "app", **function}}).resources


def faults(functions, **spec):
    with pytest.raises(InvalidSpec) as caught:
        compiled(functions, **spec)
    return {fault.path: fault.message for fault in caught.value.faults}


def image(**fields):
    return {"api": {"image": "app", **fields}}


def zipped(code=None, **fields):
    return {"api": {"code": {**CODE, **(code or {})}, **fields}}


def event(**kind):
    return {"api": {"image": "app", "events": {"one": kind}}}


EVENT = "spec.functions.api.events.one"
BAD_FUNCTIONS = {
    "neither image nor code": ({"api": {}}, "spec.functions.api", "has neither image nor code; it must have one of the two"),
    "both image and code": ({"api": {"image": "app", "code": CODE}}, "spec.functions.api.code", "excludes image; give one of the two"),
    "code with a command": (zipped(command=["x"]), "spec.functions.api.command", "goes with an image only; code in S3 has code.handler"),
    "code with an entry point": (zipped(entryPoint=["x"]), "spec.functions.api.entryPoint", "goes with an image only"),
    "an image with layers": (image(layers=[arn("lambda", "layer:x:1")]), "spec.functions.api.layers", "go with code only"),
    "version and checksum": (zipped({"sha256": "a" * 64, "s3ObjectVersion": "1"}), "spec.functions.api.code.sha256", "excludes s3ObjectVersion"),
    "a checksum that is none": (zipped({"sha256": "abc"}), "spec.functions.api.code.sha256", ""),
    "a runtime that can be none": (zipped({"runtime": "Python 3"}), "spec.functions.api.code.runtime", ""),
    "a bucket that is a URL": (zipped({"s3Bucket": "s3://code"}), "spec.functions.api.code.s3Bucket", "must be the bucket's name alone"),
    "a bucket of the stack's own": (zipped({"s3Bucket": "${Files}"}), "spec.functions.api.code.s3Bucket",
                                    "its version is looked up before the stack knows ${Files}; write it out, or give s3ObjectVersion"),
    "a layer without a version": (zipped(layers=[arn("lambda", "layer:x")]), "spec.functions.api.layers[0]", "must be a version of a layer"),
    "a layer that is a queue": (zipped(layers=[arn("sqs", "x")]), "spec.functions.api.layers[0]", "must be a version of a layer"),
    "a layer of another region": (zipped(layers=[arn("lambda", "layer:x:1", "us-east-1")]), "spec.functions.api.layers[0]",
                                  "is in us-east-1; a layer's version must be in the app's region eu-west-1"),
    "more warm than there may be": (image(provisionedConcurrency=3, reservedConcurrency=2), "spec.functions.api.provisionedConcurrency",
                                    "is 3, more than reservedConcurrency, 2"),
    "a variable of Lambda's own": (image(environment={"AWS_REGION": "x"}), "spec.functions.api.environment.AWS_REGION", "is Lambda's own"),
    "a name that is none in Lambda": (image(environment={"A.B": "x"}), "spec.functions.api.environment.A.B", "is no name of a variable in Lambda"),
    "a destination that is none": (image(onFailure=arn("dynamodb", "table/x")), "spec.functions.api.onFailure", "must be the ARN of an SQS queue"),
    "a destination nobody knows": (image(onFailure="${Import:x}"), "spec.functions.api.onFailure", "must be the ARN of an SQS queue"),
    "a destination that keeps the order": (image(onFailure="${Ordered.Arn}"), "spec.functions.api.onFailure", "is FIFO"),
    "a destination in another region": (image(onFailure=arn("sqs", "x", "us-east-1")), "spec.functions.api.onFailure", "is in us-east-1"),
    "a method that a URL does not take": (image(url={"cors": {"allowMethods": ["GET", "OPTIONS"]}}),
                                          "spec.functions.api.url.cors.allowMethods[1]", "is 'OPTIONS'; a function URL takes *, GET"),
    "CORS remembered for days": (image(url={"cors": {"maxAge": "25h"}}), "spec.functions.api.url.cors.maxAge", "is 90000s; must be 24h at most"),
    "a timeout of an hour": (image(timeout="1h"), "spec.functions.api.timeout", "is 3600s; must be 1s to 900s"),
    "an event named as what SAM makes": (image(events={"role": {"sqs": {"queueArn": "${Jobs.Arn}"}}}), "spec.functions.api.events.role",
                                         "collides with spec.functions.api: both make the resource ApiFunctionRole; rename it"),
    "events that make the same": (
        image(events={"warm": {"schedule": {"expression": "rate(1 hour)"}}, "warmRole": {"sqs": {"queueArn": "${Jobs.Arn}"}}}),
        "spec.functions.api.events.warmRole", "collides with spec.functions.api.events.warm"),
    "names that make one too long": (
        {"f" * 64: {"image": "app", "events": {"e" * 64: {"schedule": {"expression": "rate(1 hour)"}}}}},
        f"spec.functions.{'f' * 64}.events.{'e' * 64}", "and its function's name make a policy's name of 148 characters, of which IAM takes 128"),
    "a large batch at once": (event(sqs={"queueArn": "${Jobs.Arn}", "batchSize": 11}), f"{EVENT}.sqs.batchSize",
                              "is 11; over 10 it needs batchWindow, of 1s or more"),
    "a large batch in order": (event(sqs={"queueArn": arn("sqs", "x.fifo"), "batchSize": 11}), f"{EVENT}.sqs.batchSize",
                               "is 11; must be 10 at most for a FIFO queue"),
    "a batch in order that waits": (event(sqs={"queueArn": "${Ordered.Arn}", "batchWindow": "5s"}), f"{EVENT}.sqs.batchWindow", "is not for a FIFO"),
    "a queue that is a table": (event(sqs={"queueArn": "${Table.Arn}"}), f"{EVENT}.sqs.queueArn", "must be the ARN of an SQS queue"),
    "a queue of another region": (event(sqs={"queueArn": arn("sqs", "x", "us-east-1")}), f"{EVENT}.sqs.queueArn", "is in us-east-1"),
    "a queue that shows messages too early": (
        {"api": {"image": "app", "timeout": "1m", "events": {"one": {"sqs": {"queueArn": "${Jobs.Arn}"}}}}}, f"{EVENT}.sqs.queueArn",
        "is a queue whose VisibilityTimeout, 30s, is less than the function's timeout, 60s"),
    "more at once than there may be": (
        {"api": {"image": "app", "reservedConcurrency": 2, "events": {"one": {"sqs": {"queueArn": "${Jobs.Arn}", "maximumConcurrency": 3}}}}},
        f"{EVENT}.sqs.maximumConcurrency", "is 3, more than reservedConcurrency, 2"),
    "a topic that is a queue": (event(sns={"topicArn": "${Jobs.Arn}"}), f"{EVENT}.sns.topicArn", "must be the ARN of an SNS topic"),
    "a topic that keeps the order": (event(sns={"topicArn": arn("sns", "x.fifo")}), f"{EVENT}.sns.topicArn", "is a FIFO topic"),
    "a bus that is a rule": (event(eventBridge={"bus": arn("events", "rule/x"), "pattern": {"source": ["x"]}}), f"{EVENT}.eventBridge.bus",
                             "must be the name or the ARN of an event bus"),
    "a pattern of nothing": (event(eventBridge={"pattern": {}}), f"{EVENT}.eventBridge.pattern", "must not be empty"),
    "a stream that is a queue": (event(stream={"arn": arn("sqs", "x")}), f"{EVENT}.stream.arn", "must be the ARN of a Kinesis or a DynamoDB stream"),
    "a stream that is a table": (event(stream={"arn": "${Table.Arn}"}), f"{EVENT}.stream.arn", "is a table; its stream is meant"),
    "a table's ARN": (event(stream={"arn": arn("dynamodb", "table/x")}), f"{EVENT}.stream.arn", "is a table; its stream is meant"),
    "a stream that waits too long": (event(stream={"arn": "${Clicks.Arn}", "batchWindow": "301s"}), f"{EVENT}.stream.batchWindow", "must be 300s"),
    "a bucket that is an ARN": (event(s3={"bucket": "arn:aws:s3:::x"}), f"{EVENT}.s3.bucket", "must be the bucket's name alone"),
    "a route with a reference": (event(httpApi={"route": "GET /${Table}"}), f"{EVENT}.httpApi.route", "cannot hold a ${…} reference"),
    "an authorizer that is not there": (event(httpApi={"route": "GET /", "authorizer": "jwt"}), f"{EVENT}.httpApi.authorizer",
                                        "'jwt' is not in spec.httpApi.authorizers; must be AWS_IAM, or a name in spec.httpApi.authorizers"),
    "two functions on one route": (
        {"api": {"image": "app", "events": {"a": {"httpApi": {"route": "GET /"}}}}, "web": {"image": "app", "events": {"b": {"httpApi": {"route": "GET /"}}}}},
        "spec.functions.web.events.b.httpApi.route", "is GET /, which is spec.functions.api.events.a.httpApi's"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FUNCTIONS)
def test_a_function_that_aws_would_refuse(name):
    functions, path, words = BAD_FUNCTIONS[name]
    told = faults(functions)
    assert list(told) == [path]
    assert words in told[path]


CERTIFICATE = arn("acm", "certificate/x")
JWT = {"jwt": {"issuer": "https://x", "audience": ["x"]}}
BAD_APIS = {
    "an authorizer of two kinds": ({"authorizers": {"a": {**JWT, "lambda": {"function": "api"}}}}, "authorizers.a", "must have exactly one kind: jwt or lambda"),
    "an authorizer of no kind": ({"authorizers": {"a": {}}}, "authorizers.a", "must have exactly one kind: jwt or lambda"),
    "an authorizer with a word that is taken": ({"authorizers": {"AWS_IAM": JWT}}, "authorizers.AWS_IAM", "is a word with a meaning of its own"),
    "two authorizers that are one": ({"authorizers": {"a-b": JWT, "ab": JWT}}, "authorizers.ab", "collides with a-b"),
    "an authorizer of no function": ({"authorizers": {"a": {"lambda": {"function": "x"}}}}, "authorizers.a.lambda.function",
                                     "'x' is not in spec.functions; must be one of api"),
    "an answer remembered for a day": ({"authorizers": {"a": {"lambda": {"function": "api", "ttl": "24h"}}}}, "authorizers.a.lambda.ttl", "must be 1h at most"),
    "a source that is none": ({"authorizers": {"a": {"lambda": {"function": "api", "identitySources": ["header"]}}}},
                              "authorizers.a.lambda.identitySources[0]", ""),
    "an issuer without a scheme": ({"authorizers": {"a": {"jwt": {"issuer": "x", "audience": ["x"]}}}}, "authorizers.a.jwt.issuer", ""),
    "CORS remembered for days": ({"cors": {"maxAge": "25h"}}, "cors.maxAge", "is 90000s; must be 24h at most"),
    "a host name without a domain": ({"domain": {"name": "api", "certificateArn": CERTIFICATE}}, "domain.name", "must be a whole host name"),
    "a certificate that is a role": ({"domain": {"name": "a.b", "certificateArn": f"arn:aws:iam::{ACCOUNT}:role/x"}}, "domain.certificateArn",
                                     "must be the ARN of an ACM certificate"),
    "a certificate of another region": ({"domain": {"name": "a.b", "certificateArn": arn("acm", "certificate/x", "us-east-1")}}, "domain.certificateArn",
                                        "is in us-east-1; an ACM certificate must be in the app's region eu-west-1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_APIS)
def test_an_api_that_aws_would_refuse(name):
    api, path, words = BAD_APIS[name]
    told = faults(event(httpApi={"route": "GET /"}), httpApi=api)
    assert list(told) == [f"spec.httpApi.{path}"]
    assert words in told[f"spec.httpApi.{path}"]


def test_an_image_that_lambda_cannot_take_is_told_by_its_field():
    told = faults(image(), images={"app": {"uri": "public.ecr.aws/shop/app:1"}})
    assert list(told) == ["spec.functions.api.image"]
    assert "Lambda takes images only from a private repository of ECR" in told["spec.functions.api.image"]


def test_an_image_of_another_region_is_told_by_its_field():
    told = faults(image(), image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop:1")
    assert list(told) == ["spec.functions.api.image"]
    assert "is in ECR's us-east-1; Lambda takes images only from its own region, eu-west-1" in told["spec.functions.api.image"]


def test_what_cannot_be_judged_passes():
    """References, and ARNs with references in them."""
    events = {
        "a": {"sqs": {"queueArn": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:jobs"}},
        "b": {"sns": {"topicArn": "${Import:news}"}},
        "c": {"stream": {"arn": "arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/clicks"}},
        "d": {"eventBridge": {"bus": "${Import:bus}", "pattern": {"source": ["x"]}}},
    }
    onward = "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:alarms"
    template = compiled({"api": {"code": CODE, "layers": ["${Import:layer}"], "onFailure": onward, "events": events}})
    assert template.resources["ApiFunctionC"]["Properties"]["StartingPosition"] == "LATEST"
    assert template.resources["ApiFunction"]["Properties"]["Layers"] == [{"Fn::ImportValue": "layer"}]


@pytest.mark.parametrize(
    ("source", "expected", "policy"),
    [
        ({"sqs": {"queueArn": "${Jobs.Arn}"}}, ["Jobs", "Arn"], "AWSLambdaSQSQueueExecutionRole"),
        ({"stream": {"arn": "${Clicks.Arn}"}}, ["Clicks", "Arn"], "AWSLambdaKinesisExecutionRole"),
        ({"stream": {"arn": "${Table.StreamArn}"}}, ["Table", "StreamArn"], "AWSLambdaDynamoDBExecutionRole"),
    ],
)
def test_a_reference_to_a_queue_or_stream_of_the_app_works_and_brings_the_rights_of_its_kind(source, expected, policy):
    made = resources(events={"one": source})
    assert made["ApiFunctionOne"]["Properties"]["EventSourceArn"] == {"Fn::GetAtt": expected}
    managed = made["ApiFunctionRole"]["Properties"]["ManagedPolicyArns"]
    assert f"arn:aws:iam::aws:policy/service-role/{policy}" in managed


@pytest.mark.parametrize(
    ("reference", "target", "action"),
    [
        ("${Jobs.Arn}", {"Fn::GetAtt": ["Jobs", "Arn"]}, "sqs:SendMessage"),
        ("${News}", {"Ref": "News"}, "sns:publish"),
        ("${Bus.Arn}", {"Fn::GetAtt": ["Bus", "Arn"]}, "events:PutEvents"),
        (arn("lambda", "function:x"), arn("lambda", "function:x"), "lambda:InvokeFunction"),
    ],
)
def test_a_destination_gets_what_failed_and_the_role_may_send_it_there_alone(reference, target, action):
    made = resources(onFailure=reference)
    assert made["ApiFunctionEventInvokeConfig"]["Properties"]["DestinationConfig"] == {"OnFailure": {"Destination": target}}
    [policy] = made["ApiFunctionRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [{"Action": action, "Effect": "Allow", "Resource": target}]


def versions(template):
    return [name for name, body in template.resources.items() if body["Type"] == "AWS::Lambda::Version"]


WARM = {"image": "app", "provisionedConcurrency": 1}
CHANGED = {
    "command": compiled({"api": {**WARM, "command": ["other"]}}),
    "entry point": compiled({"api": {**WARM, "entryPoint": ["other"]}}),
    "environment": compiled({"api": {**WARM, "environment": {"LEVEL": "debug"}}}),
    "shared environment": compiled({"api": WARM}, environment={"LEVEL": "debug"}),
    "memory": compiled({"api": {**WARM, "memory": 2048}}),
    "timeout": compiled({"api": {**WARM, "timeout": "1m"}}),
    "architecture": compiled({"api": {**WARM, "architecture": "ARM64"}}),
    "digest": compiled({"api": WARM}, image=f"{SHOP}@sha256:{'2' * 64}"),
    "tracing": compiled({"api": {**WARM, "tracing": True}}),
    "network": compiled({"api": {**WARM, "vpc": True}}),
    "secrets": compiled({"api": {**WARM, "secrets": {"KEY": "/shop/key"}}}),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_version_keeps_publishes_another_one_and_moves_the_alias(name):
    [before], [after] = versions(compiled({"api": WARM})), versions(CHANGED[name])
    assert before != after
    alias = CHANGED[name].resources["ApiFunctionAliaslive"]["Properties"]
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [after, "Version"]}


@pytest.mark.parametrize(
    "change",
    [{"tags": {"a": "b"}}, {"reservedConcurrency": 5}, {"provisionedConcurrency": 2}, {"onFailure": "${Jobs.Arn}"}, {"url": {}},
     {"events": {"one": {"sns": {"topicArn": "${News}"}}}}],
)  # fmt: skip
def test_what_a_version_does_not_keep_publishes_none_for_lambda_would_refuse_it(change):
    assert versions(compiled({"api": {**WARM, **change}})) == versions(compiled({"api": WARM}))


def test_a_resource_that_is_referred_to_and_changes_publishes_another_version():
    function = {"api": {**WARM, "environment": {"TABLE": "${Table}"}}}
    other = {**RAW, "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "other"}}}
    assert versions(compiled(function)) != versions(compiled(function, resources=other))
    assert versions(compiled(function)) == versions(
        compiled(function, resources={**RAW, "Bus": {"Type": "AWS::Events::EventBus", "Properties": {}}})
    )


def test_the_version_of_code_in_s3_is_what_was_looked_up_or_what_is_written():
    looked = compiled(zipped(), version="7").resources["ApiFunction"]["Properties"]["Code"]
    written = compiled(zipped({"s3ObjectVersion": "3"}), version="7").resources["ApiFunction"]["Properties"]["Code"]
    assert looked == {"S3Bucket": "code", "S3Key": "api.zip", "S3ObjectVersion": "7"}
    assert written["S3ObjectVersion"] == "3"


def test_with_warm_environments_everything_invokes_the_alias():
    events = {
        "jobs": {"sqs": {"queueArn": "${Jobs.Arn}"}},
        "news": {"sns": {"topicArn": "${News}"}},
        "bus": {"eventBridge": {"pattern": {"source": ["x"]}}},
        "warm": {"schedule": {"expression": "rate(1 hour)"}},
    }
    made = compiled({"api": {**WARM, "url": {"auth": "NONE"}, "onFailure": "${Jobs.Arn}", "events": events}}).resources
    alias = {"Ref": "ApiFunctionAliaslive"}
    assert made["ApiFunctionJobs"]["Properties"]["FunctionName"] == alias
    assert made["ApiFunctionNews"]["Properties"]["Endpoint"] == alias
    assert made["ApiFunctionBus"]["Properties"]["Targets"][0]["Arn"] == alias
    assert made["ApiFunctionWarm"]["Properties"]["Target"]["Arn"] == alias
    assert made["ApiFunctionUrl"]["Properties"]["TargetFunctionArn"] == alias
    assert made["ApiFunctionEventInvokeConfig"]["Properties"]["Qualifier"] == "live"


def test_a_url_for_anybody_has_both_permissions_that_lambda_asks_for():
    made = resources(url={"auth": "NONE"})
    permissions = {body["Properties"]["Action"] for body in made.values() if body["Type"] == "AWS::Lambda::Permission"}
    assert permissions == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}


def test_a_function_in_the_network_has_its_subnets_and_a_security_group_of_the_apps_own():
    template = compiled(image(vpc=True))
    group = {"Fn::GetAtt": ["FargateSecurityGroup", "GroupId"]}
    assert template.resources["ApiFunction"]["Properties"]["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": [group],
    }
    assert template.outputs["SecurityGroupId"]["Value"] == {"Fn::Join": [",", [group]]}


def test_two_apps_do_not_contend_for_the_name_of_a_schedule():
    assert "Name" not in resources(events={"warm": {"schedule": {"expression": "rate(1 hour)"}}})["ApiFunctionWarm"]["Properties"]


def test_logical_ids_stay_when_values_change():
    def made(queue, topic, bucket, domain, issuer):
        events = {
            "a": {"sqs": {"queueArn": arn("sqs", queue)}},
            "b": {"sns": {"topicArn": arn("sns", topic)}},
            "c": {"s3": {"bucket": bucket}},
            "d": {"httpApi": {"route": "GET /", "authorizer": "jwt"}},
        }
        api = {
            "domain": {"name": domain, "certificateArn": CERTIFICATE},
            "authorizers": {"jwt": {"jwt": {"issuer": issuer, "audience": ["x"]}}},
        }
        return sorted(compiled({"api": {"image": "app", "events": events}}, httpApi=api).resources)

    assert made("one", "one", "one", "one.example.com", "https://one") == made(
        "two", "two", "two", "two.example.com", "https://two"
    )


def test_the_apis_own_host_name_is_its_url_and_says_where_dns_must_lead():
    api = {"domain": {"name": "api.example.com", "certificateArn": CERTIFICATE}}
    outputs = compiled(event(httpApi={"route": "GET /"}), httpApi=api).outputs
    assert outputs["HttpApiUrl"]["Value"] == "https://api.example.com"
    assert outputs["HttpApiDomainTarget"]["Value"] == {"Fn::GetAtt": ["HttpApiDomain", "RegionalDomainName"]}


def test_an_issuer_may_be_a_reference():
    jwt = {"jwt": {"issuer": "https://cognito-idp.${AWS::Region}.amazonaws.com/${Table}", "audience": ["${Import:client}"]}}
    made = compiled(event(httpApi={"route": "GET /", "authorizer": "jwt"}), httpApi={"authorizers": {"jwt": jwt}}).resources
    configuration = made["HttpApiJwtAuthorizer"]["Properties"]["JwtConfiguration"]
    assert configuration["Audience"] == [{"Fn::ImportValue": "client"}]
    assert {"Ref": "Table"} in configuration["Issuer"]["Fn::Join"][1]


@pytest.mark.parametrize(
    ("route", "requests"),
    [("GET /", "*/GET/"), ("ANY /a/{b}/c", "*/*/a/*/c"), ("POST /{proxy+}", "*/POST/*"), ("$default", "*/$default")],
)
def test_the_api_may_invoke_a_function_for_its_own_route_only(route, requests):
    made = compiled(event(httpApi={"route": route})).resources
    assert made[names.route(route)]["Properties"]["RouteKey"] == route
    assert made["ApiFunctionOnePermission"]["Properties"]["SourceArn"]["Fn::Join"][1][-1] == requests


@pytest.mark.parametrize(("authorizer", "kind"), [(None, "NONE"), ("AWS_IAM", "AWS_IAM"), ("jwt", "JWT"), ("own", "CUSTOM")])
def test_a_route_lets_in_whom_its_authorizer_lets_in(authorizer, kind):
    authorizers = {"jwt": JWT, "own": {"lambda": {"function": "api"}}}
    made = compiled(event(httpApi={"route": "GET /", "authorizer": authorizer}), httpApi={"authorizers": authorizers}).resources
    route = made[names.route("GET /")]["Properties"]
    assert route["AuthorizationType"] == kind
    known = {"JWT": {"Ref": "HttpApiJwtAuthorizer"}, "CUSTOM": {"Ref": "HttpApiOwnAuthorizer"}}
    assert route.get("AuthorizerId") == known.get(kind)


@pytest.mark.parametrize(
    "source", ["$request.header.X-Key", "$request.querystring.k", "$stageVariables.v", "$context.identity.sourceIp"]
)
def test_an_identity_source_comes_through_as_it_is_written(source):
    own = {"lambda": {"function": "api", "identitySources": [source]}}
    made = compiled(event(httpApi={"route": "GET /", "authorizer": "own"}), httpApi={"authorizers": {"own": own}}).resources
    authorizer = made["HttpApiOwnAuthorizer"]["Properties"]
    assert authorizer["IdentitySource"] == [source]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0


def test_no_reference_is_left_inside_what_sam_writes_as_a_substitution():
    text = json.dumps(compiled({**zipped(), "web": {"image": "app", "events": {"one": {"sns": {"topicArn": "${News}"}}}}}).body())
    assert "${News}" not in text


def places(value, path=()) -> Iterator[tuple]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, "${", "arn:", "${Import:x}", "${Table.Nope.x}"], ids=repr)
@pytest.mark.parametrize("case", ["functions", "http-api"])
def test_junk_anywhere_is_a_fault_or_passes_but_never_a_crash(case, junk):
    whole = golden_cases.example(case)
    facts = dataclasses.replace(golden_cases.facts(case), code=dict.fromkeys(whole["spec"]["functions"], "1"))
    for path in [one for one in places(whole["spec"]) if one and one[0] not in {"resources", "network"}]:
        manifest = copy.deepcopy(whole)
        place = manifest["spec"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = junk
        try:
            compile_app(parse_app(manifest), facts)
        except InvalidSpec as error:
            assert all(fault.message for fault in error.faults)
