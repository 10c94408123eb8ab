"""The edge of Spot: what is asked and called, and in which turns; against an AWS in dicts."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from fargate_operator.actions import Await, Halt, Nothing, Recover, Update, Wait
from fargate_operator.aws import resources
from fargate_operator.aws.resources import MOST
from fargate_operator.aws.services import Services
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient, Waiting
from fargate_operator.event_index import EventIndex
from fargate_operator.execution import Execution
from fargate_operator.explaining import Explainer
from fargate_operator.facts import Facts, Subnets, pins
from fargate_operator.fallback import due, fallen, moment
from fargate_operator.fragments import capacity
from fargate_operator.looks import Looks
from fargate_operator.observation import ChangeSet, ServiceEvent, Share, Stop
from fargate_operator.observing import Observer
from fargate_operator.parsing import parse_app
from fargate_operator.plan import Attempt
from fargate_operator.progress import Progress
from fargate_operator.reconciler import Reconciler
from fargate_operator.rescue import Rescue
from fargate_operator.spot_status import recorded
from fargate_operator.status import summarize
from fargate_operator.templates import Templates
from fargate_operator.turn import Identity, Turn, key_of
from harness.spot import NO_CAPACITY, stopped
from test_model import manifest
from test_plan import OWNER
from test_status import NOW, seen
from test_status import service as observed

ARN, API = (f"arn:aws:ecs:eu-west-1:1:service/c/{name}" for name in ("web", "api"))
WORDS = "Capacity is unavailable at this time"
SPOT, PLAIN = (Share("FARGATE_SPOT", 1),), (Share("FARGATE", 1),)


def service(**more):
    return replace(observed(**more), service_arn=ARN)


SHORT = service(running=0, strategy=SPOT, cluster="c", events=(ServiceEvent("1", NOW - timedelta(seconds=9), NO_CAPACITY),))
TAKEN = Stop("task/c/" + "1" * 32, "SpotInterruption", at=NOW)
FALLEN = fallen(None, NOW, 900.0, WORDS)
RETURNED = due({"web": FALLEN}, moment(FALLEN.until), 900.0)["web"]
FACTS = Facts("123456789012", "eu-west-1", subnets={"default": Subnets("vpc-1", ("subnet-1",), ("a",))}, images={"app": "x"})


class Aws:
    """A world with one ECS service; `moved` are the strategies that it was given, `resources` what CloudFormation has made."""

    def __init__(self, resources=(("WebService", ARN), ("ApiService", API)), refused=()):
        self.moved, self.asked, self.resources = [], [], dict(resources)
        self.clients, self.refused = self, dict(refused)
        self.template_, self.live = {}, {}

    def services(self, _):
        return SimpleNamespace(
            move=self.move, read=lambda _, arns, *__: {key: self.live[key] for key in arns if key in self.live}
        )

    def template(self, *_):
        return self.template_

    def move(self, cluster, arn, strategy):
        if arn in self.refused:
            raise self.refused[arn]
        self.moved.append((cluster, arn, strategy))

    def get(self, *_):
        return self

    def describe_stack_resources(self, LogicalResourceId, **_):  # noqa: N803
        self.asked.append(LogicalResourceId)
        if LogicalResourceId not in self.resources:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStackResources")
        return {"StackResources": [{"PhysicalResourceId": self.resources[LogicalResourceId]}]}


def turn(status="UPDATE_COMPLETE", action=None, spec=None, previous=None, **more):
    app = parse_app(manifest(**{"services": {"web": {"image": "app", "spot": True}}, **(spec or {})}))
    one = seen(status, action or Nothing(), app=app, previous=previous or {}, **{"services": {"web": SHORT}, **more})
    return Turn({"metadata": {"name": "shop"}, "spec": {}}, one, OWNER, facts=FACTS)


def act(one, aws=None):
    aws = aws or Aws()
    return Rescue(aws, 900.0).act(one).seen, [strategy for *_, strategy in aws.moved]


@pytest.mark.parametrize(
    ("one", "moved", "falls"),
    [
        (turn(), [PLAIN], True),
        (turn("UPDATE_IN_PROGRESS", Wait()), [PLAIN], True),
        (turn("UPDATE_ROLLBACK_COMPLETE", Halt("UpdateFailed", "x")), [PLAIN], True),
        (turn("ROLLBACK_IN_PROGRESS", Wait()), [], True),  # it is taken away: the next one runs on demand
        (turn(spec={"suspend": True}), [], False),
        (turn(services=None), [], False),
        (turn(services={"web": replace(SHORT, running=1)}), [], False),
        (turn(services={"web": replace(SHORT, strategy=PLAIN)}), [], True),
    ],
)
def test_a_service_without_capacity_is_moved_once_and_only_what_it_runs_on_changes(one, moved, falls):
    after, calls = act(one)
    assert calls == moved
    assert (after.spot == {"web": FALLEN}) is falls
    assert (after.again == 0.5) is falls
    again, calls = act(replace(one, seen=after))
    assert (calls, again.spot) == ([], after.spot)


DENIED = Transient(Reason.AccessDenied, "UpdateService: not authorized (AccessDeniedException)")


def test_what_aws_refuses_to_move_is_told_once_is_not_taken_for_moved_and_holds_up_nobody():
    two = {"services": {name: {"image": "app", "spot": True} for name in ("api", "web")}}
    there = {"api": replace(SHORT, service_arn=API, stops=(TAKEN,)), "web": SHORT}
    one, aws = turn(spec=two, services=there), Aws(refused={API: DENIED})
    rescue = Rescue(aws, 900.0)
    after = rescue.act(one)
    assert [arn for _, arn, _ in aws.moved] == [ARN]
    assert after.seen.spot == {"web": FALLEN}
    assert (after.seen.services["api"].strategy, after.seen.services["web"].strategy) == (SPOT, PLAIN)
    assert (after.seen.interrupted["api"].count, after.seen.error) == (1, None)
    [note] = after.seen.notes
    assert (note.type, note.reason, note.message) == ("Warning", Reason.SpotNotMoved, f"api: stays where it is: {DENIED.message}")
    assert rescue.act(after.with_seen(notes=())).seen.notes == ()
    aws.refused[API] = Terminal(Reason.AwsRefused, "no", outside=True)
    assert len(rescue.act(after.with_seen(notes=())).seen.notes) == 1
    aws.refused.clear()
    assert rescue.act(after.with_seen(notes=())).seen.spot.keys() == {"api", "web"}


def test_with_approval_it_goes_back_though_another_change_waits():
    there = {"web": service(strategy=PLAIN, cluster="c")}
    waits = Await(ChangeSet("id", "name", "CREATE_COMPLETE"), approval=True)
    for approval, moved in (("Manual", [SPOT]), ("OnReplacement", [SPOT]), ("Automatic", [])):
        one = turn(action=waits, services=there, spot={"web": RETURNED}, spec={"changes": {"approval": approval}})
        assert act(one)[1] == moved


@pytest.mark.parametrize("resources", [{}, {"WebService": API}, {"ApiService": ARN}])
def test_a_service_that_only_an_output_names_is_not_moved(resources):
    aws = Aws(resources)
    after, moved = act(turn(), aws)
    assert (moved, after.spot) == ([], {})
    assert after.notes[0].message == f"web: stays where it is: {ARN} is no service of the stack shop"
    assert aws.asked == ["WebService"]


def test_a_service_that_went_meanwhile_is_looked_at_again():
    gone = ClientError({"Error": {"Code": "ServiceNotActiveException", "Message": "not active"}}, "UpdateService")
    ecs = SimpleNamespace(update_service=lambda **_: (_ for _ in ()).throw(gone))
    with pytest.raises(Waiting, match="not active"):
        Services(SimpleNamespace(get=lambda *_: ecs), "eu-west-1").move("c", "arn:web", PLAIN)


def test_back_it_goes_with_the_strategy_of_the_spec_where_the_stack_sees_no_difference():
    there = {"web": service(strategy=PLAIN, cluster="c")}
    _, calls = act(turn(services=there, spot={"web": RETURNED}))
    assert calls == [SPOT]
    _, calls = act(turn(action=Update("id"), services=there, spot={"web": RETURNED}))
    assert calls == []


DENIED_STACK = Transient(Reason.AccessDenied, "UpdateStack: not authorized")


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({}, [PLAIN]),
        ({"spot": None}, []),  # it did not come to the facts
        ({"action": Nothing()}, []),  # reading services is what failed
        ({"error": Waiting(Reason.Conflict, "changed meanwhile", after=1.0)}, []),
        ({"app": parse_app(manifest())}, []),
        ({"stack": None}, []),
    ],
)
def test_after_an_error_services_on_spot_are_looked_after_where_they_are_known(changes, moved):
    aws, none = Aws(), SimpleNamespace()
    aws.live = {"web": SHORT}
    one = turn(services=None)
    outputs = {"WebServiceArn": ARN, "ClusterArn": "c"}
    known = {"spot": {}, "action": None, "error": DENIED_STACK, "stack": replace(one.seen.stack, outputs=outputs)}
    one = one.with_seen(**{**known, **changes})
    operator = Reconciler(none, aws, none, Identity("here"), 300.0, detections=none, sources=none)
    after = operator._tend(one)
    assert [strategy for *_, strategy in aws.moved] == moved
    assert after.seen.error is one.seen.error
    status = summarize(after.seen)
    assert recorded(status) == ({"web": FALLEN} if moved else {})


def test_an_error_in_looking_after_them_does_not_hide_the_first():
    aws, none = Aws(), SimpleNamespace()
    aws.services = lambda _: (_ for _ in ()).throw(DENIED)
    one = turn(services=None).with_seen(spot={}, action=None, error=DENIED_STACK)
    operator = Reconciler(none, aws, none, Identity("here"), 300.0, detections=none, sources=none)
    assert operator._tend(one) == one


# ── a rollback that is stuck ────────────────────────────────────────────────────


def said(strategy):
    return {"Resources": {"WebService": {"Properties": {"CapacityProviderStrategy": strategy} if strategy else {}}}}


@pytest.mark.parametrize(
    ("template", "live", "moved"),
    [
        (said(capacity.SPOT), PLAIN, [SPOT]),
        (said(capacity.ON_DEMAND), SPOT, [PLAIN]),
        (said(capacity.SPOT), SPOT, []),
        (said(capacity.ON_DEMAND), PLAIN, []),
        (said(None), PLAIN, []),
        (said({"Fn::If": []}), PLAIN, []),
        ({}, PLAIN, []),
    ],
)
def test_before_a_rollback_is_tried_again_its_services_run_on_what_its_template_says(template, live, moved):
    aws, one = Aws(), turn("UPDATE_ROLLBACK_FAILED", Recover("id"), services=None, spot={"web": FALLEN})
    aws.template_, aws.live = template, {"web": service(strategy=live, cluster="c")}
    after = Rescue(aws, 900.0).restore(one)
    assert [strategy for *_, strategy in aws.moved] == moved
    assert (after.seen.spot, after.seen.notes) == ({"web": FALLEN}, ())


def test_a_rollback_is_tried_again_though_a_service_cannot_be_moved_and_costs_nothing_without_spot():
    aws, one = Aws(refused={ARN: DENIED}), turn("UPDATE_ROLLBACK_FAILED", Recover("id"), services=None)
    aws.template_, aws.live = said(capacity.SPOT), {"web": service(strategy=PLAIN, cluster="c")}
    after = Rescue(aws, 900.0).restore(one)
    assert [note.reason for note in after.seen.notes] == [Reason.SpotNotMoved]
    plain = turn(spec={"services": {"web": {"image": "app"}}})
    assert Rescue(None, 900.0).restore(plain) == plain


def test_services_are_brought_back_before_the_rollback_is_tried_again():
    done, none = [], SimpleNamespace(set_finalizer=lambda item, **_: item)
    rescue = SimpleNamespace(restore=lambda one: done.append("restored") or one)
    execution = Execution(none, Aws(), none, none, Templates(None), none, rescue, none, none)
    execution._actor = SimpleNamespace(write=lambda *given: done.append(given[-1]) or given[-2])
    one = turn("UPDATE_ROLLBACK_FAILED", previous={"region": "r", "accountId": "1", "stack": {"name": "shop"}})
    one = replace(one, item={"metadata": {"uid": "u", "finalizers": []}, "spec": {}})
    execution.act(one)
    assert done == ["restored", Recover("id")]


# ── before the template is compiled ─────────────────────────────────────────────


def facts(one):
    after = Rescue(Aws(), 900.0).facts(one)
    return after.facts.spot, after.seen


def known(fallback):
    return {"pins": pins(Facts("1", "r", spot={"web": fallback}))}


def test_who_is_on_demand_comes_out_of_the_status_and_the_turn_comes_again_when_that_ends():
    spot, after = facts(turn(previous=known(FALLEN)))
    assert (spot, after.spot, after.again) == ({"web": FALLEN}, {"web": FALLEN}, 900.0)
    late = turn(previous=known(FALLEN), now=NOW + timedelta(seconds=900))
    spot, after = facts(late)
    assert (spot["web"].on_demand, after.again) == (False, None)


def test_where_the_status_was_lost_the_template_has_recorded_it():
    spot, _ = facts(replace(turn(), facts=replace(FACTS, spot={"web": FALLEN})))
    assert spot == {"web": FALLEN}


@pytest.mark.parametrize("approval", ["Manual", "OnReplacement"])
def test_with_approval_the_template_says_spot_and_the_status_remembers(approval):
    spot, after = facts(turn(previous=known(FALLEN), spec={"changes": {"approval": approval}}))
    assert (spot, after.spot) == ({}, {"web": FALLEN})


FAILED = f"WebService (AWS::ECS::Service): Resource handler returned message: {WORDS}. Please try again later"


@pytest.mark.parametrize(
    ("status", "attempt", "falls"),
    [
        ("ROLLBACK_COMPLETE", Attempt(reason=FAILED, fresh=True), True),
        ("UPDATE_ROLLBACK_COMPLETE", Attempt(reason=FAILED, fresh=True), True),
        ("ROLLBACK_COMPLETE", Attempt(reason=FAILED), False),  # told of before
        ("UPDATE_COMPLETE", Attempt(reason=FAILED, fresh=True), False),
        ("ROLLBACK_COMPLETE", Attempt(reason="WebService (AWS::ECS::Service): circuit breaker", fresh=True), False),
        ("ROLLBACK_COMPLETE", Attempt(reason=FAILED.replace("WebService", "ApiService"), fresh=True), False),
    ],
)
def test_a_stack_that_failed_for_want_of_capacity_is_tried_again_on_demand(status, attempt, falls):
    spot, _ = facts(turn(status, Halt("CreateFailed", "x"), attempt=attempt))
    assert (spot == {"web": FALLEN}) is falls


# ── services of a stack that is being made ──────────────────────────────────────


def test_while_a_stack_is_made_its_service_is_asked_for_until_it_is_there():
    aws, making = Aws(()), turn("CREATE_IN_PROGRESS", Wait())
    making = making.with_seen(stack=replace(making.seen.stack, outputs={}))
    rescue = Rescue(aws, 900.0)
    assert rescue.arns(making) == {}
    aws.resources["WebService"] = ARN
    assert rescue.arns(making) == rescue.arns(making) == {"web": ARN}
    assert aws.asked == ["WebService", "WebService"]
    other = making.with_seen(stack=replace(making.seen.stack, id="another"))
    assert (rescue.arns(other), len(aws.asked)) == ({"web": ARN}, 3)


def test_of_many_services_that_are_not_there_yet_each_is_asked_for_in_its_turn():
    keys = [f"s{number}" for number in range(7)]
    spec = {"services": {key: {"image": "app", "spot": True} for key in keys}}
    aws, making = Aws({"S6Service": ARN}), turn("CREATE_IN_PROGRESS", Wait(), spec=spec)
    making = making.with_seen(stack=replace(making.seen.stack, outputs={}))
    rescue = Rescue(aws, 900.0)
    assert rescue.arns(making) == {}
    assert rescue.arns(making) == {"s6": ARN}
    assert len(aws.asked) == 2 * MOST
    rescue.arns(making)
    assert set(aws.asked) == {f"S{number}Service" for number in range(7)}


@pytest.mark.parametrize("call", ["update_service", "describe_stack_resources"])
def test_a_network_that_fails_is_no_bug_of_the_operator(call):
    broken = SimpleNamespace(**{call: lambda **_: (_ for _ in ()).throw(ConnectTimeoutError(endpoint_url="https://aws"))})
    clients = SimpleNamespace(get=lambda *_: broken)
    calls = {
        "update_service": lambda: Services(clients, "eu-west-1").move("c", "arn:web", PLAIN),
        "describe_stack_resources": lambda: resources.services(clients, "eu-west-1", "id", {"web": "WebService"}),
    }
    with pytest.raises(Transient, match="Connect timeout"):
        calls[call]()


def test_events_of_its_services_reach_the_app_while_its_stack_is_made():
    aws, index, none = Aws(), EventIndex(), SimpleNamespace()
    aws.live = {"web": service(strategy=SPOT, cluster="c")}
    making = turn("CREATE_IN_PROGRESS", Wait(), services=None)
    making = making.with_seen(stack=replace(making.seen.stack, outputs={}))
    observer = Observer(aws, none, Rescue(aws, 900.0), Looks(), index, Explainer(aws, none), Progress(aws), 1800.0)
    assert observer.services(making).seen.services == aws.live
    assert index.of([ARN]) == {key_of(making)}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"])
def test_nothing_is_asked_of_a_stack_that_is_not_being_made(status):
    aws, one = Aws({"WebService": ARN}), turn(status, Wait())
    assert Rescue(aws, 900.0).arns(one.with_seen(stack=replace(one.seen.stack, outputs={}))) == {}
    assert Rescue(aws, 900.0).arns(one) == {"web": "service"}
    assert aws.asked == []


# ── what is read of ECS ─────────────────────────────────────────────────────────


class Ecs:
    """A service on Spot with its stopped tasks; counts calls."""

    def __init__(self):
        self.calls, self.events = [], []
        self.service = {"serviceArn": "arn:web", "serviceName": "web", "desiredCount": 1, "runningCount": 1, "status": "ACTIVE",
                        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
                        "deployments": [{"id": "1", "status": "PRIMARY", "createdAt": NOW, "runningCount": 1, "desiredCount": 1}]}  # fmt: skip
        self.tasks = [stopped("arn:task/c/1", "c", "web", NOW, "TerminationNotice")]

    def get(self, *_):
        return self

    def describe_services(self, **_):
        return {"services": [{**self.service, "events": self.events}]}

    def list_tasks(self, desiredStatus, nextToken="0", **_):  # noqa: N803
        self.calls.append(f"ListTasks {desiredStatus}")
        if desiredStatus != "STOPPED":
            return {"taskArns": ["arn:task/c/9"]}
        end = int(nextToken) + 100
        more = {"nextToken": str(end)} if end < len(self.tasks) else {}
        return {"taskArns": [one["taskArn"] for one in self.tasks[int(nextToken) : end]], **more}

    def describe_tasks(self, tasks, **_):
        assert len(tasks) <= 100
        self.calls.append("DescribeTasks")
        return {"tasks": [one for one in self.tasks if one["taskArn"] in tasks]}

    def update_service(self, **sent):
        self.calls.append(sent)


def look(services, ecs, spot):
    del ecs.calls[:]
    return services.read("c", {"web": "arn:web"}, spot)["web"], list(ecs.calls)


def test_on_spot_what_has_stopped_is_asked_once_for_each_change_and_off_spot_never():
    ecs = Ecs()
    services = Services(ecs, "eu-west-1")
    found, calls = look(services, ecs, {"web"})
    assert calls == ["ListTasks RUNNING", "ListTasks STOPPED", "DescribeTasks"]
    assert [(one.code, one.at, one.provider) for one in found.stops] == [("TerminationNotice", NOW, "FARGATE_SPOT")]
    assert (found.strategy, found.stopped, found.cluster) == (SPOT, "", "c")
    assert found.deployed_at == NOW
    assert look(services, ecs, {"web"}) == (found, [])
    ecs.events = [{"id": "2", "createdAt": NOW, "message": "(service web) has started 1 tasks: (task x)."}]
    changed, calls = look(services, ecs, {"web"})
    assert calls == ["ListTasks RUNNING", "ListTasks STOPPED", "DescribeTasks"]
    assert [one.message for one in changed.events] == ["(service web) has started 1 tasks: (task x)."]
    plain, calls = look(Services(ecs, "eu-west-1"), ecs, ())
    assert (plain.stops, calls) == ((), ["ListTasks RUNNING"])


@pytest.mark.parametrize(("count", "read", "pages"), [(100, 100, 1), (101, 101, 2), (250, 250, 3), (1500, 1000, 10)])
def test_of_many_stopped_tasks_none_is_left_out_up_to_a_thousand(count, read, pages):
    ecs = Ecs()
    ecs.tasks = [stopped(f"arn:task/c/{number}", "c", "web", NOW) for number in range(count)]
    found, calls = look(Services(ecs, "eu-west-1"), ecs, {"web"})
    assert len(found.stops) == read
    assert calls == ["ListTasks RUNNING", *["ListTasks STOPPED"] * pages, *["DescribeTasks"] * pages]


def test_a_move_changes_the_strategy_and_nothing_else():
    ecs = Ecs()
    Services(ecs, "eu-west-1").move("c", "arn:web", PLAIN)
    strategy = [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
    assert ecs.calls == [{"cluster": "c", "service": "arn:web", "capacityProviderStrategy": strategy, "forceNewDeployment": True}]
