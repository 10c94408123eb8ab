"""What IAM calls a secret."""

import pytest

from fargate_operator.fragments.iam import secret_arn, secret_statements

PARAMETER = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/token"
SECRET = "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:shop-db-AbCdEf"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PARAMETER, PARAMETER),
        (SECRET, SECRET),
        (f"{SECRET}:password::", SECRET),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:k::",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf",
        ),
        ("${Secret}:password::", "${Secret}"),
    ],
)
def test_the_arn_of_a_secret_has_no_key_and_keeps_its_references(value, expected):
    assert secret_arn(value) == expected


def test_a_parameter_whose_arn_holds_references_is_read_as_a_parameter():
    assert [one["Action"] for one in secret_statements([PARAMETER])] == [["ssm:GetParameters", "ssm:GetParameter"]]
