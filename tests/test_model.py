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
    assert (first.digest, first.input_digest) == (second.digest, second.input_digest)
    other = compile_app(parse_app(manifest(deletionPolicy="Retain")), facts(app))
    assert (first.digest, first.input_digest != other.input_digest) == (other.digest, True)


def test_what_only_stands_in_for_a_faulty_value_is_not_judged():
    told = faults(services={"web": {"image": "app", "port": "80", "http": {}, "scaling": {"min": "0", "max": 1, "cpu": 5}}})
    assert told == {
        "spec.services.web.port": "must be a whole number",
        "spec.services.web.scaling.min": "must be a whole number",
    }


def test_a_key_that_is_no_string_is_a_fault_where_it_stands():
    told = faults(services={"web": {"image": "app", "overrides": {"container": {True: 1, "x": 2}}}})
    assert list(told) == ["spec.services.web.overrides"]
    assert "quote it" in told["spec.services.web.overrides"]


@pytest.mark.parametrize("body", [{}, {"Type": 5}])
def test_a_raw_resource_needs_a_type(body):
    assert list(faults(resources={"Thing": body})) == ["spec.resources.Thing.Type"]


@pytest.mark.parametrize(
    "services",
    [
        {"web": {"image": "app", "dependsOn": ["WebService"]}},
        {"web": {"image": "app", "dependsOn": ["ApiService"]}, "api": {"image": "app", "dependsOn": ["WebService"]}},
    ],
)
def test_services_that_wait_for_one_another_are_a_fault(services):
    told = faults(services=services)
    assert told.keys() == {f"spec.services.{key}.dependsOn" for key in services}


def test_clients_of_a_namespace_that_services_wait_for_are_a_fault_too():
    connect = {"namespace": "shop.local"}
    services = {
        "web": {"image": "app", "port": 80, "connect": connect, "dependsOn": ["MidService"]},
        "mid": {"image": "app", "dependsOn": ["CliService"]},
        "cli": {"image": "app", "connect": connect},
    }
    assert "spec.services.web.dependsOn" in faults(services=services)


def test_on_a_cluster_of_somebody_elses_plain_fargate_needs_no_capacity_provider():
    cluster = {"existing": "arn:aws:ecs:eu-west-1:123456789012:cluster/shared"}
    services = {"plain": {"image": "app"}, "spot": {"image": "app", "spot": True}}
    made = compiled(cluster=cluster, services=services).resources
    plain, spot = (made[f"{name}Service"]["Properties"] for name in ("Plain", "Spot"))
    assert (plain["LaunchType"], "CapacityProviderStrategy" in plain) == ("FARGATE", False)
    assert ("LaunchType" in spot, spot["CapacityProviderStrategy"][0]["CapacityProvider"]) == (False, "FARGATE_SPOT")


def test_a_task_in_another_vpc_leaves_the_security_group_of_the_others_alone():
    selector = {"vpcId": "vpc-00000000000000001"}
    app = parse_app(manifest(tasks={"far": {"image": "app", "sidecars": {}, "network": {"selector": selector}}}, scheduledTasks={
        "far-too": {"image": "app", "schedule": "rate(1 hour)", "network": {"selector": selector}}}))  # fmt: skip
    there = {**facts(app).subnets, "vpc-00000000000000001": Subnets("vpc-00000000000000001", ("subnet-1",))}
    made = compile_app(app, Facts("123456789012", "eu-west-1", subnets=there, images={"app": "x"})).resources
    groups = {name: body["Properties"]["VpcId"] for name, body in made.items() if body["Type"] == "AWS::EC2::SecurityGroup"}
    assert groups == {
        "FargateSecurityGroup": "vpc-0123456789abcdef0",
        "FargateSecurityGroupVpc00000000000000001": "vpc-00000000000000001",
    }
