"""Whatever stands in an input has a say in what comes out, or is told: nothing is lost silently.

Every leaf of every case is changed, and every map gets a key that nobody knows; what comes out, or what is told, must be another
then. But for what is listed here, with the reason why it means nothing.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fargate_operator.importing.command import faults
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.serverless import convert
from fargate_operator.importing.source import Node, Unknown, planted, read
from fargate_operator.importing.writer import write
from importing import cases

SOURCES = {one: cases.ROOT / one / "serverless.yml" for one in cases.CASES}
SOURCES |= {f"plugin_{path.parent.name}": path for path in (Path(__file__).parent / "plugin").glob("*/serverless.yml")}
SERVERLESS = sorted(name for name, path in SOURCES.items() if path.exists())

MEANS_NOTHING = {
    r"frameworkVersion|useDotenv": "the framework's own ways",
    r"(.*\.)?package(\..*)?": "how the framework packs code: that it does is told",
    r"provider\.name|provider\.stage": "aws, always; the command line wins",
    r"provider\.runtime": "of code, where all functions are images or have their own",
    r"params(\.[^.]*)?|params\.default\.size|custom\.(regions|settings|deep|cycle2?|serverless-offline)(\..*|\[.*)?": "values of "
    "another stage, of a helper, or displaced by nearer ones",
    r"provider\.(environment\.LEVEL|tags\.level|vpc\.subnetIds\[0\])|fargate\.(environment\.(LEVEL|TASK)|tags\.level)": "displaced by "
    "nearer ones",
    r"plugins\.(localPath|modules\[[01]\])|plugins\[0\]": "helpers; a plugin that nobody knows is told",
    r".*\.stream\.type|.*\.onFailure\.type": "the ARN tells it",
    r".*\.schedule\.method": "it is EventBridge Scheduler in any case",
    r"custom\.fargate\.tasks\.1st_job\.service(\..*)?": "the plugin does not heed it where there is a schedule",
    r".*\.Fn::Sub\[1\]": "a variable that the text does not name",
}


def steps(node: Node, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node, and the way to it."""
    yield way, node
    below = node.value.items() if isinstance(node.value, dict) else enumerate(node.value) if isinstance(node.value, list) else ()
    for key, one in below:
        yield from steps(one, (*way, key))


def replaced(node: Node, way: tuple[str | int, ...], value: Any) -> Node:
    """The tree with another value at the end of the way."""
    if not way:
        return Node(value, node.file, node.line)
    below = copy.copy(node.value)
    below[way[0]] = replaced(below[way[0]], way[1:], value)
    return Node(below, node.file, node.line)


def other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else f"{value}zz"


def path(way: tuple[str | int, ...]) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in way).removeprefix(".")


def outcome(root: Node) -> tuple[Any, list[tuple[str, str]]]:
    report = Report(root.file)
    chosen = Path(root.file).parent / "options.yaml"
    app = convert(root, Options(**yaml.safe_load(chosen.read_text())) if chosen.exists() else Options(), report)
    return app, [(one.path, one.message) for one in report.losses()]


def told(way: tuple[str | int, ...], losses: list[tuple[str, str]]) -> bool:
    """Whether the part itself, or a larger one, is told."""
    return any(one == path(way[:number]) for number in range(1, len(way) + 1) for one, _ in losses)


@pytest.mark.parametrize("case", SERVERLESS)
def test_every_leaf_has_a_say(case: str) -> None:
    root = read(SOURCES[case])
    app, losses = outcome(root)
    silent = []
    for way, node in steps(root):
        if isinstance(node.value, dict | list) or node.value is None or re.fullmatch("|".join(MEANS_NOTHING), path(way)):
            continue
        changed = outcome(replaced(root, way, other(node.value)))
        if changed == (app, losses) and not told(way, losses):
            silent.append(path(way))
    assert silent == []


@pytest.mark.parametrize("case", SERVERLESS)
def test_every_unknown_key_is_told_or_carried(case: str) -> None:
    root = read(SOURCES[case])
    app, losses = outcome(root)
    silent = []
    for way, node in steps(root):
        if not isinstance(node.value, dict) or re.fullmatch("|".join(MEANS_NOTHING), path(way)):
            continue
        added = {**node.value, "zzUnknown": Node("zz", node.file, node.line)}
        try:
            changed = outcome(replaced(root, way, added))
        except ValueError:
            continue
        if changed == (app, losses) and not told(way, losses):
            silent.append(path(way))
    assert silent == []


@pytest.mark.parametrize("case", SERVERLESS)
def test_every_value_that_nobody_knows_is_told(case: str) -> None:
    root = read(SOURCES[case])
    silent = []
    for way, node in steps(root):
        if not way or node.value is None or re.fullmatch("|".join(MEANS_NOTHING), path(way)):
            continue
        _, losses = outcome(replaced(root, way, Unknown("odd")))
        if not told(way, losses) and not any("odd" in message for _, message in losses):
            silent.append(path(way))
    assert silent == []


ODD: list[Any] = [
    "",
    "zz",
    0,
    1.5,
    True,
    [],
    {},
    ["zz"],
    {"zz": "zz"},
    {"Ref": 1},
    {"Fn::GetAtt": []},
    {"Fn::Sub": []},
    Unknown("odd"),
]


@pytest.mark.parametrize("case", SERVERLESS)
def test_nothing_odd_breaks_it(case: str) -> None:
    """Whatever stands anywhere, a FargateApp comes out that can be written, with what it lacks told."""
    root = read(SOURCES[case])
    for number, (way, _) in enumerate(steps(root)):
        for value in [ODD[number % len(ODD)], ODD[(number * 7 + 3) % len(ODD)]] if len(way) > 1 else ODD if way else []:
            odd = value if isinstance(value, Unknown) else planted(value, root).value
            app, _losses = outcome(replaced(root, way, odd))
            if number % 25 == 0 or len(way) < 2:
                assert yaml.safe_load(write(app, [], "x")) == app
                faults(app)
