"""A function's code in S3, instead of an image. Pure.

See https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Strict, Text, need, text

_CODE = "AWS::Lambda::Function Code"
Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)$", max_length=64)]


class Code(Strict):
    """A zip archive in a versioned S3 bucket of the app's region. Its version decides whether it changed."""

    s3_bucket: Text = need("The bucket, which must keep versions", aws=f"{_CODE}.S3Bucket", alias="s3Bucket")
    s3_key: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)] = need(
        "The object's key", aws=f"{_CODE}.S3Key", alias="s3Key"
    )
    s3_object_version: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)] | None = text(
        "The object's version; excludes sha256",
        default="the newest when the spec changes, which then stays",
        aws=f"{_CODE}.S3ObjectVersion",
        alias="s3ObjectVersion",
    )
    sha256: Sha256 | None = text(
        "The archive's SHA-256, as hex or base64: the newest version must have it; excludes s3ObjectVersion",
        default="not checked",
        aws=f"{_CODE}.S3ObjectVersion",
    )
    handler: Text = need("Where the function is in it, as in index.handler", aws="AWS::Lambda::Function Handler")
    runtime: Annotated[str, Field(strict=True, pattern=r"^[a-z0-9.]+$", max_length=32)] = need(
        "Lambda's runtime, as in python3.13", aws="AWS::Lambda::Function Runtime"
    )

    cel = [
        {
            "rule": "!(has(self.s3ObjectVersion) && has(self.sha256))",
            "message": "s3ObjectVersion and sha256 exclude each other",
        }
    ]
