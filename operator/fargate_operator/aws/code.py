"""The version of a function's code: S3's newest one of the object, looked up when the spec changes and on reconcile-now."""

import base64
from collections.abc import Mapping
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code as error_code
from fargate_operator.aws.errors import translate
from fargate_operator.conditions import Reason
from fargate_operator.errors import Fault, Missing, Transient
from fargate_operator.fragments.code import Code
from fargate_operator.model import App

# Answers to HEAD have no body, so that boto knows only the number.
_MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
_FORBIDDEN = {"403", "AccessDenied", "Forbidden"}


def unversioned(app: App) -> dict[str, Code]:
    """Function → its code in S3, of those that name no version."""
    return {
        key: one.code for key, one in sorted((app.spec.functions or {}).items()) if one.code and not one.code.s3_object_version
    }


def version(clients: Clients, region: str, key: str, code: Code) -> str:
    """The newest version of a function's code. Missing where there is none."""
    return _Lookup(clients, region, key, code).version()


class _Lookup:
    def __init__(self, clients: Clients, region: str, key: str, code: Code) -> None:
        account, partition = clients.account(region)
        self._s3, self._region, self._code = clients.get("s3", region), region, code
        self._path = f"spec.functions.{key}.code"
        pseudo = {"${AWS::AccountId}": account, "${AWS::Partition}": partition, "${AWS::Region}": region}
        self._bucket, self._key = code.s3_bucket, code.s3_key
        for name, value in pseudo.items():
            self._bucket, self._key = self._bucket.replace(name, value), self._key.replace(name, value)

    def version(self) -> str:
        self._look_at_bucket()
        # the checksum of an object under a key of KMS is told only to who may use the key
        mode = {"ChecksumMode": "ENABLED"} if self._code.sha256 else {}
        try:
            found = self._s3.head_object(Bucket=self._bucket, Key=self._key, **mode)
        except (ClientError, BotoCoreError) as error:
            self._refuse(error, "s3Key", f"the bucket {self._bucket} has no object {self._key}; upload it")
        version = str(found.get("VersionId") or "null")
        if version == "null":
            wrong = f"s3://{self._bucket}/{self._key} has no version, so that nothing would tell when it changes"
            self._terminal("s3Key", f"{wrong}; switch the bucket's versioning on, then upload it again")
        self._check_sum(found)
        return version

    def _look_at_bucket(self) -> None:
        try:
            found = self._s3.head_bucket(Bucket=self._bucket)
        except (ClientError, BotoCoreError) as error:
            self._refuse(error, "s3Bucket", f"there is no bucket {self._bucket}")
        place = found.get("BucketRegion") or self._region
        if place != self._region:
            wrong = f"the bucket {self._bucket} is in {place}; Lambda takes code only from its own region"
            self._terminal("s3Bucket", f"{wrong}, {self._region}")

    def _check_sum(self, found: Mapping[str, Any]) -> None:
        if not self._code.sha256:
            return
        given = str(found.get("ChecksumSHA256") or "")
        if not given or "-" in given or found.get("ChecksumType") == "COMPOSITE":
            wrong = f"S3 has no SHA-256 of the whole of s3://{self._bucket}/{self._key}"
            way = f"aws s3api put-object --bucket {self._bucket} --key {self._key} --checksum-algorithm SHA256 --body <file>"
            self._terminal("sha256", f"{wrong}; upload it in one part and with one, as by {way}")
        if given != _base64(self._code.sha256):
            told = base64.b64decode(given).hex() if len(self._code.sha256) == 64 else given
            wrong = f"is {self._code.sha256}, but the newest version of s3://{self._bucket}/{self._key} has {told}"
            self._terminal("sha256", f"{wrong}; upload the archive that is meant, or name its own")

    def _refuse(self, error: ClientError | BotoCoreError, field: str, missing: str) -> NoReturn:
        code = error_code(error) if isinstance(error, ClientError) else ""
        if code in _MISSING:
            self._terminal(field, missing)
        if code in _FORBIDDEN:
            wrong = f"the operator may not look at s3://{self._bucket}/{self._key}"
            right = "its role needs s3:GetObject and s3:ListBucket there (CodeBuckets of deploy/aws/roles.yaml)"
            raise Transient(Reason.AccessDenied, f"{self._path}.{field}: {wrong}; {right}") from error
        raise translate(error, "HeadObject" if field == "s3Key" else "HeadBucket") from error

    def _terminal(self, field: str, message: str) -> NoReturn:
        raise Missing(Reason.CodeNotFound, Fault(f"{self._path}.{field}", message))


def _base64(sha256: str) -> str:
    """Hex or base64, as S3 writes it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode() if len(sha256) == 64 else sha256
