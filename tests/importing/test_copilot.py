"""Copilot's manifests as FargateApps. A folder under copilot/ is a case; this file, run as a program, rewrites what is expected."""

import copy
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator import cli
from fargate_operator.importing import copilot
from fargate_operator.importing.command import faults, imported
from fargate_operator.importing.copilot.environment import prepared
from fargate_operator.importing.copilot.schedule import Inexact, expression
from fargate_operator.importing.copilot.values import in_words, literal, span
from fargate_operator.importing.cursor import UNKNOWN
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import parse, plain, planted, read
from fargate_operator.render import render

ROOT = Path(__file__).parent / "copilot"
CASES = sorted(one.name for one in ROOT.iterdir() if one.is_dir())
WHOLE = ["application", "services", "web"]


def options_of(case: str) -> Options:
    """What a case gives on the command line."""
    file = ROOT / case / "options.yaml"
    return Options(**yaml.safe_load(file.read_text()) if file.exists() else {})


def brought(case: str) -> tuple[str, str]:
    """The FargateApp, and what it lacks, of a case; paths are relative to its folder."""
    folder = ROOT / case
    text, losses = imported(sorted(str(one) for one in folder.glob("*.yml")), options_of(case))
    return text, "".join(f"{loss}\n" for loss in losses).replace(f"{folder}/", "")


@pytest.mark.parametrize("case", CASES)
def test_a_manifest_becomes_what_is_expected(case: str) -> None:
    expected = (ROOT / case / "expected.yaml").read_text(), (ROOT / case / "expected.txt").read_text()
    assert brought(case) == expected


@pytest.mark.parametrize("case", CASES)
def test_what_it_becomes_is_a_fargateapp_with_a_template(case: str) -> None:
    app = yaml.safe_load((ROOT / case / "expected.yaml").read_text())
    assert faults(app) == []
    assert render(app, cli.parser().parse_args(["render", "-"]))["Resources"]


@pytest.mark.parametrize("case", WHOLE)
def test_what_is_whole_has_no_losses(case: str) -> None:
    assert (ROOT / case / "expected.txt").read_text() == ""


FIELDS = [line for line in (ROOT / "fields.txt").read_text().splitlines() if not line.startswith("#")]
BY_NAME = ("variables", "secrets", "volumes", "sidecars")


def paths(value: Any, path: str = "") -> set[str]:
    """Where something stands in a manifest, names of one's own as *."""
    if isinstance(value, list):
        return {path}.union(*(paths(item, path) for item in value))
    if not isinstance(value, dict):
        return {path}
    own = path.rsplit(".", maxsplit=1)[-1] in BY_NAME
    return {path}.union(*(paths(item, f"{path}.{'*' if own else key}".removeprefix(".")) for key, item in value.items()))


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_manifests_is_in_a_case(field: str) -> None:
    assert field in set().union(*(paths(plain(read(one))) for one in ROOT.glob("*/*.yml")))


