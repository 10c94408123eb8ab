"""Every FargateApp in the documents is parsed and compiled, as `render` does it."""

import pytest

from documents import DOCUMENTS, ROOT, apps, blocks
from fargate_operator import cli
from fargate_operator.importing import copilot
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, parse
from fargate_operator.render import render

COMING_FROM = ("cdk", "copilot", "serverless")
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
