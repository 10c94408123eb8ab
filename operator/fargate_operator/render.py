"""`render`: the template of a FargateApp, offline, by the same code as the operator."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from fargate_operator.bounds import BadBounds, Rules, parse_bounds
from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Facts, Listener, Place, Subnets
from fargate_operator.fragments.network import Network, Selector
from fargate_operator.logs import line
from fargate_operator.manifests import KINDS, Manifests, manifests
from fargate_operator.model import App, network_questions
from fargate_operator.parsing import parse_app
from fargate_operator.police import police
from fargate_operator.reading import Unreadable, documents, of_kind

DEFAULT_REGION = "eu-west-1"
STAND_IN_VPC = "vpc-00000000000000000"
STAND_IN_LISTENER = Listener(STAND_IN_VPC, ("sg-00000000000000000",), "https://listener.invalid")
STAND_IN_VERSION = "00000000000000000000000000000000"
STAND_IN_SUBNETS = ("subnet-00000000000000000", "subnet-00000000000000001")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `render`."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="manifests, with the ConfigMaps and Secrets that they name; - is standard input"
    )
    parser.add_argument("--account", default="123456789012", help="AWS account id (default: %(default)s)")
    parser.add_argument("--region", default=None, help="region of apps that name none (default: eu-west-1)")
    parser.add_argument("--partition", default="aws", help="AWS partition (default: %(default)s)")
    parser.add_argument(
        "--subnet-ids", type=_list, default=list(STAND_IN_SUBNETS), help="subnets that the operator would look up, by commas"
    )
    parser.add_argument(
        "--security-group-ids", type=_list, default=None, help="security groups of apps that name none, by commas"
    )
    parser.add_argument("--bounds", default=None, metavar="FILE", help="judge the apps by the platform's bounds, too")
    parser.add_argument("--namespace", default=None, help="namespace of apps that name none (default: default)")
    parser.add_argument("--output", choices=("yaml", "json"), default="yaml", help="format (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print each FargateApp's template. 0, or 1 when some app has faults: all of them go to standard error."""
    bad = False
    rules = _rules(args.bounds) if args.bounds else None
    templates: list[dict[str, Any]] = []
    files = {file: documents(file) for file in args.files}
    found = manifests(one for held in files.values() for one in held)
    for file, held in files.items():
        for manifest in apps(file, held):
            try:
                templates.append(render(manifest, args, rules, found))
            except InvalidSpec as error:
                bad = True
                metadata = manifest.get("metadata")
                name = metadata.get("name", "") if isinstance(metadata, Mapping) else ""
                for fault in error.faults:
                    print(line(f"{file}: {name}: {fault}"), file=sys.stderr)
    if bad:
        return 1
    _print(templates, args.output)
    return 0


def _rules(file: str) -> Rules:
    try:
        with open(file, encoding="utf-8") as stream:  # noqa: PTH123  as below
            return parse_bounds(stream.read())
    except (OSError, UnicodeDecodeError, BadBounds) as error:
        raise Unreadable(f"{file}: {getattr(error, 'strerror', None) or error}") from error


def render(
    manifest: Mapping[str, Any], args: argparse.Namespace, rules: Rules | None = None, found: Manifests | None = None
) -> dict[str, Any]:
    """The template's body. Image tags stand as written, networks and versions of code have stand-ins: nothing is looked up.

    `found` is what the files hold of ConfigMaps and Secrets; what they lack is said on standard error.
    """
    if args.security_group_ids:
        manifest = _with_groups(manifest, args.security_group_ids)
    if args.namespace and isinstance(manifest.get("metadata"), Mapping):
        manifest = {**manifest, "metadata": {"namespace": args.namespace, **manifest["metadata"]}}
    app = parse_app(manifest, _place(manifest, args))
    found = found or Manifests()
    for missing in found.missing(app):
        print(line(f"{app.name}: {missing}"), file=sys.stderr)
    facts = found.facts(app, _facts(app, args))
    template = compile_app(app, facts)
    return (police(app, template, rules.of(app.namespace), facts) if rules else template).body()


def _place(manifest: Mapping[str, Any], args: argparse.Namespace) -> Place:
    spec = manifest.get("spec")
    own = spec.get("region") if isinstance(spec, Mapping) else None
    return Place(args.account, str(own or args.region or DEFAULT_REGION), args.partition)


def _facts(app: App, args: argparse.Namespace) -> Facts:
    found: dict[str, Subnets] = {}
    for key, asked in network_questions(app).items():
        vpc = asked.vpc_id if isinstance(asked, Selector) else STAND_IN_VPC
        found[key] = Subnets(vpc, asked if isinstance(asked, tuple) else tuple(args.subnet_ids))
    region = app.spec.region or args.region or DEFAULT_REGION
    homes = {name: f"{args.account}.dkr.ecr.{region}.amazonaws.com/{app.name}-{name.lower()}" for name in app.built()}
    images = {name: homes.get(name, "") + image.written() for name, image in (app.spec.images or {}).items()}
    code = {key: STAND_IN_VERSION for key, one in (app.spec.functions or {}).items() if one.code}
    listener = STAND_IN_LISTENER if app.existing_listener() else None
    return Facts(args.account, region, args.partition, subnets=found, images=images, code=code, listener=listener)


def _with_groups(manifest: Mapping[str, Any], groups: list[str]) -> Mapping[str, Any]:
    spec = manifest.get("spec")
    if not isinstance(spec, Mapping) or not isinstance(spec.get("network") or {}, Mapping):
        return manifest
    network = {Network.model_fields["security_group_ids"].alias: groups, **(spec.get("network") or {})}
    return {**manifest, "spec": {**spec, "network": network}}


def apps(file: str, held: list[Any]) -> list[Mapping[str, Any]]:
    """The FargateApps of a file; one that has none must have a ConfigMap or a Secret."""
    found = of_kind(held, ["FargateApp"])
    if not found and not of_kind(held, KINDS):
        raise Unreadable(f"{file}: holds no FargateApp")
    return found


def _print(templates: list[dict[str, Any]], output: str) -> None:
    if output == "json":
        for template in templates:
            print(json.dumps(template, indent=2, ensure_ascii=False))
    else:
        templates = json.loads(json.dumps(templates))  # what stands in two places is written twice, not as YAML's aliases
        print(yaml.safe_dump_all(templates, sort_keys=False, allow_unicode=True, width=120), end="")


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
