import pytest

from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.facts import Facts, Subnets
from fargate_operator.model import App
from fargate_operator.parsing import parse_app


def manifest(**spec):
    base = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}
    return {"metadata": {"namespace": "team-a", "name": "shop", "uid": "1", "generation": 1}, "spec": {**base, **spec}}


def faults(**spec) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as caught:
        compiled(**spec)
    return {fault.path: fault.message for fault in caught.value.faults}


def facts(app: App) -> Facts:
    subnets = {"default": Subnets("vpc-0123456789abcdef0", ("subnet-0123456789abcdef0",))}
    images = dict.fromkeys(app.spec.images or {}, "example/app:1")
    return Facts("123456789012", "eu-west-1", subnets=subnets, images=images)


def compiled(**spec):
    app = parse_app(manifest(**spec))
    return compile_app(app, facts(app))


def test_all_faults_of_a_spec_are_told_at_once():
    told = faults(
        cpu=300,
        services={"web": {"image": "nope", "memory": "3x", "bogus": 1, "spot": True, "capacity": {}}, "w-eb": {"image": "app"}},
        scheduledTasks={"report": {"image": "app", "schedule": "daily", "cpu": 1024}},
        tasks={"migrate": {}},
        tags={"aws:x": "y"},
        images={"app": {"uri": "example/app:1", "tag": "1"}},
    )
    assert sorted(told) == [
        "spec.cpu",
        "spec.images.app",
        "spec.scheduledTasks.report.cpu",
        "spec.scheduledTasks.report.schedule",
        "spec.services.web",
        "spec.services.web.bogus",
        "spec.services.web.capacity",
        "spec.services.web.image",
        "spec.services.web.memory",
        "spec.tags.aws:x",
        "spec.tasks.migrate.image",
    ]
    assert told["spec.services.web.image"] == "'nope' is not in spec.images; must be one of app"
    assert told["spec.tasks.migrate.image"] == "is required"


@pytest.mark.parametrize("wrong", [None, [], "x", 3])
def test_a_spec_that_is_no_map_is_a_fault(wrong):
    with pytest.raises(InvalidSpec, match="spec: is required and must be a map"):
        parse_app({"metadata": {}, "spec": wrong})


def test_a_reference_to_nothing_is_a_fault_at_the_resource_that_has_it():
    told = faults(resources={"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"X": {"Ref": "Nope"}}}})
    assert told == {"spec.resources.Table": "refers to Nope, which is not a resource of this stack"}


def test_a_raw_resource_may_not_take_a_name_of_the_operator():
    told = faults(resources={"WebTask": {"Type": "AWS::SNS::Topic"}}, outputs={"ClusterArn": {"Value": "x"}})
    assert sorted(told) == ["spec.outputs.ClusterArn", "spec.resources.WebTask"]


def test_an_app_that_is_too_large_for_one_stack_is_a_fault():
    raw = {f"Topic{number}": {"Type": "AWS::SNS::Topic"} for number in range(200)}
    services = {f"service-{number}": {"image": "app"} for number in range(100)}
    tasks = {f"task-{number}": {"image": "app"} for number in range(100)}
    told = faults(resources=raw, services=services, tasks=tasks)
    assert told["spec"].startswith("makes 505 resources in one stack, CloudFormation allows 500")


def test_references_in_strings_become_intrinsic_functions():
    table = {"Type": "AWS::DynamoDB::Table"}
    environment = {
        "A": "${Table}",
        "B": "x-${Table.Arn}",
        "C": "${Other} ${!Table}",
        "D": "${AWS::Region}",
        "E": "${Import:name}",
    }
    template = compiled(resources={"Table": table}, environment=environment)
    container = template.resources["WebTask"]["Properties"]["ContainerDefinitions"][0]
    assert {one["Name"]: one["Value"] for one in container["Environment"]} == {
        "A": {"Ref": "Table"},
        "B": {"Fn::Join": ["", ["x-", {"Fn::GetAtt": ["Table", "Arn"]}]]},
        "C": "${Other} ${Table}",
        "D": {"Ref": "AWS::Region"},
        "E": {"Fn::ImportValue": "name"},
    }


def test_the_arguments_of_fn_sub_are_cloudformations_own():
    raw = {
        "Table": {"Type": "AWS::SNS::Topic"},
        "Other": {"Type": "AWS::SNS::Topic", "Properties": {"X": {"Fn::Sub": "${Table}!"}}},
    }
    assert compiled(resources=raw).resources["Other"]["Properties"] == {"X": {"Fn::Sub": "${Table}!"}}


def test_shared_roles_are_made_only_where_some_task_uses_them():
    role = "arn:aws:iam::123456789012:role/own"
    template = compiled(services={"web": {"image": "app", "taskRoleArn": role, "executionRoleArn": role}})
    assert not {"FargateIamExecutionRole", "FargateIamTaskRole"} & template.resources.keys()


def test_the_schedulers_role_may_run_and_pass_exactly_its_tasks():
    template = compiled(
        scheduledTasks={"report": {"image": "app", "schedule": "rate(1 hour)"}}, tasks={"migrate": {"image": "app"}}
    )
    [policy] = template.resources["FargateIamSchedulerRole"]["Properties"]["Policies"]
    run, _, passing = policy["PolicyDocument"]["Statement"]
    account = ["arn:", {"Ref": "AWS::Partition"}, ":ecs:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}]
    assert run["Resource"] == [{"Fn::Join": ["", [*account, ":task-definition/", "report", ":*"]]}]
    assert passing["Resource"] == [
        {"Fn::GetAtt": ["FargateIamExecutionRole", "Arn"]},
        {"Fn::GetAtt": ["FargateIamTaskRole", "Arn"]},
    ]


def test_overrides_have_the_last_word():
    own = {"container": {"LinuxParameters": {"Tmpfs": []}}, "service": {"DesiredCount": 7}}
    template = compiled(
        overrides={"container": {"User": "1", "StopTimeout": 5}},
        services={"web": {"image": "app", "exec": True, "overrides": own}},
    )
    container = template.resources["WebTask"]["Properties"]["ContainerDefinitions"][0]
    assert container["User"] == "1"
    assert container["LinuxParameters"] == {"InitProcessEnabled": True, "Tmpfs": []}
    assert template.resources["WebService"]["Properties"]["DesiredCount"] == 7


def test_the_digest_leaves_out_what_records_only():
    app = parse_app(manifest())
    first = compile_app(app, facts(app))
    second = compile_app(parse_app(manifest(suspend=False)), facts(app))
    assert (first.digest, first.input_digest != second.input_digest) == (second.digest, True)
