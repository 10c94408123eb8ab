"""Spot stories: what ECS says (the proxy), what the service runs on (the emulator's own record), what the user reads."""

import json
import re
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from e2e.conftest import World
from harness.absent_types import AbsentTypes
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from harness.spot import STEADY, SpotMarket, hanging

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spot"), pytest.mark.timeout(240)]

COOLDOWN, BRIEF = 90.0, 15.0  # seconds; the brief one is for stories that see its end
WANTED = "Capacity is unavailable at this time"
SPOT = {"web": {"image": "app", "desiredCount": 2, "spot": True}}
MIX = {"web": {"image": "app", "desiredCount": 4, "capacity": {"onDemandBase": 1, "onDemandWeight": 0, "spotWeight": 1}}}


class Stage(World):
    """A namespace with apps whose services run on Spot."""

    def __init__(self, plane, emulator, namespace, proxy, operator):
        super().__init__(plane, emulator, namespace)
        plane.kubectl("create", "namespace", namespace)
        self.proxy, self.operator, self.market = proxy, operator, SpotMarket(proxy)

    def service(self):
        """The emulator's own record, whatever the proxy tells; None while there is none."""
        clusters = [one for one in self.ecs.list_clusters()["clusterArns"] if f"/{self.namespace}-" in one]
        for cluster in clusters:
            if arns := self.ecs.list_services(cluster=cluster)["serviceArns"]:
                [found] = self.ecs.describe_services(cluster=cluster, services=arns)["services"]
                return found
        return None

    def providers(self):
        found = self.service() or {}
        return {
            one["capacityProvider"] for one in found.get("capacityProviderStrategy") or () if one["weight"] or one.get("base")
        }

    def on_demand(self):
        return self.providers() == {"FARGATE"}

    def told(self):
        return (self.status().get("services") or {}).get("web", {}).get("spot", {})

    def until(self, capacity):
        return self.wait(lambda: self.told().get("capacity") == capacity and self.told(), 60.0)

    def settled(self, capacity):
        """Ready, on this capacity, and the stack's template says so."""

        def current():
            status = self.status()
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ()))
            found = ready and self.told().get("capacity") == capacity and self.templates() == capacity
            return status if found else None

        return self.wait(current, 90.0)

    def templates(self):
        """The capacity that the stack's template has."""
        template = self.cloudformation.get_template(StackName=self.status()["stack"]["id"])["TemplateBody"]
        return capacity_of(json.loads(template) if isinstance(template, str) else template)

    def events(self, reason):
        listed = json.loads(self.plane.kubectl("get", "events", "-n", self.namespace, "-o", "json").stdout)["items"]
        return [one["message"] for one in listed if one["reason"] == reason]

    def moves(self):
        """The UpdateService calls of the operator's own, by what they bring."""
        calls = [one.parameters for one in self.proxy.calls if one.action == "UpdateService"]
        mine = [one for one in calls if f"/{self.namespace}-" in one["service"]]
        assert all(one["forceNewDeployment"] is True for one in mine)
        assert {name for one in mine for name in one} <= {"cluster", "service", "capacityProviderStrategy", "forceNewDeployment"}
        return [",".join(share["capacityProvider"] for share in one["capacityProviderStrategy"]) for one in mine]

    def look(self):
        """Have the operator look now; the answer is its own word that it has."""
        word = str(time.monotonic())
        self.annotate(f"reconcile.fluxcd.io/requestedAt={word}")
        self.wait(lambda: self.status().get("lastHandledReconcileAt") == word)

    def restart(self):
        self.operator.start()
        self.operator.until_ready()


@pytest.fixture(scope="module")
def ground():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        AbsentTypes(proxy)
        settings = {"health_interval": "3s", "spot_cooldown": f"{COOLDOWN}s"}
        with OperatorProcess(plane, proxy.endpoint, **settings) as operator:
            yield plane, emulator, proxy, operator


