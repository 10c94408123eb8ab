"""The services of a stack, by its resources: where its outputs are not there yet, or are not to be trusted."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translated
from fargate_operator.errors import ReconcileError

MOST = 5  # services that are asked for in one look: a call each


def services(clients: Clients, region: str, stack_id: str, logical_ids: Mapping[str, str]) -> dict[str, str]:
    """Service ARNs by key, of those that are made by now; `logical_ids` by key, of which the first five are asked for.

    One by one: DescribeStackResources of a whole stack ends at 100 resources.
    See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html.
    """
    found = {key: physical_id(clients, region, stack_id, one) for key, one in list(logical_ids.items())[:MOST]}
    return {key: one for key, one in found.items() if one.startswith("arn:")}


def physical_id(clients: Clients, region: str, stack_id: str, logical_id: str) -> str:
    """Of one resource of a stack; empty where it is not made by now, or not any more."""
    client = clients.get("cloudformation", region)
    try:
        with translated("DescribeStackResources"):
            listed = client.describe_stack_resources(StackName=stack_id, LogicalResourceId=logical_id)["StackResources"]
    except ReconcileError as error:
        if isinstance(error.__cause__, ClientError) and code(error.__cause__) == "ValidationError":
            return ""  # CloudFormation has not come to it yet
        raise
    there = [one.get("PhysicalResourceId", "") for one in listed if one.get("ResourceStatus") != "DELETE_COMPLETE"]
    return there[0] if there else ""


def made(clients: Clients, region: str, stack_id: str) -> dict[str, str]:
    """The physical ids of a stack's resources that are there, by logical ID, in one call; of 100 at most."""
    with translated("DescribeStackResources"):
        listed = clients.get("cloudformation", region).describe_stack_resources(StackName=stack_id)["StackResources"]
    there = [one for one in listed if one.get("PhysicalResourceId") and one.get("ResourceStatus") != "DELETE_COMPLETE"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in there}