@pytest.mark.parametrize("case", CASES)
def test_no_field_is_unknown_but_the_one_that_there_is_not(case: str) -> None:
    unknown = [line for line in (ROOT / case / "expected.txt").read_text().splitlines() if UNKNOWN in line]
    assert [re.sub(r".*: (\w+): is not.*", r"\1", line) for line in unknown] == (["extra"] if case == "losses" else [])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("@yearly", "cron(0 0 1 1 ? *)"),
        ("@weekly", "cron(0 0 ? * 1 *)"),
        ("@midnight", "cron(0 0 * * ? *)"),
        ("@every 1m", "rate(1 minute)"),
        ("@every 1h30m", "rate(90 minutes)"),
        ("rate(1 day)", "rate(1 day)"),
        ("cron(0 3 ? * MON-FRI *)", "cron(0 3 ? * MON-FRI *)"),
        ("*/10 * * * *", "cron(*/10 * * * ? *)"),
        ("0  9 1,15 * *", "cron(0 9 1,15 * ? *)"),
        ("0 9 * * 0", "cron(0 9 ? * 1 *)"),
        ("0 9 * * 1-5", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * mon-fri/2", "cron(0 9 ? * MON-FRI/2 *)"),
        ("0 9 * * 1-5/2,6", "cron(0 9 ? * 2-6/2,7 *)"),
        ("0 9 * * 3/2", "cron(0 9 ? * 4-7/2 *)"),
        ("0 9 * * */2", "cron(0 9 ? * */2 *)"),
        ("0 9 ? jan ?", "cron(0 9 * JAN ? *)"),
    ],
)
def test_a_schedule_becomes_eventbridges_that_means_the_same(written: str, expected: str) -> None:
    assert expression(written) == expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0 9 1 * MON", "one of the two"),
        ("0 9 */2 * MON", "one of the two"),
        ("0 9 * * 7", "0 (Sunday) to 6"),
        ("@reboot", "crontab's five fields"),
        ("@every 90s", "whole minutes"),
        ("@every often", "whole minutes"),
        ("rate(5 parsecs)", "no schedule"),
        ("cron(0 9 * * * *)", "exactly one"),
        ("60 9 * * *", "no minutes"),
        ("TZ=Europe/London 0 9 * *", "crontab's five fields"),
    ],
)
def test_a_schedule_that_eventbridge_cannot_have_is_told(written: str, words: str) -> None:
    with pytest.raises(Inexact, match=re.escape(words)):
        expression(written)


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ("{cpu: 1, count: 2}", "{cpu: 4}", {"cpu": 4, "count": 2}),
        ("{variables: {A: 1, B: 2}}", "{variables: {B: 3}}", {"variables": {"A": 1, "B": 3}}),
        ("{command: [a, b]}", "{command: [c]}", {"command": ["c"]}),
        ("{count: 2}", "{count: {range: 1-3}}", {"count": {"range": "1-3"}}),
        ("{count: {range: 1-3, cpu_percentage: 5}}", "{count: {spot: 2}}", {"count": {"spot": 2}}),
        ("{count: {spot: 2}}", "{count: {range: 1-3}}", {"count": {"range": "1-3"}}),
        ("{image: {build: a, port: 1}}", "{image: {location: b}}", {"image": {"port": 1, "location": "b"}}),
        ("{secrets: {A: {secretsmanager: x}}}", "{secrets: {A: {from_cfn: y}}}", {"secrets": {"A": {"from_cfn": "y"}}}),
        ("{http: {path: /}}", "{http: false}", {"http": False}),
        ("{cpu: 1}", "{cpu: }", {"cpu": 1}),
        ("{http: {healthcheck: /a}}", "{http: {healthcheck: {path: /b}}}", {"http": {"healthcheck": {"path": "/b"}}}),
        (
            "{storage: {volumes: {a: {efs: {id: x, auth: {iam: true}}}}}}",
            "{storage: {volumes: {a: {efs: {uid: 1, gid: 1}}}}}",
            {"storage": {"volumes": {"a": {"efs": {"uid": 1, "gid": 1}}}}},
        ),
    ],
)
def test_an_environment_is_merged_as_copilot_merges_it(base: str, over: str, expected: Any) -> None:
    manifest = yaml.safe_load(base) | {"environments": {"prod": yaml.safe_load(over), "test": {"cpu": 9}}}
    assert plain(prepared(planted(manifest, parse("", "x")), "prod", {})) == expected


def test_an_override_keeps_its_line() -> None:
    root = parse("cpu: 1\nenvironments:\n  prod:\n    cpu: 2\n", "x")
    assert prepared(root, "prod", {}).value["cpu"].line == 4


@pytest.mark.parametrize(
    ("written", "expected"), [("1m30s", 90), ("250ms", 0.25), ("1.5h", 5400), ("", None), ("5", None), ("1d", None), ("0s", 0)]
)
def test_a_duration_is_gos(written: str, expected: float | None) -> None:
    assert span(written) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0s"), (90, "1m30s"), (86400, "24h"), (3661, "1h1m1s")])
def test_seconds_in_words(count: int, expected: str) -> None:
    assert in_words(count) == expected


@pytest.mark.parametrize(("text", "expected"), [("${A} $b ${", "${!A} $b ${"), ("${!A}", "${!!A}"), ("a", "a")])
def test_nothing_in_a_value_is_taken_for_a_reference(text: str, expected: str) -> None:
    assert literal(text) == expected


