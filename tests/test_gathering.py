"""What AWS changes by itself: what is carried on, asked before a write, and made of the answers."""

from dataclasses import replace

import pytest

from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Count, Facts, Subnets, Weights
from fargate_operator.gathering import Answers, Questions, answered, carried, questions, rule_digest
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from test_model import manifest

SCALED = {"scaling": {"min": 1, "max": 9, "cpu": 60}}
BLUE = {"port": 80, "http": {"host": "a.example.com"}, "deployment": {"strategy": "BlueGreen"}}
ROLLING = {"port": 80, "http": {"host": "a.example.com"}}
OUTPUTS = {
    "ClusterArn": "cluster", "WebServiceArn": "service", "WebProductionRuleArn": "rule", "WebAlternateTargetGroupArn": "second",
}  # fmt: skip
LIVE = Answers({"web": 7}, {"web": (0, 100)})


def web(**fields):
    return parse_app(manifest(services={"web": {"image": "app", **fields}}))


def facts(app, **recorded):
    subnets = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))}
    base = Facts("123456789012", "eu-west-1", subnets=subnets, images={"app": "example/app:1"})
    return carried(app, replace(base, **recorded), base)


def stack(status="UPDATE_COMPLETE", outputs=OUTPUTS):
    return StackObservation("shop", "id", status, outputs=outputs)


def written(app, known, on, answers=LIVE):
    """The facts that a template is written with, and what was asked for them."""
    template = compile_app(app, known)
    asked = questions(app, known, template, on)
    given = Answers(
        {key: one for key, one in answers.counts.items() if key in asked.services},
        {key: one for key, one in answers.weights.items() if key in asked.rules},
    )
    return answered(app, known, template, asked, given), asked


def rule_of(app):
    return rule_digest(compile_app(app, facts(app)), "web")


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ({}, {}, {}),
        (SCALED, {}, {"web": Count(None)}),
        ({**SCALED, "desiredCount": 2}, {"web": Count(None, 5)}, {"web": Count(2)}),
        ({"desiredCount": 2}, {"web": Count(2)}, {"web": Count(2)}),
        ({"desiredCount": 2}, {"web": Count(2, 7)}, {"web": Count(2, 7)}),
    ],
)
def test_a_count_is_carried_on_as_long_as_the_spec_says_the_same(spec, before, after):
    assert facts(web(**spec), counts=before).counts == after


@pytest.mark.parametrize(
    ("spec", "before"), [({"desiredCount": 3}, {"web": Count(2, 7)}), ({}, {"web": Count(2, 7)}), ({}, {"old": Count(None, 7)})]
)
def test_a_count_that_the_spec_has_no_use_for_stays_until_something_is_written(spec, before):
    app = web(**spec)
    known = facts(app, counts=before)
    assert known.counts == before
    assert compile_app(app, known).resources["WebService"]["Properties"]["DesiredCount"] == spec.get("desiredCount", 1)
    assert written(app, known, stack())[0].counts == {}


def test_a_new_rule_starts_with_the_first_group_whatever_was_recorded_of_an_older_one():
    app = web(**BLUE)
    known = facts(app, weights={"web": Weights(0, 100, rule_of(app))})
    for before in (None, stack(outputs={})):
        assert written(app, known, before)[0].weights == {"web": Weights(100, 0, rule_of(app))}


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ({}, {}, {}),
        (BLUE, {}, {"web": Weights(100, 0)}),
        (BLUE, {"web": Weights(0, 100, "x")}, {"web": Weights(0, 100, "x")}),
        (ROLLING, {"web": Weights(0, 100, "x")}, {"web": Weights(100, 0)}),
        (ROLLING, {}, {}),
    ],
)
def test_weights_are_carried_on_and_rolling_remembers_that_there_were_some(spec, before, after):
    assert facts(web(**spec), weights=before).weights == after


def test_nothing_is_asked_for_an_app_without_scaling_and_strategies():
    app = web(**ROLLING)
    assert written(app, facts(app), stack(outputs={"WebServiceArn": "service"}))[1] == Questions("")


