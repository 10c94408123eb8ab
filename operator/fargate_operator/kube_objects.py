"""The API server's ConfigMaps and Secrets: as metadata wherever that is enough. A thin edge; errors are the operator's own.

It goes below the client's generated calls, which take no metadata for an answer and put whole bodies into their errors. What it
reads is never logged: a Secret's annotations may hold all of it (kubectl's last-applied-configuration).
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from fargate_operator.conditions import Reason
from fargate_operator.errors import Transient
from fargate_operator.facts import ConfigMap, config_map
from fargate_operator.fragments.environment_from import CONFIG_MAPS, SECRETS

PLAIN = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
TIMEOUT = (5, 30)  # seconds to connect, to answer
PAGE = 500
STREAM = 290  # seconds after which the API server ends a watch
SILENCE = (5, 120)  # seconds to connect, and without a word: bookmarks come about every minute, so that the connection is dead


class Gone(Exception):
    """The version that a watch was to begin at is too old: list anew."""


class Forbidden(Transient):
    """The API server does not let the operator do it."""


@dataclass(frozen=True, slots=True, repr=False)
class SecretObject:
    """A Secret with its values. It lives as long as the call that needs them, and shows none."""

    version: str
    data: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"SecretObject({self.version}, {len(self.data)} keys)"


class Objects:
    """ConfigMaps and Secrets by namespace and name; a version is ``<uid>/<resourceVersion>``."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def version(self, kind: str, namespace: str, name: str) -> str | None:
        """By its metadata only; None where it is not there."""
        found = self._read(kind, namespace, name, METADATA)
        return _version(found) if found else None

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        """The whole ConfigMap. Its binaryData gives no variables, as in Kubernetes."""
        found = self._read(CONFIG_MAPS, namespace, name, PLAIN)
        return config_map(found.get("data") or {}, _version(found)) if found else None

    def secret(self, namespace: str, name: str) -> SecretObject | None:
        """The whole Secret."""
        found = self._read(SECRETS, namespace, name, PLAIN)
        if found is None:
            return None
        return SecretObject(_version(found), {key: base64.b64decode(one) for key, one in (found.get("data") or {}).items()})

    def list(self, kind: str, namespace: str | None) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Every (namespace, name, version), by pages of metadata, each with the list's own version, at which a watch begins."""
        token = ""
        while True:
            query = [("limit", PAGE), *([("continue", token)] if token else [])]
            with self._answer(kind, "list", namespace, "", LIST, query, TIMEOUT) as answer:
                page = json.loads(answer.data)
            for one in page.get("items") or ():
                yield _named(one), page["metadata"]["resourceVersion"]
            token = page["metadata"].get("continue") or ""
            if not token:
                yield ("", "", ""), page["metadata"]["resourceVersion"]
                return

    def watch(self, kind: str, namespace: str | None, since: str) -> Iterator[tuple[str, tuple[str, str, str], str]]:
        """(type, (namespace, name, version), resourceVersion) of each event, bookmarks too, until the API server ends it."""
        query = [("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", since), ("timeoutSeconds", STREAM)]
        with self._answer(kind, "watch", namespace, "", METADATA, query, SILENCE) as answer:
            for line in _lines(answer):
                event = json.loads(line)
                found = event["object"]
                if event["type"] == "ERROR":
                    if found.get("code") == 410:
                        raise Gone
                    raise Transient(Reason.ApiUnavailable, f"watch {kind}: {found.get('code')} {found.get('reason')}")
                yield event["type"], _named(found), found["metadata"]["resourceVersion"]

    def _read(self, kind: str, namespace: str, name: str, accept: str) -> dict[str, Any] | None:
        with self._answer(kind, "get", namespace, name, accept, [], TIMEOUT) as answer:
            if answer.status == 404:
                return None
            found: dict[str, Any] = json.loads(answer.data)
            return found

    def _answer(
        self, kind: str, verb: str, namespace: str | None, name: str, accept: str, query: Any, timeout: tuple[int, int]
    ) -> "_Answer":
        place = f"/api/v1/namespaces/{namespace}/{kind}" if namespace else f"/api/v1/{kind}"
        what = self._api.param_serialize(
            "GET",
            f"{place}/{name}" if name else place,
            query_params=query,
            header_params={"Accept": accept},
            auth_settings=["BearerToken"],
        )
        with _Translated(f"{verb} {kind}"):
            answer = self._api.call_api(*what, _request_timeout=timeout).response
        if answer.status >= 400 and not (answer.status == 404 and name):
            answer.close()
            _refuse(answer.status, str(answer.reason or ""), kind, verb, namespace)
        return _Answer(answer, f"{verb} {kind}")


def _refuse(status: int, reason: str, kind: str, verb: str, namespace: str | None) -> None:
    if status == 410:
        raise Gone
    if status == 403:
        where = f"in namespace {namespace}" if namespace else "in all namespaces"
        wrong = f"the API server does not let the operator {verb} {kind} {where}"
        raise Forbidden(Reason.AccessDenied, f"{wrong}; its service account needs the right to {verb} {kind} there")
    raise Transient(Reason.ApiUnavailable, f"{verb} {kind}: {status} {reason}")


class _Translated:
    """Inside, what goes wrong on the wire becomes the operator's error, without any of what was read."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, urllib3.exceptions.HTTPError | OSError):
            raise Transient(Reason.ApiUnavailable, f"{self._doing}: {type(error).__name__}") from None
        if isinstance(error, ValueError):  # what is no JSON, whose error would quote it
            raise Transient(Reason.ApiUnavailable, f"{self._doing}: the answer cannot be read") from None


class _Answer(_Translated):
    """An answer whose connection goes back to the pool when its context ends well, and is closed when it does not."""

    def __init__(self, answer: Any, doing: str) -> None:
        super().__init__(doing)
        self._answer = answer

    def __enter__(self) -> Any:
        return self._answer

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._answer.drain_conn()  # a 404's body, too: what is left in a connection would be the next request's answer
            self._answer.release_conn()
        else:
            self._answer.close()
        super().__exit__(kind, error, trace)


def _version(found: Mapping[str, Any]) -> str:
    return f"{found['metadata']['uid']}/{found['metadata']['resourceVersion']}"


def _named(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Namespace, name and version; a bookmark has none of them."""
    metadata = found["metadata"]
    if "name" not in metadata:
        return "", "", ""
    return metadata["namespace"], metadata["name"], _version(found)


def _lines(answer: Any) -> Iterator[bytes]:
    rest = b""
    for part in answer.stream(amt=None, decode_content=False):
        *whole, rest = (rest + part).split(b"\n")
        yield from (line for line in whole if line.strip())
