"""Volumes of tasks, on EFS. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Flag, Key, Strict, need, text

_VOLUME = "AWS::ECS::TaskDefinition Volumes.EFSVolumeConfiguration"
# Not / itself: a container whose root is displaced cannot start.
MountPath = Annotated[str, StringConstraints(strict=True, pattern=r"^(/[^/]+)+/?$", max_length=256)]
# ECS takes ids, no ARNs; ${FileSystem} is the id of one in spec.resources.
FileSystemId = Annotated[str, StringConstraints(strict=True, pattern=r"^(fs-[0-9a-f]{8,40}|\$\{[^}]+\})$", max_length=256)]
AccessPointId = Annotated[str, StringConstraints(strict=True, pattern=r"^(fsap-[0-9a-f]{8,40}|\$\{[^}]+\})$", max_length=256)]


class Efs(Strict):
    """An EFS file system, with encryption in transit and IAM."""

    file_system_id: FileSystemId = need("The file system's id: fs-…, or a ${…} reference to one", aws=f"{_VOLUME}.FilesystemId")
    access_point_id: AccessPointId | None = text(
        "The id of an access point of it: fsap-…, or a ${…} reference to one",
        default="none: the file system's root",
        aws=f"{_VOLUME}.AuthorizationConfig.AccessPointId",
    )
    read_only: Flag | None = text(
        "Whether it is only read: mounted so, and without the right to write",
        default="false",
        aws="AWS::ECS::TaskDefinition ContainerDefinitions.MountPoints.ReadOnly",
    )


class Volume(Strict):
    """Something that is mounted in the workload's own container."""

    mount_path: MountPath = need(
        "Where, in the container: an absolute path", aws="AWS::ECS::TaskDefinition ContainerDefinitions.MountPoints.ContainerPath"
    )
    efs: Efs = need("The file system", aws=_VOLUME)


Volumes = Annotated[dict[Key, Volume], Field(max_length=10)]


def volume_list(volumes: Mapping[str, Volume]) -> list[dict[str, Any]]:
    """The task definition's Volumes, encrypted in transit, with the task role's rights."""
    return [{"Name": name, "EFSVolumeConfiguration": _configuration(one.efs)} for name, one in sorted(volumes.items())]


def mount_points(volumes: Mapping[str, Volume]) -> list[dict[str, Any]]:
    """The container definition's MountPoints."""
    return [
        {"SourceVolume": name, "ContainerPath": one.mount_path, "ReadOnly": bool(one.efs.read_only)}
        for name, one in sorted(volumes.items())
    ]


def _configuration(efs: Efs) -> dict[str, Any]:
    authorization: dict[str, Any] = {"IAM": "ENABLED"}
    if efs.access_point_id:
        authorization["AccessPointId"] = efs.access_point_id
    return {"FilesystemId": efs.file_system_id, "TransitEncryption": "ENABLED", "AuthorizationConfig": authorization}


_EFS = "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}"


def mount_statements(volumes: Iterable[Volume]) -> list[dict[str, Any]]:
    """The rights to mount exactly these, and to write to those that are written to, as IAM statements.

    See https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html.
    """
    writes: dict[tuple[str, str], bool] = {}
    for one in volumes:
        place = one.efs.file_system_id, one.efs.access_point_id or ""
        writes[place] = writes.get(place, False) or not one.efs.read_only
    return [_statement(system, point, write=write) for (system, point), write in sorted(writes.items())]


def _statement(system: str, point: str, *, write: bool) -> dict[str, Any]:
    actions = ["elasticfilesystem:ClientMount", *(["elasticfilesystem:ClientWrite"] if write else [])]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": f"{_EFS}:file-system/{system}"}
    if point:
        condition = {"elasticfilesystem:AccessPointArn": f"{_EFS}:access-point/{point}"}
        statement["Condition"] = {"StringEquals": condition}
    return statement