def test_nothing_is_asked_while_a_service_is_scaled():
    app = web(**SCALED)
    assert written(app, facts(app), stack())[1].services == {}


def test_when_scaling_is_taken_away_the_live_count_is_kept_and_read_again_at_each_write():
    app = web()
    known, asked = written(app, facts(app, counts={"web": Count(None)}), stack())
    assert (known.counts, asked.services) == ({"web": Count(None, 7)}, {"web": "service"})
    again, _ = written(app, known, stack(), Answers({"web": 3}))
    assert again.counts == {"web": Count(None, 3)}
    assert compile_app(app, again).resources["WebService"]["Properties"]["DesiredCount"] == 3


def test_a_count_of_zero_is_a_count():
    app = web()
    known, _ = written(app, facts(app, counts={"web": Count(None)}), stack(), Answers({"web": 0}))
    assert compile_app(app, known).resources["WebService"]["Properties"]["DesiredCount"] == 0


@pytest.mark.parametrize(("on", "answers"), [(None, LIVE), (stack(outputs={}), LIVE), (stack(), Answers())])
def test_a_service_that_does_not_exist_has_no_count_to_keep(on, answers):
    app = web(desiredCount=2)
    known, _ = written(app, facts(app, counts={"web": Count(2)}), on, answers)
    assert known.counts == {}
    assert compile_app(app, known).resources["WebService"]["Properties"]["DesiredCount"] == 2


def test_a_new_rule_sends_everything_to_the_first_group():
    app = web(**BLUE)
    known, asked = written(app, facts(app), stack(outputs={"WebServiceArn": "service"}))
    assert (known.weights, asked.rules) == ({"web": Weights(100, 0, rule_of(app))}, {})


def test_a_write_that_does_not_touch_the_rule_keeps_the_recorded_weights():
    app = web(**BLUE)
    before = Weights(100, 0, rule_of(app))
    known, asked = written(web(**BLUE, environment={"A": "1"}), facts(app, weights={"web": before}), stack())
    assert (known.weights, asked.rules) == ({"web": before}, {})


def test_a_write_that_touches_the_rule_takes_the_live_weights():
    old, new = web(**BLUE), web(**{**BLUE, "http": {"host": "b.example.com"}})
    known, asked = written(new, facts(new, weights={"web": Weights(100, 0, rule_of(old))}), stack())
    assert (known.weights, asked.rules) == ({"web": Weights(0, 100, rule_of(new))}, {"web": ("rule", "second")})
    [action] = compile_app(new, known).resources["WebListenerRule"]["Properties"]["Actions"]
    assert [one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]] == [0, 100]


def test_after_a_rollback_nothing_that_was_recorded_of_a_rule_counts():
    app = web(**BLUE)
    known, _ = written(app, facts(app, weights={"web": Weights(100, 0, rule_of(app))}), stack("UPDATE_ROLLBACK_COMPLETE"))
    assert known.weights == {"web": Weights(0, 100, rule_of(app))}


def test_a_digest_of_a_rule_does_not_depend_on_its_weights():
    app = web(**BLUE)
    digests = {
        rule_digest(compile_app(app, facts(app, weights={"web": one})), "web") for one in (Weights(100, 0), Weights(0, 100))
    }
    assert digests == {rule_of(app)}


def test_back_to_rolling_only_while_the_tasks_are_behind_the_first_group():
    app = web(**ROLLING)
    before = facts(app, weights={"web": Weights(0, 100, "x")})
    known, _ = written(app, before, stack(), Answers(weights={"web": (100, 0)}))
    template = compile_app(app, known)
    assert template.resources["WebService"]["Properties"]["DeploymentConfiguration"]["Strategy"] == "ROLLING"
    assert "WebAlternateTargetGroup" not in template.resources
    with pytest.raises(InvalidSpec, match=r"spec\.services\.web\.deployment\.strategy: cannot be Rolling now"):
        written(app, before, stack(), LIVE)
