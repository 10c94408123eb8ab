"""`storage`: the disk of a task, and its volumes."""

from typing import Any

from fargate_operator.importing.copilot.values import from_export, text
from fargate_operator.importing.cursor import Cursor

DEFAULT_GIB = 20


def ephemeral(cursor: Cursor | None) -> int | None:
    """GiB, unless it is what every task has."""
    size = cursor.integer() if cursor else None
    return None if size == DEFAULT_GIB else size


def volumes(cursor: Cursor | None) -> dict[str, Any]:
    """The volumes on EFS file systems that are named; others are told."""
    found: dict[str, Any] = {}
    for name, one in cursor.items() if cursor else ():
        if volume := _volume(one.at(f"{one.target}.volumes.{name}")):
            found[name] = volume
    return found


def _volume(cursor: Cursor) -> dict[str, Any] | None:
    efs = cursor.get("efs")
    if efs is None or efs.node.value is False:
        cursor.lose("there are no empty volumes; share one between containers by overrides, as CloudFormation has it")
        return None
    system = efs.get("id")
    if system is None:
        cursor.lose("the file system is Copilot's own; find its id and access point in EFS, and name them in efs")
        return None
    read_only, place = cursor.get("read_only"), text(cursor.get("path"))
    point, root = text(efs.get("auth", "access_point_id")), efs.get("root_dir")
    if root and text(root) not in ("/", ""):
        root.lose("there is no root directory; make an access point with it, and name that in efs.accessPointId")
    if (iam := efs.get("auth", "iam")) and iam.flag() is False:
        iam.lose("volumes are always mounted with IAM; the user root needs elasticfilesystem:ClientRootAccess in iam.statements")
    written = read_only is not None and read_only.flag() is False
    identifier = from_export(system) if isinstance(system.node.value, dict) else text(system)
    body = {"fileSystemId": identifier, **({"accessPointId": point} if point else {}), **({} if written else {"readOnly": True})}
    return {"mountPath": place, "efs": body} if identifier and place else None
