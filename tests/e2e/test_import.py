"""What the importer writes is taken by a real API server, and the plugin's example comes up."""

import json
import shutil

import pytest
import yaml

from fargate_operator.importing.command import imported
from fargate_operator.importing.options import Options
from importing import cases

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

EXAMPLE = cases.ROOT.parent / "plugin" / "example"
WHOLE = [case for case in cases.CASES if "needs a look" not in (cases.ROOT / case / "expected.txt").read_text()]


def test_the_plugins_example_is_imported_and_becomes_ready(world, tmp_path):
    subnet = world.emulator.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    shutil.copy(EXAMPLE / "serverless.yml", tmp_path)
    (tmp_path / "vpc.yml").write_text(f"subnetIds: [{subnet}]\n")
    images = {name: f"example/{name}:1" for name in ("python", "php", "node")}
    text, losses = imported(str(tmp_path / "serverless.yml"), Options(name="imported", namespace=world.namespace, images=images))
    assert losses == []
    world.plane.apply(yaml.safe_load(text))
    status = world.ready("imported")
    assert [len(status["services"][name]["taskArns"]) for name in ("service-task-1", "service-task-2")] == [2, 1]
    theirs = json.loads((EXAMPLE / "template.json").read_text())
    made = world.cloudformation.list_stack_resources(StackName=status["stack"]["name"])["StackResourceSummaries"]
    assert theirs["Resources"].keys() <= {one["LogicalResourceId"] for one in made}


@pytest.mark.parametrize("case", WHOLE)
def test_the_api_server_takes_what_is_imported(world, case, tmp_path):
    """As the file is written, comments included, and no field unknown."""
    file = tmp_path / "app.yaml"
    shutil.copy(cases.ROOT / case / "expected.yaml", file)
    world.plane.kubectl("apply", "-n", world.namespace, "--dry-run=server", "--validate=strict", "-f", str(file))
