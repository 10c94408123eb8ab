"""CloudFormation's answers as values, and what is sent; against a CloudFormation that keeps its stacks in a dict."""

import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from fargate_operator.aws.stacks import MOST_INLINE, Order, Stacks, observed, token
from fargate_operator.errors import ReconcileError, Terminal, Waiting
from fargate_operator.observation import Owner
from fargate_operator.parameters import NONE, Parameters
from fargate_operator.template import STATE_OUTPUT, Template

OWNER = Owner("here", "team", "shop")
NAME = "team-shop"


def template(word: str = "a") -> Template:
    return Template({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": word}}}, {}, input_digest="sha256:in")


class Meta:
    """The real service model: the states that are swept come out of it."""

    endpoint_url = "https://s3.eu-west-1.amazonaws.com"
    service_model = botocore.session.get_session().get_service_model("cloudformation")


class CloudFormation:
    """Knows stacks by name; events are newest first, as AWS tells them."""

    meta = Meta()

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}

    def create_stack(self, **sent: Any) -> dict[str, str]:
        self.sent.append(sent)
        if sent["StackName"] in self.stacks:
            raise _error("AlreadyExistsException", "Stack [team-shop] already exists")
        made = {"StackName": sent["StackName"], "StackId": f"arn:{sent['StackName']}/{len(self.sent)}", "Tags": sent["Tags"]}
        self.stacks[sent["StackName"]] = made | {
            "StackStatus": "CREATE_IN_PROGRESS",
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        }
        return {"StackId": made["StackId"]}

    def update_stack(self, **sent: Any) -> dict[str, str]:
        stack = self._found(sent["StackName"])
        if stack["StackStatus"].endswith("IN_PROGRESS"):
            raise _error(
                "ValidationError", f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated."
            )
        if stack.get("Body") == sent["TemplateBody"]:
            raise _error("ValidationError", "No updates are to be performed.")
        stack |= {"Body": sent["TemplateBody"], "StackStatus": "UPDATE_IN_PROGRESS"}
        self.sent.append(sent)
        return {"StackId": stack["StackId"]}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        return {"Stacks": [self._found(StackName)]}

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        return {"TemplateBody": self._found(StackName)["Body"]}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert ContentType == "application/json"
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_paginator(self, operation: str) -> "Pages":
        if operation == "describe_stack_events":
            return Pages(lambda _: [{"StackEvents": [one]} for one in self.events])
        return Pages(
            lambda asked: [
                {"StackSummaries": [one]} for one in self.stacks.values() if one["StackStatus"] in asked["StackStatusFilter"]
            ]
        )

    def _found(self, name: str) -> dict[str, Any]:
        for stack in self.stacks.values():
            if name in {stack["StackName"], stack["StackId"]}:
                return stack
        raise _error("ValidationError", f"Stack with id {name} does not exist")


class Pages:
    def __init__(self, answer: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
        self._answer = answer

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        return iter(self._answer(asked))


class Clients:
    def __init__(self, aws: CloudFormation) -> None:
        self._aws = aws

    def get(self, *_: str) -> CloudFormation:
        return self._aws


def _error(code: str, message: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, "any")  # type: ignore[arg-type]


@pytest.fixture
def aws() -> CloudFormation:
    return CloudFormation()


def stacks(aws: CloudFormation, bucket: str = "") -> Stacks:
    return Stacks(Clients(aws), "eu-west-1", bucket)  # type: ignore[arg-type]


def order(word: str = "a", before: str = "", parameters: Parameters = NONE) -> Order:
    return Order("uid-1", OWNER, NAME, template(word), parameters=parameters, before=before)


def created(aws: CloudFormation, status: str) -> Any:
    stacks(aws).create(order())
    aws.stacks[NAME]["StackStatus"] = status
    found = stacks(aws).describe(NAME)
    assert found is not None
    return found


def test_a_created_stack_tells_who_owns_it(aws: CloudFormation) -> None:
    stacks(aws).create(order())
    found = stacks(aws).describe(NAME)
    assert found is not None
    assert found.owner == OWNER
    assert found.status == "CREATE_IN_PROGRESS"


def test_a_stack_with_no_tags_of_ours_has_no_owner() -> None:
    found = observed(
        {"StackName": NAME, "StackId": "arn:x", "StackStatus": "CREATE_COMPLETE", "Tags": [{"Key": "a", "Value": "b"}]}
    )
    assert found.owner is None


def test_what_a_stack_was_made_from_is_read_off_its_reserved_output_which_is_no_output() -> None:
    outputs = [{"OutputKey": STATE_OUTPUT, "OutputValue": "sha256:in sha256:of"}, {"OutputKey": "Url", "OutputValue": "x"}]
    found = observed({"StackName": NAME, "StackId": "arn:x", "StackStatus": "CREATE_COMPLETE", "Outputs": outputs})
    assert (found.input_digest, found.template_digest, found.outputs) == ("sha256:in", "sha256:of", {"Url": "x"})


def test_a_stack_that_is_not_there_is_none(aws: CloudFormation) -> None:
    assert stacks(aws).describe(NAME) is None


def test_a_name_that_is_taken_is_looked_at_again(aws: CloudFormation) -> None:
    stacks(aws).create(order())
    with pytest.raises(Waiting):
        stacks(aws).create(order())


def test_a_repeated_create_has_the_same_token_and_one_after_another_stack_a_new_one(aws: CloudFormation) -> None:
    for before in ("", "", "arn:team-shop/1"):
        stacks(aws).create(order(before=before))
        del aws.stacks[NAME]
    first, second, after = (sent["ClientRequestToken"] for sent in aws.sent)
    assert first == second != after


def test_a_token_fits_what_cloudformation_takes() -> None:
    assert len(token("uid", "create", "sha256:x", "")) <= 128
    assert token("uid", "create", "sha256:x", "").isalnum()


def test_an_update_that_changes_nothing_is_a_success(aws: CloudFormation) -> None:
    found = created(aws, "CREATE_COMPLETE")
    assert stacks(aws).update(order("b"), found) is True
    aws.stacks[NAME]["StackStatus"] = "UPDATE_COMPLETE"
    assert stacks(aws).update(order("b"), found) is False


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Resources:\n  Jobs: {Type: AWS::SQS::Queue}\n", {}),
        ('{"Resources": {"Jobs": 1}}', {"Resources": {"Jobs": 1}}),
        ({"Resources": {}}, {"Resources": {}}),
    ],
)
def test_a_template_in_yaml_holds_nothing_of_the_operators(aws: CloudFormation, body: Any, found: Any) -> None:
    stack = created(aws, "CREATE_COMPLETE")
    aws.stacks[NAME]["Body"] = body
    assert stacks(aws).template(stack) == found


