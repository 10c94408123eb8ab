"""`import`: another tool's file as a FargateApp. The importers are loaded only when one is wanted."""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from fargate_operator.errors import InvalidSpec
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Loss, Report
from fargate_operator.importing.source import Node, Unreadable, read

KINDS = ("serverless", "copilot")  # each a module of this package: `recognizes(root)`, `convert(root, options, report)`
INCOMPLETE = 3


class Importer(Protocol):
    """A module that brings one tool's files over."""

    def recognizes(self, root: Node) -> bool:
        """Whether the file is of this tool."""
        ...

    def convert(self, root: Node, options: Options, report: Report) -> dict[str, Any]:
        """The FargateApp, by `writer.manifest`; what it lacks goes to the report."""
        ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `import`."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=f"a file of {' or '.join(KINDS)}; of copilot also all manifests of an application",
    )
    parser.add_argument("--kind", choices=KINDS, default=None, help="whose file it is (default: told by what it holds)")
    parser.add_argument(
        "--stage", "--env", default="", help="stage or environment whose values are taken (default: the file's own, or dev)"
    )
    parser.add_argument("--app", default="", help="name of Copilot's application, for ${COPILOT_APPLICATION_NAME}")
    parser.add_argument("--region", default="", help="AWS region (default: the file's own)")
    parser.add_argument("--name", default="", help="of the FargateApp (default: the file's own)")
    parser.add_argument("--namespace", default="", help="of the FargateApp (default: none is written)")
    pairs = (
        ("param", "a parameter"),
        ("opt", "an option of the tool's command line"),
        ("image", "an image that the tool would have built"),
    )
    for flag, what in pairs:
        parser.add_argument(
            f"--{flag}", action="append", default=[], type=_pair, metavar="NAME=VALUE", help=f"{what}; may be repeated"
        )
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="where it is written (default: standard output)")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE")
    return name, value


def run(args: argparse.Namespace) -> int:
    """Write the FargateApp. 0, or 3 when something is not carried over: a line for each on standard error."""
    options = Options(
        stage=args.stage,
        app=args.app,
        region=args.region,
        name=args.name,
        namespace=args.namespace,
        parameters=dict(args.param),
        given=dict(args.opt),
        images=dict(args.image),
        environment=dict(os.environ),
    )
    text, losses = imported(args.files, options, args.kind)
    if args.output:
        try:
            Path(args.output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise Unreadable(f"{args.output}: {error.strerror}") from error
    else:
        sys.stdout.write(text)
    for loss in losses:
        sys.stderr.write(f"{loss}\n")
    return INCOMPLETE if losses else 0


def imported(given: str | Sequence[str], options: Options, kind: str | None = None) -> tuple[str, list[Loss]]:
    """The FargateApp as YAML, and what it lacks, of a file or several; Unreadable where they are not what they are taken for."""
    files = [given] if isinstance(given, str) else given
    file = files[0]
    root = read(file) if len(files) == 1 else Node([read(one) for one in files], file, 1)
    report = Report(file)
    try:
        app = _importer(root, kind, many=len(files) > 1).convert(root, options, report)
    except RecursionError as error:
        raise Unreadable(f"{file}: is nested too deep, or its variables lead through too many others") from error
    report.faults(faults(app))
    from fargate_operator.importing.writer import write  # noqa: PLC0415  needs the model

    losses = report.losses()
    names = [Path(*Path(one).parts[-min(len(files), 2) :]).as_posix() for one in files]  # many are all called manifest.yml
    return write(app, losses, ", ".join(names)), losses


def _importer(root: Node, kind: str | None, *, many: bool) -> Importer:
    for one in [kind] if kind else KINDS:
        importer = cast("Importer", importlib.import_module(f"fargate_operator.importing.{one}"))
        if importer.recognizes(root) or (kind and not many):
            return importer
    raise Unreadable(f"{root.file}: is no file that can be imported, or its kind is not to be seen: give --kind")


def faults(app: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the FargateApp itself, as (path, message)."""
    from fargate_operator.parsing import parse_app  # noqa: PLC0415  needs the model

    try:
        parse_app(app)
    except InvalidSpec as error:
        return [(one.path, one.message) for one in error.faults]
    return []
