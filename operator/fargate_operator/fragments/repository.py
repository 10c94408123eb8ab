"""The ECR repository of an image that is built from source. Pure.

An image that matches the tags of a rule is never expired by a later one. So what is deployed carries a tag of its digest
(`held_tag`), and has a rule of its own before the one that counts. See
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.
"""

from collections.abc import Iterable
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.scope import tag_list
from fargate_operator.template import Resource, canonical

DEFAULT_KEEP = 20
_HELD = "deployed-"


def held_tag(digest: str) -> str:
    """The tag of a digest that is deployed: ``deployed-<16 hex digits>``."""
    return _HELD + digest.rpartition(":")[2][:16]


def repository_resource(
    name: str, keep: int | None, digests: Iterable[str], *, moves: bool, lambda_: bool, tags: dict[str, str]
) -> Resource:
    """`<N>Repository`. `digests` are deployed; `moves`: a tag may be pushed again; `lambda_`: functions use the image."""
    properties: dict[str, Any] = {
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "ImageTagMutability": "MUTABLE" if moves else "IMMUTABLE",
        "LifecyclePolicy": {"LifecyclePolicyText": canonical({"rules": _rules(keep or DEFAULT_KEEP, sorted(set(digests)))})},
        "EmptyOnDelete": True,  # who wants to retain them retains the stack
    }
    if lambda_:
        properties["RepositoryPolicyText"] = _LAMBDA
    if listed := tag_list(tags):
        properties["Tags"] = listed
    return Resource(names.repository(name), "AWS::ECR::Repository", properties)


def _rules(keep: int, digests: list[str]) -> list[dict[str, Any]]:
    held = [
        _rule(f"{digest[:19]} is deployed", 1, {"tagStatus": "tagged", "tagPatternList": [held_tag(digest)]})
        for digest in digests
    ]
    # while an update goes on what ran before is deployed as well, and whatever was may be so again
    before = _rule(f"So do the newest {keep} that were", keep, {"tagStatus": "tagged", "tagPatternList": [f"{_HELD}*"]})
    rules = [*held, before, _rule(f"The newest {keep} stay", keep, {"tagStatus": "any"})]
    return [{"rulePriority": number, **rule} for number, rule in enumerate(rules, 1)]


def _rule(description: str, count: int, selection: dict[str, Any]) -> dict[str, Any]:
    counted = {**selection, "countType": "imageCountMoreThan", "countNumber": count}
    return {"description": description, "selection": counted, "action": {"type": "expire"}}


_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "LambdaPulls",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Condition": {
                "ArnLike": {
                    "aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"}
                },
            },
        }
    ],
}
