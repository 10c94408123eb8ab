"""AWS's wordings, cut down to what a person needs. Pure.

`trimmed` leaves out what only AWS's support can use: tokens, request ids, what called whom. `brief` says the same in one short
line, where it is known how; the words themselves follow it. An unknown wording is told as it is.
"""

import re
from collections.abc import Callable

from fargate_operator.messages import cut

MOST_BRIEF = 85  # characters: the first line of a message has 120, and says whose the reason is as well
_HANDLER = re.compile(
    r'Resource handler returned message: "(.*?)"?\s*\(RequestToken: [^,)]*(?:, HandlerErrorCode: (\w+))?\)', re.DOTALL
)
_SERVICE = re.compile(
    r"\s*\((?:Service|RequestToken|Request ID|SDK Attempt Count)\s*:[^()]*?(?:Error Code: (\w+)[^()]*)?\)\.?", re.IGNORECASE
)
_SAYS_NOTHING = {
    "GeneralServiceException", "InvalidRequest", "ClientException", "ValidationException", "InvalidParameterException",
    "InvalidParameterValueException", "BadRequestException", "ValidationError",
}  # fmt: skip
_SAID = {  # code → words that say the same
    "NotFound": "not found|not exist|no such|not be found",
    "AlreadyExists": "already exist|in use",
    "AccessDenied": "not authorized|denied|permission",
    "ServiceLimitExceeded": "limit|quota|maximum",
    "Throttling": "throttl|rate exceeded",
    "NotStabilized": "stabili[sz]",
    "ResourceConflict": "conflict",
    "UnauthorizedTaggingOperation": "tag",
}


def trimmed(reason: str) -> str:
    """A reason without its wrapping; the handler's code is kept where it says more than the words."""
    codes: list[str] = []

    def unwrap(found: re.Match[str]) -> str:
        codes.append(found[2] or "")
        return found[1]

    def service(found: re.Match[str]) -> str:
        codes.append(found[1] or "")
        return ""

    text = _SERVICE.sub(service, _HANDLER.sub(unwrap, reason))
    text = " ".join(text.split()).strip(' "')
    for code in dict.fromkeys(codes):
        if code and code not in _SAYS_NOTHING and not _says(text, code):
            text = f"{text.rstrip('.')} ({code})"
    return text


def _says(text: str, code: str) -> bool:
    words = re.sub(r"(Exception|Error)$", "", code)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).lower()
    return words in text or plain in text.lower() or bool(re.search(_SAID.get(words, "$^"), text, re.IGNORECASE))


def image(reference: str) -> str:
    """An image by its repository and tag, or the beginning of its digest."""
    name, _, digest = reference.strip("\"'.:,").rpartition("/")[2].partition("@sha256:")
    return f"{name}@sha256:{digest[:12]}" if digest else name


def last(arn: str) -> str:
    """What an ARN names."""
    return re.split(r"[:/]", arn.strip("\"'.,"))[-1]


_WHY = {  # a part of AWS's "because …" → in short; the first that fits
    "permissions boundary": "its permissions boundary",
    "service control policy": "a service control policy",
    "explicit deny": "explicitly denied",
}


def _denied(found: re.Match[str]) -> str:
    who = re.search(r"assumed-role/([^/\s]+)", found[0])
    because = next((f" ({short})" for words, short in _WHY.items() if words in (found[3] or "")), "")
    return f"{who[1] + ' is ' if who and len(who[1]) <= 30 else ''}not authorized to perform {found[1]}{because}"


def _call(found: re.Match[str]) -> str:
    return f"its role may not call {found[1]}" + (f" on {found[2]}" if found[2] else "")


def _bound(found: re.Match[str]) -> str:
    return f"{found[1][:1].upper()}{found[1][1:]} must be at {'most' if found[2] == 'less' else 'least'} {found[3]}"


_BRIEF: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        r"(?:User: )?\S* is not authorized to perform:? ([\w-]+:\w+)(?: on (?:the )?resource:? (\S+))?(?: because (.*))?",
        _denied,
    ),
    (r"with identifier '(?:\{.*:\"([^\"]+)\"\}|([^']+))' already exists", lambda m: f"{m[1] or m[2]} already exists"),
    (r"circuit breaker", lambda _: "its tasks fail, and ECS's circuit breaker ended the rollout"),
    (r"deployment (?:failed: )?alarm", lambda _: "an alarm of its deployment ended the rollout"),
    (r"Source image (\S+) (?:does not exist|is not valid|was not found)", lambda m: f"the image {image(m[1])} does not exist"),
    (r"does not have permission to access the ECR image", lambda _: "Lambda may not read the image: the repository's policy"),
    (r"role defined for the function cannot be assumed", lambda _: "its role cannot be assumed by Lambda"),
    (r"execution role does not have permissions to call (\w+)(?: on (\w+))?", _call),
    (r"'(\w+)' (?:value )?failed to satisfy constraint: Member must have value (less|greater) than or equal to (\d+)", _bound),
    (r"Error occurred while GetObject\. S3 Error Code: (\w+)", lambda m: f"its code cannot be read from S3 ({m[1]})"),
    (
        r"media type for the source image (\S+) is not supported",
        lambda m: f"the image {image(m[1])} is of a kind that Lambda does not take",
    ),
)


def brief(said: str) -> str:
    """The same in one line of at most `MOST_BRIEF` characters."""
    for pattern, words in _BRIEF:
        if found := re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            short = words(found)
            return short if len(short) < len(said) or "circuit breaker" in short else said
    return said if len(said) <= MOST_BRIEF else cut(_sentence(said), MOST_BRIEF)


def _sentence(said: str) -> str:
    """The first sentence, where it has some length."""
    end = re.search(r"(?<=\w{2}[.;])\s", said)
    return said[: end.start()].rstrip(".;") if end and end.start() > 30 else said
