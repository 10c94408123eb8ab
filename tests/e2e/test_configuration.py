"""environmentFrom: ConfigMaps and Secrets of the cluster, how their changes reach what runs, and what is missing."""

import json
import time

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

CONFIG, SECRET = {"configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}
TWO = {
    "web": {"image": "app", "environmentFrom": [CONFIG]},
    "api": {"image": "app", "environmentFrom": [SECRET]},
    "plain": {"image": "app"},
}


def put(world, kind, data, name=None):
    world.plane.apply({"apiVersion": "v1", "kind": kind, "metadata": {"name": name or kind.lower().removesuffix("map"), "namespace": world.namespace},
                       ("data" if kind == "ConfigMap" else "stringData"): data})  # fmt: skip


def container(world, arn):
    return world.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0]


def stored(world, status):
    """What the stack's secret holds."""
    listed = world.cloudformation.describe_stack_resources(StackName=status["stack"]["id"])["StackResources"]
    [name] = [one["PhysicalResourceId"] for one in listed if one["LogicalResourceId"] == "FargateSecret"]
    return json.loads(world.emulator.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def definitions(status):
    return {key: one["taskDefinitionArn"] for key, one in status["services"].items()}


def version(world, name="secret"):
    metadata = world.plane.get("secret", name, "-n", world.namespace)["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"


def sent(proxy, since=0):
    """The parameters of every write to CloudFormation, by action."""
    return [(one.action, one.parameters) for one in proxy.calls[since:] if one.action in {"CreateStack", "UpdateStack"}]


def rolled(world, before, *keys):
    """Until the services have other task definitions; those that are not named keep theirs."""

    def done():
        status = world.status()
        now = definitions(status)
        conditions = {one["type"]: one["status"] for one in status["conditions"]}
        return status if conditions["Ready"] == "True" and all(now[key] != before[key] for key in keys) else None

    status = world.wait(done)
    assert {key for key, arn in definitions(status).items() if arn != before[key]} == set(keys)
    return status


def test_a_config_map_is_the_environment_and_its_change_rolls_just_what_uses_it(world):
    put(world, "ConfigMap", {"STAGE": "one", "LITERAL": "${AWS::Region} ${x}"})
    put(world, "Secret", {"KEY": "first-value"})
    world.apply(services=TWO)
    before = definitions(world.ready())
    assert container(world, before["web"])["environment"] == [
        {"name": "LITERAL", "value": "${AWS::Region} ${x}"}, {"name": "STAGE", "value": "one"}]  # fmt: skip
    put(world, "ConfigMap", {"STAGE": "two"})
    status = rolled(world, before, "web")
    assert {"name": "STAGE", "value": "two"} in container(world, definitions(status)["web"])["environment"]


def test_a_secret_is_injected_from_the_stacks_own_and_a_new_version_rolls_just_what_uses_it(world, proxy):
    put(world, "ConfigMap", {"STAGE": "one"})
    put(world, "Secret", {"KEY": "first-value", "ODD": 'quotes " and \\ and {{resolve:ssm:/x}} and ünïcode\nlines'})
    world.apply(services=TWO)
    status = world.ready()
    before = definitions(status)
    one = container(world, before["api"])
    assert one["dockerLabels"] == {"fargate-operator.dev/secret.secret": version(world)}
    assert len(one["secrets"]) == 2  # of which the emulator's answer has no more; the golden template does
    assert stored(world, status) == {
        "secret/KEY": "first-value", "secret/ODD": 'quotes " and \\ and {{resolve:ssm:/x}} and ünïcode\nlines'}  # fmt: skip
    assert "dockerLabels" not in container(world, before["web"])
    seen = len(proxy.calls)
    put(world, "Secret", {"KEY": "second-value"})
    status = rolled(world, before, "api")
    assert stored(world, status)["secret/KEY"] == "second-value"
    assert container(world, definitions(status)["api"])["dockerLabels"] == {"fargate-operator.dev/secret.secret": version(world)}
    assert any("second-value" in json.dumps(parameters) for _, parameters in sent(proxy, seen))


def test_a_value_is_not_sent_again_while_its_secret_is_unchanged(world, proxy):
    put(world, "Secret", {"KEY": "kept-value"})
    put(world, "Secret", {"OTHER": "other-value"}, "second")
    world.apply(environmentFrom=[SECRET, {"secretRef": {"name": "second"}}])
    world.ready()
    seen = len(proxy.calls)
    put(world, "Secret", {"OTHER": "another-value"}, "second")
    status = world.wait(lambda: (one := world.ready()) and stored(world, one)["second/OTHER"] == "another-value" and one)
    assert stored(world, status)["secret/KEY"] == "kept-value"
    world.apply(environmentFrom=[SECRET, {"secretRef": {"name": "second"}}], environment={"STAGE": "changed"})
    status = world.ready()
    assert stored(world, status) == {"secret/KEY": "kept-value", "second/OTHER": "another-value"}
    writes = [parameters for _, parameters in sent(proxy, seen)]
    assert len(writes) == 2
    assert not any("kept-value" in json.dumps(one) for one in writes)
    assert [sum(name.endswith("UsePreviousValue") for name in one) for one in writes] == [1, 2]


def test_what_is_missing_is_waited_for_by_name_and_found_at_once(world):
    world.apply(environmentFrom=[CONFIG, SECRET])
    message = world.wait(lambda: (one := world.condition("Ready")).get("reason") == "ConfigurationMissing" and one)["message"]
    assert f"spec.environmentFrom[0].configMapRef.name: there is no ConfigMap config in namespace {world.namespace}" in message
    assert f"spec.environmentFrom[1].secretRef.name: there is no Secret secret in namespace {world.namespace}" in message
    assert world.condition("Stalled") == {}
    put(world, "ConfigMap", {"STAGE": "one"})
    put(world, "Secret", {"KEY": "first-value"})
    began = time.monotonic()
    world.ready()
    assert time.monotonic() - began < 15


def test_what_runs_keeps_running_when_its_secret_is_gone_and_the_app_can_be_deleted(world):
    put(world, "Secret", {"KEY": "first-value"})
    world.apply(environmentFrom=[SECRET])
    name = world.ready()["stack"]["name"]
    world.plane.kubectl("delete", "secret", "secret", "-n", world.namespace)
    world.wait(lambda: world.condition("Ready").get("reason") == "ConfigurationMissing")
    assert world.stack(name) == "CREATE_COMPLETE"
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"


def test_a_key_that_is_no_variable_is_a_fault_that_the_configs_change_mends(world):
    put(world, "ConfigMap", {"nginx.conf": "server {}"})
    world.apply(environmentFrom=[CONFIG])
    assert "spec.environmentFrom[0].configMapRef.name: 'nginx.conf' of the ConfigMap config" in world.stalled("InvalidSpec")
    world.plane.kubectl("delete", "configmap", "config", "-n", world.namespace)
    put(world, "ConfigMap", {"STAGE": "one"})
    world.ready()


def test_a_value_that_is_too_long_is_a_fault_that_names_the_key_only(world):
    put(world, "Secret", {"KEY": "long" * 1100})
    world.apply(environmentFrom=[SECRET])
    message = world.stalled("InvalidSpec")
    assert "KEY of the Secret secret has 4402 bytes as JSON, CloudFormation takes 4096" in message
    assert "longlong" not in json.dumps(world.app())


def test_what_changed_while_the_operator_was_away_is_found_at_its_start(world, operator):
    put(world, "ConfigMap", {"STAGE": "one"})
    put(world, "Secret", {"KEY": "first-value"})
    world.apply(services=TWO)
    before = definitions(world.ready())
    operator.kill()
    put(world, "Secret", {"KEY": "second-value"})
    operator.start()
    operator.until_ready()
    rolled(world, before, "api")
