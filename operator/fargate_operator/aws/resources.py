"""The services of a stack whose outputs are not there yet, because it is still being made."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate

MOST = 5  # services that are asked for in one look: a call each


def services(clients: Clients, region: str, stack_id: str, logical_ids: Mapping[str, str]) -> dict[str, str]:
    """Service ARNs by key, of those that are made by now; `logical_ids` by key.

    One by one: DescribeStackResources of a whole stack ends at 100 resources.
    """
    client = clients.get("cloudformation", region)
    found: dict[str, str] = {}
    for key in sorted(logical_ids)[:MOST]:
        try:
            listed = client.describe_stack_resources(StackName=stack_id, LogicalResourceId=logical_ids[key])["StackResources"]
        except ClientError as error:
            if code(error) == "ValidationError":  # CloudFormation has not come to it yet
                continue
            raise translate(error, "DescribeStackResources") from error
        for one in listed:
            if one.get("PhysicalResourceId", "").startswith("arn:"):
                found[key] = one["PhysicalResourceId"]
    return found
