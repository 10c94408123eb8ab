"""Volumes of tasks, on EFS. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Flag, Key, Strict, Text, need, text

_VOLUME = "AWS::ECS::TaskDefinition Volumes.EFSVolumeConfiguration"
MountPath = Annotated[str, StringConstraints(strict=True, pattern=r"^/", max_length=256)]


class Efs(Strict):
    """An EFS file system, with encryption in transit and IAM."""

    file_system_id: Text = need("The file system: fs-…", aws=f"{_VOLUME}.FilesystemId")
    access_point_id: Text | None = text(
        "An access point of it: fsap-…", default="its root", aws=f"{_VOLUME}.AuthorizationConfig.AccessPointId"
    )
    read_only: Flag | None = text(
        "Whether it is only read", default="false", aws="AWS::ECS::TaskDefinition ContainerDefinitions.MountPoints.ReadOnly"
    )


class Volume(Strict):
    """Something that is mounted in the workload's own container."""

    mount_path: MountPath = need(
        "Where, in the container", aws="AWS::ECS::TaskDefinition ContainerDefinitions.MountPoints.ContainerPath"
    )
    efs: Efs = need("The file system", aws=_VOLUME)


Volumes = Annotated[dict[Key, Volume], Field(max_length=10)]
