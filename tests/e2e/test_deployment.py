"""Deployments, end to end: whose weights a rule keeps, the way back to Rolling, and rollouts as ECS tells them.

The emulator stores strategies and performs none, knows no weights, and its rollouts end at once: the proxy tells what ECS would do.
"""

import json

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

BLUE = {"strategy": "BlueGreen", "bakeTime": "0m"}


def web(**more):
    return {"web": {"image": "app", "port": 80, "http": {"path": "/a"}, **more}}


def stack(world):
    """Outputs and template."""
    name = world.status()["stack"]["name"]
    [found] = world.cloudformation.describe_stacks(StackName=name)["Stacks"]
    template = world.cloudformation.get_template(StackName=name)["TemplateBody"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    return outputs, template if isinstance(template, dict) else json.loads(template)


def rule(world):
    """The rule as the template has it."""
    return stack(world)[1]["Resources"]["WebListenerRule"]["Properties"]


def weights(world):
    """Of the first and the second target group."""
    groups = rule(world)["Actions"][0]["ForwardConfig"]["TargetGroups"]
    found = {one["TargetGroupArn"]["Ref"]: one["Weight"] for one in groups}
    return found["WebTargetGroup"], found["WebAlternateTargetGroup"]


def moved(proxy, world, first, second):
    """ECS has moved the traffic; the second group comes first, since no order is promised."""
    outputs, _ = stack(world)
    groups = "".join(
        f"<member><TargetGroupArn>{arn}</TargetGroupArn><Weight>{weight}</Weight></member>"
        for arn, weight in ((outputs["WebAlternateTargetGroupArn"], second), ("arn:first", first))
    )
    action = f"<Type>forward</Type><ForwardConfig><TargetGroups>{groups}</TargetGroups></ForwardConfig>"
    one = f"<RuleArn>{outputs['WebProductionRuleArn']}</RuleArn><Actions><member>{action}</member></Actions>"
    body = f"<DescribeRulesResponse><DescribeRulesResult><Rules><member>{one}</member></Rules></DescribeRulesResult></DescribeRulesResponse>"
    return proxy.overlaid("elasticloadbalancing", "DescribeRules", lambda *_: (200, body.encode()))


def test_the_weights_that_ecs_has_set_stay_and_rolling_waits_for_the_traffic_to_be_back(world, proxy):
    world.apply(services=web(deployment=BLUE))
    world.ready()
    assert weights(world) == (100, 0)
    with moved(proxy, world, 0, 100):
        world.apply(services=web(deployment=BLUE, environment={"A": "1"}))
        world.ready()
        assert weights(world) == (100, 0)  # as before, so that CloudFormation does not touch the rule
        world.apply(services=web(deployment=BLUE, environment={"A": "1"}, http={"path": "/b"}))
        status = world.ready()
        assert weights(world) == (0, 100)  # as they are, since it does
        assert "/b" in json.dumps(rule(world)["Conditions"])
        recorded = status["pins"]["weights"]["web"]
        assert (recorded["first"], recorded["second"]) == (0, 100)

        world.apply(services=web(http={"path": "/b"}))
        assert "cannot be Rolling now" in world.stalled("InvalidSpec")
    with moved(proxy, world, 100, 0):
        world.annotate("reconcile.fluxcd.io/requestedAt=back")
        world.wait(lambda: world.condition("Ready").get("status") == "True")
    assert "WebAlternateTargetGroupArn" not in stack(world)[0]
    status = world.status()
    arn = status["services"]["web"]["serviceArn"]
    [service] = world.ecs.describe_services(cluster=status["clusterArn"], services=[arn])["services"]
    assert service["deploymentConfiguration"]["strategy"] == "ROLLING"


def test_a_rule_that_is_touched_takes_the_live_weights_though_the_status_was_lost(world, proxy):
    world.apply(services=web(deployment=BLUE))
    world.ready()
    with moved(proxy, world, 0, 100):
        world.apply(services=web(deployment=BLUE, http={"path": "/b"}), suspend=True)
        world.wait(lambda: world.condition("Ready").get("reason") == "Suspended")
        patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": None}))
        world.plane.kubectl("patch", "fargateapp", "shop", "-n", world.namespace, *patch)
        world.apply(services=web(deployment=BLUE, http={"path": "/b"}))
        world.ready()
        assert weights(world) == (0, 100)


def told(world, **changes):
    """An overlay: what ECS tells of this app's services is changed."""
    mine = world.status()["services"]["web"]["serviceArn"]

    def change(_, status, body):
        answer = json.loads(body)
        for service in answer.get("services", ()):
            if service["serviceArn"] == mine:
                service["deployments"][0].update(changes)
        return status, json.dumps(answer).encode()

    return change


def test_a_rollout_under_way_is_told_and_then_its_failure_with_ecs_own_reason(world, proxy):
    world.apply()
    world.ready()
    rolling = told(world, rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment ecs-svc/1 in progress.")
    with proxy.overlaid("ecs", "DescribeServices", rolling):
        ready = world.wait(lambda: (one := world.condition("Ready")).get("reason") == "RollingOut" and one)
        assert ready["message"] == "web: the rollout is under way, 1 of 1 tasks run: ECS deployment ecs-svc/1 in progress"
        web = world.status()["services"]["web"]
        assert (web["rollout"], web["running"], web["desired"]) == ("IN_PROGRESS", 1, 1)
        assert web["message"].startswith("the rollout is under way")
        assert world.condition("Reconciling")["reason"] == "RollingOut"
    failed = told(world, rolloutState="FAILED", rolloutStateReason="tasks failed to start.")
    with proxy.overlaid("ecs", "DescribeServices", failed):
        world.wait(lambda: world.condition("WorkloadsReady").get("reason") == "RolloutFailed")
        assert world.status()["services"]["web"]["message"] == "the rollout failed: tasks failed to start"
        assert world.condition("Ready")["status"] == "False"
        assert world.condition("Reconciling") == {}
    assert world.ready()["services"]["web"]["rollout"] == "COMPLETED"


def deployments(**deployment):
    """Overlays of the two calls that tell of service deployments."""
    one = {"serviceDeploymentArn": "arn:deployment", "serviceArn": "arn:service", "createdAt": 1, **deployment}
    return lambda *_: (200, json.dumps({"serviceDeployments": [one], "failures": []}).encode())


def test_of_a_strategy_that_moves_traffic_the_stage_is_told_and_why_it_was_rolled_back(world, proxy):
    world.apply(services=web(deployment=BLUE))
    world.ready()
    rolling = told(world, rolloutState="IN_PROGRESS")
    before = proxy.counts["ecs", "DescribeServiceDeployments"]
    with (
        proxy.overlaid("ecs", "DescribeServices", rolling),
        proxy.overlaid("ecs", "ListServiceDeployments", deployments(status="IN_PROGRESS")),
        proxy.overlaid("ecs", "DescribeServiceDeployments", deployments(status="IN_PROGRESS", lifecycleStage="BAKE_TIME")),
    ):
        world.wait(lambda: world.status()["services"]["web"].get("rollout") == "BAKE_TIME")
        assert "(BAKE_TIME)" in world.condition("Ready")["message"]
    back = deployments(status="ROLLBACK_SUCCESSFUL", statusReason="the alarm shop-5xx went off")
    with (
        proxy.overlaid("ecs", "DescribeServices", rolling),
        proxy.overlaid("ecs", "ListServiceDeployments", back),
        proxy.overlaid("ecs", "DescribeServiceDeployments", back),
    ):
        world.wait(lambda: world.condition("WorkloadsReady").get("reason") == "RolloutFailed")
        assert "the alarm shop-5xx went off" in world.condition("WorkloadsReady")["message"]
    world.ready()
    asked = proxy.counts["ecs", "DescribeServiceDeployments"]
    world.wait(lambda: proxy.counts["ecs", "DescribeServices"] and world.condition("Ready").get("status") == "True")
    assert before < asked == proxy.counts["ecs", "DescribeServiceDeployments"]  # only while one is under way
