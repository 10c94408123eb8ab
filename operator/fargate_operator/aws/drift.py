"""Drift detection of CloudFormation: begun, asked after, read. Values of properties go no further than this: only paths do."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import message, translate, translated
from fargate_operator.conditions import Reason
from fargate_operator.drift import ResourceDrift
from fargate_operator.errors import Waiting
from fargate_operator.masking import masked

AGAIN = 30.0  # seconds until a detection that somebody else began is looked after


@dataclass(frozen=True, slots=True)
class Detected:
    """How a detection ended: whether anything may have drifted, and why it could not look at everything."""

    drifted: bool
    trouble: str = ""


class Drifts:
    """The detections of one region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._client = clients.get("cloudformation", region)

    def detect(self, stack_id: str) -> str:
        """DetectStackDrift; the detection's id. Waiting where one is under way: of a stack there is only one at a time."""
        try:
            return str(self._client.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"])
        except ClientError as error:
            if "already in progress" in message(error) or "IN_PROGRESS" in message(error):
                raise Waiting(Reason.StackBusy, f"DetectStackDrift: {message(error)}", after=AGAIN) from error
            raise translate(error, "DetectStackDrift") from error

    def ended(self, detection_id: str) -> Detected | None:
        """DescribeStackDriftDetectionStatus; None while it is under way."""
        with translated("DescribeStackDriftDetectionStatus"):
            said = self._client.describe_stack_drift_detection_status(StackDriftDetectionId=detection_id)
        if said["DetectionStatus"] == "DETECTION_IN_PROGRESS":
            return None
        state = said.get("StackDriftStatus", "UNKNOWN")
        whole = said["DetectionStatus"] == "DETECTION_COMPLETE" and state != "UNKNOWN"
        reason = masked(said.get("DetectionStatusReason", "")) or "CloudFormation could not look at every resource"
        return Detected(drifted=state != "IN_SYNC", trouble="" if whole else reason)

    def found(self, stack_id: str) -> tuple[ResourceDrift, ...]:
        """DescribeStackResourceDrifts: what the last detection found changed or deleted."""
        filters = ["MODIFIED", "DELETED"]
        request = {"StackName": stack_id, "StackResourceDriftStatusFilters": filters}
        found: list[ResourceDrift] = []
        with translated("DescribeStackResourceDrifts"):
            while True:
                page = self._client.describe_stack_resource_drifts(**request)
                for one in page["StackResourceDrifts"]:
                    paths = tuple(each["PropertyPath"] for each in one.get("PropertyDifferences") or ())
                    deleted = one["StackResourceDriftStatus"] == "DELETED"
                    found.append(ResourceDrift(one["LogicalResourceId"], one["ResourceType"], deleted, paths))
                if not page.get("NextToken"):
                    return tuple(found)
                request = {**request, "NextToken": page["NextToken"]}
