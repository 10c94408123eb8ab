"""Faults of load balancers and of what is behind them, found before AWS is called."""

import pytest

from balanced import CERTIFICATE, LISTENER, faults, found, web
from fargate_operator.compiler import compile_app
from fargate_operator.parsing import parse_app
from test_model import manifest

HTTP = "spec.services.web.http"
BALANCER = "spec.loadBalancer"


def one(**http):
    return {"services": {"web": web(**http)}}


def behind(**balancer):
    return {"services": {"web": web()}, "loadBalancer": balancer}


WRONG = {
    "http without port": ({"services": {"web": {"image": "app", "http": {}}}}, "spec.services.web.port", "is required with http"),
    "two services of one route": (
        {"services": {"web": web(host="Shop.example.com.", path="/api/"), "zoo": web(host="shop.example.com", path="/api")}},
        "spec.services.zoo.http.path",
        "shop.example.com/api is spec.services.web's, too; one of the two needs another host or path",
    ),
    "a priority that a sibling has": (
        {"services": {"web": web(priority=7), "zoo": web(path="/zoo", priority=7)}},
        "spec.services.zoo.http.priority",
        "7 is the priority of spec.services.web, too; give one of the two another, such as 1",
    ),
    "a priority that a sibling gets by itself": (
        {"services": {"web": web(priority=46833), "api": web(path="/api")}},
        "spec.services.api.http.priority",
        "46833 is the priority of spec.services.web, too; give one of the two another, such as 40600",
    ),
    "a priority out of range": (one(priority=50001), f"{HTTP}.priority", "must be less than or equal to 50000"),
    "a path with a wildcard": (one(path="/api/*"), f"{HTTP}.path", "is what the request's path begins with: leave the * and ?"),
    "a path without a slash": (one(path="api"), f"{HTTP}.path", "must begin with a slash"),
    "a path that ALB does not take": (one(path="/a b"), f"{HTTP}.path", "must be a path such as /api"),
    "a path that is too long": (one(path="/" + "a" * 126), f"{HTTP}.path", "of 126 characters at most"),
    "a path of many parts": (one(path="/a/b/c/d/e/f/g/h/i/j"), f"{HTTP}.path", "has 10 parts; one of more than 9 needs a priority"),
    "any host, said with a wildcard": (one(host="*"), f"{HTTP}.host", "leave it out"),
    "a host that is a URL": (one(host="https://shop.example.com"), f"{HTTP}.host", "must be a host name such as"),
    "a host without a dot": (one(host="localhost"), f"{HTTP}.host", "must be a host name such as"),
    "a host of many wildcards": (one(host="*.*.*.*.*.*.com"), f"{HTTP}.host", "has more than 5 wildcards"),
    "an interval": (one(healthCheck={"interval": "4s"}), f"{HTTP}.healthCheck.interval", "is 4s; must be 5s to 300s"),
    "a timeout": (one(healthCheck={"timeout": "1s"}), f"{HTTP}.healthCheck.timeout", "is 1s; must be 2s to 120s"),
    "a timeout as long as the interval": (
        one(healthCheck={"interval": "10s", "timeout": "10s"}),
        f"{HTTP}.healthCheck.timeout",
        "is 10s; must be less than the interval, 10s",
    ),
    "a timeout longer than the default interval": (
        one(healthCheck={"timeout": "1m"}), f"{HTTP}.healthCheck.timeout", "must be less than the interval, 30s",
    ),
    "a code that ALB does not know": (one(healthCheck={"codes": "500"}), f"{HTTP}.healthCheck.codes", "must be HTTP codes from 200 to 499"),
    "a stickiness of nothing": (one(stickiness="0s"), f"{HTTP}.stickiness", "is 0s; must be 1s to 604800s"),
    "a long stickiness": (one(stickiness="169h"), f"{HTTP}.stickiness", "must be 1s to 604800s"),
    "a deregistration delay": (one(deregistrationDelay="61m"), f"{HTTP}.deregistrationDelay", "is 3660s; must be 0s to 3600s"),
    "an idle timeout": (behind(idleTimeout="4001s"), f"{BALANCER}.idleTimeout", "is 4001s; must be 1s to 4000s"),
    "a range with bits beyond its prefix": (behind(allowedCidrs=["10.0.0.1/8"]), f"{BALANCER}.allowedCidrs[0]", "must be 10.0.0.0/8"),
    "no range": (behind(allowedCidrs=["10.0.0.0/99"]), f"{BALANCER}.allowedCidrs[0]", "is no range of addresses"),
    "a range twice": (behind(allowedCidrs=["::/0", "::/0"]), f"{BALANCER}.allowedCidrs[1]", "is there twice"),
    "a certificate twice": (behind(certificateArns=[CERTIFICATE, CERTIFICATE]), f"{BALANCER}.certificateArns[1]", "is there twice"),
    "a subnet twice": (behind(subnetIds=["subnet-a", "subnet-a", "subnet-b"]), f"{BALANCER}.subnetIds[1]", "is there twice"),
    "a bucket's ARN": (behind(accessLogs={"bucket": "arn:aws:s3:::logs"}), f"{BALANCER}.accessLogs.bucket", "bucket's name"),
    "a prefix with a slash": (behind(accessLogs={"bucket": "logs", "prefix": "/a"}), f"{BALANCER}.accessLogs.prefix", "slash"),
    "a listener and what a load balancer of the app's own has": (
        {"services": {"web": web(host="a.example.com", priority=1)}, "loadBalancer": {"listenerArn": LISTENER, "idleTimeout": "60s"}},
        f"{BALANCER}.idleTimeout", "leave it or listenerArn out",
    ),
    "a listener without a priority": (behind(listenerArn=LISTENER), f"{HTTP}.priority", "is required on an existing listener"),
    "two rules of one priority on a listener": (
        {"services": {"web": web(priority=7), "zoo": web(path="/zoo", priority=7)}, "loadBalancer": {"listenerArn": LISTENER}},
        "spec.services.zoo.http.priority", "7 is the priority of spec.services.web, too; give one of the two another",
    ),
    "a listener that is a reference, and no security groups": (
        {"services": {"web": web(priority=7)}, "loadBalancer": {"listenerArn": "${Import:listener}"}},
        "spec.services.web.network.securityGroupIds", "is required with a listenerArn that is a reference",
    ),
    "subnets of one zone": (
        {**one(), "network": {"subnetIds": ["subnet-a", "subnet-2a"]}}, "spec.network",
        "subnet-a, subnet-2a lie in one zone, eu-west-1a; a load balancer needs two at least: name others here or in spec.load",
    ),
    "a load balancer's subnets of one zone": (behind(subnetIds=["subnet-a"]), f"{BALANCER}.subnetIds", "lie in one zone"),
    "a load balancer's subnets, two of one zone": (
        behind(subnetIds=["subnet-a", "subnet-2a", "subnet-b"]), f"{BALANCER}.subnetIds", "has two subnets of one zone",
    ),
    "a load balancer's subnet that is a reference": (
        behind(subnetIds=["${Subnet}", "subnet-a"]), f"{BALANCER}.subnetIds[0]", "must be a subnet's id",
    ),
    "tasks in a subnet that is a reference": (
        {**one(), "network": {"subnetIds": ["${Subnet}"]}}, "spec.network.subnetIds[0]", "must be a subnet's id",
    ),
    "a service in another VPC than its load balancer": (
        {"services": {"web": {**web(), "network": {"subnetIds": ["other-a"]}}}}, "spec.services.web.network",
        "lies in vpc-other, the load balancer in vpc-0123456789abcdef0; spec.loadBalancer.subnetIds must lie in one VPC with it",
    ),
    "a service in another VPC than the listener": (
        {"services": {"web": web(priority=1)}, "network": {"subnetIds": ["other-a"]}, "loadBalancer": {"listenerArn": LISTENER}},
        "spec.network", "lies in vpc-other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_names_its_field_and_what_would_be_right(name):
    spec, path, words = WRONG[name]
    told = faults(**spec)
    assert list(told) == [path]
    assert words in told[path]


RIGHT = {
    "a port without http": {"services": {"web": {"image": "app", "port": 8080}}},
    "a load balancer that no service needs": {"services": {"web": {"image": "app"}}, "loadBalancer": {"internal": True}},
    "the same path at two hosts": {"services": {"a": web(host="a.example.com"), "b": web(host="b.example.com")}},
    "several tasks' subnets of one zone": {**one(), "network": {"subnetIds": ["subnet-a", "subnet-2a", "subnet-b"]}},
    "tasks in one zone, the load balancer in two": {
        **behind(subnetIds=["subnet-a", "subnet-b"]), "network": {"subnetIds": ["subnet-a"]},
    },
    "an interval no longer than the default timeout": one(healthCheck={"interval": "5s"}),
    "a deep path with a priority": one(path="/a/b/c/d/e/f/g/h/i/j", priority=9),
    "a host that is a reference": one(host="${Domain}"),
    "a listener that is a reference, with security groups": {
        "services": {"web": {**web(priority=7), "network": {"securityGroupIds": ["sg-0123456789abcdef0"]}}},
        "loadBalancer": {"listenerArn": "${Import:listener}"},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_has_no_fault(name):
    assert faults(**RIGHT[name]) == {}


def test_all_faults_are_told_at_once():
    told = faults(services={"web": web(host="*", stickiness="0s"), "zoo": {"image": "app", "http": {"path": "/*"}}})
    assert sorted(told) == [
        f"{HTTP}.host", f"{HTTP}.stickiness", "spec.services.zoo.http.path", "spec.services.zoo.port",
    ]  # fmt: skip


def test_zones_that_nobody_looked_up_are_not_judged():
    app = parse_app(manifest(**one(), network={"subnetIds": ["other-a"]}, loadBalancer={"subnetIds": ["subnet-a"]}))
    assert "FargateLoadBalancer" in compile_app(app, found(app, looked=False)).resources
