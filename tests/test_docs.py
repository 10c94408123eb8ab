import re
from pathlib import Path

import pytest
import yaml

import reference
from fargate_operator import cli
from fargate_operator.bounds import Bounds, parse_bounds
from fargate_operator.conditions import Reason
from fargate_operator.crd import crd_yaml
from fargate_operator.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "guide.md").read_text()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_documented(reason):
    assert re.search(rf"\b{reason}\b", GUIDE)


@pytest.mark.parametrize("name", [field.alias for field in Bounds.model_fields.values()])
def test_every_bound_is_documented(name):
    assert f"| `{name}` |" in (ROOT / "docs" / "security.md").read_text()


def test_the_documented_bounds_are_the_ones_that_are_deployed_and_can_be_used():
    text = (ROOT / "deploy" / "bounds.yaml").read_text()
    assert isinstance(parse_bounds(text).of("team-a"), Bounds)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    assert f"| `--{name.replace('_', '-')}` |" in (ROOT / "docs" / "operations.md").read_text()


def test_every_variable_of_the_deployment_is_a_setting():
    deployment = yaml.safe_load((ROOT / "deploy" / "deployment.yaml").read_text())
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    names = [one["name"] for one in container["env"] if one["name"].startswith(PREFIX)]
    assert len(names) >= 3
    assert {name.removeprefix(PREFIX).lower() for name in names} <= Settings.model_fields.keys()


def test_every_link_between_the_documents_leads_somewhere():
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text())
        assert [link for link in links if not (file.parent / link).exists()] == []


def test_the_readmes_app_is_the_example():
    [block] = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert yaml.safe_load(block) == yaml.safe_load((ROOT / "examples" / "one-image.yaml").read_text())


def test_the_crd_file_is_what_the_model_says():
    assert (ROOT / "crds" / "fargateapps.yaml").read_text() == crd_yaml()


def test_the_reference_is_what_the_crd_says_and_no_field_of_the_spec_goes_without_a_word():
    assert reference.PATH.read_text() == reference.reference()
    assert [one.path for one in reference.spec_fields() if not one.text] == []


def test_the_crds_spec_has_no_default():
    [version] = yaml.safe_load(crd_yaml())["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]

    def defaults(node):
        if isinstance(node, dict):
            yield from (("default",) if "default" in node and "type" in node else ())
            for item in node.values():
                yield from defaults(item)

    assert list(defaults(spec)) == []


def test_operator_is_a_plain_directory():
    assert not (ROOT / "operator" / "__init__.py").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        (["run", "--bogus"], "unrecognized arguments: --bogus"),
        (["run"], "--single-tenant"),
        (["run", "--single-tenant", "--workers", "many"], "--workers"),
        (["render", "/does/not/exist"], "No such file or directory"),
        ([], "the following arguments are required"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_exit_2(arguments, words, capsys):
    try:
        code = cli.main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (2, 1)
    assert words in told


def test_no_cluster_is_one_clear_line_and_exit_2(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli.main(["run", "--single-tenant"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("fargate-operator run: no cluster:")
    assert told.count("\n") == 1


def test_render_prints_a_template_and_all_faults_of_a_bad_app(capsys, tmp_path):
    assert cli.main(["render", str(ROOT / "examples" / "three-runtimes.yaml")]) == 0
    assert "Servicetask1Service" in yaml.safe_load(capsys.readouterr().out)["Resources"]
    bad = tmp_path / "bad.yaml"
    bad.write_text("kind: FargateApp\nmetadata: {name: x}\nspec: {cpu: 1, services: {web: {image: nope}}}\n")
    assert cli.main(["render", str(bad)]) == 1
    told = capsys.readouterr().err
    assert "spec.cpu: must be" in told
    assert "spec.services.web.image: 'nope' is not in spec.images" in told
