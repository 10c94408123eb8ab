"""boto's errors as the operator's."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from fargate_operator.aws.errors import translate, translated
from fargate_operator.errors import Terminal, Transient


def refused(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateStack")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused("Throttling"), "Throttled"),
        (refused("RequestLimitExceeded", 503), "Throttled"),
        (refused("AccessDenied", 403), "AccessDenied"),
        (refused("ExpiredToken", 403), "AccessDenied"),
        (refused("400"), "AccessDenied"),  # S3's answer to HeadBucket when credentials have expired
        (refused("InternalFailure", 500), "AwsUnavailable"),
        (EndpointConnectionError(endpoint_url="https://cloudformation"), "AwsUnavailable"),
        (NoCredentialsError(), "AwsUnavailable"),
    ],
)
def test_what_may_pass_is_transient(error: Exception, reason: str) -> None:
    found = translate(error, "CreateStack")
    assert isinstance(found, Transient)
    assert found.reason == reason
    assert found.message.startswith("CreateStack: ")


def test_what_aws_refuses_is_terminal_and_lies_outside_the_object() -> None:
    found = translate(refused("ValidationError"), "CreateStack")
    assert isinstance(found, Terminal)
    assert found.outside
    assert found.message == "CreateStack: because (ValidationError)"


def test_a_bug_is_not_taken_for_an_error_of_aws() -> None:
    with pytest.raises(KeyError), translated("CreateStack"):
        raise KeyError("Stacks")
