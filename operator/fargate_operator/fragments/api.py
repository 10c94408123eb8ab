"""The HTTP API: its routes, authorizers and own host name, each a resource of its own. Pure.

Not one OpenAPI body as the Serverless Application Model has it: that names every function, so that a change of one would touch
the API that all share. See https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.events import Event, HttpApiEvent
from fargate_operator.fragments.http_api import AWS_IAM, Authorizer, Cors, Domain, HttpApi, LambdaAuthorizer
from fargate_operator.fragments.values import seconds
from fargate_operator.template import Resource

_API = {"Ref": names.HTTP_API}
_HEADER = "$request.header.Authorization"
_FORMAT = "2.0"  # of the event that a function gets, and of its answer


def cors(value: Cors) -> dict[str, Any]:
    """As both AWS::Lambda::Url and AWS::ApiGatewayV2::Api have it."""
    values: dict[str, Any] = {
        "AllowOrigins": value.allow_origins,
        "AllowMethods": value.allow_methods,
        "AllowHeaders": value.allow_headers,
        "MaxAge": seconds(value.max_age) if value.max_age else None,
    }
    return {name: one for name, one in values.items() if one}


def http_api(spec: HttpApi | None, functions: Mapping[str, Any], tags: Mapping[str, str]) -> Iterable[Resource]:
    """The API, its one stage and its authorizers. `functions` maps a function's key to the ARN by which it is invoked."""
    labels = {"Tags": dict(tags)} if tags else {}
    properties: dict[str, Any] = {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP", **labels}
    if spec and spec.cors:
        properties["CorsConfiguration"] = cors(spec.cors)
    yield Resource(names.HTTP_API, "AWS::ApiGatewayV2::Api", properties)
    stage = {"ApiId": _API, "StageName": "$default", "AutoDeploy": True, **labels}
    yield Resource(names.HTTP_API_STAGE, "AWS::ApiGatewayV2::Stage", stage)
    for name, one in sorted(((spec and spec.authorizers) or {}).items()):
        yield from _authorizer(name, one, functions)


def _authorizer(name: str, spec: Authorizer, functions: Mapping[str, Any]) -> Iterator[Resource]:
    logical_id = names.authorizer(name)
    properties: dict[str, Any] = {"ApiId": _API, "Name": name}
    if spec.jwt:
        jwt = {"Issuer": spec.jwt.issuer, "Audience": spec.jwt.audience}
        properties |= {"AuthorizerType": "JWT", "IdentitySource": [_HEADER], "JwtConfiguration": jwt}
    elif spec.lambda_:
        function = functions[spec.lambda_.function]
        properties |= _by_function(spec.lambda_, function)
        yield _permission(f"{logical_id}Permission", function, "authorizers/*")
    yield Resource(logical_id, "AWS::ApiGatewayV2::Authorizer", properties)


def _by_function(spec: LambdaAuthorizer, function: Any) -> dict[str, Any]:
    gateway = ["arn:", {"Ref": "AWS::Partition"}, ":apigateway:", {"Ref": "AWS::Region"}]
    return {
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": {"Fn::Join": ["", [*gateway, ":lambda:path/2015-03-31/functions/", function, "/invocations"]]},
        "AuthorizerPayloadFormatVersion": _FORMAT,
        "EnableSimpleResponses": True,
        "IdentitySource": spec.identity_sources or [_HEADER],
        "AuthorizerResultTtlInSeconds": seconds(spec.ttl or "0s"),
    }


def routes(function: str, arn: Any, events: Mapping[str, Event] | None, spec: HttpApi | None) -> Iterable[Resource]:
    """One integration for the function of this logical ID, and a route and a permission for each of its httpApi events."""
    made = {name: event.http_api for name, event in sorted((events or {}).items()) if event.http_api}
    if not made:
        return
    integration = f"{function}Integration"
    properties = {"ApiId": _API, "IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": _FORMAT}
    yield Resource(integration, "AWS::ApiGatewayV2::Integration", properties)
    for name, event in made.items():
        stem = f"{function}{names.identifier(name)}"
        target = {"Fn::Join": ["", ["integrations/", {"Ref": integration}]]}
        route = {"ApiId": _API, "RouteKey": event.route, "Target": target, **_authorization(event, spec)}
        # by its key: one that moves to another function, or whose event is renamed, is changed where it stands
        yield Resource(names.route(event.route), "AWS::ApiGatewayV2::Route", route)
        yield _permission(f"{stem}Permission", arn, f"*/{_requests(event.route)}")


def _authorization(event: HttpApiEvent, spec: HttpApi | None) -> dict[str, Any]:
    if event.authorizer is None:
        return {"AuthorizationType": "NONE"}
    if event.authorizer == AWS_IAM:
        return {"AuthorizationType": AWS_IAM}
    one = ((spec and spec.authorizers) or {}).get(event.authorizer)
    kind = "JWT" if one and one.jwt else "CUSTOM"
    return {"AuthorizationType": kind, "AuthorizerId": {"Ref": names.authorizer(event.authorizer)}}


def _requests(route: str) -> str:
    """A route key as the ARN of its requests has it: ``ANY /a/{b}`` is ``*/a/*``."""
    method, _, path = route.partition(" ")
    if not path:
        return method
    steps = ("*" if step.startswith("{") else step for step in path.split("/"))
    return ("*" if method == "ANY" else method) + "/".join(steps)


def _permission(logical_id: str, function: Any, what: str) -> Resource:
    """That the API may invoke a function, for requests of this kind only."""
    account = [":", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":", _API, "/"]
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":execute-api", *account, what]]},
    }
    return Resource(logical_id, "AWS::Lambda::Permission", properties)


def domain(spec: Domain, tags: Mapping[str, str]) -> list[Resource]:
    """The API's own host name."""
    configuration = {"CertificateArn": spec.certificate_arn, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    properties: dict[str, Any] = {"DomainName": spec.name, "DomainNameConfigurations": [configuration]}
    if tags:
        properties["Tags"] = dict(tags)
    mapping = {
        "ApiId": {"Ref": names.HTTP_API},
        "DomainName": {"Ref": names.HTTP_API_DOMAIN},
        "Stage": {"Ref": names.HTTP_API_STAGE},
    }
    return [
        Resource(names.HTTP_API_DOMAIN, "AWS::ApiGatewayV2::DomainName", properties),
        Resource(names.HTTP_API_MAPPING, "AWS::ApiGatewayV2::ApiMapping", mapping),
    ]


def outputs(spec: Domain | None) -> dict[str, Any]:
    """The API's id and URL, and where a DNS record of its own host name must lead."""
    url = ["https://", {"Ref": names.HTTP_API}, ".execute-api.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]
    values: dict[str, Any] = {
        names.HTTP_API_ID_OUTPUT: {"Ref": names.HTTP_API},
        names.HTTP_API_URL_OUTPUT: {"Fn::Join": ["", url]},
    }
    if spec:
        if not spec.name.startswith("*"):  # a wildcard is no address
            values[names.HTTP_API_URL_OUTPUT] = f"https://{spec.name}"
        values[names.HTTP_API_TARGET_OUTPUT] = {"Fn::GetAtt": [names.HTTP_API_DOMAIN, "RegionalDomainName"]}
        values[names.HTTP_API_ZONE_OUTPUT] = {"Fn::GetAtt": [names.HTTP_API_DOMAIN, "RegionalHostedZoneId"]}
    return {name: {"Value": value} for name, value in values.items()}
