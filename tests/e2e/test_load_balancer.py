"""Services behind a load balancer, on a real API server and the AWS emulator."""

import json

import pytest
import yaml

from e2e.conftest import World
from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.priority import priorities
from golden_cases import example

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

SUBNETS = ["subnet-00000001", "subnet-00000002"]  # the emulator's default VPC has one in each zone
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-1111-4111-8111-111111111111"
MISSING = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/gone/0123456789abcdef/0123456789abcdef"


def web(**http):
    return {"image": "app", "port": 8080, "http": http}


@pytest.fixture
def elb(emulator):
    return emulator.client("elbv2")


def physical(world: World, status, logical_id):
    return world.cloudformation.describe_stack_resource(StackName=status["stack"]["id"], LogicalResourceId=logical_id)[
        "StackResourceDetail"
    ]["PhysicalResourceId"]


def rules(elb, listener):
    """The rules but for the default one: priority → (conditions, target group)."""
    found = elb.describe_rules(ListenerArn=listener)["Rules"]
    return {
        int(one["Priority"]): ({each["Field"]: each["Values"] for each in one["Conditions"]}, one["Actions"][0]["TargetGroupArn"])
        for one in found
        if one["Priority"] != "default"
    }


def test_two_services_share_a_load_balancer_by_host_and_path(world, elb):
    world.apply(services={"web": web(host="shop.example.com"), "api": web(path="/api")})
    status = world.ready()
    [balancer] = elb.describe_load_balancers(LoadBalancerArns=[physical(world, status, "FargateLoadBalancer")])["LoadBalancers"]
    placed = priorities({"web": Http(host="shop.example.com"), "api": Http(path="/api")})
    assert rules(elb, physical(world, status, "FargateHttpListener")) == {
        placed["web"]: ({"host-header": ["shop.example.com"]}, physical(world, status, "WebTargetGroup")),
        placed["api"]: ({"path-pattern": ["/api", "/api/*"]}, physical(world, status, "ApiTargetGroup")),
    }
    assert status["services"]["web"]["url"] == "http://shop.example.com"
    assert status["services"]["api"]["url"] == f"http://{balancer['DNSName']}/api"
    assert (balancer["Scheme"], len(balancer["AvailabilityZones"])) == ("internet-facing", 3)
    groups = world.emulator.client("ec2").describe_security_groups(GroupIds=[physical(world, status, "FargateSecurityGroup")])
    assert groups["SecurityGroups"][0]["IpPermissions"] == []  # who is let in says a resource that the emulator does not have
    arn = status["services"]["web"]["serviceArn"]
    [service] = world.ecs.describe_services(cluster=status["clusterArn"], services=[arn])["services"]
    assert [(one["containerName"], one["containerPort"]) for one in service["loadBalancers"]] == [("web", 8080)]


def test_with_a_certificate_http_is_redirected_and_back(world, elb):
    world.apply(services={"web": web(path="/a")})
    world.ready()
    world.apply(services={"web": web(path="/a")}, loadBalancer={"certificateArns": [CERTIFICATE], "internal": False})
    status = world.ready()
    listeners = elb.describe_listeners(LoadBalancerArn=physical(world, status, "FargateLoadBalancer"))["Listeners"]
    found = {one["Port"]: one["DefaultActions"][0]["Type"] for one in listeners}
    assert found == {80: "redirect", 443: "fixed-response"}
    assert status["services"]["web"]["url"].startswith("https://")
    assert len(rules(elb, physical(world, status, "FargateHttpsListener"))) == 1
    assert rules(elb, physical(world, status, "FargateHttpListener")) == {}
    world.apply(services={"web": web(path="/a")}, loadBalancer=None)
    status = world.ready()
    assert len(rules(elb, physical(world, status, "FargateHttpListener"))) == 1


def resources(world: World, status):
    """The bodies of the stack's resources, as they were sent: what the emulator tells of an update names all of them."""
    body = world.cloudformation.get_template(StackName=status["stack"]["id"])["TemplateBody"]
    return (json.loads(body) if isinstance(body, str) else body)["Resources"]


def test_a_changed_path_updates_that_rule_only(world, elb):
    world.apply(services={"web": web(), "api": web(path="/api")})
    status = world.ready()
    listener, before = physical(world, status, "FargateHttpListener"), resources(world, status)
    old = rules(elb, listener)
    world.apply(services={"web": web(), "api": web(path="/v2")})
    status = world.ready()
    after = resources(world, status)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {"ApiListenerRule"}
    assert status["services"]["api"]["url"].endswith("/v2")
    new = rules(elb, listener)
    assert new.keys() == old.keys()
    assert [new[one][0] for one in new if new[one] != old[one]] == [{"path-pattern": ["/v2", "/v2/*"]}]


