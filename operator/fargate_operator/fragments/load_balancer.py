"""The app's load balancer, and how services are reached through it. Pure.

See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Arn, Duration, Flag, Int, Strict, Text, need, text

Cidr = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Fa-f.:]+/[0-9]{1,3}$", max_length=64)]
Codes = Annotated[str, StringConstraints(strict=True, pattern=r"^[2-4][0-9]{2}([-,][2-4][0-9]{2})*$", max_length=64)]
Path = Annotated[str, StringConstraints(strict=True, pattern=r"^/", max_length=128)]

_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"


class AccessLogs(Strict):
    """Where the load balancer writes its access logs."""

    bucket: Text = need("An S3 bucket whose policy lets the load balancer write", aws=f"{_BALANCER} access_logs.s3.bucket")
    prefix: Text | None = text("What the objects' keys begin with", default="none", aws=f"{_BALANCER} access_logs.s3.prefix")


class LoadBalancer(Strict):
    """One Application Load Balancer for all services of the app that have http."""

    internal: Flag | None = text("Whether it is reached from inside the VPC only", default="false", aws=f"{_BALANCER} Scheme")
    certificate_arns: Annotated[list[Arn], Field(min_length=1, max_length=25)] | None = text(
        "ACM certificates for HTTPS, to which HTTP is then redirected; the first is the default one",
        default="none: HTTP",
        aws="AWS::ElasticLoadBalancingV2::Listener Certificates",
    )
    subnet_ids: Annotated[list[Text], Field(min_length=1, max_length=16)] | None = text(
        "Its subnets, in at least two availability zones", default="the network's", aws=f"{_BALANCER} Subnets"
    )
    allowed_cidrs: Annotated[list[Cidr], Field(min_length=1, max_length=50)] | None = text(
        "Who may connect, as ranges of IPv4 and IPv6 addresses",
        default="0.0.0.0/0",
        aws="AWS::EC2::SecurityGroup SecurityGroupIngress",
    )
    idle_timeout: Duration | None = text(
        "After which an idle connection is closed, 1s to 4000s", default="60s", aws=f"{_BALANCER} idle_timeout.timeout_seconds"
    )
    access_logs: AccessLogs | None = text("Access logs in S3", default="none", aws=f"{_BALANCER} access_logs.s3.enabled")
    listener_arn: Arn | None = text(
        "An existing listener on which the services get rules; excludes the other fields", default="a listener of the app's own",
        aws=f"{_RULE} ListenerArn",
    )  # fmt: skip

    cel = [
        {
            "rule": "!has(self.listenerArn) || !("
            + " || ".join(
                f"has(self.{name})"
                for name in ("internal", "certificateArns", "subnetIds", "allowedCidrs", "idleTimeout", "accessLogs")
            )
            + ")",
            "message": "listenerArn excludes the other fields",
        }
    ]


class HttpHealthCheck(Strict):
    """How the load balancer tells whether a task can be sent requests."""

    path: Path | None = text("Path that is asked for", default="/", aws=f"{_GROUP} HealthCheckPath")
    interval: Duration | None = text("Between two checks, 5s to 300s", default="30s", aws=f"{_GROUP} HealthCheckIntervalSeconds")
    timeout: Duration | None = text(
        "Of one check, 2s to 120s and less than interval",
        default="5s; 4s where interval is 5s",
        aws=f"{_GROUP} HealthCheckTimeoutSeconds",
    )
    healthy_threshold: Annotated[Int, Field(ge=2, le=10)] | None = text(
        "Good answers in a row that make a task healthy", default="5", aws=f"{_GROUP} HealthyThresholdCount"
    )
    unhealthy_threshold: Annotated[Int, Field(ge=2, le=10)] | None = text(
        "Bad answers in a row that make a task unhealthy", default="2", aws=f"{_GROUP} UnhealthyThresholdCount"
    )
    grace_period: Duration | None = text(
        "After a task's start in which ECS does not mind bad answers",
        default="60s",
        aws="AWS::ECS::Service HealthCheckGracePeriodSeconds",
    )
    codes: Codes | None = text("HTTP codes of a good answer", default="200", aws=f"{_GROUP} Matcher.HttpCode")


class Http(Strict):
    """How the service is reached through the app's load balancer."""

    path: Path | None = text(
        "What the request's path begins with: /api is /api itself and what is below it", default="/", aws=f"{_RULE} path-pattern"
    )
    host: Text | None = text("The request's host name; * and ? are wildcards", default="any", aws=f"{_RULE} host-header")
    priority: Annotated[Int, Field(ge=1, le=50000)] | None = text(
        "Of its rule among the listener's, the lowest first; required on an existing listener",
        default="by specificity and the service's name, 1000 and above",
        aws=f"{_RULE} Priority",
    )
    health_check: HttpHealthCheck | None = text("The load balancer's health check")
    stickiness: Duration | None = text(
        "How long a client is sent to the same task, by a cookie; 1s to 168h",
        default="none",
        aws=f"{_GROUP} stickiness.lb_cookie.duration_seconds",
    )
    deregistration_delay: Duration | None = text(
        "How long a task that goes may answer what it has begun, up to 1h",
        default="60s; on Spot the stopTimeout, if that is shorter",
        aws=f"{_GROUP} deregistration_delay.timeout_seconds",
    )
