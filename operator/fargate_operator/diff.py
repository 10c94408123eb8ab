"""`diff`: shows what applying a file would do to the running stack; `comparison` finds out."""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from fargate_operator import settings
from fargate_operator.approval import destructive, in_order
from fargate_operator.bounds import BadBounds
from fargate_operator.errors import InvalidSpec, ReconcileError
from fargate_operator.logs import line
from fargate_operator.observation import Change
from fargate_operator.reading import Unreadable, documents
from fargate_operator.render import apps

NOTHING, TROUBLE, CHANGES = 0, 1, 2
SETTINGS = ("region", "installation_id", "stack_prefix", "bounds", "cloudformation_role", "template_bucket")
_LOOKS = {"Add": ("+", 32), "Import": ("+", 36), "Modify": ("~", 33), "Dynamic": ("~", 33), "Remove": ("-", 31)}
_REPLACED = ("±", 31)
_BOLD = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `diff`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="manifests; - is standard input")
    parser.add_argument("--namespace", default="default", help="namespace of apps that name none (default: %(default)s)")
    settings.add_arguments(parser, SETTINGS)
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="default: %(default)s, on a terminal"
    )


def run(args: argparse.Namespace) -> int:
    """0: nothing would change, 2: something would, 1: it cannot be told; the reason is on standard error."""
    from fargate_operator.comparison import Comparison  # noqa: PLC0415  boto3 and kubernetes take their time

    try:
        comparison = Comparison(settings.read(args))
        found = [comparison.changes(one, args.namespace) for file in args.files for one in apps(file, documents(file))]
    except InvalidSpec as error:
        return _trouble(str(fault) for fault in error.faults)
    except ReconcileError as error:
        return _trouble([error.message])
    except (Unreadable, settings.Unusable, BadBounds) as error:
        return _trouble([str(error)])
    colored = args.color == "always" or (args.color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    for title, changes in found:
        show(title, changes, sys.stdout, colored=colored)
    return CHANGES if any(changes is not None for _, changes in found) else NOTHING


def _trouble(lines: Iterable[str]) -> int:
    for one in lines:
        print(line(f"fargate-operator diff: {one}"), file=sys.stderr)
    return TROUBLE


def show(title: str, changes: Iterable[Change] | None, out: TextIO, *, colored: bool) -> None:
    """A line for each change, what goes first, then their count; None: nothing changes."""

    def paint(code: int, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colored else text

    print(paint(_BOLD, title), file=out)
    if changes is None:
        print("  nothing changes", file=out)
        return
    listed = in_order(changes)
    width = max((len(one.logical_id) for one in listed), default=0)
    for one in listed:
        sign, color = _REPLACED if _replaces(one) else _LOOKS.get(one.action, ("~", 33))
        detail = f"  {_words(one)}" if _words(one) else ""
        print(paint(color, f"  {sign} {one.logical_id:{width}}  {one.type}{detail}"), file=out)
    print(f"  {_counted(listed)}", file=out)


def _replaces(change: Change) -> bool:
    return change.action == "Modify" and change.replacement in {"True", "Conditional"}


def _words(change: Change) -> str:
    verb = {"Import": "imported", "Dynamic": "modified, perhaps"}.get(change.action, "")
    if _replaces(change):
        verb = ("replaced" if change.replacement == "True" else "replaced, perhaps") + (
            "" if destructive(change) else ", as always"
        )
    return ": ".join(part for part in (verb, ", ".join(sorted({one.split("/")[1] for one in change.properties}))) if part)


def _counted(changes: list[Change]) -> str:
    kinds = ["replaced" if _replaces(one) else _DONE.get(one.action, "modified") for one in changes]
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("removed", "replaced", "modified", "imported", "added") if kind in kinds]
    return ", ".join(counts) or "outputs only"


_DONE = {"Add": "added", "Import": "imported", "Modify": "modified", "Dynamic": "modified", "Remove": "removed"}
