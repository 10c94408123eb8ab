"""The app's HTTP API, shared by the routes of its functions, and cross-origin requests. Pure.

See https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Arn, Duration, Key, Strict, Text, need, text

AWS_IAM = "AWS_IAM"  # the authorizer that needs no definition
Texts = Annotated[list[Text], Field(max_length=100)]
_API = "AWS::ApiGatewayV2::Api"
_AUTHORIZER = "AWS::ApiGatewayV2::Api Body.components.securitySchemes"
Host = Annotated[str, StringConstraints(strict=True, pattern=r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)]


IdentitySource = Annotated[
    str,
    StringConstraints(
        strict=True, pattern=r"^\$(request\.header|request\.querystring|stageVariables|context)\.[A-Za-z0-9._-]+$", max_length=256
    ),
]


class Cors(Strict):
    """Cross-origin requests."""

    allow_origins: Texts | None = text("Origins that may call", default="none", aws=f"{_API} and AWS::Lambda::Url AllowOrigins")
    allow_methods: Texts | None = text(
        "Methods that may be used", default="none", aws=f"{_API} and AWS::Lambda::Url AllowMethods"
    )
    allow_headers: Texts | None = text(
        "Headers that may be sent", default="none", aws=f"{_API} and AWS::Lambda::Url AllowHeaders"
    )
    max_age: Duration | None = text(
        "How long a browser may remember the answer, up to 24h", default="not at all", aws=f"{_API} and AWS::Lambda::Url MaxAge"
    )


class JwtAuthorizer(Strict):
    """Lets in who brings a JSON web token of the issuer for one of the audiences."""

    issuer: Annotated[str, StringConstraints(strict=True, pattern=r"^(https://|\$\{)", max_length=256)] = need(
        "URL of the issuer", aws=f"{_AUTHORIZER} jwtConfiguration.issuer"
    )
    audience: Annotated[list[Text], Field(min_length=1, max_length=50)] = need(
        "Audiences, one of which the token must be for", aws=f"{_AUTHORIZER} jwtConfiguration.audience"
    )


class LambdaAuthorizer(Strict):
    """Lets in whom a function of the app lets in, by the simple response format."""

    function: Text = need("A name in functions", aws=f"{_AUTHORIZER} authorizerUri, AWS::Lambda::Permission")
    identity_sources: Annotated[list[IdentitySource], Field(min_length=1, max_length=10)] | None = text(
        "What of the request the answer is remembered by, and without which a request is refused",
        default="$request.header.Authorization",
        aws=f"{_AUTHORIZER} identitySource",
    )
    ttl: Duration | None = text(
        "How long an answer is remembered, up to 1h", default="not at all", aws=f"{_AUTHORIZER} authorizerResultTtlInSeconds"
    )


class Authorizer(Strict):
    """Who may call a route: one kind each."""

    jwt: JwtAuthorizer | None = text("By JSON web token", aws=_AUTHORIZER)
    lambda_: LambdaAuthorizer | None = text("By a function", aws=_AUTHORIZER, alias="lambda")

    cel = [{"rule": "has(self.jwt) != has(self.lambda)", "message": "an authorizer has exactly one kind: jwt or lambda"}]


class Domain(Strict):
    """The API's own host name."""

    name: Host = need("The host name; its DNS record is yours to make", aws="AWS::ApiGatewayV2::DomainName DomainName")
    certificate_arn: Arn = need(
        "ACM certificate of the app's region", aws="AWS::ApiGatewayV2::DomainName DomainNameConfigurations.CertificateArn"
    )


class HttpApi(Strict):
    """The HTTP API that the httpApi events share."""

    cors: Cors | None = text("Cross-origin requests", default="none", aws=f"{_API} Body.x-amazon-apigateway-cors")
    authorizers: Annotated[dict[Key, Authorizer], Field(max_length=10)] | None = text(
        "By name; who may call", default="none", aws=_AUTHORIZER
    )
    domain: Domain | None = text(
        "A host name of its own", default="none", aws="AWS::ApiGatewayV2::DomainName, AWS::ApiGatewayV2::ApiMapping"
    )
