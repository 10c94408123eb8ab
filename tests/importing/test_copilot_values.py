"""What single values of Copilot's manifests become, and what is told of them."""

from typing import Any

import pytest

from fargate_operator import cli
from fargate_operator.importing import copilot
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import parse

HEAD = "name: web\ntype: Backend Service\nimage: {location: 'web:1'}\n"


def brought(text: str, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """The service, and what it lacks."""
    report = Report("manifest.yml")
    app = copilot.convert(parse(f"{HEAD}{text}", "manifest.yml"), Options(**options), report)
    return app["spec"]["services"]["web"], [str(one) for one in report.losses()]


WRITTEN = ["1.10", "012345678901", "True", "FALSE", "0x1F", "0o17", "007", "1.0", "1E5", "1e3", "+1", "123e4567", "9" * 30]


@pytest.mark.parametrize("written", WRITTEN)
def test_text_is_what_stands_in_the_file(written: str) -> None:
    text = (
        "variables: {A: %s}\ncommand: [%s]\nentrypoint: %s\n"
        "sidecars: {s: {variables: {A: %s}}}\nenvironments: {prod: {variables: {B: %s}}}\n"
    )
    service, _ = brought(text.replace("%s", written), stage="prod")
    found = [service["environment"]["A"], service["environment"]["B"], *service["command"], *service["entryPoint"]]
    assert [*found, service["sidecars"]["s"]["environment"]["A"]] == [written] * 5


@pytest.mark.parametrize("written", WRITTEN)
def test_a_label_is_what_stands_in_the_file(written: str) -> None:
    root = parse(f"name: web\ntype: Backend Service\nimage: {{location: a, labels: {{a: {written}}}}}", "x")
    app = copilot.convert(root, Options(), Report("x"))
    assert app["spec"]["services"]["web"]["overrides"]["container"]["DockerLabels"] == {"a": written}


def test_numbers_and_truth_are_what_they_mean() -> None:
    service, told = brought("cpu: 0x100\nmemory: 512.0\nexec: TRUE\n")
    assert ([service["cpu"], service["memory"], service["exec"]], told) == ([256, 512, True], [])


@pytest.mark.parametrize(
    ("written", "expected", "told"),
    [
        ("[rm, --keep, '${DIR}', /data]", ["rm", "--keep", "<unknown>", "/data"], "command[2]: ${DIR} is not known here"),
        ("[rm, {a: 1}, /data]", ["rm", "<unknown>", "/data"], "command[1]: must be text"),
        ("rm ${DIR} /data", ["<unknown>"], "command: ${DIR} is not known here"),
        ('"rm \'a"', ["<unknown>"], "command: cannot be split into words"),
    ],
)
def test_a_word_that_is_lost_is_stood_in_for(written: str, expected: list[str], told: str) -> None:
    service, losses = brought(f"command: {written}\nentrypoint: {written}\n")
    assert (service["command"], service["entryPoint"]) == (expected, expected)
    assert losses[0].startswith(f"manifest.yml:4: {told}")
    assert losses[1].startswith(f"manifest.yml:5: {told.replace('command', 'entrypoint')}")


def test_the_help_is_english(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["import", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert [one for one in ("a parameter; may", "an option of the tool's", "an image that") if one not in told] == []
