"""The existing listener that an app's rules are to stand on, looked up in Elastic Load Balancing."""

from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.errors import code, translated
from fargate_operator.conditions import Reason
from fargate_operator.errors import Fault, Missing
from fargate_operator.facts import Listener

_PORTS = {"HTTP": 80, "HTTPS": 443}
_FIELD = "spec.loadBalancer.listenerArn"


def listener(elb: Any, arn: str) -> Listener:
    """Its load balancer's VPC and security groups, and where it listens. Missing where there is none."""
    with translated("DescribeListeners"):
        try:
            found = elb.describe_listeners(ListenerArns=[arn])["Listeners"]
        except ClientError as error:
            if code(error) != "ListenerNotFound":
                raise
            found = []
    if not found:
        raise Missing(Reason.NetworkNotFound, Fault(_FIELD, f"there is no listener {arn}"))
    one = found[0]
    with translated("DescribeLoadBalancers"):
        [balancer] = elb.describe_load_balancers(LoadBalancerArns=[one["LoadBalancerArn"]])["LoadBalancers"]
    port = "" if one["Port"] == _PORTS.get(one["Protocol"]) else f":{one['Port']}"
    return Listener(
        vpc_id=balancer["VpcId"],
        security_group_ids=tuple(sorted(balancer.get("SecurityGroups") or ())),
        url=f"{one['Protocol'].lower()}://{balancer['DNSName']}{port}",
    )
