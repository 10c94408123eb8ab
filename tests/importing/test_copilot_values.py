"""What single values of Copilot's manifests become, and what is told of them."""

from pathlib import Path
from typing import Any

import pytest

from fargate_operator import cli
from fargate_operator.importing import copilot
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, parse

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


SHELL = {"DB_PASSWORD": "geheim", "PW": "geheim", "TAG": "v1"}
PLAIN = "in plain text; keep it in a parameter or secret, and name that in secrets"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("variables: {PW: '${DB_PASSWORD}'}", "variables.PW: holds the value of ${DB_PASSWORD}"),
        ("variables: {DB_PASSWORD: 'x${PW}'}", "variables.DB_PASSWORD: holds the value of ${PW}"),
        ("command: [run, '-p${DB_PASSWORD}', '${TAG}']", "command[1]: holds the value of ${DB_PASSWORD}"),
        ("entrypoint: run ${DB_PASSWORD} ${DB_PASSWORD}", "entrypoint: holds the value of ${DB_PASSWORD}"),
        (
            "sidecars: {s: {image: a, variables: {A: '${DB_PASSWORD}'}}}",
            "sidecars.s.variables.A: holds the value of ${DB_PASSWORD}",
        ),
        (
            "taskdef_overrides: [{path: 'ContainerDefinitions[0].User', value: '${DB_PASSWORD}'}]",
            "taskdef_overrides[0].value: holds the value of ${DB_PASSWORD}",
        ),
    ],
)
def test_a_secret_of_the_shell_is_told_by_its_name(text: str, told: str) -> None:
    service, losses = brought(f"{text}\n", environment=SHELL)
    assert ("geheim" in str(service), losses) == (True, [f"manifest.yml:4: {told} {PLAIN}"])


@pytest.mark.parametrize(
    "text",
    [
        "variables: {A: '${TAG}', TOKEN: literal, KEY_OF: '${COPILOT_ENVIRONMENT_NAME}'}",
        "secrets: {DB_PASSWORD: '/${TAG}/db'}",
        "variables: {KEY: {from_cfn: '${TAG}-key'}}",
    ],
)
def test_what_is_no_secret_of_the_shell_is_not_told(text: str) -> None:
    assert brought(f"{text}\n", environment=SHELL, stage="prod")[1] == []


def imported_as(stage: str, *manifests: str, own: bool = False) -> list[str]:
    """What is told of manifests of these names, with what they have of environments; with the environment's own one."""
    texts = [f"name: w{number}\ntype: Backend Service\nimage: a\n{text}" for number, text in enumerate(manifests)]
    roots = [parse(text, f"{number}.yml") for number, text in enumerate(texts)]
    roots += [parse(f"name: {stage}\ntype: Environment\n", "env.yml")] if own else []
    report = Report("0.yml")
    copilot.convert(Node(roots, "0.yml", 1), Options(stage=stage), report)
    return [str(one) for one in report.losses()]


BOTH = "environments: {prod: {count: 2}, test: }\n"


def test_an_environment_that_no_manifest_knows_is_told() -> None:
    told = "environments: has no values for prd; there are:"
    assert imported_as("prd", BOTH) == [f"0.yml:4: {told} prod, test"]
    assert imported_as("prd", BOTH, "", "environments: {dev: }") == [f"0.yml:4: {told} prod, test", f"2.yml:4: {told} dev"]


@pytest.mark.parametrize("manifests", [(BOTH,), ("",), (BOTH, "environments: {dev: }"), ("environments: \n",)])
def test_an_environment_that_one_knows_or_none_names_is_not_told(manifests: tuple[str, ...]) -> None:
    assert imported_as("test", *manifests) == []


def test_an_environment_with_its_own_manifest_is_known() -> None:
    assert imported_as("prd", BOTH, own=True) == []


def test_an_unknown_environment_is_exit_3(tmp_path: Path) -> None:
    (tmp_path / "manifest.yml").write_text(f"{HEAD}{BOTH}")
    codes = [cli.main(["import", str(tmp_path / "manifest.yml"), "--env", one]) for one in ("prod", "prd")]
    assert codes == [0, 3]


FAULTS = """\
name: web
type: Load Balanced Web Service
image:
  location: "bad image:1"
  port: 99999
http:
  path: '/a b'
  healthcheck:
    interval: 999s
  allowed_source_ips:
    - 1.2.3
cpu: 300
count:
  range: 5-1
  cpu_percentage: 700
variables:
  "a b": 1
sidecars:
  nginx:
    image: n
    healthcheck:
      command: [x]
storage:
  volumes:
    d:
      path: x
      efs:
        id: fs-1
logging:
  retention: 4
environments:
  prod:
    variables:
      "c d": 2
"""
LINES = {
    "spec.images.web": 4,
    "spec.services.web.port": 5,
    "spec.services.web.http.path": 7,
    "spec.services.web.http.healthCheck.interval": 9,
    "spec.loadBalancer.allowedCidrs[0]": 10,
    "spec.services.web.cpu": 12,
    "spec.services.web.scaling.min": 14,
    "spec.services.web.scaling.cpu": 15,
    "spec.services.web.environment.a b": 17,
    "spec.services.web.sidecars.nginx.healthCheck.command": 22,
    "spec.services.web.volumes.d.mountPath": 25,
    "spec.services.web.volumes.d.efs.fileSystemId": 28,
    "spec.logs.retentionInDays": 30,
    "spec.services.web.environment.c d": 34,
    "spec.services.web": 1,
}


@pytest.mark.parametrize("path", LINES)
def test_a_fault_has_the_line_of_its_field(path: str) -> None:
    report = Report("x")
    copilot.convert(parse(FAULTS, "x"), Options(stage="prod"), report)
    report.faults([(path, "odd")])
    assert [one.line for one in report.losses() if one.path == path] == [LINES[path]]


def test_the_faults_that_are_found_have_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.yml").write_text(FAULTS)
    assert cli.main(["import", str(tmp_path / "manifest.yml"), "--env", "prod"]) == 3
    told = [line.split(":")[1:3] for line in capsys.readouterr().err.splitlines() if "needs a look" in line]
    assert len(told) > 9
    assert [(line, path) for line, path in told if int(line) != LINES.get(path.strip(), int(line)) or line == "1"] == []
