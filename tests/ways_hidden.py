"""More ways around the bounds: what leads outside is put together so that no single value shows it, or goes by a plain name."""

from typing import Any

from ways_around import ACCOUNT, POLICY, WAYS, Way, _override, _raw, _two, _web

_TYPES = "resourceTypes"
ECR_IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/example@sha256:{'1' * 64}"
_TOLD = "cannot be told"
_BRACES = "a name with braces"
_OTHER = f":aws:sqs:eu-west-1:{ACCOUNT}:other-team"
# "arn" in AWS, and nothing that the template tells
_ARN = {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "AWS::StackId"}]}]}
_NOTHING = {"Fn::Select": [0, {"Fn::Split": ["arn", {"Ref": "AWS::StackId"}]}]}
# "{{res" out of the separators of a list that only AWS knows
_OPENING = {"Fn::Select": [1, {"Fn::Split": ["|", {"Fn::Join": ["|{{res|", {"Fn::GetAZs": ""}]}]}]}
_TABLE = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
          "BillingMode": "PAY_PER_REQUEST"}  # fmt: skip


def _join(*parts: Any) -> dict[str, Any]:
    return {"Fn::Join": ["", list(parts)]}


def _variable(value: Any) -> dict[str, Any]:
    return _override(container={"Environment": [{"Name": "X", "Value": value}]})


