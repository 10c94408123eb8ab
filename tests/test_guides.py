"""Every FargateApp in the documents is parsed and compiled, as `render` does it."""

import re
from pathlib import Path

import pytest
import yaml

from fargate_operator import cli
from fargate_operator.importing import copilot
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, parse
from fargate_operator.render import render

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMING_FROM = ("cdk", "copilot", "serverless")


def blocks(file, language="yaml"):
    """The fenced blocks of a document in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text(), re.DOTALL | re.MULTILINE)


def apps(file):
    """The FargateApps in a document; those that are only begun, as in ``spec: {…}``, are no manifests."""
    documents = [one for block in blocks(file) if "kind: FargateApp" in block for one in yaml.safe_load_all(block)]
    return [one for one in documents if isinstance(one, dict) and one.get("kind") == "FargateApp"]


FOUND = [pytest.param(app, id=f"{file.stem}-{number}") for file in DOCUMENTS for number, app in enumerate(apps(file))]


@pytest.mark.parametrize("app", FOUND)
def test_every_app_in_the_documents_compiles(app):
    assert render(app, cli.parser().parse_args(["render", "-"]))["Resources"]


@pytest.mark.parametrize("origin", COMING_FROM)
def test_a_page_for_those_who_come_from_elsewhere_has_both_sides_of_one_app(origin):
    file = ROOT / "docs" / "guides" / f"coming-from-{origin}.md"
    [app] = apps(file)
    theirs = blocks(file, "typescript") if origin == "cdk" else [one for one in blocks(file) if "kind: FargateApp" not in one]
    assert app["spec"]["services"]["web"].keys() >= {"http", "scaling", "secrets"}
    assert app["spec"].keys() >= {"scheduledTasks", "functions", "resources"}
    assert theirs
    for word in ("/health", "./report", "orders.handler", "Table", "DB_PASSWORD"):
        assert word in theirs[0]


def test_the_manifests_of_the_copilot_page_become_its_fargateapp():
    file = ROOT / "docs" / "guides" / "coming-from-copilot.md"
    [app] = apps(file)
    web, report, _addon = blocks(file)[0].split("---\n")
    arn = app["spec"]["services"]["web"]["secrets"]["DB_PASSWORD"].removesuffix(":password::")
    options = Options(app="shop", stage="prod", parameters={"shop-db": arn}, images={"web": "x:1", "report": "x:1"})
    made = copilot.convert(Node([parse(web, "x"), parse(report, "y")], "x", 1), options, Report("x"))["spec"]
    for field in ("command", "cpu", "memory", "port", "scaling", "secrets"):
        assert made["services"]["web"][field] == app["spec"]["services"]["web"][field]
    assert made["services"]["web"]["http"] == {"path": "/", **app["spec"]["services"]["web"]["http"]}
    assert made["scheduledTasks"]["report"]["schedule"] == app["spec"]["scheduledTasks"]["report"]["schedule"]
