"""What lets others in: policies on resources, wherever they stand and however they are written, and who is trusted. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from fargate_operator.evaluation import Evaluation, intrinsic

POLICY_TYPES = re.compile(r"(?!.*(Scaling|Lifecycle)Policy$).*(Policy|Permission|ResourceShare)$|AWS::S3::AccessGrant$")
PRIVATE_ACLS = {"", "Private", "LogDeliveryWrite", "BucketOwnerRead", "BucketOwnerFullControl", "AwsExecRead"}
_POLICY_KEYS = re.compile(r"(?i).*(policy|policies|policy_?document|policy_?text)")
_NO_POLICY = re.compile(
    r"(?i)(retry|redrive|redriveallow|filter|delivery|lifecycle|scaling|update|deletion|updatereplace|creation|restart|rollback)"
    r"_?(policy|policies)|.*configuration_?policy"
)


def policy(key: str, value: Any, values: Evaluation) -> bool:
    """Whether what stands under the name of a policy is one: has statements, or cannot be seen."""
    if not _POLICY_KEYS.fullmatch(key) or _NO_POLICY.fullmatch(key) or value in (None, "", [], {}):
        return False
    if isinstance(value, Mapping) and not intrinsic(value):
        return key.lower().endswith("document") or "Statement" in value
    if not isinstance(value, str):
        return True
    try:
        found = json.loads(values.text(value))
    except ValueError:
        return value.lstrip().startswith("{")
    return isinstance(found, dict) and "Statement" in found


def statement(value: Any, values: Evaluation) -> bool:
    """Whether a value is a policy, wherever it stands and however it is written."""
    if isinstance(value, Mapping) and not intrinsic(value):
        return "Statement" in value
    return (isinstance(value, str) or bool(intrinsic(value))) and '"Statement"' in values.text(value)


def trusts_services(document: Any) -> bool:
    """Whether a trust policy lets only services of AWS in."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    listed = statements if isinstance(statements, list) else [statements]
    return all(
        isinstance(one, Mapping)
        and "NotPrincipal" not in one
        and isinstance(one.get("Principal"), Mapping)
        and one["Principal"].keys() == {"Service"}
        for one in listed
    )
