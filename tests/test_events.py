"""What a message of the event queue is taken for, and whose it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.event_index import EventIndex
from fargate_operator.events import Hint, Kind, hint, of_stack, place, project, repository, repository_of
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.seen import Seen
from harness import events
from harness.emulator import ACCOUNT, REGION
from harness.events import CLUSTER, DEFINITION, SERVICE, STACK

SHOP, BLOG = ("team", "shop"), ("team", "blog")
THE_PROJECT = f"codebuild:{REGION}:{ACCOUNT}:{events.PROJECT}"
THE_REPOSITORY = f"ecr:{REGION}:{ACCOUNT}:{events.REPOSITORY}"
OF_SERVICE = (SERVICE, DEFINITION, CLUSTER)


@pytest.mark.parametrize(
    ("event", "kind", "about", "busy"),
    [
        (events.stack("UPDATE_COMPLETE"), Kind.Stack, (STACK,), False),
        (events.stack("UPDATE_IN_PROGRESS"), Kind.Stack, (STACK,), True),
        (events.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), Kind.Stack, (STACK,), True),
        (events.stack("REVIEW_IN_PROGRESS"), Kind.Stack, (STACK,), False),
        (events.stack("UPDATE_COMPLETE", "team-shop-123456"), Kind.Stack, (), False),
        (events.task(), Kind.Task, OF_SERVICE, False),
        (events.stopped(), Kind.Task, OF_SERVICE, False),
        (events.interrupted(), Kind.Task, OF_SERVICE, False),
        (events.stopped(group="family:report"), Kind.Task, (DEFINITION, CLUSTER), False),
        (events.task(lastStatus="PROVISIONING"), Kind.Task, (), False),
        (events.task(lastStatus="DEPROVISIONING", desiredStatus="STOPPED"), Kind.Task, (), False),
        (events.task(group=None), Kind.Task, (DEFINITION, CLUSTER), False),
        (events.service("SERVICE_TASK_PLACEMENT_FAILURE", reason="RESOURCE:FARGATE"), Kind.Service, (SERVICE,), False),
        (events.service("SERVICE_STEADY_STATE"), Kind.Service, (SERVICE,), False),
        (events.deployment("SERVICE_DEPLOYMENT_FAILED"), Kind.Deployment, (SERVICE,), False),
        (events.build("FAILED"), Kind.Build, (THE_PROJECT,), False),
        (events.push(), Kind.Push, (THE_REPOSITORY,), False),
        (events.push(tag=None), Kind.Push, (), False),
        (events.push(**{"action-type": "DELETE"}), Kind.Push, (), False),
        (events.push(result="FAILURE"), Kind.Push, (), False),
    ],
)
def test_an_event_is_a_hint_at_what_it_tells_of(event, kind, about, busy):
    assert hint(json.dumps(event)) == Hint(kind, about, busy)


@pytest.mark.parametrize("body", [*events.forged(), json.dumps(events.stack("x" * 300_000))])
def test_what_is_no_event_of_ours_is_no_hint(body):
    assert hint(body) is None


RECORDED = [events.stack("UPDATE_COMPLETE"), events.stopped(), events.service("SERVICE_STEADY_STATE"),
            events.deployment("SERVICE_DEPLOYMENT_FAILED"), events.build("FAILED"), events.push()]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answered(body):
    assert hint(body.decode("utf-8", "replace")) is None


@given(st.sampled_from(RECORDED), st.data(), JSON)
def test_an_event_with_anything_in_place_of_one_of_its_fields_is_answered_with_strings(event, data, odd):
    forged = json.loads(json.dumps(event))
    node = data.draw(st.sampled_from([forged, forged["detail"]]))
    node[data.draw(st.sampled_from(sorted(node)))] = odd
    found = hint(json.dumps(forged))
    assert found is None or all(isinstance(one, str) and one for one in found.about)


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{events.REPOSITORY}", THE_REPOSITORY),
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{events.REPOSITORY}:v1", THE_REPOSITORY),
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{events.REPOSITORY}@sha256:1", THE_REPOSITORY),
        (f"{ACCOUNT}.dkr-ecr.{REGION}.on.aws/{events.REPOSITORY}", THE_REPOSITORY),
        ("public.ecr.aws/docker/library/nginx:1", ""),
        ("example/app:1", ""),
    ],
)
def test_a_repository_is_known_by_the_uri_of_its_images(uri, found):
    assert repository_of(uri) == found


def test_what_is_not_known_in_full_has_no_identifier():
    assert {project(REGION, ACCOUNT, ""), repository("", ACCOUNT, "app"), repository(REGION, "", "app")} == {""}


@pytest.mark.parametrize(
    ("stack_id", "found"),
    [(STACK, (REGION, "team-shop-123456")), ("team-shop-123456", None), (SERVICE, None), (f"{STACK}/more", None)],
)
def test_a_stacks_id_tells_where_it_is(stack_id, found):
    assert place(stack_id) == found


def seen(**spec):
    base = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}, "tasks": {"migrate": {"image": "app"}},
            "outputs": {"Other": {"Value": "x"}}}  # fmt: skip
    app = parse_app({"metadata": {"namespace": "team", "name": "shop"}, "spec": {**base, **spec}})
    outputs = {
        "ClusterArn": CLUSTER,
        "WebServiceArn": SERVICE,
        "WebTaskArn": DEFINITION,
        "MigrateTaskArn": "arn:migrate:1",
        "Other": "x",
    }
    stack = StackObservation("team-shop-123456", STACK, "UPDATE_COMPLETE", outputs=outputs)
    return Seen({}, 1, datetime(2026, 1, 1, tzinfo=UTC), app=app, stack=stack)


EXISTING = {"existing": CLUSTER}


@pytest.mark.parametrize(
    ("of", "found"),
    [
        (seen(), {STACK, CLUSTER, SERVICE, DEFINITION, "arn:migrate:1"}),
        (seen(cluster=EXISTING), {STACK, SERVICE, DEFINITION, "arn:migrate:1"}),
        (replace(seen(), app=None, deleting=True), {STACK}),
        (replace(seen(), owned=False), set()),
        (replace(seen(), stack=None), set()),
    ],
    ids=["its own cluster", "a cluster that it shares", "what is deleted", "somebody else's stack", "no stack"],
)
def test_an_app_is_told_of_what_its_own_stack_has(of, found):
    assert of_stack(of) == found


def test_the_first_name_that_is_anybodys_decides():
    index = EventIndex()
    index.register(SHOP, "stack", {CLUSTER, "arn:shop"})
    index.register(BLOG, "stack", {"arn:blog"})
    assert index.of(("arn:blog", CLUSTER)) == {BLOG}  # a service of another app on the shop's cluster
    assert index.of(("arn:nobodys", CLUSTER)) == {SHOP}
    assert index.of(("arn:nobodys",)) == frozenset()


def test_what_is_registered_anew_replaces_what_was_of_its_kind_and_no_other():
    index = EventIndex()
    index.register(SHOP, "stack", {"a", "b", ""})
    index.register(SHOP, "images", {"b", "c"})
    index.register(BLOG, "images", {"c"})
    index.register(SHOP, "stack", {"d"})
    assert {one: index.of([one]) for one in "abcd"} == {"a": frozenset(), "b": {SHOP}, "c": {SHOP, BLOG}, "d": {SHOP}}
    assert index.of([""]) == frozenset()


def test_an_app_that_is_gone_is_told_nothing():
    index = EventIndex()
    index.register(SHOP, "stack", {"a"})
    index.register(BLOG, "stack", {"a"})
    index.forget(SHOP)
    assert index.of(["a"]) == {BLOG}
    index.forget(BLOG)
    index.forget(BLOG)
    assert index.of(["a"]) == frozenset()
