"""The version of a function's code, against an S3 that keeps its objects in dicts."""

import base64
import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.resolve import resolve
from fargate_operator.errors import Terminal, Transient
from fargate_operator.facts import Facts, recall, record
from fargate_operator.model import App
from fargate_operator.parsing import parse_app

ACCOUNT = "123456789012"
DIGEST = hashlib.sha256(b"code")
BASE64 = base64.b64encode(DIGEST.digest()).decode()


class Account:
    """S3 and who we are, in one. An object is what HeadObject answers, an answer of a number what S3 refuses with."""

    def __init__(self, found: dict[str, Any] | int, bucket: dict[str, Any] | int | None = None) -> None:
        self.found, self.bucket = found, {} if bucket is None else bucket
        self.asked: list[dict[str, Any]] = []

    def get(self, *_: str) -> "Account":
        return self

    def account(self, _: str) -> tuple[str, str]:
        return ACCOUNT, "aws"

    def head_bucket(self, **_: Any) -> Any:
        return _answer(self.bucket, "HeadBucket")

    def head_object(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return _answer(self.found, "HeadObject")


def _answer(value: dict[str, Any] | int, name: str) -> Any:
    if isinstance(value, int):
        answer = {"Error": {"Code": str(value), "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": value}}
        raise ClientError(answer, name)  # type: ignore[arg-type]
    return value


def app(**code: Any) -> App:
    whole = {"s3Bucket": "code", "s3Key": "api.zip", "handler": "api.handler", "runtime": "python3.13", **code}
    return parse_app({"metadata": {"namespace": "team", "name": "shop"}, "spec": {"functions": {"api": {"code": whole}}}})


def looked_up(account: Account, pins: Facts | None = None, **code: Any) -> Facts:
    return resolve(account, "eu-west-1", app(**code), pins)  # type: ignore[arg-type]


def test_the_newest_version_is_pinned_and_not_looked_up_again() -> None:
    account = Account({"VersionId": "7"})
    found = looked_up(account)
    assert found.code == {"api": "7"}
    account.found = {"VersionId": "8"}
    assert looked_up(account, recall(record(found), found)).code == {"api": "7"}
    assert looked_up(account).code == {"api": "8"}
    assert account.asked == [{"Bucket": "code", "Key": "api.zip"}] * 2


def test_a_version_that_is_written_is_not_looked_up() -> None:
    account = Account({"VersionId": "7"})
    assert looked_up(account, s3ObjectVersion="3").code == {}
    assert account.asked == []


def test_the_bucket_may_carry_account_and_region() -> None:
    account = Account({"VersionId": "7"})
    looked_up(account, s3Bucket="code-${AWS::AccountId}-${AWS::Region}")
    assert account.asked == [{"Bucket": f"code-{ACCOUNT}-eu-west-1", "Key": "api.zip"}]


@pytest.mark.parametrize("sha256", [DIGEST.hexdigest(), DIGEST.hexdigest().upper(), BASE64])
def test_a_checksum_that_is_right_in_either_form(sha256: str) -> None:
    account = Account({"VersionId": "7", "ChecksumSHA256": BASE64})
    assert looked_up(account, sha256=sha256).code == {"api": "7"}
    assert account.asked == [{"Bucket": "code", "Key": "api.zip", "ChecksumMode": "ENABLED"}]


@pytest.mark.parametrize(
    ("account", "code", "words"),
    [
        (Account({}), {}, "spec.functions.api.code.s3Key: s3://code/api.zip has no version"),
        (Account({"VersionId": "null"}), {}, "spec.functions.api.code.s3Key: s3://code/api.zip has no version"),
        (Account(404), {}, "spec.functions.api.code.s3Key: the bucket code has no object api.zip; upload it"),
        (Account({}, 404), {}, "spec.functions.api.code.s3Bucket: there is no bucket code"),
        (Account({}, {"BucketRegion": "us-east-1"}), {}, "spec.functions.api.code.s3Bucket: the bucket code is in us-east-1; Lambda takes code only"),
        (Account({"VersionId": "7"}), {"sha256": BASE64}, "spec.functions.api.code.sha256: S3 has no SHA-256 of the whole of s3://code/api.zip"),
        (Account({"VersionId": "7", "ChecksumSHA256": "x-2"}), {"sha256": BASE64}, "S3 has no SHA-256 of the whole"),
        (Account({"VersionId": "7", "ChecksumSHA256": BASE64}), {"sha256": "0" * 64}, f"the newest version of s3://code/api.zip has {DIGEST.hexdigest()}"),
    ],
)  # fmt: skip
def test_what_lies_outside_is_told_by_its_field(account: Account, code: dict[str, str], words: str) -> None:
    with pytest.raises(Terminal) as caught:
        looked_up(account, **code)
    assert words in caught.value.message
    assert (caught.value.reason, caught.value.outside) == ("CodeNotFound", True)


@pytest.mark.parametrize(("account", "field"), [(Account(403), "s3Key"), (Account({}, 403), "s3Bucket")])
def test_a_right_that_is_missing_says_which(account: Account, field: str) -> None:
    with pytest.raises(Transient) as caught:
        looked_up(account)
    assert f"spec.functions.api.code.{field}: the operator may not look at s3://code/api.zip" in caught.value.message
    assert caught.value.reason == "AccessDenied"


def test_an_s3_that_is_away_is_asked_again() -> None:
    with pytest.raises(Transient):
        looked_up(Account(503))
