"""What a service with http makes: load balancer, listeners, rules, groups, and who is let in."""

import pytest

from balanced import CERTIFICATE, LISTENER, SHARED, compiled, properties, web

FROM_BALANCER = {"Fn::GetAtt": ["FargateLoadBalancerSecurityGroup", "GroupId"]}
OWN_LISTENER = {"listenerArn": LISTENER}


def one(**http):
    return {"web": web(**http)}


def tls(**more):
    return {"certificateArns": [f"{CERTIFICATE}1", f"{CERTIFICATE}2"], **more}


def generated(**spec):
    return {name for name, body in compiled(**spec).resources.items() if "LoadBalancing" in body["Type"]}


def changed(old, new):
    """The logical IDs that are not the same in both."""
    before, after = compiled(**old).resources, compiled(**new).resources
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_service_with_http_gets_a_load_balancer_and_its_rule():
    assert generated(services=one()) == {"FargateLoadBalancer", "FargateHttpListener", "WebTargetGroup", "WebListenerRule"}


def test_without_http_there_is_no_load_balancer():
    assert generated(services={"web": {"image": "app", "port": 80}}, loadBalancer=tls()) == set()


def test_with_certificates_http_is_redirected_and_the_rules_are_on_https():
    spec = {"services": one(), "loadBalancer": tls()}
    [redirect] = properties("FargateHttpListener", **spec)["DefaultActions"]
    https = properties("FargateHttpsListener", **spec)
    assert redirect == {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    assert (https["Port"], https["Protocol"], https["SslPolicy"]) == (443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert https["Certificates"] == [{"CertificateArn": f"{CERTIFICATE}1"}]
    assert properties("WebListenerRule", **spec)["ListenerArn"] == {"Ref": "FargateHttpsListener"}


def test_a_further_certificate_is_named_by_what_it_is():
    names = [one for one in generated(services=one(), loadBalancer=tls()) if "Certificate" in one]
    more = tls(certificateArns=[f"{CERTIFICATE}1", f"{CERTIFICATE}3", f"{CERTIFICATE}2"])
    assert set(names) < generated(services=one(), loadBalancer=more)
    assert len(names) == 1


@pytest.mark.parametrize("spec", [{}, {"loadBalancer": tls()}])
def test_what_no_rule_wants_is_answered_by_404(spec):
    name = "FargateHttpsListener" if spec else "FargateHttpListener"
    [action] = properties(name, services=one(), **spec)["DefaultActions"]
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


ROUTES = {
    "nothing": ({}, {"path-pattern": ["/*"]}),
    "a path": ({"path": "/api"}, {"path-pattern": ["/api", "/api/*"]}),
    "a path with a slash at its end": ({"path": "/api/"}, {"path-pattern": ["/api", "/api/*"]}),
    "a host": ({"host": "Shop.Example.com."}, {"host-header": ["shop.example.com"]}),
    "both": ({"host": "*.example.com", "path": "/a"}, {"host-header": ["*.example.com"], "path-pattern": ["/a", "/a/*"]}),
}


@pytest.mark.parametrize("name", ROUTES)
def test_the_conditions_of_a_rule(name):
    http, expected = ROUTES[name]
    conditions = properties("WebListenerRule", services=one(**http))["Conditions"]
    configs = {each["Field"]: (each.get("HostHeaderConfig") or each.get("PathPatternConfig"))["Values"] for each in conditions}
    assert configs == expected


def test_the_service_waits_for_its_rule_and_is_registered_by_its_port():
    body = compiled(services=one(healthCheck={"gracePeriod": "2m"})).resources["WebService"]
    assert body["DependsOn"] == ["WebListenerRule"]
    assert body["Properties"]["HealthCheckGracePeriodSeconds"] == 120
    assert body["Properties"]["LoadBalancers"] == [
        {"ContainerName": "web", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "WebTargetGroup"}}
    ]


def attributes(body, name):
    return {one["Key"]: one["Value"] for one in body[name]}


def test_a_target_groups_health_check_and_attributes():
    check = {"path": "/h", "interval": "10s", "timeout": "4s", "healthyThreshold": 2, "unhealthyThreshold": 3, "codes": "200,204"}
    group = properties("WebTargetGroup", services=one(healthCheck=check, stickiness="24h", deregistrationDelay="0s"))
    assert [group[f"HealthCheck{name}"] for name in ("Path", "IntervalSeconds", "TimeoutSeconds")] == ["/h", 10, 4]
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"], group["Matcher"]) == (2, 3, {"HttpCode": "200,204"})
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "0",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "86400",
    }


