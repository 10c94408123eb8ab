"""An imported app compiles to what the serverless-fargate plugin compiles, but for the listed improvements."""

import copy
import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Subnets
from fargate_operator.fragments.values import mebibytes
from fargate_operator.importing.command import imported
from fargate_operator.importing.options import Options
from fargate_operator.model import network_questions
from fargate_operator.parsing import parse_app
from importing.improvements import ADDED, IMPROVEMENTS

CASES = sorted(path for path in (Path(__file__).parent / "plugin").iterdir() if path.is_dir())
USED: set[tuple[str, str, str, str]] = set()


def compiled(case: Path) -> dict[str, Any]:
    """The imported app's template; nothing was lost on the way."""
    source = yaml.safe_load((case / "serverless.yml").read_text())
    service = source["service"]["name"] if isinstance(source["service"], dict) else source["service"]
    registry = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/serverless-{service}-dev"
    built = source["provider"].get("ecr", {}).get("images", {})
    text, losses = imported(str(case / "serverless.yml"), Options(images={name: f"{registry}:{name}" for name in built}))
    assert losses == []
    app = parse_app(yaml.safe_load(text))
    subnets = {
        key: Subnets("vpc-1", asked if isinstance(asked, tuple) else ("subnet-0",))
        for key, asked in network_questions(app).items()
    }
    images = {name: image.written() for name, image in (app.spec.images or {}).items()}
    body: dict[str, Any] = json.loads(
        json.dumps(compile_app(app, Facts("123456789012", "eu-west-1", subnets=subnets, images=images)).body())
    )
    return body


def same(value: Any, path: str = "") -> Any:
    """The value in one of the ways in which it can be said; a role's name and its ARN are the same to ECS."""
    if isinstance(value, list):
        listed = [same(one, path) for one in value]
        return sorted(listed, key=json.dumps) if path.endswith(("Tags", "Environment")) else listed
    if isinstance(value, dict):
        if isinstance(sub := value.get("Fn::Sub"), str) and (match := re.fullmatch(r"\$\{([^.}]+)\}", sub)):
            value = {"Ref": match[1]}
        if path in ("ExecutionRoleArn", "TaskRoleArn") and (role := value.get("Ref")):
            return {"Fn::GetAtt": [role, "Arn"]}
        return {key: made for key, one in value.items() if (made := same(one, key)) not in ([], {}, None)}
    if path == "Memory":
        return mebibytes(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def scheduled(body: dict[str, Any]) -> dict[str, Any]:
    """A rule of EventBridge as the schedule that starts the same task in the same way."""
    if body.get("Type") != "AWS::Events::Rule":
        return body
    properties = copy.deepcopy(body["Properties"])
    target = properties.pop("Targets")[0]
    target.pop("Id")  # a schedule has one target
    place = target["EcsParameters"]["NetworkConfiguration"].pop("AwsVpcConfiguration")
    target["EcsParameters"]["NetworkConfiguration"]["AwsvpcConfiguration"] = place
    return {**body, "Type": "AWS::Scheduler::Schedule", "Properties": {**properties, "Target": target}}


def flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from flat(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from flat(one, f"{path}[{number}]")
    else:
        yield path, str(value)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(type, path, what it is here and there) of each property that differs."""
    for section in ("Resources", "Outputs"):
        for name in sorted({**ours.get(section, {}), **theirs.get(section, {})}):
            here, there = (same(scheduled(one.get(section, {}).get(name, {}))) for one in (ours, theirs))
            both = [dict(flat(one, name)) for one in (here, there)]
            for path in sorted({*both[0], *both[1]}):
                if both[0].get(path) != both[1].get(path):
                    yield (
                        here.get("Type") or there.get("Type") or "Output",
                        path,
                        f"{both[0].get(path)} here, {both[1].get(path)} there",
                    )


def listed(type_: str, path: str, what: str) -> bool:
    found = [
        one
        for one in IMPROVEMENTS
        if one[0] == type_
        and fnmatch.fnmatchcase(path, one[1].replace("[", "[[]"))
        and (one[2] != ADDED or what.endswith(" None there"))
    ]
    USED.update(found)
    return bool(found)


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_the_template_is_the_plugins_but_for_the_listed_improvements(case: Path) -> None:
    theirs = json.loads((case / "template.json").read_text())
    found = differences(compiled(case), theirs)
    assert [one for one in found if not listed(*one)] == []


def test_each_listed_improvement_is_needed() -> None:
    for case in CASES:
        for one in differences(compiled(case), json.loads((case / "template.json").read_text())):
            listed(*one)
    assert [one for one in IMPROVEMENTS if one not in USED] == []
