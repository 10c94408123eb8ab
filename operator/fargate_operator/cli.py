"""The command `fargate-operator`. What each of its commands needs is imported only when it is called."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from fargate_operator import __version__
from fargate_operator.logs import line


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, exit 2."""

    trouble = 2

    def error(self, message: str) -> NoReturn:
        self.exit(self.trouble, f"{self.prog}: {message}; see {self.prog} --help\n")


class _DiffParser(_Parser):
    """For `diff`, whose exit 2 means that something would change."""

    trouble = 1


def parser(kind: type[_Parser] = _Parser) -> argparse.ArgumentParser:
    """The command line."""
    top = kind(prog="fargate-operator", description="Turns each FargateApp into one AWS CloudFormation stack.")
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    # argparse makes the children of the parent's class
    run = commands.add_parser("run", help="run the operator", description="Run the operator.")
    from fargate_operator import settings  # noqa: PLC0415

    settings.add_arguments(run)
    render = commands.add_parser(
        "render", help="print an app's template", description="Print the template of FargateApps, offline."
    )
    from fargate_operator import render as rendering  # noqa: PLC0415

    rendering.add_arguments(render)
    compare = commands.add_parser(
        "diff", help="show what a file would change", description="Show what FargateApps would change in their running stacks."
    )
    from fargate_operator import diff  # noqa: PLC0415

    diff.add_arguments(compare)
    bring = commands.add_parser(
        "import", help="bring an app over", description="Print the FargateApp for another tool's configuration."
    )
    from fargate_operator.importing import command as importing  # noqa: PLC0415

    importing.add_arguments(bring)
    send = commands.add_parser(
        "push",
        help="build and push an app's images",
        description="Build the images of FargateApps and push them to their repositories.",
    )
    from fargate_operator.pushing import command as pushing  # noqa: PLC0415

    pushing.add_arguments(send)
    commands.add_parser("crd", help="print the CRD", description="Print the CustomResourceDefinition.")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """What each command's page says; else 0, 1 for an app with faults, 2 for what cannot be done as asked: one line says why."""
    from fargate_operator import diff  # noqa: PLC0415

    words = list(sys.argv[1:] if argv is None else argv)
    args = parser(_DiffParser if words[:1] == ["diff"] else _Parser).parse_args(words)
    if args.command == "run":
        return _run(args)
    if args.command == "render":
        return _render(args)
    if args.command == "diff":
        return diff.run(args)
    if args.command == "import":
        return _import(args)
    if args.command == "push":
        from fargate_operator.pushing import command as pushing  # noqa: PLC0415

        return pushing.run(args)
    from fargate_operator.crd import crd_yaml  # noqa: PLC0415

    print(crd_yaml(), end="")
    return 0


def _run(args: argparse.Namespace) -> int:
    from fargate_operator import settings  # noqa: PLC0415

    try:
        chosen = settings.load(args)
        from fargate_operator import main as operator  # noqa: PLC0415

        return operator.run(chosen)
    except settings.Unusable as error:
        print(f"fargate-operator run: {error}", file=sys.stderr)
        return 2


def _render(args: argparse.Namespace) -> int:
    from fargate_operator import reading, render  # noqa: PLC0415

    return _answered(render.run, args, reading.Unreadable)


def _import(args: argparse.Namespace) -> int:
    from fargate_operator.importing import command, source  # noqa: PLC0415

    return _answered(command.run, args, source.Unreadable)


def _answered(run: Callable[[argparse.Namespace], int], args: argparse.Namespace, unreadable: type[Exception]) -> int:
    """The command's own exit; 2 for a file that it cannot read. Nobody need read its output to the end."""
    try:
        return run(args)
    except unreadable as error:
        print(line(f"fargate-operator {args.command}: {error}"), file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
