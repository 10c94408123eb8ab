"""What a template value reaches outside its stack: a role, a secret, a cluster … each with the bound that it is judged by. Pure.

A value is recognized by what it says (an ARN, an id with a telling prefix) and by the property that it stands under, whatever the
type of the resource, so that a type which nobody thought of is judged as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fargate_operator.evaluation import MARK, intrinsic
from fargate_operator.facts import Facts


@dataclass(frozen=True, slots=True)
class Reach:
    """One kind of thing.

    `keys` and `content` recognize it, by property name and by value. `own` are the types of the stack's own resources that may
    stand there, `suffix` what may follow such a one. `arn` makes an ARN of a name.
    """

    bound: str
    what: str
    keys: str
    content: str = r"(?!)"
    own: str = ""
    suffix: str = ""
    arn: str = ""
    types: str = ""  # of resources in which `keys` count; all where empty

    def of(self, type_: str, key: str, text: str) -> bool:
        """Whether a value is of this kind."""
        return bool(re.match(self.content, text)) or self.by_key(type_, key)

    def by_key(self, type_: str, key: str) -> bool:
        """Whether whatever stands under this property of this type is."""
        return bool(re.fullmatch(self.keys, key, re.IGNORECASE)) and bool(re.match(self.types, type_))

    def named(self, text: str, facts: Facts) -> str:
        """What the bound's patterns are matched against: the ARN, without what follows the thing itself."""
        if self.bound == "hosts":
            return text.lower().rstrip(".")
        if text.startswith("s3://"):
            text = text[5:].split("/", maxsplit=1)[0]
        if self.arn and not text.startswith("arn:"):
            name = text.lstrip("/") if self.bound == "parameters" else text
            text = self.arn.format(partition=facts.partition, region=facts.region, account=facts.account_id) + name
        if self.bound in {"secrets", "parameters"}:
            return ":".join(text.split(":")[:7])
        return text.split("/")[0] if self.bound == "buckets" and text.startswith("arn:") else text

    def pattern(self, pattern: str, facts: Facts) -> str:
        """A pattern of the bounds in the same form."""
        short = self.bound in {"parameters", "buckets", "clusters"} and not pattern.startswith(("arn:", "*"))
        return self.named(pattern, facts) if short else pattern


def tokens(text: str) -> tuple[str, str]:
    """The logical ID that a text begins with, and what follows it; an empty one where it begins with something else."""
    match = re.match(f"{MARK}([^{MARK}]*){MARK}", text)
    return (match[1].split(".")[0], text[match.end() :]) if match else ("", text)


def laundered(key: str, text: str) -> bool:
    """Whether a text is put together of an attribute of a resource and more so that it may lead outside without showing it.

    A name that an author chose ("arn") and what follows it (":aws:sqs:…") are an ARN; so is "ar" with what a name goes on with.
    """
    if MARK not in text:
        return False
    before, _, _ = text.partition(MARK)
    own, rest = tokens(text[len(before) :])
    if not own:  # nobody knows what begins it
        return not before and bool(rest)
    if before in {"a", "ar", "arn"} or (_IDS.fullmatch(key) and (before or rest)):
        return True
    return not before and bool(re.match(r"[a-z]{0,3}:aws|-?[0-9a-f]{8,17}$", rest))


_IDS = re.compile(r"(?i).*(group|subnet|snapshot|filesystem|vpc)_?(ids?|s)")


def shown(text: str) -> str:
    """A text for people: attributes of resources as ``${Table}``, and not too long."""
    text = re.sub(f"{MARK}([^{MARK}]*){MARK}", lambda match: f"${{{match[1] or '…'}}}", text)
    return repr(text if len(text) <= 200 else f"{text[:200]}…")


def buckets_of(pattern: Any) -> list[Any]:
    """The buckets of whose events alone an event pattern asks, by their names; none where it may ask for more."""
    detail = pattern.get("detail") if isinstance(pattern, Mapping) else None
    bucket = detail.get("bucket") if isinstance(detail, Mapping) else None
    names = bucket.get("name") if isinstance(bucket, Mapping) else None
    plain = isinstance(names, list) and all(isinstance(one, str) or intrinsic(one) for one in names)
    return list(names) if isinstance(names, list) and plain and pattern.get("source") == ["aws.s3"] else []


