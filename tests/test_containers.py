"""Sidecars, volumes, Service Connect and secrets: what they become, and which of their faults are told."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.checks.secrets import secret_fault
from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec
from fargate_operator.parsing import parse_app
from test_model import compiled, facts, faults, manifest
from test_properties import result, shuffled

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-db-AbCdEf"
IMAGES = {"app": {"uri": "example/app:1"}, "agent": {"uri": "example/agent:1"}}
CHECK = {"command": ["CMD", "./ok"]}
EFS = "elasticfilesystem"


def web(**fields):
    return {"images": IMAGES, "services": {"web": {"image": "app", **fields}}}


def task_of(template, name="WebTask"):
    return template.resources[name]["Properties"]


def containers(template, name="WebTask"):
    return {one["Name"]: one for one in task_of(template, name)["ContainerDefinitions"]}


def statements(template, role="FargateIamTaskRole"):
    policies = template.resources[role]["Properties"].get("Policies", [])
    return [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]


# ── sidecars ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["services", "scheduledTasks", "tasks"])
def test_each_kind_of_task_has_sidecars(kind):
    needed = {"schedule": "rate(1 hour)"} if kind == "scheduledTasks" else {}
    one = {"image": "app", "sidecars": {"agent": {"image": "agent"}}, **needed}
    template = compiled(**{"images": IMAGES, "services": {}, kind: {"job": one}})
    assert list(containers(template, "JobTask")) == ["job", "agent"]


def test_a_sidecar_has_its_own_environment_only_and_logs_where_the_workload_does():
    template = compiled(
        **web(environment={"A": "1"}, secrets={"B": "/b"}, sidecars={"agent": {"image": "agent", "environment": {"C": "3"}}}),
        environment={"D": "4"},
    )
    main, agent = containers(template).values()
    assert agent["Environment"] == [{"Name": "C", "Value": "3"}]
    assert "Secrets" not in agent
    assert agent["LogConfiguration"] == main["LogConfiguration"]
    assert agent["Essential"] is True


SIDECAR_FAULTS = {
    "an unknown image": (
        {"sidecars": {"a": {"image": "nope"}}},
        {"sidecars.a.image": "'nope' is not in spec.images; must be one of agent, app"},
    ),
    "the workload's own name": (
        {"sidecars": {"web": {"image": "agent"}}},
        {"sidecars.web": "has the name of the workload's own container; choose another"},
    ),
    "the name of an additional container": (
        {"sidecars": {"a": {"image": "agent"}}, "overrides": {"additionalContainers": [{"Name": "a", "Image": "x"}]}},
        {"sidecars.a": "has the name of one of additionalContainers; choose another"},
    ),
    "an unknown container in dependsOn": (
        {"sidecars": {"a": {"image": "agent", "dependsOn": {"b": "START"}}}},
        {"sidecars.a.dependsOn.b": "is not a container of the task; must be one of web"},
    ),
    "two sidecars that wait for each other": (
        {"sidecars": {"a": {"image": "app", "dependsOn": {"b": "START"}}, "b": {"image": "app", "dependsOn": {"a": "START"}}}},
        {"sidecars.a.dependsOn": "is a cycle: a → b → a"},
    ),
    "a sidecar that waits for itself": (
        {"sidecars": {"a": {"image": "app", "dependsOn": {"a": "START"}}}},
        {"sidecars.a.dependsOn": "is a cycle: a → a"},
    ),
    "a cycle through an override of the workload's own container": (
        {
            "sidecars": {"proxy": {"image": "app", "dependsOn": {"web": "START"}}},
            "overrides": {"container": {"DependsOn": [{"ContainerName": "proxy", "Condition": "START"}]}},
        },
        {"sidecars.proxy.dependsOn": "is a cycle: proxy → web → proxy"},
    ),
    "waiting for the health of a container without a check": (
        {"sidecars": {"a": {"image": "app", "dependsOn": {"web": "HEALTHY"}}}},
        {"sidecars.a.dependsOn.web": "HEALTHY needs a healthCheck on web; ECS does not see the one of its image"},
    ),
    "waiting for the end of an essential container": (
        {"sidecars": {"a": {"image": "app"}, "b": {"image": "app", "dependsOn": {"a": "COMPLETE", "web": "SUCCESS"}}}},
        {
            "sidecars.b.dependsOn.a": "COMPLETE never comes: a is essential, and the task stops when it ends",
            "sidecars.b.dependsOn.web": "SUCCESS never comes: web is essential, and the task stops when it ends",
        },
    ),
    "more containers than ECS takes": (
        {
            "sidecars": {f"s{number}": {"image": "app"} for number in range(9)},
            "overrides": {"additionalContainers": [{"Name": "x", "Image": "x"}]},
        },
        {"sidecars": "the task has 11 containers, ECS allows 10"},
    ),
    "a port twice": (
        {"port": 80, "sidecars": {"a": {"image": "app", "port": 80}, "b": {"image": "app", "port": 81}}},
        {"sidecars.a.port": "80 is taken by web; the containers of a task share its ports"},
    ),
    "a port of an additional container": (
        {
            "sidecars": {"a": {"image": "app", "port": 80}},
            "overrides": {"additionalContainers": [{"Name": "x", "Image": "x", "PortMappings": [{"ContainerPort": 80}]}]},
        },
        {"sidecars.a.port": "80 is taken by x; the containers of a task share its ports"},
    ),
    "a health check out of range": (
        {"sidecars": {"a": {"image": "app", "healthCheck": {**CHECK, "interval": "1s", "timeout": "3m", "startPeriod": "6m"}}}},
        {
            "sidecars.a.healthCheck.interval": "is 1s; must be 5s to 300s",
            "sidecars.a.healthCheck.timeout": "is 180s; must be 2s to 120s",
            "sidecars.a.healthCheck.startPeriod": "is 360s; must be 0s to 300s",
        },
    ),
    "a health check of another shape": (
        {
            "healthCheck": {"command": ["curl", "localhost"]},
            "sidecars": {"a": {"image": "app", "healthCheck": {"command": ["CMD-SHELL", "curl", "localhost"]}}},
        },
        {
            "healthCheck.command": "must begin with CMD or CMD-SHELL, not 'curl'",
            "sidecars.a.healthCheck.command": "must have exactly one line for the shell after CMD-SHELL",
        },
    ),
    "a timeout for stopping that Fargate does not have": ({"stopTimeout": "3m"}, {"stopTimeout": "is 180s; must be 1s to 120s"}),
}


@pytest.mark.parametrize("wrong", SIDECAR_FAULTS)
def test_a_fault_of_containers_is_told(wrong):
    fields, expected = SIDECAR_FAULTS[wrong]
    assert faults(**web(**fields)) == {f"spec.services.web.{path}": message for path, message in expected.items()}


def test_containers_that_wait_for_each_other_in_turn_are_sound():
    sidecars = {
        "setup": {"image": "app", "essential": False},
        "proxy": {"image": "agent", "port": 80, "dependsOn": {"web": "HEALTHY", "setup": "SUCCESS", "agent": "START"}},
        "agent": {"image": "agent", "dependsOn": {"setup": "COMPLETE"}},
    }
    compiled(**web(port=8080, healthCheck=CHECK, sidecars=sidecars))


def test_overrides_of_any_shape_are_left_to_cloudformation():
    strange = {"DependsOn": "x", "PortMappings": [3, {"ContainerPort": {"Ref": "AWS::Region"}}], "Essential": "x"}
    compiled(**web(sidecars={"a": {"image": "app", "port": 80}}, overrides={"container": strange, "additionalContainers": [{}]}))


# ── volumes ──────────────────────────────────────────────────────────────────


def volume(path="/data", **efs):
    return {"mountPath": path, "efs": {"fileSystemId": "fs-0a1b2c3d", **efs}}


def arn(what):
    head = ["arn:", {"Ref": "AWS::Partition"}, f":{EFS}:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}]
    return {"Fn::Join": ["", [*head, f":{what}"]]}


def test_a_volume_is_mounted_encrypted_and_with_exactly_its_rights():
    template = compiled(**web(volumes={"data": volume(accessPointId="fsap-0a1b2c3d")}))
    configuration = {
        "FilesystemId": "fs-0a1b2c3d",
        "TransitEncryption": "ENABLED",
        "AuthorizationConfig": {"IAM": "ENABLED", "AccessPointId": "fsap-0a1b2c3d"},
    }
    assert task_of(template)["Volumes"] == [{"Name": "data", "EFSVolumeConfiguration": configuration}]
    mounts = [{"SourceVolume": "data", "ContainerPath": "/data", "ReadOnly": False}]
    assert containers(template)["web"]["MountPoints"] == mounts
    assert statements(template) == [
        {
            "Effect": "Allow",
            "Action": [f"{EFS}:ClientMount", f"{EFS}:ClientWrite"],
            "Resource": arn("file-system/fs-0a1b2c3d"),
            "Condition": {"StringEquals": {f"{EFS}:AccessPointArn": arn("access-point/fsap-0a1b2c3d")}},
        }
    ]


def test_what_is_only_read_cannot_be_written():
    template = compiled(**web(volumes={"data": volume(readOnly=True)}))
    assert [one["Action"] for one in statements(template)] == [[f"{EFS}:ClientMount"]]


def test_a_task_with_a_role_of_its_own_brings_its_rights():
    role = "arn:aws:iam::123456789012:role/own"
    services = {
        "web": {"image": "app", "taskRoleArn": role, "exec": True, "volumes": {"data": volume()}},
        "other": {"image": "app"},
    }
    assert statements(compiled(services=services)) == []


def test_a_role_in_an_override_counts_as_a_role_of_its_own():
    role = "arn:aws:iam::123456789012:role/own"
    own = {"image": "app", "exec": True, "secrets": {"A": "/a"}, "overrides": {"taskDefinition": {"TaskRoleArn": role}}}
    template = compiled(services={"web": own, "other": {"image": "app"}})
    assert statements(template) == []
    assert len(statements(template, "FargateIamExecutionRole")) == 1


def test_the_execution_role_reads_only_what_it_injects():
    role = "arn:aws:iam::123456789012:role/own"
    services = {"web": {"image": "app", "executionRoleArn": role, "secrets": {"A": f"{SECRET}:a::"}}, "other": {"image": "app"}}
    assert statements(compiled(services=services), "FargateIamExecutionRole") == []


def test_two_keys_of_one_secret_are_one_right():
    template = compiled(secrets={"A": f"{SECRET}:a::", "B": f"{SECRET}:b:AWSPREVIOUS:"})
    assert [one["Resource"] for one in statements(template, "FargateIamExecutionRole")] == [[SECRET]]


def test_rights_that_iam_would_find_too_long_are_a_fault():
    secrets = {f"KEY_{number}": f"/a-parameter-whose-name-is-rather-long/of-the-team/{number}" for number in range(150)}
    told = faults(secrets=secrets)
    assert told["spec"].startswith("gives the role FargateIamExecutionRole rights of ")
    assert told["spec"].endswith(
        "IAM allows 10240; give some workloads an executionRoleArn, or put secrets together as the keys of one"
    )
    compiled(secrets={name: value for name, value in secrets.items() if name < "KEY_5"})


@pytest.mark.parametrize("strange", [{"Fn::Join": "x"}, {"Fn::Join": [","]}, {"Ref": 3}, {}, [3, None], {"Fn::If": []}])
def test_statements_of_any_shape_are_left_to_cloudformation(strange):
    compiled(iam={"statements": [{"Effect": "Allow", "Action": "*", "Resource": strange}]})


def test_a_file_system_of_the_stack_is_referred_to():
    efs = {"fileSystemId": "${Files}", "accessPointId": "${Point}"}
    raw = {"Files": {"Type": "AWS::EFS::FileSystem"}, "Point": {"Type": "AWS::EFS::AccessPoint"}}
    template = compiled(**web(volumes={"data": {"mountPath": "/data", "efs": efs}}), resources=raw)
    [made] = task_of(template)["Volumes"]
    assert made["EFSVolumeConfiguration"]["FilesystemId"] == {"Ref": "Files"}
    [statement] = statements(template)
    assert statement["Resource"]["Fn::Join"][1][-1] == {"Ref": "Files"}


VOLUME_FAULTS = {
    "two at one path": (
        {"a": volume("/data"), "b": volume("/data/")},
        {"b.mountPath": "/data is where a is mounted; each volume needs a path of its own"},
    ),
    "a relative path": ({"a": volume("data")}, {"a.mountPath": "must be an absolute path such as /data, and not / itself"}),
    "the root": ({"a": volume("/")}, {"a.mountPath": "must be an absolute path such as /data, and not / itself"}),
    "a path that goes up": ({"a": volume("/data/../etc")}, {"a.mountPath": "must be a path without . and .."}),
    "an ARN": (
        {"a": volume(fileSystemId="arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0a1b2c3d")},
        {"a.efs.fileSystemId": "must be the id of a file system, fs-0123456789abcdef0, not an ARN; or a ${…} reference to one"},
    ),
    "a file system as an access point": (
        {"a": volume(accessPointId="fs-0a1b2c3d")},
        {"a.efs.accessPointId": "must be the id of an access point, fsap-0123456789abcdef0, not an ARN; or a ${…} reference to one"},
    ),
    "two without a path": ({"a": {"efs": {"fileSystemId": "fs-0a1b2c3d"}}, "b": {"efs": {}}}, {
        "a.mountPath": "is required", "b.mountPath": "is required", "b.efs.fileSystemId": "is required",
    }),
}  # fmt: skip


@pytest.mark.parametrize("wrong", VOLUME_FAULTS)
def test_a_fault_of_volumes_is_told(wrong):
    volumes, expected = VOLUME_FAULTS[wrong]
    assert faults(**web(volumes=volumes)) == {f"spec.services.web.volumes.{path}": text for path, text in expected.items()}


# ── Service Connect ──────────────────────────────────────────────────────────


def connected(**services):
    return compiled(services={name: {"image": "app", **one} for name, one in services.items()})


def test_services_that_name_one_namespace_share_it():
    template = connected(a={"connect": {"namespace": "shop"}, "port": 80}, b={"connect": {"namespace": "shop"}})
    made = [name for name, one in template.resources.items() if one["Type"] == "AWS::ServiceDiscovery::HttpNamespace"]
    assert made == ["FargateNamespaceShop"]
    used = [template.resources[f"{name}Service"]["Properties"]["ServiceConnectConfiguration"] for name in "AB"]
    assert [one["Namespace"] for one in used] == [{"Fn::GetAtt": ["FargateNamespaceShop", "Arn"]}] * 2
    assert [one.get("Services") for one in used] == [
        [{"PortName": "a", "DiscoveryName": "a", "ClientAliases": [{"DnsName": "a", "Port": 80}]}],
        None,
    ]


@pytest.mark.parametrize("namespace", ["arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-x", "${Import:namespace}"])
def test_a_namespace_that_is_there_is_not_made(namespace):
    template = connected(a={"connect": {"namespace": namespace}})
    assert not [one for one in template.resources.values() if one["Type"].startswith("AWS::ServiceDiscovery::")]


def test_a_name_in_capitals_becomes_what_ecs_takes():
    template = connected(Web={"connect": {"namespace": "shop"}, "port": 80})
    [mapping] = containers(template)["Web"]["PortMappings"]
    assert mapping == {"ContainerPort": 80, "Protocol": "tcp", "Name": "web"}


def test_the_protocol_is_http_where_the_service_has_http():
    template = connected(web={"connect": {"namespace": "shop"}, "port": 80, "http": {}})
    [mapping] = containers(template)["web"]["PortMappings"]
    assert mapping["AppProtocol"] == "http"


def test_the_apps_own_group_lets_its_members_in_on_the_port_and_no_other_group_is_opened():
    network = {"subnetIds": ["subnet-0a1b2c3d"], "securityGroupIds": ["sg-0a1b2c3d"]}
    template = connected(
        own={"connect": {"namespace": "shop"}, "port": 80},
        client={"connect": {"namespace": "shop"}},
        named={"connect": {"namespace": "shop"}, "port": 81, "network": network},
        plain={"port": 82},
    )
    rules = {name: one["Properties"] for name, one in template.resources.items() if one["Type"].endswith("SecurityGroupIngress")}
    group = {"Fn::GetAtt": ["FargateSecurityGroup", "GroupId"]}
    assert {
        name: (one["GroupId"], one["SourceSecurityGroupId"], one["FromPort"], one["ToPort"]) for name, one in rules.items()
    } == {"OwnConnectIngress": (group, group, 80, 80)}


def test_a_service_that_is_only_a_client_is_made_after_those_that_it_finds():
    template = connected(
        client={"connect": {"namespace": "shop"}},
        other={"connect": {"namespace": "else"}, "port": 82},
        first={"connect": {"namespace": "shop"}, "port": 80},
        second={"connect": {"namespace": "shop"}, "port": 81, "dependsOn": ["ClientService"]},
    )
    assert template.resources["ClientService"]["DependsOn"] == ["FirstService"]
    assert "DependsOn" not in template.resources["FirstService"]


def test_an_override_of_any_shape_is_left_to_cloudformation():
    connected(a={"connect": {"namespace": "shop"}, "overrides": {"service": {"ServiceConnectConfiguration": 3}}})


CONNECT_FAULTS = {
    "a name without a port": (
        {"a": {"connect": {"namespace": "shop", "name": "a"}}},
        {"a.connect.name": "needs port: without one the service is only a client of the namespace"},
    ),
    "one name twice": (
        {
            "a": {"port": 80, "connect": {"namespace": "shop"}},
            "b": {"port": 80, "connect": {"namespace": "shop", "name": "a"}},
            "c": {"port": 80, "connect": {"namespace": "else", "name": "a"}},
        },
        {"b.connect.name": "a is the name of a in this namespace; choose another"},
    ),
    "two names that Cloud Map cannot tell apart": (
        {
            "a": {"port": 80, "connect": {"namespace": "shop", "name": "x.y"}},
            "b": {"port": 80, "connect": {"namespace": "shop", "name": "x-y"}},
        },
        {"b.connect.name": "x-y is the name of a in this namespace; choose another"},
    ),
    "two namespaces that are one identifier": (
        {"a": {"connect": {"namespace": "shop.local"}}, "b": {"connect": {"namespace": "shoplocal"}}},
        {"b.connect.namespace": "collides with shop.local: both are FargateNamespaceShoplocal as identifiers; rename one"},
    ),
    "a name in capitals": (
        {"a": {"port": 80, "connect": {"namespace": "shop", "name": "A"}}},
        {
            "a.connect.name": "must have only lower-case letters, digits, underscores, hyphens and dots, and begin with none of the last two"
        },
    ),
    "a namespace that cannot be one": (
        {"a": {"connect": {"namespace": "my shop"}}},
        {"a.connect.namespace": "must be a name of at most 128 letters, digits, dots, hyphens and underscores, or an ARN"},
    ),
}


@pytest.mark.parametrize("wrong", CONNECT_FAULTS)
def test_a_fault_of_connect_is_told(wrong):
    services, expected = CONNECT_FAULTS[wrong]
    told = faults(services={name: {"image": "app", **one} for name, one in services.items()})
    assert told == {f"spec.services.{path}": message for path, message in expected.items()}


# ── secrets ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value",
    [
        "/shop/key",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key",
        "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/key",
        SECRET,
        f"{SECRET}:password::",
        f"{SECRET}::AWSPREVIOUS:",
        f"{SECRET}:::9d4cb84b-ad69-40c0-a0ab-cead36b967e8",
        f"{SECRET}:password:AWSCURRENT:",
    ],
)
def test_what_ecs_takes_for_a_secret_is_sound(value):
    assert secret_fault(value) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"{SECRET}:password", "must have three parts after the secret, empty ones too"),
        (f"{SECRET}:password:", "must have three parts after the secret, empty ones too"),
        (f"{SECRET}:a:b:c:d", "must have three parts after the secret, empty ones too"),
        (f"{SECRET}:a:AWSCURRENT:9d4cb84b", "names a version stage and a version id"),
        (SECRET.removesuffix("-AbCdEf"), "must be the whole ARN of the secret, with the six characters at its end"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key:json", "a parameter has no JSON key, stage or version"),
        (
            "arn:aws:ssm:eu-west-1:123456789012:document/x",
            "or arn:aws:ssm:<region>:<account>:parameter/<name>, of letters, digits and _ . / -",
        ),
        ("/shop/*", "must be a name such as /shop/key"),
        (f"{SECRET.removesuffix('db-AbCdEf')}*-AbCdEf", "must be the whole ARN of the secret"),
        ("/shop/key:3", "a parameter has no JSON key, stage or version; must be /shop/key"),
        ("arn:aws:s3:::bucket/key", "must be the ARN of a Secrets Manager secret or of an SSM parameter"),
    ],
)
def test_what_ecs_does_not_take_for_a_secret_is_a_fault(value, words):
    assert words in (secret_fault(value) or "")


def test_secrets_are_judged_wherever_they_stand_and_references_pass():
    raw = {"Parameter": {"Type": "AWS::SSM::Parameter"}, "Secret": {"Type": "AWS::SecretsManager::Secret"}}
    with pytest.raises(InvalidSpec) as caught:
        compiled(
            secrets={"A": f"{SECRET}:a"},
            resources=raw,
            services={"web": {"image": "app", "secrets": {"B": "${Parameter}", "C": "${Secret}:password::"}}},
        )
    assert [fault.path for fault in caught.value.faults] == ["spec.secrets.A", "spec.services.web.secrets.B"]


def test_the_longest_name_of_an_app_fits_into_its_security_groups_description():
    manifest = {"metadata": {"namespace": "n" * 63, "name": "a" * 253}, "spec": web()}
    app = parse_app(manifest)
    group = compile_app(app, facts(app)).resources["FargateSecurityGroup"]
    assert len(group["Properties"]["GroupDescription"]) == 255


# ── whatever is written ──────────────────────────────────────────────────────

NAMES = st.sampled_from(["web", "a", "b", "c"])
CONDITIONS = st.dictionaries(NAMES, st.sampled_from(["START", "COMPLETE", "HEALTHY"]), max_size=3)
SIDECARS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {"image": st.sampled_from(["app", "nope"])},
        optional={
            "dependsOn": CONDITIONS,
            "port": st.integers(80, 82),
            "essential": st.booleans(),
            "healthCheck": st.just(CHECK),
        },
    ),
    max_size=4,
)
VOLUMES = st.dictionaries(NAMES, st.sampled_from([volume("/a"), volume("/a/"), volume("/b", readOnly=True)]), max_size=3)
CONNECTS = st.fixed_dictionaries({"namespace": st.sampled_from(["x", "X", "x."])}, optional={"name": NAMES})


@settings(max_examples=150, deadline=None)
@given(SIDECARS, VOLUMES, CONNECTS, st.integers())
def test_faults_and_templates_do_not_depend_on_the_order_of_maps(sidecars, volumes, connect, seed):
    services = {
        name: {"image": "app", "port": 80, "connect": connect, "sidecars": sidecars, "volumes": volumes} for name in ("web", "z")
    }
    source = manifest(services=services)
    assert result(source) == result(shuffled(source, random.Random(seed)))


FIELDS = [
    "sidecars", "volumes", "connect", "secrets", "efs", "mountPath", "fileSystemId", "accessPointId", "namespace", "name", "dependsOn",
    "healthCheck", "command", "port", "overrides", "container", "additionalContainers", "DependsOn", "PortMappings", "ContainerPort",
    "ContainerName", "Name", "schedule", "timeZone", "flexibleWindow", "deadLetterQueueArn",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-1, 99) | st.sampled_from(["", "a", "/", "fs-", "arn:", "${X}", "cron(a)", "1h"])
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4), max_leaves=15
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), st.sampled_from(["services", "scheduledTasks", "tasks"]))
def test_any_task_either_parses_or_has_faults_that_name_their_fields(task, kind):
    try:
        parse_app({"metadata": {"name": "x"}, "spec": {"images": IMAGES, kind: {"web": {"image": "app", **task}}}})
    except InvalidSpec as error:
        assert error.faults
        assert all(fault.path.startswith("spec.") and fault.message for fault in error.faults)
