"""The command `import`."""

from pathlib import Path

import pytest
import yaml

from fargate_operator.cli import main

WHOLE = """\
service: shop
provider: {name: aws, region: eu-west-1}
fargate:
  vpc: {subnetIds: [subnet-1]}
  tasks: {web: {image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1", environment: {STAGE: "${sls:stage}", P: "${param:p, 'none'}", O: "${opt:o, 'none'}"}}}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "serverless.yml"
    path.write_text(WHOLE)
    return path


def test_what_comes_over_whole_is_written_and_nothing_is_told(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(source), "--stage", "prod", "--param", "p=1", "--opt", "o=2", "--namespace", "team-a"]) == 0
    out, err = capsys.readouterr()
    app = yaml.safe_load(out)
    assert (err, app["metadata"]) == ("", {"name": "shop", "namespace": "team-a"})
    assert app["spec"]["services"]["web"]["environment"] == {"STAGE": "prod", "P": "1", "O": "2"}


def test_what_is_lost_is_told_with_its_line_and_exit_3(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(f"{WHOLE}newThing: 1\n")
    target = source.parent / "app.yaml"
    assert main(["import", str(source), "-o", str(target), "--name", "other", "--region", "us-east-1"]) == 3
    out, err = capsys.readouterr()
    told = "is not known to the importer; look up what it does, and say it in the FargateApp's own fields"
    assert (out, err) == ("", f"{source}:6: newThing: {told}\n")
    app = yaml.safe_load(target.read_text())
    assert (app["metadata"]["name"], app["spec"]["region"]) == ("other", "us-east-1")
    assert (
        target.read_text().splitlines()[1]
        == "# TODO: newThing (line 6): is not known to the importer; look up what it does, and say it in the FargateApp's own"
    )


def test_an_image_that_would_be_built_can_be_named(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = WHOLE.replace("region: eu-west-1", "region: eu-west-1, ecr: {images: {app: {path: .}}}").replace(
        '"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1"', "app"
    )
    source.write_text(text)
    assert main(["import", str(source), "--image", "app=123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:v1"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["spec"]["images"] == {
        "app": {"uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:v1"}
    }


BEFORE = [
    (number + 1, f"${{self:custom.a{number}}}") for number in range(1500)
]  # each number, and a variable with the one before
TENFOLD = "\n".join(f"  a{number}: ['{before}'{f', {before!r}' * 9}]" for number, before in BEFORE[:8])
LONGER = "\n".join(f"  a{number}: '{before * 10}'" for number, before in BEFORE[:8])
CHAIN = "\n".join(f"  a{number}: '{before}'" for number, before in BEFORE)


UNUSABLE = {
    "no such file": (None, "serverless.yml: No such file or directory"),
    "no YAML": ("a: [", "serverless.yml:1: is not YAML: expected the node content, but found '<stream end>'"),
    "something else": ("a: 1", "serverless.yml: is no file that can be imported, or its kind is not to be seen: give --kind"),
    "a list": ("[1]", "serverless.yml: is no file that can be imported, or its kind is not to be seen: give --kind"),
    "variables that multiply": (
        f"service: a\nprovider: {{environment: {{A: '${{self:custom.a8}}'}}}}\ncustom:\n  a0: [x]\n{TENFOLD}",
        "serverless.yml:9: variables make too much of this",
    ),
    "variables that multiply a text": (
        f"service: a\nprovider: {{environment: {{A: '${{self:custom.a8}}'}}}}\ncustom:\n  a0: xxxx\n{LONGER}",
        "serverless.yml:10: variables make too much of this",
    ),
    "a chain of variables": (
        f"service: a\nprovider: {{environment: {{A: '${{self:custom.a1500}}'}}}}\ncustom:\n  a0: x\n{CHAIN}",
        "serverless.yml: is nested too deep, or its variables lead through too many others",
    ),
    "a file inside that is no YAML": (
        "service: a\nprovider: {name: '${file(./b.yml)}'}",
        "b.yml:1: is not YAML: expected ',' or ']', but got '<stream end>'",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_one_line_says_what_cannot_be_read_and_exit_2(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, expected = UNUSABLE[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.yml").write_text("[a")
    if text is not None:
        (tmp_path / "serverless.yml").write_text(text)
    assert main(["import", "serverless.yml"]) == 2
    assert capsys.readouterr() == ("", f"fargate-operator import: {expected}\n")


def test_a_kind_that_it_is_not(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text("[1]")
    assert main(["import", str(source), "--kind", "serverless"]) == 2
    assert capsys.readouterr().err == f"fargate-operator import: {source}: must be a map\n"


def test_a_pair_needs_both(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["import", str(source), "--param", "p"])
    assert (error.value.code, "'p' must be NAME=VALUE" in capsys.readouterr().err) == (2, True)


def test_a_place_that_cannot_be_written(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(source), "-o", str(source.parent / "no" / "x")]) == 2
    assert "No such file or directory" in capsys.readouterr().err
