"""What the HTTP API, its authorizers and its own host name become. Pure.

See https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html.
"""

from collections.abc import Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.http_api import Authorizer, Cors, Domain, HttpApi
from fargate_operator.fragments.values import seconds
from fargate_operator.template import Resource

_SOURCES = {
    "request.header": "Headers",
    "request.querystring": "QueryStrings",
    "stageVariables": "StageVariables",
    "context": "Context",
}


def cors(value: Cors) -> dict[str, Any]:
    """As both AWS::Lambda::Url and AWS::Serverless::HttpApi have it."""
    values: dict[str, Any] = {
        "AllowOrigins": value.allow_origins,
        "AllowMethods": value.allow_methods,
        "AllowHeaders": value.allow_headers,
        "MaxAge": seconds(value.max_age) if value.max_age else None,
    }
    return {name: one for name, one in values.items() if one}


def http_api(spec: HttpApi | None, functions: Mapping[str, Any], tags: Mapping[str, str], *, iam: bool) -> dict[str, Any]:
    """The AWS::Serverless::HttpApi. `functions` maps a function's name to the ARN to invoke, `iam`: some route wants AWS_IAM."""
    properties: dict[str, Any] = {"Tags": dict(tags)}
    if spec and spec.cors:
        properties["CorsConfiguration"] = cors(spec.cors)
    authorizers = {
        names.identifier(name): _authorizer(one, functions) for name, one in sorted(((spec and spec.authorizers) or {}).items())
    }
    auth: dict[str, Any] = {"Authorizers": authorizers} if authorizers else {}
    if iam:
        auth["EnableIamAuthorizer"] = True
    if auth:
        properties["Auth"] = auth
    return {"Type": "AWS::Serverless::HttpApi", "Properties": properties}


def _authorizer(spec: Authorizer, functions: Mapping[str, Any]) -> dict[str, Any]:
    if spec.jwt:
        jwt = {"issuer": spec.jwt.issuer, "audience": spec.jwt.audience}
        return {"JwtConfiguration": jwt, "IdentitySource": "$request.header.Authorization"}
    if spec.lambda_ is None:
        return {}
    identity: dict[str, Any] = {"ReauthorizeEvery": seconds(spec.lambda_.ttl or "0s")}
    for source in spec.lambda_.identity_sources or ["$request.header.Authorization"]:
        place, _, name = source[1:].partition(".") if source.startswith(("$stage", "$context")) else _request(source)
        identity.setdefault(_SOURCES[place], []).append(name)
    return {
        "FunctionArn": functions[spec.lambda_.function],
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "EnableFunctionDefaultPermissions": True,
        "Identity": identity,
    }


def _request(source: str) -> tuple[str, str, str]:
    request, place, name = source[1:].split(".", 2)
    return f"{request}.{place}", ".", name


def domain(spec: Domain, tags: Mapping[str, str]) -> list[Resource]:
    """The API's own host name. Plain resources: SAM's logical IDs hash the name, and a changed certificate would not tell."""
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
