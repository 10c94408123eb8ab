"""ECS's wordings for a task that could not be started or was stopped, each in one short line for people. Pure.

The words are those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html, and of
what users of Fargate have shown. They change: what is not known here is told in AWS's own words.
"""

import re
from collections.abc import Callable

from fargate_operator.shortage import excerpt, lacks_capacity
from fargate_operator.wordings import image, last

_NETWORK = re.compile(
    r"i/o timeout|dial tcp|deadline exceeded|connection (?:refused|reset|issue)|no such host|TLS handshake|request ?canceled|"
    r"RequestError|network configuration|Client\.Timeout|\bEOF\b|unreachable|Failed to connect|timed? ?out",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b40[13]\b|denied|not authorized|unauthori[sz]ed|no basic auth|authorization failed|Forbidden|no pull access", re.IGNORECASE
)
_MISSING = re.compile(
    r"not ?found|manifest unknown|does not exist|name unknown|\b404\b|can't find|NoSuch|invalid (?:ssm )?parameters?",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"""(?:resolve ref|reference|manifest for|image|repository|pull)\s+['"]?"""
    r"""((?:[\w.-]+(?::\d+)?/)*[\w.-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)""",
    re.IGNORECASE,
)
_PLATFORM = re.compile(
    r"(?:descriptor matching|no match(?:ing manifest)? for|no matching) platform\W*(?:in manifest\W*)?([\w/]+)?", re.IGNORECASE
)
_SECRET = re.compile(
    r"(?:secret|parameters?:?|resource:?)\s+['\"\[]*((?:arn:[\w-]+:(?:secretsmanager|ssm):\S+)|/[\w./-]+)", re.IGNORECASE
)


def brief(words: str) -> str:
    """One line; empty where the words are not known."""
    for kind, explain in _KINDS:
        if re.search(kind, words, re.IGNORECASE):
            return explain(words)
    return excerpt(words) if lacks_capacity(words) else ""


def _pull(words: str) -> str:
    found = [one for one in _REFERENCE.findall(words) if "/" in one or ":" in one]
    what = f"the image {image(found[0])}" if found else "the image"
    if platform := _PLATFORM.search(words):
        return f"{what} was not built for {platform[1] or 'this processor'}"
    if re.search(r"toomanyrequests|\b429\b|rate limit", words, re.IGNORECASE):
        return f"{what} cannot be pulled: the registry's rate limit is reached"
    if re.search("no space left", words, re.IGNORECASE):
        return f"{what} is larger than the task's disk (ephemeralStorageGiB)"
    if _REFUSED.search(words):
        return f"{what} cannot be pulled: the registry refuses it"
    if _MISSING.search(words):
        return f"{what} cannot be pulled: it does not exist"
    if _NETWORK.search(words):
        return f"{what} cannot be pulled: no way to the registry from the subnets"
    return f"{what} cannot be pulled"


def _secret(words: str) -> str:
    found = _SECRET.search(words)
    named = found[1] if found else ""
    what = f"the {'parameter' if ':ssm:' in named or named.startswith('/') else 'secret'} {_name(named)}" if named else "a secret"
    if key := re.search(r"did not contain json key (\S+)", words):
        return f"{what} has no key {key[1].rstrip('.,;')}"
    if not named and re.search(r"retrieve ecr registry auth|GetAuthorizationToken", words, re.IGNORECASE):
        refused = _REFUSED.search(words) and not _NETWORK.search(words)
        return "ECR cannot be asked for a login: " + (
            "the execution role may not" if refused else "no way to ECR from the subnets"
        )
    if "KMS" in words or "kms:" in words:
        return f"{what} cannot be read: the execution role may not use its key"
    if _REFUSED.search(words):
        return f"{what} cannot be read: the execution role may not"
    if _MISSING.search(words):
        return f"{what} does not exist"
    if _NETWORK.search(words):
        return f"{what} cannot be read: no way to it from the subnets"
    return f"{what} cannot be read"


def _name(arn: str) -> str:
    """A secret's name, a parameter's path."""
    plain = arn.rstrip(".,;:]'\"")
    name = plain.partition(":parameter")[2] if ":parameter/" in plain else plain.split(":secret:", 1)[-1].split(":")[0]
    return name if len(name) <= 40 else f"…{name[-39:]}"


def _log(words: str) -> str:
    if re.search(r"log group does not exist|ResourceNotFound|cannot find the Amazon CloudWatch log group", words, re.IGNORECASE):
        return "the log group does not exist, or cannot be reached"
    if _REFUSED.search(words):
        return "logs cannot be written: the execution role may not"
    return "logs cannot be written: no way to CloudWatch Logs from the subnets"


def _efs(words: str) -> str:
    system = re.search(r"\bfs-[0-9a-f]+", words)
    what = f"the file system {system[0]}" if system else "the file system"
    if re.search("No such file or directory", words, re.IGNORECASE):
        return f"{what} cannot be mounted: it has no such directory"
    if re.search("access denied|not authorized", words, re.IGNORECASE):
        return f"{what} cannot be mounted: access denied"
    if re.search("resolve", words, re.IGNORECASE):
        return f"{what} cannot be mounted: it has no mount target in these zones"
    if _NETWORK.search(words):
        return f"{what} cannot be mounted: its security group does not let the task in"
    return f"{what} cannot be mounted"


def _role(words: str) -> str:
    found = re.search(r"assume the (?:provided |service linked )?role '?(arn:[^\s']+|[\w+=,.@/-]+)", words)
    named = found[1] if found and found[1] not in {"that", "provided"} else ""
    return f"ECS cannot assume the role {last(named)}" if named else "ECS cannot assume the task's role"


def _address(words: str) -> str:
    subnet = re.search(r"\bsubnet-[0-9a-f]+", words)
    return f"the subnet {subnet[0]} has no free addresses" if subnet else "the subnets have no free addresses"


def _start(words: str) -> str:
    if missing := re.search(r'exec: \\?"(.+?)\\?": (?:executable file not found|stat)|stat ([^:\s]+): no such file', words):
        return f"the container cannot start: {missing[1] or missing[2]} is not in the image"
    if re.search("permission denied", words, re.IGNORECASE):
        return "the container cannot start: its command may not be executed (permission denied)"
    return ""


_KINDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"exec format error", lambda _: "the container cannot run on this processor (exec format error)"),
    (r"OutOfMemory|memory usage|\bOOM", lambda _: "the container ran out of memory (exit code 137)"),
    (r"CannotPull\w*Error|pull image manifest|failed to pull", _pull),
    (r"EFS utils|mount\.nfs4|efs volume", _efs),
    (r"logger args|logging driver|log group", _log),
    (r"secrets? or registry auth|(?:retrieve|fetch) secret|secrets? from (?:asm|ssm)|secrets manager", _secret),
    (r"unable to assume the", _role),
    (r"free addresses|InsufficientFreeAddresses|no (?:free|available) (?:private )?(?:IP )?address", _address),
    (r"network interfaces? .*limit|NetworkInterfaceLimit|ENI limit", lambda _: "the quota of network interfaces is reached"),
    (r"network interface provisioning", lambda _: "the task got no network interface in time"),
    (r"CannotStartContainer|CannotCreateContainer|ContainerRuntime|failed to create.*task", _start),
)