def test_a_changed_port_does_not_replace_the_target_group():
    assert changed({"services": one()}, {"services": {"web": {**web(), "port": 9090}}}) == {
        "WebTask", "WebService", "FargateSecurityGroupFromLoadBalancerTo8080", "FargateSecurityGroupFromLoadBalancerTo9090",
    }  # fmt: skip


def port(**spec):
    return properties("WebTargetGroup", **spec)["Port"]


def test_another_load_balancer_means_another_target_group_and_another_listener_of_the_same_does_not():
    services, other = one(priority=7), LISTENER.replace("shared/0", "shared/1")
    ports = [
        port(services=services),
        port(services=services, loadBalancer={"internal": True}),
        port(services=services, loadBalancer={"listenerArn": LISTENER}),
        port(services=services, loadBalancer={"listenerArn": other}),
    ]
    assert len(set(ports)) == 4
    assert port(services=services, loadBalancer={"listenerArn": f"{LISTENER[:-1]}0"}) == ports[2]
    assert port(services=services, loadBalancer=tls()) == ports[0]


def test_a_changed_path_changes_the_rule_only():
    assert changed({"services": one(path="/a")}, {"services": one(path="/b")}) == {"WebListenerRule"}


def test_a_service_more_changes_nothing_of_the_others():
    more = {"api": web(path="/api"), "all": web(host="*.example.com"), "shop": web(host="shop.example.com")}
    new = changed({"services": one()}, {"services": {**one(), **more}})
    assert {name for name in new if not name.lower().startswith(("api", "all", "shop"))} == set()


def test_the_load_balancers_own_fields():
    balancer = {"internal": True, "idleTimeout": "2m", "accessLogs": {"bucket": "logs", "prefix": "shop"}}
    body = properties("FargateLoadBalancer", services=one(), loadBalancer=balancer)
    assert (body["Scheme"], body["IpAddressType"], body["Subnets"]) == ("internal", "ipv4", ["subnet-a", "subnet-b"])
    assert attributes(body, "LoadBalancerAttributes") == {
        "idle_timeout.timeout_seconds": "120",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": "logs",
        "access_logs.s3.prefix": "shop",
    }


def let_in(**spec):
    """The rules of the tasks' groups: group, port, source."""
    found = [
        body["Properties"] for body in compiled(**spec).resources.values() if body["Type"] == "AWS::EC2::SecurityGroupIngress"
    ]
    assert all(one["FromPort"] == one["ToPort"] for one in found)
    return [(one["GroupId"]["Fn::GetAtt"][0], one["FromPort"], one["SourceSecurityGroupId"]) for one in found]


def ingress(name, **spec):
    rules = properties(name, **spec).get("SecurityGroupIngress", [])
    return [(one["FromPort"], one.get("CidrIp") or one.get("CidrIpv6") or one["SourceSecurityGroupId"]) for one in rules]


@pytest.mark.parametrize(
    ("balancer", "expected"),
    [
        ({}, [(80, "0.0.0.0/0")]),
        ({"allowedCidrs": ["10.0.0.0/8", "2001:db8::/32"]}, [(80, "10.0.0.0/8"), (80, "2001:db8::/32")]),
        (tls(), [(80, "0.0.0.0/0"), (443, "0.0.0.0/0")]),
    ],
)
def test_who_may_connect_to_the_load_balancer(balancer, expected):
    assert ingress("FargateLoadBalancerSecurityGroup", services=one(), loadBalancer=balancer) == expected