HIDDEN: dict[str, Way] = {
    "a dynamic reference out of the separators of an unknown list": Way(
        "spec.services.web", _TOLD, _variable(_join(_OPENING, "olve:secretsmanager:other:SecretString:pw}}")), None,
    ),
    "a dynamic reference with nothing between its braces": Way(
        "spec.services.web", "dynamicReferences", _variable(_join("{", _NOTHING, "{re", _NOTHING, "solve:ssm:/other/key}}")), None,
    ),
    "a dynamic reference that begins in a name": Way(
        "spec.resources.Alarm.Properties.AlarmName", _BRACES,
        _two(_raw("AWS::CloudWatch::Alarm", "Alarm", AlarmName="{{res"), _variable(_join({"Ref": "Alarm"}, "olve:ssm:/other/key}}"))),
        None,
    ),
    "a dynamic reference with a name in its middle": Way(
        "spec.services.web", "dynamicReferences",
        _two(_raw("AWS::SSM::Parameter", "Part", Type="String", Name="solve", Value="x"),
             _variable(_join("{{re", {"Ref": "Part"}, ":ssm:/other/key}}"))),
        None,
    ),
    "a bucket behind an unknown beginning": Way(
        "spec.services.web", _TOLD,
        _override(container={"EnvironmentFiles": [{"Type": "s3", "Value": _join(_ARN, ":aws:s3:::other/secret.env")}]}), None,
    ),
    "a role behind an unknown beginning": Way(
        "spec.resources.Thing", _TOLD,
        _raw("AWS::ApiGateway::Method", Integration={"Credentials": _join(_ARN, f":aws:iam::{ACCOUNT}:role/Admin")}), None,
    ),
    "a queue that begins with a table's name": Way(
        "spec.functions.api.events.jobs", _TOLD,
        {"services": None, **_raw("AWS::DynamoDB::Table", "Table", TableName="arn", **_TABLE),
         "images": {"app": {"uri": ECR_IMAGE}}, "functions": {"api": {"image": "app", "events": {"jobs": {"sqs": {"queueArn": "${Table}" + _OTHER}}}}}}, None,
    ),
    "an ARN that begins with the cluster's name": Way(
        "spec.services.web", _TOLD,
        {"cluster": {"name": "arn"}, **_override(service={"ServiceRegistries": [{"RegistryArn": _join({"Ref": "FargateTasksCluster"}, _OTHER)}]})},
        None,
    ),
    "a secret that begins with a parameter's name": Way(
        "spec.services.web.secrets.KEY", _TOLD,
        _two(_raw("AWS::SSM::Parameter", "Part", Type="String", Name="arn", Value="x"),
             _web(secrets={"KEY": "${Part}" + f":aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:other-AbCdEf"})), None,
    ),
    "an ARN that a queue's own is the beginning of": Way(
        "spec.functions.api", "arns",
        {"services": None, **_raw("AWS::SQS::Queue", "Queue", QueueName="oth"),
         "images": {"app": {"uri": ECR_IMAGE}}, "functions": {"api": {"image": "app", "events": {"jobs": {"sqs": {"queueArn": "${Queue.Arn}er-team"}}}}}}, None,
    ),
    "a security group put together": Way(
        "spec.resources.Thing.Properties.GroupId", _TOLD,
        _two(_raw("AWS::SSM::Parameter", "Part", Type="String", Name="sg", Value="x"),
             _raw("AWS::EC2::SecurityGroupIngress", GroupId=_join({"Ref": "Part"}, "-0a1b2c3d4e5f60718"), IpProtocol="-1")), None,
    ),
    "a registry password by the name of a subnet group": Way(
        "spec.services.web", "secrets",
        _two(_raw("AWS::RDS::DBSubnetGroup", "Group", DBSubnetGroupName="other-team", SubnetIds=["subnet-1"]),
             _override(container={"RepositoryCredentials": {"CredentialsParameter": {"Ref": "Group"}}})), None,
    ),
    "a parameter by the name of a document": Way(
        "spec.services.web", "parameters",
        _two(_raw("AWS::SSM::Document", "Document", Name="other-key", Content={}),
             _override(container={"Secrets": [{"Name": "KEY", "ValueFrom": {"Ref": "Document"}}]})), None,
    ),
    "a pattern instead of a secret": Way(
        "spec.functions.api.secrets.KEY", "the six characters at its end",
        {"services": None, "images": {"app": {"uri": ECR_IMAGE}}, "functions": {"api": {"image": "app", "secrets": {
            "KEY": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:own-******"}}}}, None,
    ),
    "a raw policy on somebody's role by its name": Way(
        "spec.resources.Thing.Properties.RoleName", "roles",
        _raw("AWS::IAM::RolePolicy", PolicyName="all", PolicyDocument=POLICY, RoleName="other-team"),
        {_TYPES: ["AWS::IAM::RolePolicy"], "statements": True, "roles": [f"arn:aws:iam::{ACCOUNT}:role/other-team"]},
    ),
    "a user in somebody's group": Way(
        "spec.resources.Thing.Properties.Groups", "roles", _raw("AWS::IAM::User", Groups=["admins"]),
        {_TYPES: ["AWS::IAM::User"], "roles": [f"arn:aws:iam::{ACCOUNT}:group/admins"]},
    ),
    "ECS Exec in a schedule": Way(
        "spec.resources.Thing.Properties.Target.EcsParameters.EnableExecuteCommand", "exec",
        _raw("AWS::Scheduler::Schedule", Target={"EcsParameters": {"EnableExecuteCommand": True}}), None,
    ),
    "the default cluster of a raw service": Way(
        "spec.resources.Thing.Properties.Cluster", "clusters", _raw("AWS::ECS::Service", TaskDefinition="${Own}"), None,
    ),
    "somebody's snapshot": Way(
        "spec.services.web", "arns",
        _override(service={"VolumeConfigurations": [{"Name": "d", "ManagedEBSVolume": {"SnapshotId": "snap-0a1b2c3d4e5f60718"}}]}),
        {"arns": ["arn:aws:ec2:eu-west-1:*:snapshot/snap-0a1b2c3d4e5f60718"]},
    ),
    "a task on the instances of a cluster": Way(
        "spec.services.web", "outside Fargate",
        _override(taskDefinition={"RequiresCompatibilities": ["EC2"], "NetworkMode": "host"}), None,
    ),
    "somebody's service scaled to nothing": Way(
        "spec.resources.Thing.Properties.ResourceId", "arns",
        _raw("AWS::ApplicationAutoScaling::ScalableTarget", ResourceId="service/other/other", MinCapacity=0, MaxCapacity=0), None,
    ),
    "somebody's log group": Way(
        "spec.resources.Thing.Properties.LogGroupName", "arns",
        _raw("AWS::Logs::SubscriptionFilter", LogGroupName="/other/team", FilterPattern="", DestinationArn="${Own}"), None,
    ),
    "somebody's function by its name": Way(
        "spec.resources.Thing.Properties.FunctionName", "arns",
        _raw("AWS::Lambda::Permission", FunctionName="other", Action="lambda:InvokeFunction", Principal="*"), None,
    ),
    "somebody's key by its alias": Way(
        "spec.resources.Thing.Properties.KmsMasterKeyId", "arns", _raw("AWS::SQS::Queue", KmsMasterKeyId="alias/other"),
        {_TYPES: ["AWS::SQS::Queue"], "arns": ["arn:aws:kms:eu-west-1:*:alias/other"]},
    ),
    "somebody's bucket by an s3:// address": Way(
        "spec.resources.Thing.Properties.Configuration", "buckets",
        _raw("AWS::Glue::Crawler", Configuration="s3://other/part"), {_TYPES: ["AWS::Glue::*"], "buckets": ["other"]},
    ),
    "a sign-in page under somebody's host name": Way(
        "spec.resources.Thing.Properties.Domain", "hosts", _raw("AWS::Cognito::UserPoolDomain", Domain="login.other.com", UserPoolId="x"),
        {_TYPES: ["AWS::Cognito::*"], "hosts": ["login.other.com"]},
    ),
    "somebody's function in an update policy": Way(
        "spec.resources.Thing.UpdatePolicy", "arns",
        {"resources": {"Thing": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}, "UpdatePolicy": {
            "CodeDeployLambdaAliasUpdate": {"BeforeAllowTrafficHook": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:other"}}}}}, None,
    ),
    "a module": Way("spec.resources.Thing.Type", _TYPES, _raw("Org::Team::Thing::MODULE"), {_TYPES: ["Org::*"]}),
    "a stack by way of the service catalog": Way(
        "spec.resources.Thing.Type", _TYPES, _raw("AWS::ServiceCatalog::CloudFormationProvisionedProduct", ProductName="x"),
        {_TYPES: ["AWS::ServiceCatalog::*"]},
    ),
    "a bucket for the whole world": Way(
        "spec.resources.Thing.Properties.AccessControl", "resourcePolicies", _raw("AWS::S3::Bucket", AccessControl="PublicReadWrite"),
        {_TYPES: ["AWS::S3::Bucket"], "resourcePolicies": True},
    ),
    "a policy whose statements hide in the spelling": Way(
        "spec.resources.Thing.Properties.ResourcePolicy", "resourcePolicies",
        _raw("AWS::SSM::Parameter", Type="String", Value="x", ResourcePolicy='{"\\u0053tatement": []}'),
        {_TYPES: ["AWS::SSM::Parameter"], "resourcePolicies": True},
    ),
    "a macro in a list": Way(
        "spec.resources.Thing", "transforms",
        _raw("AWS::SNS::Topic", **{"Fn::Transform": [{"Name": "AWS::Include", "Parameters": {"Location": "s3://other/part"}}]}), None,
    ),
    "a tag's key out of a name": Way(
        "spec.services.web", "no bound allows it",
        {"cluster": {"name": "fargate-operator"},
         **_override(service={"Tags": [{"Key": _join({"Ref": "FargateTasksCluster"}, ".dev/namespace"), "Value": "other"}]})}, None,
    ),
    "attributes that lead to one another hundreds of times": Way(
        "spec", "more text than can be judged",
        {"resources": {f"P{n}": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value":
         __import__("functools").reduce(lambda inner, _: _join(inner), range(10), {"Fn::GetAtt": [f"P{n + 1}", "Value"]} if n < 199 else "x")}}
         for n in range(200)}}, None,
    ),
}  # fmt: skip

ALL_WAYS = {**WAYS, **HIDDEN}
