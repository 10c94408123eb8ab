"""Ways around the bounds: what an author writes, the words of the refusal, and the bounds that would allow it.

`None` for the bounds: nothing allows it. Without a word on it an app has `BASE`.
"""

from dataclasses import dataclass
from typing import Any

ACCOUNT = "123456789012"
BASE: dict[str, Any] = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}
DEFAULT: dict[str, Any] = {
    "permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "rolePath": "/fargate/${namespace}/",
    "images": ["example/*", "*.dkr.ecr.*/example@*"],
    "subnets": ["*"],
    "gitRepositories": ["https://git.example.com/ours/*"],
}
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:other-team-AbCdEf"
LISTENER = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener/app/shared/0123456789abcdef/0123456789abcdef"
RULE = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener-rule/app/shared/0123456789abcdef/0123456789abcdef/0123456789abcdef"
GROUP = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:targetgroup/shared/0123456789abcdef"
HOOK = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:other-team"
CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/0123456789abcdef"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:other-team"
CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/0a1b2c3d-0000-4000-8000-000000000000"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": ["ecs-tasks.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}
POLICY = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPEN_POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}


@dataclass(frozen=True)
class Way:
    field: str
    bound: str
    spec: dict[str, Any]
    allowed: dict[str, Any] | None


def _web(**fields: Any) -> dict[str, Any]:
    return {"services": {"web": {"image": "app", **fields}}}


def _git(url: str = "https://git.example.com/ours/shop.git", /, connection: str = "", **build: Any) -> dict[str, Any]:
    private = {"connectionArn": connection, "ref": "main"} if connection else {}
    return {"images": {"app": {"build": {"git": {"url": url, **private}, **build}}}}


def _behind(**http: Any) -> dict[str, Any]:
    return _web(port=80, http=http)


def _override(**fields: Any) -> dict[str, Any]:
    return _web(overrides=fields)


def _raw(type_: str, name: str = "Thing", /, **properties: Any) -> dict[str, Any]:
    return {"resources": {name: {"Type": type_, "Properties": properties}}}


def _moved(**configuration: Any) -> dict[str, Any]:
    return {
        "ContainerName": "web",
        "ContainerPort": 80,
        "AdvancedConfiguration": {"AlternateTargetGroupArn": GROUP, **configuration},
    }


def _two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {**first, **second, "resources": {**first.get("resources", {}), **second.get("resources", {})}}


def _parameter(value: Any) -> dict[str, Any]:
    return _raw("AWS::SSM::Parameter", "Parameter", Type="String", Value=value)


