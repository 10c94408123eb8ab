"""Every way around the bounds is refused by name, and allowed when the bounds say so; what is allowed carries boundary and path."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.bounds import BadBounds, Bounds, matches, parse_bounds
from fargate_operator.compiler import compile_app
from fargate_operator.errors import InvalidSpec, OutOfBounds
from fargate_operator.facts import Copied, Facts, Listener, Subnets, config_map
from fargate_operator.fragments.network import DEFAULT_NETWORK
from fargate_operator.model import App, network_questions
from fargate_operator.parsing import parse_app
from fargate_operator.police import police
from fargate_operator.template import Template
from golden_cases import CASES, app, facts
from ways_around import ACCOUNT, BASE, CONFIG_MAPS, DEFAULT, SECRETS
from ways_hidden import ALL_WAYS as WAYS

OWN = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop-apprepository-0"  # of an image that the app builds
ALL = {
    "default": {
        **DEFAULT,
        **{name: ["*"] for name in ("stackNames", "roles", "managedPolicies", "secrets", "parameters", "kubernetesSecrets", "gitRepositories", "clusters", "listeners",
           "hosts", "buckets", "securityGroups", "images", "arns", "imports", "exports", "dynamicReferences", "transforms")},
        "resourceTypes": ["*", "AWS::IAM::*", "AWS::CloudFormation::*", "Custom::*"],
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
        "statements": True, "exec": True, "adoption": True, "resourcePolicies": True,
    }
}  # fmt: skip


def judged(spec: dict, bounds: dict, namespace: str = "team-a") -> Template:
    kept = {name: value for name, value in {**BASE, **spec}.items() if value is not None}
    one = parse_app({"metadata": {"name": "shop", "namespace": namespace}, "spec": kept})
    found = known(one)
    return police(one, compile_app(one, found), parse_bounds(yaml.safe_dump(bounds)).of(namespace), found)


def known(one: App) -> Facts:
    subnets = {DEFAULT_NETWORK: Subnets("vpc-1", ("subnet-1",))}
    for key, asked in network_questions(one).items():
        subnets[key] = Subnets("vpc-1", asked if isinstance(asked, tuple) else ("subnet-1",))
    listener = Listener("vpc-1", ("sg-1",), "https://shared.example.com") if one.existing_listener() else None
    images = {name: image.written() or f"{OWN}@sha256:{'0' * 64}" for name, image in (one.spec.images or {}).items()}
    named = {name for _, _, name in one.sources()}
    maps = {name: config_map(data) for name, data in CONFIG_MAPS.items() if name in named}
    copied = {name: Copied("uid/1", tuple(data)) for name, data in SECRETS.items() if name in named}
    own = dict.fromkeys(one.built(), OWN)
    return Facts(
        ACCOUNT, "eu-west-1", subnets=subnets, images=images, listener=listener, config_maps=maps, copied=copied, repositories=own
    )


@pytest.mark.parametrize("name", WAYS)
def test_a_way_around_is_refused_by_field_and_bound(name):
    way = WAYS[name]
    floor = {"deletionPolicy": "Retain"} if way.bound == "deletionPolicy" else {}
    given = {**DEFAULT, **{key: value for key, value in (way.allowed or {}).items() if key != way.bound}, **floor}
    with pytest.raises(InvalidSpec) as caught:
        judged(way.spec, {"default": given if way.bound != "permissionsBoundary" else DEFAULT})
    told = [fault for fault in caught.value.faults if way.bound in fault.message and fault.path.startswith(way.field)]
    assert told, caught.value.message


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.allowed is not None])
def test_and_allowed_when_the_bounds_say_so(name):
    way = WAYS[name]
    judged(way.spec, {"default": DEFAULT, "namespaces": {"team-a": way.allowed}})


@pytest.mark.parametrize("case", CASES)
def test_the_examples_pass_within_wide_bounds_and_their_roles_carry_boundary_and_path(case):
    one = app(case)
    template = police(one, compile_app(one, facts(case)), parse_bounds(yaml.safe_dump(ALL)).of(one.namespace), facts(case))
    roles = [body["Properties"] for body in template.resources.values() if body["Type"] == "AWS::IAM::Role"]
    assert (len(roles) >= 2) == (case != "on-a-platform")  # which brings its own
    assert {(one["PermissionsBoundary"], one["Path"]) for one in roles} <= {
        ("arn:aws:iam::123456789012:policy/boundary", "/fargate/team-a/")
    }


@pytest.mark.parametrize(
    ("subnets", "paths"),
    [
        (["subnet-1", "subnet-2", "subnet-3"], []),
        (["subnet-1", "subnet-2"], ["spec.loadBalancer.subnetIds[1]"]),
        (["subnet-2", "subnet-3"], ["spec.network"]),
    ],
)
def test_a_load_balancers_subnets_are_judged_by_where_they_are_named(subnets, paths):
    services = {"web": {"image": "app", "port": 80, "http": {}}}
    spec = {"services": services, "loadBalancer": {"subnetIds": ["subnet-2", "subnet-3"]}}
    try:
        judged(spec, {"default": {**DEFAULT, "subnets": subnets}})
        told = []
    except OutOfBounds as error:
        told = [one.path for one in error.faults]
    assert told == paths


def test_a_namespace_without_bounds_is_allowed_nothing():
    with pytest.raises(OutOfBounds, match=r"metadata\.namespace: team-a has no bounds"):
        judged({}, {"namespaces": {"team-b": DEFAULT}})


def test_all_faults_are_told_at_once():
    with pytest.raises(OutOfBounds) as caught:
        judged({**WAYS["own statements"].spec, **WAYS["ECS Exec"].spec, "stackName": "x"}, {"default": DEFAULT})
    assert [one.path for one in caught.value.faults] == ["spec.iam.statements", "spec.services.web.exec", "spec.stackName"]


def test_what_belongs_to_the_app_needs_no_bound():
    resources = {
        "Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {}},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "team-a-files"}},
        "Jobs": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}},
        },
        "Dead": {"Type": "AWS::SQS::Queue"},
    }
    container = {"EnvironmentFiles": [{"Type": "s3", "Value": {"Fn::Sub": "${Files.Arn}/web.env"}}]}
    web = {"image": "app", "secrets": {"KEY": "${Key}:password::"}, "overrides": {"container": container}}
    types = ["AWS::SecretsManager::Secret", "AWS::S3::Bucket", "AWS::SQS::Queue"]
    judged({"resources": resources, "services": {"web": web}}, {"default": {**DEFAULT, "resourceTypes": types}})


FINE = {
    "a listener's TLS policy": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}},
    "a password policy": {"Type": "AWS::Cognito::UserPool", "Properties": {"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}},
    "a viewer protocol policy": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DefaultCacheBehavior": {"ViewerProtocolPolicy": "https-only"}}},
    "a lifecycle policy": {"Type": "AWS::ECR::Repository", "Properties": {"LifecyclePolicy": {"LifecyclePolicyText": '{"rules": []}'}}},
    "a search domain's name": {"Type": "AWS::OpenSearchService::Domain", "Properties": {"DomainName": "search"}},
    "an availability zone": {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}}},
    "a name made unique by the stack's id": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Join": ["-", ["news", {
        "Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}]]}}},
    "JSON in a value": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "own", "Value": '{"a": {"b": 1}}'}},
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_reaches_nothing_outside_passes(name):
    bounds = {**DEFAULT, "resourceTypes": ["*"]}
    judged({"resources": {"Thing": FINE[name]}}, {"default": bounds})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a map"),
        ("[", "not YAML"),
        ("default: 1", "default: must be a map"),
        ("other: {}", "other: is not a field here"),
        ("default: {}", "default.permissionsBoundary: is required"),
        ("namespaces: {a: {rolePath: x}}", "namespaces.a.permissionsBoundary: is required; namespaces.a.rolePath: must match"),
        (
            "default: {permissionsBoundary: 'arn:aws:iam::aws:policy/x', rolePath: /a/, rolls: []}",
            "default.rolls: is not a field",
        ),
        ("default: {permissionsBoundary: 'arn:aws:iam::aws:policy/x', rolePath: /a/, exec: 'yes'}", "default.exec: "),
    ],
)
def test_a_bounds_file_that_cannot_be_used_says_why(text, words):
    with pytest.raises(BadBounds) as caught:
        parse_bounds(text)
    assert words in str(caught.value)


def test_a_namespaces_field_displaces_the_defaults_and_the_placeholder_is_the_namespace():
    rules = parse_bounds(
        yaml.safe_dump({"default": {**DEFAULT, "roles": ["*/${namespace}/*"]}, "namespaces": {"b": {"roles": []}}})
    )
    a, b = rules.of("a"), rules.of("b")
    assert isinstance(a, Bounds)
    assert isinstance(b, Bounds)
    assert (a.roles, a.role_path, b.roles, b.role_path) == (("*/a/*",), "/fargate/a/", (), "/fargate/b/")


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        ("a*", "a/b:c", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
        ("a", "ab", False),
    ],
)
def test_patterns_are_those_of_iam(pattern, text, matched):
    assert matches(text, [pattern]) is matched


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "Thing.Arn", "${Thing}", "{{resolve:", "arn:aws:iam::1:role/x", "{"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["Ref", "Fn::GetAtt", "Fn::Join", "Fn::Sub", "Fn::Select", "Fn::Split", "Fn::Transform", "Name",
                                       "Fn::ImportValue", "Key", "Statement", "Tags", "RoleArn", "Policy"]), inner, max_size=2),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["AWS::SNS::Topic", "AWS::IAM::Role", "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ECS::Service"]), VALUES,
       st.dictionaries(st.sampled_from(["Roles", "Conditions", "Path", "Tags", "Cluster"]), VALUES, max_size=3))  # fmt: skip
def test_whatever_is_written_it_is_judged(type_, value, properties):
    spec = {
        "resources": {"Thing": {"Type": type_, "Properties": {**properties, "Value": value}}},
        "outputs": {"Out": {"Value": value, "Export": value}},
    }
    for bounds in ({"default": DEFAULT}, ALL):
        try:
            judged(spec, bounds)
        except InvalidSpec as error:
            assert error.faults