_COUNT = iter(range(1000))


@pytest.fixture
def stage(ground):
    plane, emulator, proxy, operator = ground
    one = Stage(plane, emulator, f"spot-{next(_COUNT)}", proxy, operator)
    with one.market.open():
        yield one
    if operator.process.poll() is not None:
        operator.start()
    one.delete()


@pytest.fixture
def brief(ground):
    """Another operator in the place of the one that is there, with a brief cool-down."""
    plane, _, proxy, operator = ground
    operator.process.terminate()
    operator.process.wait(20)
    with OperatorProcess(plane, proxy.endpoint, health_interval="3s", spot_cooldown=f"{BRIEF}s") as other:
        yield other
    operator.start()
    operator.until_ready()


def test_no_capacity_when_the_stack_is_made_moves_the_service_at_once_and_the_create_ends(stage):
    stage.market.runs_out(stage.namespace)
    with hanging(stage.proxy, f"{stage.namespace}-shop", "CREATE_IN_PROGRESS", stage.on_demand):
        stage.apply(services=SPOT)
        stage.wait(stage.on_demand, 60.0)
        told = stage.until("OnDemand")
    assert told["message"] == WANTED
    assert stage.moves() == ["FARGATE"]
    stage.wait(lambda: f"on demand until {told['until']}" in stage.condition("WorkloadsReady").get("message", ""))
    [event] = stage.wait(lambda: stage.events("SpotUnavailable"))
    assert event == f"web: on demand until {told['until']}: {WANTED}"
    stage.settled("OnDemand")  # what stands in the template, too
    assert stage.stack(stage.status()["stack"]["name"]) == "UPDATE_COMPLETE"


def test_a_create_that_failed_for_want_of_capacity_is_made_again_on_demand(stage):
    broken = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}, "DependsOn": "WebService"}
    reason = f"Resource handler returned message: {WANTED}. Please try again later or in a different availability zone"

    def failing(otherwise):
        def rewrite(call, body):
            fields = dict(parse_qsl(otherwise(call, body).decode(), keep_blank_values=True))
            template = json.loads(fields["TemplateBody"])
            if capacity_of(template) == "Spot":
                template["Resources"]["Broken"] = broken
            return urlencode({**fields, "TemplateBody": json.dumps(template)}).encode()

        return rewrite

    def says(_, status, body):
        """The service's own failure in the place of the one that was made for it."""
        members = body.decode().split("<member>")
        for number, member in enumerate(members):
            if "<LogicalResourceId>Broken<" in member:
                named = member.replace(">Broken<", ">WebService<").replace("AWS::SQS::Queue", "AWS::ECS::Service")
                members[number] = re.sub(r"(<ResourceStatusReason>)[^<]+", rf"\g<1>{reason}", named)
        return status, "<member>".join(members).encode()

    with (
        stage.proxy.rewritten("cloudformation", "CreateStack", failing),
        stage.proxy.overlaid("cloudformation", "DescribeStackEvents", says),
    ):
        stage.apply(services=SPOT)
        stage.settled("OnDemand")
    name = stage.status()["stack"]["name"]
    asked = Counter(one.action for one in stage.proxy.calls if name in one.stack)
    assert (asked["CreateStack"], asked["DeleteStack"]) == (2, 1)
    assert stage.stack(name) == "CREATE_COMPLETE"  # made again, with the template that runs on demand
    assert stage.moves() == []
    assert stage.events("SpotUnavailable")[0].endswith(WANTED)


def test_no_capacity_at_scale_out_moves_a_mix_as_a_whole_to_on_demand(stage):
    stage.apply(services=MIX)
    stage.ready()
    assert stage.until("Mixed")["interruptions"] == 0
    stage.market.runs_out(stage.namespace, running=2)
    stage.until("OnDemand")
    assert stage.moves() == ["FARGATE"]
    assert stage.settled("OnDemand")["services"]["web"]["running"] == 4


