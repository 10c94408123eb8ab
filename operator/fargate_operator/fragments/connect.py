"""ECS Service Connect: services that find each other by name. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html.
"""

from fargate_operator.fragments.values import Strict, Text, need, text

_CONNECT = "AWS::ECS::Service ServiceConnectConfiguration"


class Connect(Strict):
    """The service's name in a namespace, and its access to the others there."""

    namespace: Text = need("An ARN of a Cloud Map namespace, or the name of one of the app's own", aws=f"{_CONNECT}.Namespace")
    name: Text | None = text(
        "What others call it, on its port; needs port",
        default="the service's key where it has a port",
        aws=f"{_CONNECT}.Services.ClientAliases.DnsName",
    )