def test_a_range_of_ipv6_makes_the_load_balancer_reachable_by_it():
    body = properties("FargateLoadBalancer", services=one(), loadBalancer={"allowedCidrs": ["::/0"]})
    assert body["IpAddressType"] == "dualstack"


def test_the_tasks_let_in_the_load_balancer_only_on_the_ports_behind_it():
    services = {"web": web(), "api": {**web(path="/api"), "port": 9000}, "own": {"image": "app", "port": 7000}}
    assert let_in(services=services) == [
        ("FargateSecurityGroup", 8080, FROM_BALANCER),
        ("FargateSecurityGroup", 9000, FROM_BALANCER),
    ]


def test_security_groups_that_the_author_names_are_left_alone():
    services = {"web": {**web(), "network": {"securityGroupIds": ["sg-0123456789abcdef1"]}}}
    template = compiled(services=services)
    assert "FargateSecurityGroup" not in template.resources
    network = template.resources["WebService"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == ["sg-0123456789abcdef1"]


def test_on_an_existing_listener_there_are_rules_only_and_its_load_balancers_groups_are_let_in():
    spec = {"services": one(priority=7, host="a.example.com"), "loadBalancer": OWN_LISTENER}
    assert generated(**spec) == {"WebTargetGroup", "WebListenerRule"}
    rule = properties("WebListenerRule", **spec)
    assert (rule["ListenerArn"], rule["Priority"]) == (LISTENER, 7)
    assert let_in(**spec) == [("FargateSecurityGroup", 8080, SHARED.security_group_ids[0])]


URLS = {
    "the load balancer's name": ({}, {}, ["http://", {"Fn::GetAtt": ["FargateLoadBalancer", "DNSName"]}]),
    "and a path": ({"path": "/api/"}, {}, ["http://", {"Fn::GetAtt": ["FargateLoadBalancer", "DNSName"]}, "/api"]),
    "a host by HTTPS": ({"host": "a.example.com", "path": "/b"}, tls(), ["https://", "a.example.com", "/b"]),
    "an existing listener": ({"priority": 7}, OWN_LISTENER, ["https://", "shared.elb.amazonaws.com", ":8443"]),
    "a host there": ({"priority": 7, "host": "a.example.com"}, OWN_LISTENER, ["https://", "a.example.com", ":8443"]),
}


def test_a_wildcard_host_is_no_address():
    assert "WebServiceUrl" not in compiled(services=one(host="*.example.com")).outputs


@pytest.mark.parametrize("name", URLS)
def test_where_a_service_is_reached(name):
    http, balancer, parts = URLS[name]
    template = compiled(services=one(**http), loadBalancer=balancer)
    assert template.outputs["WebServiceUrl"]["Value"] == {"Fn::Join": ["", parts]}


def test_where_a_service_on_an_unknown_listener_is_reached_nobody_knows():
    services = {"web": {**web(priority=7), "network": {"securityGroupIds": ["sg-0123456789abcdef0"]}}}
    template = compiled(services=services, loadBalancer={"listenerArn": "${Import:listener}"})
    assert "WebServiceUrl" not in template.outputs
    assert template.resources["WebListenerRule"]["Properties"]["ListenerArn"] == {"Fn::ImportValue": "listener"}


def test_tags_are_on_all_that_takes_them():
    template = compiled(services={"web": {**web(), "tags": {"own": "1"}}}, loadBalancer=tls(), tags={"team": "a"})
    without = {
        name
        for name, body in template.resources.items()
        if "Tags" not in body["Properties"] and "Certificate" not in name and "From" not in name
    }
    assert without == set()
    assert {"Key": "own", "Value": "1"} in template.resources["WebListenerRule"]["Properties"]["Tags"]


def test_sixty_services_fit_into_one_stack():
    services = {f"s{number}": web(host=f"h{number}.example.com", priority=number + 1) for number in range(60)}
    template = compiled(services=services)
    assert (len(template.outputs), len(template.resources) < 500) == (182, True)