def test_no_capacity_during_an_update_moves_the_service_while_the_stack_is_busy(stage):
    stage.apply(services=SPOT)
    stage.ready()
    stage.market.runs_out(stage.namespace, running=1)
    with hanging(stage.proxy, f"{stage.namespace}-shop", "UPDATE_IN_PROGRESS", stage.on_demand):
        stage.apply(services={"web": {**SPOT["web"], "command": ["serve"]}})
        stage.wait(stage.on_demand, 60.0)
    assert stage.moves() == ["FARGATE"]
    stage.settled("OnDemand")
    assert len(stage.events("SpotUnavailable")) == 1


def test_some_interruptions_are_counted_and_told_once_and_the_service_stays_on_spot(stage):
    stage.apply(services={"web": {**SPOT["web"], "desiredCount": 3}})
    status = stage.ready()
    web, cluster = status["services"]["web"]["serviceArn"], status["clusterArn"]
    stage.market.takes_back(web, cluster, 2)
    told = stage.wait(lambda: stage.told().get("interruptions") == 2 and stage.told())
    assert told["lastInterruptedAt"].endswith("Z")
    stage.market.takes_back(web, cluster, 1)
    stage.wait(lambda: stage.told().get("interruptions") == 3)
    assert len(stage.events("SpotInterrupted")) == 1  # of one burst
    assert (stage.moves(), stage.providers()) == ([], {"FARGATE_SPOT"})
    assert stage.status()["services"]["web"]["running"] == 3


def test_interruptions_faster_than_tasks_start_count_as_no_capacity(stage):
    stage.apply(services=SPOT)
    status = stage.ready()
    web = status["services"]["web"]["serviceArn"]
    with fewer(stage, 1):
        stage.market.takes_back(web, status["clusterArn"], 2)
        told = stage.until("OnDemand")
    assert told["message"] == "2 tasks were interrupted within 10 minutes, faster than others start"
    assert told["interruptions"] == 2
    assert stage.moves() == ["FARGATE"]


def test_after_the_cool_down_it_is_back_on_spot_and_the_next_time_the_cool_down_is_longer(stage, brief):
    assert brief.process.poll() is None
    stage.apply(services=SPOT)
    web = stage.ready()["services"]["web"]["serviceArn"]
    lengths = []
    for number in (1, 2):
        stage.market.runs_out(stage.namespace)
        pins = stage.wait(lambda: (one := stage.status()["pins"].get("spot", {}).get("web", {})).get("on_demand") and one, 60.0)
        lengths.append(seconds(pins["until"]) - seconds(pins["since"]))
        assert pins["repeats"] == number
        stage.market.comes_back(stage.namespace)
        stage.market.says(web, STEADY)
        stage.settled("Spot")
        assert stage.providers() == {"FARGATE_SPOT"}
    assert lengths == [BRIEF, 2 * BRIEF]
    assert len(stage.wait(lambda: len(stage.events("SpotRestored")) == 2 and stage.events("SpotRestored"))) == 2
    assert stage.moves() == ["FARGATE", "FARGATE"]  # back it goes by the stack's own update


def test_without_a_word_from_ecs_the_next_look_finds_it(stage):
    """No event reaches the operator: what it does, it does by its own looks, and what was said long ago is no news."""
    stage.apply(services=SPOT)
    web = stage.ready()["services"]["web"]["serviceArn"]
    stage.market.says(
        web, "(service {service}) was unable to place a task. Reason: Capacity is unavailable at this time.", time.time()
    )
    stage.market.says(web, STEADY)
    stage.look()
    assert stage.moves() == []
    stage.market.runs_out(stage.namespace)
    stage.until("OnDemand")
    assert stage.moves() == ["FARGATE"]