def test_a_service_more_changes_no_other_and_without_http_the_url_goes(world):
    world.apply(services={"web": web()})
    before = resources(world, world.ready())
    world.apply(services={"web": web(), "api": web(path="/api"), "shop": web(host="shop.example.com")})
    after = resources(world, world.ready())
    assert {name: after[name] for name in before} == before
    world.apply(services={"web": {"image": "app"}})
    status = world.ready()
    assert "url" not in status["services"]["web"]
    left = resources(world, status)
    assert [name for name, body in left.items() if "LoadBalancing" in body["Type"]] == []


@pytest.fixture
def shared(emulator, elb):
    group = emulator.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    [balancer] = elb.create_load_balancer(Name="shared", Subnets=SUBNETS, SecurityGroups=[group["SecurityGroups"][0]["GroupId"]])[
        "LoadBalancers"
    ]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    [listener] = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=8081, DefaultActions=[action]
    )["Listeners"]
    yield balancer, listener["ListenerArn"]
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])


def test_rules_stand_on_an_existing_listener_and_go_with_the_app(world, elb, shared):
    balancer, listener = shared
    world.apply(services={"web": web(path="/a", priority=7)}, loadBalancer={"listenerArn": listener})
    status = world.ready()
    assert list(rules(elb, listener)) == [7]
    assert status["services"]["web"]["url"] == f"http://{balancer['DNSName']}:8081/a"
    assert status["pins"]["listener"]["security_group_ids"] == balancer["SecurityGroups"]
    world.delete()
    assert rules(elb, listener) == {}
    assert len(elb.describe_listeners(ListenerArns=[listener])["Listeners"]) == 1


STALLED = {
    "subnets that lie in one zone": (
        {"services": {"web": web()}, "network": {"subnetIds": SUBNETS[:1]}}, "InvalidSpec",
        "spec.network: subnet-00000001 lie in one zone, eu-west-1a; a load balancer needs two at least",
    ),
    "a load balancer's subnets that lie in one zone": (
        {"services": {"web": web()}, "loadBalancer": {"subnetIds": SUBNETS[:1]}}, "InvalidSpec",
        "spec.loadBalancer.subnetIds: subnet-00000001 lie in one zone",
    ),
    "a load balancer's subnets that are not there": (
        {"services": {"web": web()}, "loadBalancer": {"subnetIds": [*SUBNETS, "subnet-00000009"]}}, "NetworkNotFound",
        "spec.loadBalancer.subnetIds: the app's region has no subnet subnet-00000009",
    ),
    "a listener that is not there": (
        {"services": {"web": web(priority=1)}, "loadBalancer": {"listenerArn": MISSING}}, "NetworkNotFound",
        "spec.loadBalancer.listenerArn: there is no listener",
    ),
    "many faults at once": (
        {"services": {"web": web(host="*"), "zoo": web(path="/zoo/*"), "api": web(healthCheck={"timeout": "1m"})}}, "InvalidSpec",
        "30s (1 of 3)\nspec.services.web.http.host: matches any host: leave it out\nspec.services.zoo.http.path: is what",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STALLED)
def test_what_is_wrong_is_told_by_its_field_before_a_stack_is_made(world, name):
    spec, reason, words = STALLED[name]
    world.apply(**spec)
    assert words in world.stalled(reason)
    assert "id" not in world.status()["stack"]


def test_subnets_that_lose_their_zone_stop_the_next_change_and_not_what_runs(world):
    ec2 = world.emulator.client("ec2")
    tags = [{"Key": "Team", "Value": world.namespace}]
    ec2.create_tags(Resources=SUBNETS, Tags=tags)
    network = {"selector": {"vpcId": "vpc-00000001", "tags": {"Team": world.namespace}}}
    world.apply(services={"web": web()}, network=network)
    before = world.ready()
    ec2.delete_tags(Resources=SUBNETS[1:], Tags=tags)
    world.apply(services={"web": web(path="/new")}, network=network)
    assert "spec.network: subnet-00000001 lie in one zone" in world.stalled("InvalidSpec")
    assert world.status()["stack"]["status"] == before["stack"]["status"] == "CREATE_COMPLETE"


REFUSED = {
    "http without port": ({"services": {"web": {"image": "app", "http": {}}}}, "http needs port"),
    "a listener and fields of a load balancer of the app's own": (
        {"services": {"web": web(priority=1)}, "loadBalancer": {"listenerArn": MISSING, "internal": True}},
        "listenerArn excludes the other fields",
    ),
    "a priority out of range": ({"services": {"web": web(priority=50001)}}, "50000"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_admission_refuses(world, wrong):
    spec, words = REFUSED[wrong]
    with pytest.raises(RuntimeError, match=words):
        world.apply(**spec)


@pytest.mark.parametrize("case", ["web-app", "shared-listener"])
def test_admission_takes_the_examples(world, case):
    manifest = example(case)
    manifest["metadata"]["namespace"] = world.namespace
    world.plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(manifest))