def _function(**fields: Any) -> dict[str, Any]:
    image = {"uri": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/example@sha256:{'1' * 64}"}
    return {"services": None, "images": {"app": image}, "functions": {"api": {"image": "app", **fields}}}


def _zip(**fields: Any) -> dict[str, Any]:
    code = {"s3Bucket": "other-code", "s3Key": "x.zip", "s3ObjectVersion": "1", "handler": "x.y", "runtime": "python3.13"}
    return {"services": None, "functions": {"api": {"code": code, **fields}}}


def _event(**kind: Any) -> dict[str, Any]:
    return _function(events={"one": kind})


def _api(domain: str) -> dict[str, Any]:
    certificate = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/other"
    routes = _event(httpApi={"route": "GET /"})
    return {**routes, "httpApi": {"domain": {"name": domain, "certificateArn": certificate}}}


# what the ways find in the cluster
CONFIG_MAPS = {"resolving": {"KEY": "{{resolve:ssm:/other/key}}"}}
SECRETS = {"other": {"PASSWORD": "x"}, "aws-creds": {"KEY": "x"}}

_RULE = {"Priority": 7, "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]}
_TYPES = "resourceTypes"
_ANY_RULE = {_TYPES: ["AWS::ElasticLoadBalancingV2::ListenerRule"], "listeners": [LISTENER]}

WAYS: dict[str, Way] = {
    "a dynamic reference in an environment value": Way(
        "spec.services.web.environment.PASSWORD", "dynamicReferences",
        _web(environment={"PASSWORD": "{{resolve:secretsmanager:other-team:SecretString:password}}"}),
        {"dynamicReferences": ["secretsmanager:other-team:*"]},
    ),
    "a dynamic reference in a command": Way(
        "spec.services.web.command", "dynamicReferences", _web(command=["echo", "{{resolve:ssm-secure:/other/key}}"]),
        {"dynamicReferences": ["ssm-secure:/other/key"]},
    ),
    "a dynamic reference put together by Fn::Join": Way(
        "spec.services.web.overrides.container", "dynamicReferences",
        _override(container={"DockerLabels": {"x": {"Fn::Join": ["", ["{{res", "olve:ssm:/other/key}}"]]}}}),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference put together by Fn::Sub and Fn::Select": Way(
        "spec.services.web.overrides.container", "dynamicReferences",
        _override(container={"User": {"Fn::Sub": ["${A}resolve:ssm:/other/key}}", {"A": {"Fn::Select": [1, ["x", "{{"]]}}]}}),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference that starts in another resource's attribute": Way(
        "spec.resources.Second", "dynamicReferences",
        _two(_parameter("{"), _raw("AWS::SSM::Parameter", "Second", Type="String", Value={"Fn::Join": ["", [
            {"Fn::GetAtt": ["Parameter", "Value"]}, {"Fn::GetAtt": "Parameter.Value"}, "resolve:ssm:/other/key}}"]]})),
        {_TYPES: ["AWS::SSM::Parameter"], "dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference in an output": Way(
        "spec.outputs.Key", "dynamicReferences", {"outputs": {"Key": {"Value": "{{resolve:ssm:/other/key}}"}}},
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a task role": Way("spec.services.web.taskRoleArn", "roles", _web(taskRoleArn=ADMIN), {"roles": [ADMIN]}),
    "a shared execution role": Way("spec.iam.executionRoleArn", "roles", {"iam": {"executionRoleArn": ADMIN}}, {"roles": [ADMIN]}),
    "a role in an override": Way(
        "spec.services.web.overrides.taskDefinition.TaskRoleArn", "roles", _override(taskDefinition={"TaskRoleArn": ADMIN}),
        {"roles": ["arn:aws:iam::*:role/Adm?n"]},
    ),
    "a role spelled by Fn::Sub": Way(
        "spec.services.web.overrides.taskDefinition.ExecutionRoleArn", "roles",
        _override(taskDefinition={"ExecutionRoleArn": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/Admin"}}),
        {"roles": [ADMIN]},
    ),
    "a role spelled with pseudo parameters": Way(
        "spec.services.web.taskRoleArn", "roles", _web(taskRoleArn="arn:aws:iam::${AWS::AccountId}:role/Admin"), {"roles": [ADMIN]},
    ),
    "a role laundered through a parameter": Way(
        "spec.services.web.taskRoleArn", "roles", _two(_parameter(ADMIN), _web(taskRoleArn="${Parameter.Value}")),
        {_TYPES: ["AWS::SSM::*"], "roles": [ADMIN]},
    ),
    "a role laundered through an import": Way(
        "spec.services.web.taskRoleArn", "imports", _web(taskRoleArn="${Import:other-team-role}"), {"imports": ["other-team-role"]},
    ),
    "own statements": Way(
        "spec.iam.statements", "statements", {"iam": {"statements": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}},
        {"statements": True},
    ),
    "a managed policy": Way(
        "spec.iam.managedPolicies[0]", "managedPolicies", {"iam": {"managedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"]}},
        {"managedPolicies": ["arn:aws:iam::aws:policy/*"]},
    ),
    "another boundary": Way(
        "spec.iam.permissionsBoundary", "permissionsBoundary",
        {"iam": {"permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}},
        {"permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "a raw role": Way("spec.resources.Thing.Type", _TYPES, _raw("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST),
                      {_TYPES: ["AWS::IAM::Role"]}),
    "a raw role with a policy": Way(
        "spec.resources.Thing.Properties.Policies", "statements",
        _raw("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=[{"PolicyName": "all", "PolicyDocument": POLICY}]),
        {_TYPES: ["AWS::IAM::Role"], "statements": True},
    ),
    "a raw role on another path": Way(
        "spec.resources.Thing.Properties.Path", "rolePath", _raw("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Path="/admin/"),
        {_TYPES: ["AWS::IAM::Role"], "rolePath": "/admin/"},
    ),
    "a raw role that another account may assume": Way(
        "spec.resources.Thing.Properties.AssumeRolePolicyDocument", "resourcePolicies",
        _raw("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}]}),
        {_TYPES: ["AWS::IAM::Role"], "resourcePolicies": True, "statements": True},
    ),
    "a raw policy on somebody's role": Way(
        "spec.resources.Thing.Properties.Roles", "roles",
        _raw("AWS::IAM::Policy", PolicyName="all", PolicyDocument=POLICY, Roles=["Admin"]),
        {_TYPES: ["AWS::IAM::Policy"], "statements": True, "roles": [ADMIN]},
    ),
    "a role behind an instance profile": Way(
        "spec.resources.Thing.Properties.LaunchTemplateData.IamInstanceProfile",
        "roles",
        _raw("AWS::EC2::LaunchTemplate", LaunchTemplateData={"IamInstanceProfile": {"Name": "Admin"}}),
        {_TYPES: ["AWS::EC2::*"], "roles": ["arn:aws:iam::*:instance-profile/Admin"]},
    ),
    "a raw resource": Way("spec.resources.Thing.Type", _TYPES, _raw("AWS::SNS::Topic"), {_TYPES: ["AWS::SNS::Topic"]}),
    "a custom resource": Way("spec.resources.Thing.Type", _TYPES, _raw("Custom::Anything", ServiceToken=QUEUE),
                             {_TYPES: ["Custom::*"], "arns": [QUEUE]}),
    "a custom resource under its other name": Way(
        "spec.resources.Thing.Type", _TYPES, _raw("AWS::CloudFormation::CustomResource", ServiceToken=QUEUE),
        {_TYPES: ["AWS::CloudFormation::CustomResource"], "arns": [QUEUE]},
    ),
    "a nested stack": Way(
        "spec.resources.Thing.Type", _TYPES, _raw("AWS::CloudFormation::Stack", TemplateURL="https://example.com/template"),
        {_TYPES: ["AWS::CloudFormation::*"]},
    ),
    "a macro": Way(
        "spec.resources.Thing", "transforms",
        _raw("AWS::SNS::Topic", **{"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://other/part"}}}),
        {_TYPES: ["AWS::SNS::*"], "transforms": ["AWS::Include"]},
    ),
    "a macro in an override": Way(
        "spec.services.web", "transforms",
        _override(service={"Tags": {"Fn::Transform": {"Name": "Everything", "Parameters": {}}}}), {"transforms": ["Every*"]},
    ),
    "somebody's listener": Way(
        "spec.resources.Thing.Properties.ListenerArn", "listeners",
        _raw("AWS::ElasticLoadBalancingV2::ListenerRule", ListenerArn=LISTENER, **_RULE,
             Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}]),
        {**_ANY_RULE, "hosts": ["*.example.com"]},
    ),
    "somebody's host name": Way(
        "spec.resources.Thing.Properties.Conditions", "hosts",
        _raw("AWS::ElasticLoadBalancingV2::ListenerRule", ListenerArn=LISTENER, **_RULE,
             Conditions=[{"Field": "host-header", "Values": ["Shop.Example.com."]}]),
        {**_ANY_RULE, "hosts": ["shop.example.com"]},
    ),
    "every host name, by saying none": Way(
        "spec.resources.Thing.Properties.Conditions", "hosts",
        _raw("AWS::ElasticLoadBalancingV2::ListenerRule", ListenerArn=LISTENER, **_RULE,
             Conditions=[{"Field": "path-pattern", "Values": ["/*"]}]),
        {**_ANY_RULE, "hosts": ["*"]},
    ),
    "somebody's listener for a service": Way(
        "spec.loadBalancer.listenerArn", "listeners", {**_behind(host="shop.example.com", priority=7), "loadBalancer": {"listenerArn": LISTENER}},
        {"listeners": [LISTENER], "hosts": ["shop.example.com"]},
    ),
    "somebody's host name for a service": Way(
        "spec.services.web.http.host", "hosts", {**_behind(host="Shop.Example.com", priority=7), "loadBalancer": {"listenerArn": LISTENER}},
        {"listeners": [LISTENER], "hosts": ["*.example.com"]},
    ),
    "somebody's host names for a service, by a wildcard": Way(
        "spec.services.web.http.host", "hosts", {**_behind(host="*.example.com", priority=7), "loadBalancer": {"listenerArn": LISTENER}},
        {"listeners": [LISTENER], "hosts": ["*.example.com"]},
    ),
    "every host name for a service, by saying none": Way(
        "spec.services.web.http.host", "hosts", {**_behind(priority=7), "loadBalancer": {"listenerArn": LISTENER}},
        {"listeners": [LISTENER], "hosts": ["*"]},
    ),
    "somebody's listener by an import": Way(
        "spec.loadBalancer.listenerArn", "imports",
        {"services": {"web": {**_behind(host="shop.example.com", priority=7)["services"]["web"],
                              "network": {"securityGroupIds": ["sg-0a1b2c3d"]}}},
         "loadBalancer": {"listenerArn": "${Import:other-team-listener}"}},
        {"imports": ["other-team-listener"], "hosts": ["shop.example.com"], "securityGroups": ["sg-0a1b2c3d"]},
    ),
    "every host name on an imported listener": Way(
        "spec.services.web.http.host", "hosts",
        {"services": {"web": {**_behind(priority=7)["services"]["web"], "network": {"securityGroupIds": ["sg-0a1b2c3d"]}}},
         "loadBalancer": {"listenerArn": "${Import:other-team-listener}"}},
        {"imports": ["other-team-listener"], "hosts": ["*"], "securityGroups": ["sg-0a1b2c3d"]},
    ),
    "somebody's certificate for a load balancer": Way(
        "spec.loadBalancer.certificateArns[0]", "arns", {**_behind(), "loadBalancer": {"certificateArns": [CERTIFICATE]}},
        {"arns": ["arn:aws:acm:*"]},
    ),
    "somebody's further certificate": Way(
        "spec.loadBalancer.certificateArns[1]", "arns", {**_behind(), "loadBalancer": {"certificateArns": [f"{CERTIFICATE}1", CERTIFICATE]}},
        {"arns": ["arn:aws:acm:*"]},
    ),
    "somebody's bucket for access logs": Way(
        "spec.loadBalancer.accessLogs.bucket", "buckets", {**_behind(), "loadBalancer": {"accessLogs": {"bucket": "other"}}},
        {"buckets": ["other"]},
    ),
    "somebody's security group behind a load balancer": Way(
        "spec.services.web.network.securityGroupIds[0]", "securityGroups",
        {"services": {"web": {**_behind()["services"]["web"], "network": {"securityGroupIds": ["sg-0a1b2c3d"]}}}},
        {"securityGroups": ["sg-0a1b2c3d"]},
    ),
    "somebody's target group": Way(
        "spec.services.web.overrides.service.LoadBalancers", "listeners",
        _override(service={"LoadBalancers": [{"ContainerName": "web", "ContainerPort": 80, "TargetGroupArn":
                  f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:targetgroup/other/0123456789abcdef"}]}),
        {"listeners": ["arn:aws:elasticloadbalancing:*:targetgroup/other/*"]},
    ),
    "somebody's secret": Way("spec.services.web.secrets.KEY", "secrets", _web(secrets={"KEY": f"{SECRET}:password::"}),
                             {"secrets": [SECRET]}),
    "somebody's secret for a function": Way(
        "spec.functions.api.secrets.KEY", "secrets", _function(secrets={"KEY": SECRET}),
        {"secrets": [SECRET]},
    ),
    "somebody's secret in an override": Way(
        "spec.overrides.container.Secrets", "secrets", {"overrides": {"container": {"Secrets": [{"Name": "KEY", "ValueFrom": SECRET}]}}},
        {"secrets": [SECRET]},
    ),
    "somebody's registry password": Way(
        "spec.services.web.overrides.container.RepositoryCredentials.CredentialsParameter", "secrets",
        _override(container={"RepositoryCredentials": {"CredentialsParameter": "other-team"}}),
        {"secrets": ["arn:aws:secretsmanager:eu-west-1:*:secret:other-team"]},
    ),
    "a copy of a Secret of the namespace": Way(
        "spec.environmentFrom[0].secretRef.name", "kubernetesSecrets", {"environmentFrom": [{"secretRef": {"name": "other"}}]},
        {"kubernetesSecrets": ["other"]},
    ),
    "a copy of a Secret whose name looks like the middle of an ARN": Way(
        "spec.environmentFrom[0].secretRef.name", "kubernetesSecrets", {"environmentFrom": [{"secretRef": {"name": "aws-creds"}}]},
        {"kubernetesSecrets": ["aws-*"]},
    ),
    "a copy of a Secret for one service": Way(
        "spec.services.web.environmentFrom[1].secretRef.name", "kubernetesSecrets",
        _web(environmentFrom=[{"configMapRef": {"name": "resolving"}}, {"secretRef": {"name": "other"}}]),
        {"kubernetesSecrets": ["oth*"], "dynamicReferences": ["ssm:/other/key"]},
    ),
    "a copy of a Secret for a function": Way(
        "spec.functions.api.environmentFrom[0].secretRef.name", "kubernetesSecrets",
        _function(environmentFrom=[{"secretRef": {"name": "other"}}]), {"kubernetesSecrets": ["*"]},
    ),
    "somebody's git repository": Way(
        "spec.images.app.build.git.url", "gitRepositories", _git("https://git.example.com/acme/shop.git"), {"gitRepositories": ["https://git.example.com/acme/*"]},
    ),
    "a host of the cluster's own network as a git repository": Way(
        "spec.images.app.build.git.url", "gitRepositories", _git("https://10.0.0.1:8443/admin/x"), {"gitRepositories": ["https://10.0.0.1:8443/admin/x"]},
    ),
    "a git host that only begins as the allowed one": Way(
        "spec.images.app.build.git.url", "gitRepositories", _git("https://git.example.com.evil.example/acme/shop.git"), {"gitRepositories": ["https://git.example.com.evil.example/*"]},
    ),
    "somebody's connection": Way(
        "spec.images.app.build", "arns", _git(connection=CONNECTION),
        {"arns": [CONNECTION]},
    ),
    "a dynamic reference in a build argument": Way(
        "spec.images.app.build", "dynamicReferences", _git(args={"X": "{{resolve:ssm:/other/key}}"}),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference in a build argument, after what the shell ends a word with": Way(
        "spec.images.app.build", "dynamicReferences", _git(args={"X": "'; echo \"{{resolve:ssm:/other/key}}\""}),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference in the name of a stage": Way(
        "spec.images.app.build", "dynamicReferences", _git(target="{{resolve:ssm:/other/key}}"),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference in a folder": Way(
        "spec.images.app.build", "dynamicReferences", _git(context="{{resolve:ssm:/other/key}}"),
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "a dynamic reference in a ConfigMap": Way(
        "spec.environmentFrom[0].configMapRef.name", "dynamicReferences", {"environmentFrom": [{"configMapRef": {"name": "resolving"}}]},
        {"dynamicReferences": ["ssm:/other/key"]},
    ),
    "somebody's parameter": Way("spec.secrets.KEY", "parameters", {"secrets": {"KEY": "/other/key"}}, {"parameters": ["/other/*"]}),
    "somebody's parameter without a slash": Way(
        "spec.services.web.overrides.container.Secrets", "parameters",
        _override(container={"Secrets": [{"Name": "KEY", "ValueFrom": "key"}]}), {"parameters": ["/key"]},
    ),
    "somebody's cluster": Way(
        "spec.cluster.existing", "clusters", {"cluster": {"existing": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/other"}},
        {"clusters": ["other"]},
    ),
    "somebody's cluster in an override": Way(
        "spec.services.web.overrides.service.Cluster", "clusters", _override(service={"Cluster": "other"}), {"clusters": ["other"]},
    ),
    "the default cluster, by saying none": Way(
        "spec.services.web.overrides.service.Cluster", "clusters", _override(service={"Cluster": {"Ref": "AWS::NoValue"}}),
        {"clusters": ["*"]},
    ),
    "somebody's task definition": Way(
        "spec.services.web.overrides.service.TaskDefinition", "arns", _override(service={"TaskDefinition": "other:7"}),
        {"arns": ["arn:aws:ecs:*:task-definition/other:*"]},
    ),
    "somebody's bucket": Way(
        "spec.services.web.overrides.container.EnvironmentFiles", "buckets",
        _override(container={"EnvironmentFiles": [{"Type": "s3", "Value": "arn:aws:s3:::other/secret.env"}]}), {"buckets": ["other"]},
    ),
    "a policy that opens a queue": Way(
        "spec.resources.Thing.Type", "resourcePolicies",
        _raw("AWS::SQS::QueuePolicy", Queues=["https://sqs.eu-west-1.amazonaws.com/123456789012/own"], PolicyDocument=OPEN_POLICY),
        {_TYPES: ["AWS::SQS::*"], "resourcePolicies": True},
    ),
    "a policy inside a resource": Way(
        "spec.resources.Thing.Properties.KeyPolicy", "resourcePolicies", _raw("AWS::KMS::Key", KeyPolicy=OPEN_POLICY),
        {_TYPES: ["AWS::KMS::Key"], "resourcePolicies": True},
    ),
    "somebody's queue": Way(
        "spec.functions.api.events.jobs.sqs.queueArn", "arns",
        _function(events={"jobs": {"sqs": {"queueArn": QUEUE}}}),
        {"arns": ["arn:aws:sqs:*"]},
    ),
    "somebody's code": Way("spec.functions.api.code.s3Bucket", "buckets", _zip(), {"buckets": ["other-code"]}),
    "somebody's layer": Way(
        "spec.functions.api.layers[0]", "arns", _zip(layers=[f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:other:1"]),
        {"buckets": ["other-code"], "arns": ["arn:aws:lambda:*:layer:other:*"]},
    ),
    "somebody's topic": Way(
        "spec.functions.api.events.one.sns.topicArn", "arns", _event(sns={"topicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:other"}),
        {"arns": ["arn:aws:sns:*:other"]},
    ),
    "somebody's stream": Way(
        "spec.functions.api.events.one.stream.arn", "arns",
        _event(stream={"arn": f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/other"}), {"arns": ["arn:aws:kinesis:*:stream/other"]},
    ),
    "everybody's events, by saying no bus": Way(
        "spec.functions.api.events.one.eventBridge.bus", "arns", _event(eventBridge={"pattern": {"source": ["aws.s3"]}}),
        {"arns": [f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"]},
    ),
    "somebody's event bus by its name": Way(
        "spec.functions.api.events.one.eventBridge.bus", "arns", _event(eventBridge={"bus": "other", "pattern": {"source": ["x"]}}),
        {"arns": ["arn:aws:events:*:event-bus/other"]},
    ),
    "somebody's event bus": Way(
        "spec.functions.api.events.one.eventBridge.bus", "arns",
        _event(eventBridge={"bus": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/other", "pattern": {"source": ["x"]}}),
        {"arns": ["arn:aws:events:*:event-bus/other"]},
    ),
    "what is put into somebody's bucket": Way(
        "spec.functions.api.events.one.s3.bucket", "buckets", _event(s3={"bucket": "other"}), {"buckets": ["other"]},
    ),
    "every bucket's events, in a raw rule": Way(
        "spec.resources.Thing.Properties.EventPattern", "arns",
        _raw("AWS::Events::Rule", EventPattern={"source": ["aws.s3"], "detail": {"bucket": {"name": [{"prefix": ""}]}}}),
        {_TYPES: ["AWS::Events::Rule"], "arns": ["arn:aws:events:*:event-bus/default"]},
    ),
    "somebody's queue as a destination": Way(
        "spec.functions.api.onFailure", "arns", _function(onFailure=QUEUE), {"arns": [QUEUE]},
    ),
    "somebody's certificate": Way(
        "spec.httpApi.domain.certificateArn", "arns", _api("api.example.com"),
        {"hosts": ["api.example.com"], "arns": ["arn:aws:acm:*"]},
    ),
    "somebody's host name of an API": Way(
        "spec.httpApi.domain.name", "hosts", _api("api.example.com"), {"hosts": ["api.example.com"], "arns": ["arn:aws:acm:*"]},
    ),
    "somebody's security group for a function": Way(
        "spec.network.securityGroupIds[0]", "securityGroups",
        {**_function(vpc=True), "network": {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}},
        {"securityGroups": ["sg-0a1b2c3d*"]},
    ),
    "somebody's file system": Way(
        "spec.services.web.overrides.taskDefinition.Volumes", "arns",
        _override(taskDefinition={"Volumes": [{"Name": "d", "EFSVolumeConfiguration": {"FilesystemId": "fs-0a1b2c3d"}}]}),
        {"arns": ["arn:aws:elasticfilesystem:*:file-system/fs-0a1b2c3d"]},
    ),
    "somebody's file system as a volume": Way(
        "spec.services.web.volumes.data.efs.fileSystemId", "arns",
        _web(volumes={"data": {"mountPath": "/data", "efs": {"fileSystemId": "fs-0a1b2c3d"}}}),
        {"arns": ["arn:aws:elasticfilesystem:eu-west-1:*:file-system/fs-0a1b2c3d"]},
    ),
    "somebody's access point": Way(
        "spec.tasks.copy.volumes.data.efs.accessPointId", "arns",
        {"tasks": {"copy": {"image": "app", "volumes": {"data": {"mountPath": "/data", "efs": {
            "fileSystemId": "fs-0a1b2c3d", "accessPointId": "fsap-0a1b2c3d", "readOnly": True}}}}}},
        {"arns": ["arn:aws:elasticfilesystem:*:file-system/fs-0a1b2c3d", "arn:aws:elasticfilesystem:*:access-point/fsap-0a1b2c3d"]},
    ),
    "a file system laundered through a parameter": Way(
        "spec.services.web.volumes.data.efs.fileSystemId", "arns",
        _two(_parameter("fs-0a1b2c3d"), _web(volumes={"data": {"mountPath": "/data", "efs": {"fileSystemId": "${Parameter.Value}"}}})),
        {_TYPES: ["AWS::SSM::*"], "arns": ["arn:aws:elasticfilesystem:*:file-system/fs-0a1b2c3d"]},
    ),
    "the right to a file system that an override takes out of the task": Way(
        "spec.services.web.volumes.data.efs.fileSystemId", "arns",
        _web(volumes={"data": {"mountPath": "/data", "efs": {"fileSystemId": "fs-0a1b2c3d"}}},
             overrides={"taskDefinition": {"Volumes": []}, "container": {"MountPoints": []}}),
        {"arns": ["arn:aws:elasticfilesystem:*:file-system/fs-0a1b2c3d"]},
    ),
    "somebody's namespace": Way(
        "spec.services.web.connect.namespace", "arns",
        _web(connect={"namespace": f"arn:aws:servicediscovery:eu-west-1:{ACCOUNT}:namespace/ns-other"}),
        {"arns": ["arn:aws:servicediscovery:*:namespace/ns-other"]},
    ),
    "somebody's namespace by its name, in an override": Way(
        "spec.services.web.overrides.service.ServiceConnectConfiguration.Namespace", "arns",
        _override(service={"ServiceConnectConfiguration": {"Enabled": True, "Namespace": "other"}}),
        {"arns": ["arn:aws:servicediscovery:*:namespace/other"]},
    ),
    "somebody's image in a sidecar": Way(
        "spec.images.agent", "images",
        {"images": {"app": {"uri": "example/app:1"}, "agent": {"uri": "other/agent:1"}}, **_web(sidecars={"agent": {"image": "agent"}})},
        {"images": ["example/*", "other/*"]},
    ),
    "somebody's dead-letter queue": Way(
        "spec.scheduledTasks.report.deadLetterQueueArn", "arns",
        {"scheduledTasks": {"report": {"image": "app", "schedule": "rate(1 hour)", "deadLetterQueueArn": QUEUE}}}, {"arns": [QUEUE]},
    ),
    "somebody's dead-letter queue, behind the schedule's own": Way(
        "spec.scheduledTasks.report.deadLetterQueueArn", "arns",
        {"scheduledTasks": {"report": {"image": "app", "schedule": "rate(1 hour)", "spot": True, "deadLetterQueueArn": QUEUE}}},
        {"arns": [QUEUE]},
    ),
    "somebody's security group": Way(
        "spec.network.securityGroupIds[0]", "securityGroups",
        {"network": {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}},
        {"securityGroups": ["sg-0a1b2c3d*"]},
    ),
    "somebody's image": Way("spec.images.app", "images", {"images": {"app": {"uri": "other/app:1"}}}, {"images": ["other/*"]}),
    "an image laundered through a name": Way(
        "spec.services.web.overrides.container",
        "images",
        {
            **_override(container={"Image": {"Ref": "Parameter"}}),
            **_raw("AWS::SSM::Parameter", "Parameter", Type="String", Name="other/app", Value="x"),
        },
        {_TYPES: ["AWS::SSM::Parameter"], "images": ["*"]},
    ),
    "a role without a boundary, by null": Way(
        "spec.resources.Thing.Properties.PermissionsBoundary",
        "permissionsBoundary",
        _raw("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=None),
        None,
    ),
    "an image in an override": Way("spec.services.web.overrides.container.Image", "images", _override(container={"Image": "other/app"}),
                                   {"images": ["other/*", "example/*"]}),
    "somebody else's stack or resources": Way("spec.adoption", "adoption", {"adoption": "Adopt"}, {"adoption": True}),
    "ECS Exec": Way("spec.services.web.exec", "exec", _web(exec=True), {"exec": True}),
    "ECS Exec in an override": Way(
        "spec.services.web.overrides.service.EnableExecuteCommand", "exec", _override(service={"EnableExecuteCommand": "true"}),
        {"exec": True},
    ),
    "somebody's stack name": Way("spec.stackName", "stackNames", {"stackName": "other-team-shop"}, {"stackNames": ["other-*"]}),
    "an export under somebody's name": Way(
        "spec.outputs.Role.Export.Name", "exports", {"outputs": {"Role": {"Value": "x", "Export": {"Name": "other-team-role"}}}},
        {"exports": ["other-team-role"]},
    ),
    "the backlog of somebody's queue": Way(
        "spec.services.web.scaling.queue.arn", "arns",
        _web(scaling={"min": 1, "max": 2, "queue": {"arn": QUEUE, "backlogPerTask": 1}}), {"arns": [QUEUE]},
    ),
    "a role for ECS to move traffic with": Way(
        "spec.services.web.overrides.service", "roles", _override(service={"LoadBalancers": [_moved(RoleArn=ADMIN)]}),
        {"roles": [ADMIN], "listeners": ["*"]},
    ),
    "somebody's rule, whose traffic ECS would move": Way(
        "spec.services.web.overrides.service", "listeners", _override(service={"LoadBalancers": [_moved(ProductionListenerRule=RULE)]}),
        {"listeners": [RULE, GROUP]},
    ),
    "somebody's function as a hook of a deployment": Way(
        "spec.services.web.overrides.service", "arns",
        _override(service={"DeploymentConfiguration": {"LifecycleHooks": [{"HookTargetArn": HOOK, "RoleArn": ADMIN, "LifecycleStages": ["BAKE_TIME"]}]}}),
        {"arns": [HOOK], "roles": [ADMIN]},
    ),
    "an import of somebody's": Way("spec.services.web.environment.KEY", "imports", _web(environment={"KEY": "${Import:other-team-key}"}),
                                   {"imports": ["other-*"]}),
    "deletion where stacks are kept": Way("spec.deletionPolicy", "deletionPolicy", {"deletionPolicy": "Delete"}, {"deletionPolicy": "Delete"}),
    "a forged owner's tag": Way(
        "spec.services.web.overrides.service.Tags", "no bound allows it",
        _override(service={"Tags": [{"Key": "fargate-operator.dev/namespace", "Value": "other"}]}), None,
    ),
    "a forged owner's tag, as a map": Way(
        "spec.resources.Thing.Properties.Tags", "no bound allows it",
        _raw("AWS::SSM::Parameter", Type="String", Value="x", Tags={"fargate-operator.dev/namespace": "other"}), None,
    ),
    "values that double and double again": Way(
        "spec", "more text than can be judged",
        {"resources": {f"P{n}": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value":
         {"Fn::Sub": f"${{P{n + 1}.Value}}${{P{n + 1}.Value}}"} if n < 40 else "x"}} for n in range(41)}}, None,
    ),
    "a value nested hundreds deep": Way(
        "spec.resources.Thing", "nested deeper than", _raw("AWS::SSM::Parameter", Value=__import__("functools").reduce(
            lambda inner, _: {"Fn::Base64": inner}, range(400), "x")), None,
    ),
    "properties that are a function": Way(
        "spec.resources.Thing.Properties", "must be a map",
        {"resources": {"Thing": {"Type": "AWS::SNS::Topic", "Properties": {"Fn::If": ["Never", {}, {}]}}}}, None,
    ),
}  # fmt: skip