def test_a_stop_that_is_told_twice_counts_once(stage):
    stage.apply(services={"web": {**SPOT["web"], "desiredCount": 3}})
    status = stage.ready()
    web, cluster = status["services"]["web"]["serviceArn"], status["clusterArn"]
    arns = stage.market.takes_back(web, cluster, 1, "TerminationNotice")
    stage.wait(lambda: stage.told().get("interruptions") == 1)
    stage.market.stops(web, cluster, arns, "SpotInterruption")  # the same task, two minutes later
    stage.market.says(web, STEADY)
    stage.market.says(web, "(service {service}) has stopped 1 running tasks: (task {task}).")
    stage.look()
    stage.operator.kill()  # what was read before is forgotten
    stage.restart()
    stage.look()
    assert stage.told()["interruptions"] == 1
    assert len(stage.events("SpotInterrupted")) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_update_service_it_is_on_demand_all_the_same_and_moved_once(stage, moment):
    stage.apply(services=SPOT)
    stage.ready()
    killed = []

    def kill(_service, action, _number):
        if action == "UpdateService" and not killed:
            killed.append(action)
            stage.operator.kill()

    if moment == "before":  # and it never comes to AWS
        stage.proxy.fail("ecs", "UpdateService", "ServerException", status=500)
    getattr(stage.proxy, moment)(kill)
    stage.market.runs_out(stage.namespace)
    stage.wait(lambda: killed, 60.0)
    stage.restart()
    stage.until("OnDemand")
    stage.wait(stage.on_demand)
    stage.settled("OnDemand")
    assert len(stage.moves()) == {"before": 2, "after": 1}[moment]
    assert len(stage.events("SpotUnavailable")) == 1


def test_with_approval_there_is_nothing_to_approve_and_the_service_goes_and_comes_back(stage, brief):
    assert brief.process.poll() is None
    manual = {"changes": {"approval": "Manual"}}
    stage.apply(services=SPOT)
    stage.ready()
    stage.apply(services=SPOT, **manual)
    stage.ready()
    stage.market.runs_out(stage.namespace)
    stage.until("OnDemand")
    assert stage.templates() == "Spot"
    stage.market.comes_back(stage.namespace)
    stage.settled("Spot")
    assert stage.moves() == ["FARGATE", "FARGATE_SPOT"]
    assert stage.condition("Ready")["reason"] == "Succeeded"


def test_a_service_that_is_not_on_spot_costs_no_further_call(stage):
    stage.apply(services={"web": {"image": "app"}})
    stage.ready()
    stage.look()
    before = len(stage.proxy.calls)
    stage.look()
    calls = {(one.service, one.action) for one in stage.proxy.calls[before:] if one.service in {"ecs", "cloudformation"}}
    assert ("ecs", "DescribeServices") in calls
    assert calls <= {("ecs", "DescribeServices"), ("cloudformation", "DescribeStacks")}  # which reconcile-now asks


def capacity_of(template):
    """What a template lets the service run on."""
    shares = template["Resources"]["WebService"]["Properties"]["CapacityProviderStrategy"]
    used = {one["CapacityProvider"] for one in shares if one.get("Weight") or one.get("Base")}
    return {"FARGATE": "OnDemand", "FARGATE_SPOT": "Spot"}.get("".join(used), "Mixed")


def seconds(written):
    return datetime.fromisoformat(written).timestamp()


@contextmanager
def fewer(stage, running):
    """DescribeServices of this namespace tells of so many running tasks, as long as they are on Spot; nothing is said of capacity."""
    market = stage.market._services

    def change(call, status, body):
        status, body = market(call, status, body)
        answer = json.loads(body)
        for service in answer["services"]:
            on_spot = any(one["capacityProvider"] == "FARGATE_SPOT" for one in service.get("capacityProviderStrategy") or ())
            if f"/{stage.namespace}-" in service["serviceArn"] and on_spot:
                service["runningCount"] = running
        return status, json.dumps(answer).encode()

    with stage.proxy.overlaid("ecs", "DescribeServices", change):
        yield
