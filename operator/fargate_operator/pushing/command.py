"""`push`: builds the images of FargateApps with what this machine has, and pushes them where the operator looks for them."""

import argparse
import sys

from fargate_operator.errors import InvalidSpec, ReconcileError
from fargate_operator.logs import line
from fargate_operator.pushing.builders import BUILDERS
from fargate_operator.settings import Unusable

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `push`."""
    parser.add_argument("file", metavar="FILE", help="manifest with FargateApps; - is standard input")
    parser.add_argument(
        "--image",
        default="",
        metavar="NAME",
        help="build this image only (default: all with build, but for those with build.git)",
    )
    parser.add_argument("--tag", default="", help="what the image is called (default: its tag in FILE)")
    parser.add_argument("--write", action="store_true", help="pin what was pushed in FILE, as the image's tag with its digest")
    parser.add_argument(
        "--namespace", default="", help="namespace of apps that name none (default: the kubeconfig's current one, or default)"
    )
    parser.add_argument(
        "--repository",
        default="",
        metavar="URI",
        help="where to push one image to, without asking a cluster (default: where the app's status says)",
    )
    parser.add_argument(
        "--builder", choices=tuple(BUILDERS), default="", help="what to build with (default: the first of these that works)"
    )


def run(args: argparse.Namespace) -> int:
    """Build, push, and print `<repository>@<digest>` for each image.

    0; 1 where an app has faults, or a build or push fails; 2 for what cannot be done as asked. Standard error says why.
    """
    from fargate_operator.pushing import running, steps  # noqa: PLC0415  boto3 and kubernetes take their time
    from fargate_operator.reading import Unreadable  # noqa: PLC0415

    try:
        for reference in steps.pushed(args, _tell):
            print(reference, flush=True)
    except InvalidSpec as error:
        return _trouble(FAILED, *(f"{args.file}: {fault}" for fault in error.faults))
    except running.Failed as error:
        return _trouble(FAILED, str(error))
    except ReconcileError as error:
        return _trouble(REFUSED, error.message)
    except (Unusable, Unreadable) as error:
        return _trouble(REFUSED, str(error))
    except KeyboardInterrupt:
        return _trouble(INTERRUPTED, "interrupted")
    return DONE


def _trouble(code: int, *lines: str) -> int:
    for one in lines:
        _tell(one)
    return code


def _tell(text: str) -> None:
    print(line(f"fargate-operator push: {text}"), file=sys.stderr, flush=True)
