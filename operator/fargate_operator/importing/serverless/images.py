"""Images: those that the framework builds, and those that are named by their URI."""

import re
from collections.abc import Mapping
from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import text
from fargate_operator.importing.serverless.stack import key


def images(context: Context) -> None:
    """`provider.ecr.images`: URIs as they are; of what is built, the place where the framework pushed it last."""
    found: dict[str, Any] = {}
    listed = context.provider.get("ecr", "images")
    for name, one in listed.items() if listed else ():
        mine = one.at(f"spec.images.{key(name)}")
        context.top.report.made(mine.target, one.node)
        if key(name) in found:
            mine.lose(f"is called {key(name)} here, as another image is; rename one")
            continue
        found[key(name)] = _image(name, mine, context)
    context.put("images", {name: one for name, one in found.items() if one})
    if scan := context.provider.get("ecr", "scanOnPush"):
        scan.lose("is a setting of the repository; set it there", "spec.images")


def _image(name: str, cursor: Cursor, context: Context) -> dict[str, str] | None:
    uri = cursor if isinstance(cursor.node.value, str) else cursor.get("uri")
    if uri:
        return {"uri": written} if (written := text(uri, context.stack)) else None
    if given := context.options.images.get(name):
        cursor.skip()
        return {"uri": given}
    repository = f"serverless-{context.service}-{context.stage}".lower()
    cursor.lose(
        f"is built by the framework; named is what it pushed last, to {repository}: "
        f"build and push it yourself, and name it here or by --image {name}=URI"
    )
    registry = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    return {"repository": f"{registry}/{repository}", "tag": name}


def image(cursor: Cursor | None, owner: str, context: Context) -> str | None:
    """The name of a workload's image; one that is written as a URI gets the workload's name."""
    written = text(cursor, context.stack)
    if cursor is None or written is None:
        return None
    known: Mapping[str, Any] = context.spec.get("images", {})
    if key(written) in known and not re.search(r"[/:]", written):
        return key(written)
    if not re.search(r"[/:]", written):
        cursor.lose(f"{written} is not in provider.ecr.images")
        return key(written)
    for name, one in known.items():
        if one == {"uri": written}:
            return name
    name = owner if owner not in known else f"{owner}-image"
    context.put("images", {name: {"uri": written}})
    return name
