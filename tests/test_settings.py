"""Settings: flags, variables, and one line for what is wrong."""

import argparse

import pytest

from fargate_operator import cli
from fargate_operator.settings import PREFIX, Settings, Unusable, add_arguments, load


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def loaded(*flags: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(["--single-tenant", *flags]))


def test_every_setting_is_a_flag_with_its_description_and_variable() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    text = " ".join(parser.format_help().split())
    for name, field in Settings.model_fields.items():
        assert field.description
        assert "--" + name.replace("_", "-") in text
        assert PREFIX + name.upper() in text


@pytest.mark.parametrize(
    ("given", "seconds"), [("5s", 5.0), ("5m", 300.0), ("1h", 3600.0), ("250ms", 0.25), ("7", 7.0), ("1.5s", 1.5)]
)
def test_durations_have_units(given: str, seconds: float) -> None:
    assert loaded("--sweep-interval", given).sweep_interval == seconds


@pytest.mark.parametrize("given", ["5d", "-1s", "0", "soon", ""])
def test_a_duration_that_is_none_is_refused_in_one_line_that_names_the_flag(given: str) -> None:
    with pytest.raises(Unusable) as caught:
        loaded(f"--sweep-interval={given}")
    assert str(caught.value).startswith("--sweep-interval: ")
    assert "\n" not in str(caught.value)


QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"


@pytest.mark.parametrize("given", ["", QUEUE, f"{QUEUE}.fifo", "http://127.0.0.1:4566/123456789012/events"])
def test_a_queue_of_events_is_given_by_its_url(given: str) -> None:
    assert loaded(f"--event-queue={given}").event_queue == given


@pytest.mark.parametrize(
    "given", ["events", "arn:aws:sqs:eu-west-1:123456789012:events", "https://x/events", f"{QUEUE}/", f"{QUEUE} x"]
)
def test_a_queue_that_is_given_otherwise_is_refused(given: str) -> None:
    with pytest.raises(Unusable) as caught:
        loaded(f"--event-queue={given}")
    assert str(caught.value).startswith("--event-queue: ")


def test_namespaces_are_parted_by_commas() -> None:
    assert loaded("--namespaces", "team-a, team-b,").namespaces == ("team-a", "team-b")
    assert loaded().namespaces == ()


def test_a_flag_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_OPERATOR_WORKERS", "7")
    assert loaded().workers == 7
    assert loaded("--workers", "9").workers == 9


def test_namespaces_are_read_from_a_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_OPERATOR_NAMESPACES", "team-a,team-b")
    assert loaded().namespaces == ("team-a", "team-b")


def test_without_single_tenant_run_refuses_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run"]) == 2
    said = capsys.readouterr().err
    assert "--single-tenant" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("given", [[], ["run", "--nonsense"], ["nonsense"], ["run", "--single-tenant", "--workers", "many"]])
def test_what_cannot_be_done_is_one_line_and_exit_2(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = cli.main(given)
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_cluster_run_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert cli.main(["run", "--single-tenant"]) == 2
    said = capsys.readouterr().err
    assert "no cluster" in said
    assert said.count("\n") == 1
