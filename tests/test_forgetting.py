"""What is remembered of an app goes when the app goes: names and ARNs are new every time, and an operator runs for months."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.services import Services
from fargate_operator.kube import Kube
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.status import EventNote
from fargate_operator.stopping import Stop, Stopping
from fargate_operator.world import World
from test_releases import CURRENT, Upgrade, recorded

REGION, ARN = "eu-west-1", "arn:aws:ecs:eu-west-1:123456789012:service/shop/web"


class Ecs:
    """One service whose tasks are listed."""

    def __init__(self) -> None:
        self.listed = 0

    def describe_services(self, **_: Any) -> dict[str, Any]:
        one = {"serviceArn": ARN, "serviceName": "web", "desiredCount": 1, "runningCount": 1}
        return {"services": [one]}

    def list_tasks(self, **_: Any) -> dict[str, Any]:
        self.listed += 1
        return {"taskArns": ["task"]}


class CloudFormation:
    """No stacks yet; those that are described are told by `stacks`."""

    def get_paginator(self, _: str) -> "CloudFormation":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Stacks": []}]


class Clients:
    def __init__(self) -> None:
        self.known = {"ecs": Ecs(), "cloudformation": CloudFormation()}

    def get(self, service: str, _: str) -> Any:
        return self.known[service]


@pytest.fixture
def clients():
    return Clients()


@pytest.fixture
def world(clients):
    return World(clients)


def stack(status: str) -> StackObservation:
    return StackObservation("shop", "id", status, owner=Owner("here", "team", "shop"))


def test_the_tasks_of_a_service_are_read_anew_once_it_was_forgotten(clients):
    services = Services(clients, REGION)
    services.read("shop", {"web": ARN})
    services.read("shop", {"web": ARN})
    assert clients.known["ecs"].listed == 1
    services.forget([ARN, "another"])
    assert services._tasks == {}
    services.read("shop", {"web": ARN})
    assert clients.known["ecs"].listed == 2


def test_of_a_stack_that_is_gone_nothing_is_known_but_that_it_is_not_there(world):
    world.stacks(REGION)
    world.put(REGION, stack("DELETE_IN_PROGRESS"))
    world.doubt(REGION, "shop")
    world._templates[REGION, "shop"] = (("", "", ""), {})
    world._change_sets[REGION, "shop"] = (None, 0.0)
    world.forget(REGION, "shop")
    assert (world._seen, world._stale, world._templates, world._change_sets) == ({}, {}, {}, {})
    assert world.stack(REGION, "shop") is None


def test_a_stack_that_is_kept_keeps_its_name(world):
    world.stacks(REGION)
    world.put(REGION, stack("CREATE_COMPLETE"))
    world.forget(REGION, "shop")
    assert world.known(REGION, "shop") == stack("CREATE_COMPLETE")


@pytest.mark.parametrize(("status", "stays"), [("CREATE_COMPLETE", {(REGION, "shop"): "id"}), ("DELETE_IN_PROGRESS", {})])
def test_a_doubt_goes_with_what_is_doubted(world, status, stays):
    world.stacks(REGION)
    world.put(REGION, stack(status))
    world.doubt(REGION, "shop")
    world.forget(REGION, "shop")
    assert world._stale == stays


def test_what_ended_after_it_was_forgotten_is_not_remembered_for_it(world):
    world.stacks(REGION)
    world.put(REGION, stack("DELETE_IN_PROGRESS"))
    world.forget(REGION, "shop")
    world.ended(REGION, "shop")
    assert (world._seen, world._stale) == ({}, {})
    world.put(REGION, stack("DELETE_IN_PROGRESS"))
    world.ended(REGION, "shop")
    assert world._stale == {(REGION, "shop"): "id"}


def test_the_services_of_an_app_that_is_gone_are_forgotten_with_it(world):
    world.services(REGION).read("shop", {"web": ARN})
    world.forget(REGION, "shop", [ARN])
    assert world.services(REGION)._tasks == {}


def test_what_was_told_of_an_object_is_told_of_the_next_one_and_kept_of_none_that_is_gone():
    kube = Kube(None)
    told: list[Any] = []
    kube._core.create_namespaced_event = lambda _, body, **__: told.append(body["involvedObject"]["uid"])  # type: ignore[method-assign]
    item = {"metadata": {"namespace": "team", "name": "shop", "uid": "first"}}
    note = EventNote("Normal", "Succeeded", "well")
    kube.tell(item, note)
    kube.tell(item, note)
    kube.tell({"metadata": {**item["metadata"], "uid": "second"}}, note)
    assert told == ["first", "second"]
    kube.forget("first")
    kube.forget("second")
    assert kube._told == {}


def test_once_it_is_shut_nothing_is_written_to_the_api_server():
    stop = Stop()
    kube = Kube(None, stop)
    stop.shut()
    item = {"metadata": {"namespace": "team", "name": "shop", "uid": "u", "resourceVersion": "1"}}
    writes = (
        lambda: kube.put_status(item, {"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}),
        lambda: kube.set_finalizer(item, present=True),
        lambda: kube.tell(item, EventNote("Normal", "Succeeded", "well")),
    )
    for write in writes:
        with pytest.raises(Stopping):
            write()


def test_an_app_that_is_gone_leaves_nothing_behind():
    upgrade = Upgrade(CURRENT[-1])
    upgrade.turn()
    assert set(upgrade.reconciler._homes) == {upgrade.key}
    assert upgrade.world.services(REGION)._tasks
    upgrade.cluster.item = None
    upgrade.turn()
    assert (upgrade.reconciler._homes, upgrade.world.services(REGION)._tasks) == ({}, {})
    assert upgrade.cluster.forgotten == [recorded(CURRENT[-1], "app")["metadata"]["uid"]]


def test_a_service_that_left_the_app_is_forgotten_with_the_status_that_told_of_it():
    case = CURRENT[-1]
    item = recorded(case, "app")
    gone = {"serviceArn": ARN, "taskDefinitionArn": "", "desired": 1, "running": 1}
    item["status"]["services"]["gone"] = gone
    upgrade = Upgrade(case, item)
    upgrade.world.services(REGION)._tasks[ARN] = ("mark", ())
    upgrade.turn()
    assert ARN not in upgrade.world.services(REGION)._tasks
    assert upgrade.world.services(REGION)._tasks


def test_an_object_that_was_replaced_unseen_leaves_nothing_of_the_old_one_behind():
    upgrade = Upgrade(CURRENT[-1])
    upgrade.turn()
    old = upgrade.cluster.item
    upgrade.cluster.item = {**old, "metadata": {**old["metadata"], "uid": "another"}}
    assert [upgrade.turn(), upgrade.turn()] == [[], []]
    assert upgrade.cluster.forgotten == [old["metadata"]["uid"]]
    assert upgrade.reconciler._homes[upgrade.key].uid == "another"


def test_a_stack_that_is_gone_is_followed_no_longer():
    upgrade = Upgrade(CURRENT[-1])
    follower = upgrade.reconciler._observer._follower
    upgrade.account.stack["StackStatus"] = "DELETE_IN_PROGRESS"
    upgrade.turn()
    stack_id = upgrade.account.stack["StackId"]
    assert list(follower._stacks[REGION]) == [stack_id]
    upgrade.account.stack["StackStatus"] = "DELETE_COMPLETE"
    upgrade.account.answer = _refusing(upgrade.account.answer)
    upgrade.world.doubt(REGION, upgrade.account.stack["StackName"])
    upgrade.turn()
    assert follower._stacks[REGION] == {}


def _refusing(answer: Any) -> Any:
    """CreateStack is throttled."""

    def asked(service: str, operation: str, given: dict[str, Any]) -> Any:
        if operation == "create_stack":
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "CreateStack")
        return answer(service, operation, given)

    return asked
