"""boto's errors as the operator's three, in one table."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, ValidationError

from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError, Terminal, Transient
from fargate_operator.masking import masked

THROTTLED = {
    "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "LimitExceededException",
    "SlowDown", "ServerBusy",
}  # fmt: skip
_DENIED = {
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken", "ExpiredTokenException",
    "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch",
}  # fmt: skip
_BARE = {"400", "403"}  # all that S3 says to a HEAD, which is answered without a body: credentials that expired give 400


def code(error: ClientError) -> str:
    """AWS's code of the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """AWS's words."""
    return str(error.response.get("Error", {}).get("Message", ""))


def translate(error: Exception, doing: str) -> ReconcileError:
    """`doing` is what was tried, as in "CreateStack"."""
    if isinstance(error, ClientError):
        said = f"{doing}: {masked(message(error))} ({code(error)})"
        if code(error) in THROTTLED:
            return Transient(Reason.Throttled, said)
        if code(error) in _DENIED:
            return Transient(Reason.AccessDenied, said)
        if code(error) in _BARE:
            return Transient(Reason.AccessDenied, f"{said}; S3 says no more: a right is missing, or the credentials have expired")
        if int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)) >= 500:
            return Transient(Reason.AwsUnavailable, said)
        return Terminal(Reason.AwsRefused, said, outside=True)
    if isinstance(error, ParamValidationError | ValidationError):  # it was not sent, and never will be as it is
        return Terminal(Reason.AwsRefused, f"{doing}: {' '.join(str(error).split())}", outside=True)
    return Transient(Reason.AwsUnavailable, f"{doing}: {error}")


def stray(error: Exception) -> Exception:
    """An error of boto's that no table has met, as the operator's; any other as it is."""
    if isinstance(error, ClientError | BotoCoreError):
        return translate(error, getattr(error, "operation_name", None) or "AWS")
    return error


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Inside, boto's errors become the operator's."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, doing) from error