def test_the_command_takes_many_manifests_and_says_what_is_lost(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [str(one) for one in sorted((ROOT / "application").glob("*.yml"))]
    images = [f"--image={name}=api:v1" for name in ("web", "api", "report")]
    assert cli.main(["import", *files, "--app", "shop", "--env", "prod", *images]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["spec"]["environment"]["COPILOT_ENVIRONMENT_NAME"] == "prod"
    assert cli.main(["import", str(ROOT / "losses" / "manifest.yml"), "-o", str(tmp_path / "app.yaml")]) == 3
    assert capsys.readouterr().err.startswith(f"{ROOT}/losses/manifest.yml:4: image.build: Copilot builds this image")


@pytest.mark.parametrize("files", [["nothing"], ["nothing", "manifest"]])
def test_what_is_no_manifest_is_one_clear_line_and_exit_2(
    files: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    texts = {"nothing": "a: 1\n", "manifest": "name: web\ntype: Backend Service\n"}
    for name in files:
        (tmp_path / name).write_text(texts[name])
    assert cli.main(["import", *(str(tmp_path / name) for name in files)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "give --kind" in told


# Leaves of the cases that say what holds anyway, or that the command line says in their place.
MEANS_NOTHING = """
image.build image.build.* image.port http.healthcheck.port http.version http.redirect_to_https http.target_port http.target_container
storage.volumes.uploads.efs.auth.iam sidecars.proxy.depends_on publish.topics[1].allowed_workers[0] network.connect
network.vpc.placement storage.ephemeral exec.enable count.cooldown.out platform.osfamily platform.architecture
environments.test.*
"""


def leaves(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, item in items for leaf in leaves(item, (*steps, key))]
    yield from found or [steps]


def without(value: Any, steps: tuple[str | int, ...]) -> Any:
    """The value without that leaf."""
    rest = copy.deepcopy(value)
    place = rest
    for step in steps[:-1]:
        place = place[step]
    del place[steps[-1]]
    return rest


def converted(case: str, manifests: list[Any]) -> tuple[Any, list[tuple[str, str]]]:
    report = Report("x")
    roots = planted(manifests if len(manifests) > 1 else manifests[0], parse("", "x"))
    return copilot.convert(roots, options_of(case), report), [(loss.path, loss.message) for loss in report.losses()]


@pytest.mark.parametrize("case", [*WHOLE, "jobs"])
def test_every_word_of_a_manifest_makes_a_difference(case: str) -> None:
    manifests = [plain(read(one)) for one in sorted((ROOT / case).glob("*.yml"))]
    expected, silent = converted(case, manifests), list[str]()
    for number, manifest in enumerate(manifests):
        for leaf in leaves({key: item for key, item in manifest.items() if key not in ("name", "type")}):
            others = [*manifests[:number], without(manifest, leaf), *manifests[number + 1 :]]
            if converted(case, others) == expected:
                silent.append("".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in leaf)[1:])
    allowed = MEANS_NOTHING.split()
    assert [one for one in silent if not any(fnmatchcase(one, known.replace("[", "[[]")) for known in allowed)] == []


KEYS = sorted({step for field in FIELDS for step in field.split(".")} | {"value", "a", "web"})
SCALARS = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | st.sampled_from(
    ["", "a", "1-3", "5m", "web", "/x", "public", "private", "true", "linux/arm64", "@daily", "0 3 * * *", "${X}", "arn:a", "a b 'c"]
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=6),
    max_leaves=25,
)


def values(value: Any) -> Iterator[Any]:
    """All scalars, but for what is CloudFormation's own."""
    if isinstance(value, dict):
        yield from (one for key, item in value.items() if key not in ("FilterPolicy", "overrides") for one in values(item))
    elif isinstance(value, list):
        yield from (one for item in value for one in values(item))
    else:
        yield value


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), TREES, max_size=8), st.sampled_from(sorted(copilot.CONVERTERS)), st.booleans())
def test_whatever_stands_in_a_manifest_it_is_carried_over_or_told(fields: dict[str, Any], kind: str, several: bool) -> None:  # noqa: FBT001
    root = planted({**fields, "name": "web", "type": kind}, parse("", "x.yml"))
    env = planted({**fields, "name": "prod", "type": "Environment"}, parse("", "env.yml"))
    options = Options(stage="prod", app="shop")
    report = Report("x.yml")
    app = copilot.convert(planted([plain(root), plain(env)], root) if several else root, options, report)
    kinds = ("services", "scheduledTasks", "tasks")
    assert [name for one in kinds for name in app["spec"].get(one, {})] == ["web"]
    assert not any(value is None for value in values(app["spec"]))
    faults(app)


if __name__ == "__main__":
    for name in CASES:
        app_text, losses_text = brought(name)
        (ROOT / name / "expected.yaml").write_text(app_text)
        (ROOT / name / "expected.txt").write_text(losses_text)