_ANY = ".*"
_SECRETS = "AWS::SecretsManager::(Secret|SecretTargetAttachment)$|AWS::RDS::DB(Instance|Cluster)$"
_ECS = "arn:{partition}:ecs:{region}:{account}"
REACHES = (
    Reach("roles", "the role", r".*role(_?arns?|s)?", r"arn:[^:]*:(iam|sts)::[^:]*:(role|assumed-role)/", "AWS::IAM::Role$",
          arn="arn:{partition}:iam::{account}:role/"),
    Reach("roles", "the instance profile", r".*instanceprofile(_?(arn|name))?", r"arn:[^:]*:iam::[^:]*:instance-profile/",
          "AWS::IAM::InstanceProfile$", arn="arn:{partition}:iam::{account}:instance-profile/"),
    Reach("managed_policies", "the policy", r"managedpolicyarns", r"arn:[^:]*:iam::[^:]*:policy/", "AWS::IAM::ManagedPolicy$"),
    Reach("secrets", "the secret", r"credentialsparameter|secret_?(arn|id)|.*secretarn", r"arn:[^:]*:secretsmanager:",
          _SECRETS, ":", "arn:{partition}:secretsmanager:{region}:{account}:secret:"),
    Reach("parameters", "the parameter", r"valuefrom", r"arn:[^:]*:ssm:[^:]*:[^:]*:parameter", f"AWS::SSM::Parameter$|{_SECRETS}",
          ":", "arn:{partition}:ssm:{region}:{account}:parameter/"),
    Reach("clusters", "the cluster", r"cluster(_?arn)?", r"arn:[^:]*:ecs:[^:]*:[^:]*:cluster/", "AWS::ECS::Cluster$",
          arn=f"{_ECS}:cluster/", types="AWS::ECS::"),
    Reach("arns", "the task definition", r"taskdefinition(_?arn)?", r"arn:[^:]*:ecs:[^:]*:[^:]*:task-definition/",
          "AWS::ECS::TaskDefinition$", arn=f"{_ECS}:task-definition/"),
    Reach("listeners", "the load balancer's part", r"(listener|loadbalancer|targetgroup)_?(arns?|name)",
          r"arn:[^:]*:elasticloadbalancing:", "AWS::ElasticLoadBalancing",
          arn="arn:{partition}:elasticloadbalancing:{region}:{account}:"),
    Reach("hosts", "the host name", r"domainname|aliases|hostedzonename",
          own="AWS::((ApiGateway|ApiGatewayV2|AppSync)::DomainName(V2)?|CloudFront::Distribution|Cognito::UserPoolDomain|"
              "ElasticLoadBalancingV2::LoadBalancer|S3::Bucket)$", types=r"AWS::(?!(OpenSearchService|Elasticsearch)::)"),
    Reach("hosts", "the host name", r"domain", own="(?!)", types=r"AWS::Cognito::UserPoolDomain"),
    Reach("hosts", "the host name", r"name", own="(?!)", types=r"AWS::Route53::RecordSet"),
    Reach("buckets", "the bucket", r".*bucket(_?(name|arn))?", r"arn:[^:]*:s3:|s3://", "AWS::S3::Bucket$", "/",
          "arn:{partition}:s3:::"),
    Reach("arns", "the snapshot", r"snapshot_?ids?", r"snap-[0-9a-f]", "AWS::EC2::Snapshot$",
          arn="arn:{partition}:ec2:{region}:{account}:snapshot/"),
    Reach("arns", "the VPC", r"vpcid", own="AWS::EC2::VPC$", types="AWS::Route53::",
          arn="arn:{partition}:ec2:{region}:{account}:vpc/"),
    Reach("arns", "the key", r"(?!)", r"alias/", arn="arn:{partition}:kms:{region}:{account}:"),
    Reach("arns", "what is scaled", r"resourceid", own="(?!)", types="AWS::ApplicationAutoScaling::",
          arn="arn:{partition}:ecs:{region}:{account}:"),
    Reach("arns", "the log group", r"loggroup(name|identifiers?)", own="AWS::Logs::LogGroup$", types="AWS::Logs::(?!LogGroup$)",
          arn="arn:{partition}:logs:{region}:{account}:log-group:"),
    Reach("arns", "the function", r"functionname", own="AWS::Lambda::(Function|Alias|Version)$",
          types="AWS::Lambda::(?!Function$)", arn="arn:{partition}:lambda:{region}:{account}:function:"),
    Reach("roles", "the identity", r"(role|user|group)(name|s)?|usernames", own="AWS::IAM::(Role|User|Group)$",
          types="AWS::IAM::(?!(Role|User|Group|InstanceProfile)$)", arn="arn:{partition}:iam::{account}:role/"),
    Reach("roles", "the group", r"groups", own="AWS::IAM::Group$", types="AWS::IAM::User$",
          arn="arn:{partition}:iam::{account}:group/"),
    Reach("subnets", "the subnet", r"(vpc)?subnet(_?id)?s?", r"subnet-", "AWS::EC2::Subnet$"),
    Reach("security_groups", "the security group", r".*securitygroup(_?id)?s?", r"sg-", "AWS::EC2::(SecurityGroup|VPC)$"),
    Reach("arns", "the access point", r"access_?point_?id", r"fsap-[0-9a-f]", "AWS::EFS::AccessPoint$",
          arn="arn:{partition}:elasticfilesystem:{region}:{account}:access-point/"),
    Reach("arns", "the file system", r"file_?system_?id", r"fs-[0-9a-f]", "AWS::EFS::FileSystem$",
          arn="arn:{partition}:elasticfilesystem:{region}:{account}:file-system/"),
    Reach("arns", "the namespace", r"namespace", types=r"AWS::ECS::(Service|Cluster)$",
          own=r"AWS::ServiceDiscovery::(Http|PrivateDns|PublicDns)Namespace$",
          arn="arn:{partition}:servicediscovery:{region}:{account}:namespace/"),
    Reach("arns", "the event bus", r"eventbusname", own="AWS::Events::EventBus$",
          arn="arn:{partition}:events:{region}:{account}:event-bus/", types="AWS::Events::"),
    Reach("images", "the image", r"image", types=r"AWS::ECS::"),
    Reach("images", "the image", r"imageuri"),
    Reach("security_groups", "the security group", r"groupid", own="AWS::EC2::(SecurityGroup|VPC)$", types="AWS::EC2::"),
    Reach("arns", "the resource", r".*arns?", r"arn:", _ANY, _ANY),
)  # fmt: skip
