"""What the importer writes and what the guides show is accepted by a real API server, field by field."""

import json
from pathlib import Path

import pytest
import yaml

from documents import ROOT, apps
from fargate_operator.importing.command import faults

WHOLE = [
    pytest.param(app, id=file.parent.name)
    for file in sorted((Path(__file__).parent.parent / "importing").glob("*/*/expected.yaml"))
    if not faults(app := yaml.safe_load(file.read_text()))
]
COMING_FROM = sorted((ROOT / "docs" / "guides").glob("coming-from-*.md"))


def accepted(plane, app):
    app["metadata"]["namespace"] = "default"
    done = plane.kubectl(
        "apply", "--dry-run=server", "--server-side", "--validate=strict", "-f", "-", stdin=json.dumps(app), check=False
    )
    return (done.returncode, done.stderr)


@pytest.mark.parametrize("app", WHOLE)
def test_an_imported_app_is_accepted(app, plane):
    assert accepted(plane, app) == (0, "")


@pytest.mark.parametrize("file", COMING_FROM, ids=lambda one: one.stem)
def test_an_app_of_a_guide_is_accepted(file, plane):
    [app] = apps(file)
    assert accepted(plane, app) == (0, "")