SECRET = Parameters({"Key": '"pass word"'}, frozenset({"Other"}))


def test_values_of_secrets_are_sent_as_parameters_and_only_where_there_are_some(aws: CloudFormation) -> None:
    found = created(aws, "CREATE_COMPLETE")
    stacks(aws).update(order("b", parameters=SECRET), found)
    assert [one.get("Parameters") for one in aws.sent] == [
        None,
        [{"ParameterKey": "Key", "ParameterValue": '"pass word"'}, {"ParameterKey": "Other", "UsePreviousValue": True}],
    ]
    assert "pass word" not in f"{order(parameters=SECRET)!r}"


@pytest.mark.parametrize(
    "error",
    [
        _error("ValidationError", "Parameter Key failed: pass word is too plain"),
        ParamValidationError(report="Invalid type for parameter Parameters[0].ParameterValue, value: pass word"),
    ],
)
def test_an_error_that_quotes_a_value_is_told_without_it_and_without_its_cause(aws: CloudFormation, error: Exception) -> None:
    def refuse(**_: Any) -> Any:
        raise error

    aws.create_stack = refuse  # type: ignore[method-assign]
    with pytest.raises(ReconcileError, match="CreateStack: ") as caught:
        stacks(aws).create(order(parameters=SECRET))
    assert "pass word" not in "".join(traceback.format_exception(caught.value))
    assert "****" in caught.value.message


def test_an_update_of_a_busy_stack_waits(aws: CloudFormation) -> None:
    found = created(aws, "UPDATE_IN_PROGRESS")
    with pytest.raises(Waiting):
        stacks(aws).update(order("b"), found)


@pytest.mark.parametrize(
    ("status", "swept"),
    [
        ("CREATE_IN_PROGRESS", True),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True),
        ("REVIEW_IN_PROGRESS", False),
        ("CREATE_COMPLETE", False),
    ],
)
def test_the_sweep_finds_what_cloudformation_works_on(aws: CloudFormation, status: str, *, swept: bool) -> None:
    found = created(aws, status)
    assert stacks(aws).in_progress() == (frozenset({found.id}) if swept else frozenset())


def test_a_template_too_long_to_send_goes_through_the_bucket(aws: CloudFormation) -> None:
    stacks(aws, "templates").create(order("x" * MOST_INLINE))
    [sent] = aws.sent
    assert "TemplateBody" not in sent
    key = sent["TemplateURL"].removeprefix(f"{Meta.endpoint_url}/")
    assert aws.objects[key] == template("x" * MOST_INLINE).json().encode()


def test_without_a_bucket_a_template_too_long_to_send_is_refused(aws: CloudFormation) -> None:
    with pytest.raises(Terminal) as caught:
        stacks(aws).create(order("x" * MOST_INLINE))
    assert caught.value.reason == "TemplateTooLarge"
    assert aws.sent == []
