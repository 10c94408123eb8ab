"""The API server: FargateApps as plain dicts, and Events. A thin edge; errors are the operator's own."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fargate_operator.conditions import Reason
from fargate_operator.crd import GROUP, PLURAL, VERSION
from fargate_operator.errors import Terminal, Transient, Waiting
from fargate_operator.kube_objects import Objects
from fargate_operator.messages import about, fit
from fargate_operator.queue import Key
from fargate_operator.status import EventNote
from fargate_operator.stopping import Stop

FINALIZER = f"{GROUP}/stack"
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
TIMEOUT = (5, 30)  # seconds to connect, to answer
REPEAT = 3600.0  # seconds in which an Event is not told twice


class Kube:
    """FargateApps and their Events. Once `stop` is shut nothing is written."""

    def __init__(self, api: Any, stop: Stop | None = None) -> None:
        self.stop = stop or Stop()
        self._objects = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)
        self.objects = Objects(api)
        self._told: dict[str, dict[tuple[str, str], float]] = {}  # by uid: reason and message → when

    def get(self, key: Key) -> dict[str, Any] | None:
        """The object as it is now; None when it is gone."""
        namespace, name = key
        with _translated("get"):
            try:
                found: Any = self._objects.get_namespaced_custom_object(
                    GROUP, VERSION, namespace, PLURAL, name, _request_timeout=TIMEOUT
                )
            except ApiException as error:
                if error.status == 404:
                    return None
                raise
            return dict(found)

    def set_finalizer(self, item: Mapping[str, Any], *, present: bool) -> dict[str, Any]:
        """Put the finalizer on or take it off, with resourceVersion, so that nobody else's is lost."""
        metadata = item["metadata"]
        others = [one for one in metadata.get("finalizers") or () if one != FINALIZER]
        finalizers = [*others, FINALIZER] if present else others
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
        self.stop.check()
        with _translated("patch"):
            changed: Any = self._objects.patch_namespaced_custom_object(
                GROUP, VERSION, metadata["namespace"], PLURAL, metadata["name"], body, _request_timeout=TIMEOUT
            )
            return dict(changed)

    def put_status(self, item: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the status, of this very object only."""
        metadata = item["metadata"]
        kept = {name: metadata[name] for name in ("namespace", "name", "uid", "resourceVersion")}
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "FargateApp", "metadata": kept, "status": status}
        self.stop.check()
        with _translated("put status"):
            changed: Any = self._objects.replace_namespaced_custom_object_status(
                GROUP, VERSION, metadata["namespace"], PLURAL, metadata["name"], body, _request_timeout=TIMEOUT
            )
            return dict(changed)

    def tell(self, item: Mapping[str, Any], note: EventNote) -> None:
        """Post an Event; one of the same once an hour, though counts differ. That it cannot be posted never fails a reconcile."""
        metadata = item["metadata"]
        seen, now = (note.reason, about(note.message)), time.monotonic()
        told = {one: at for one, at in self._told.get(metadata["uid"], {}).items() if now - at < REPEAT}
        if seen in told:
            return
        self._told[metadata["uid"]] = {**told, seen: now}
        self.stop.check()
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body: Any = {
            "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": "FargateApp",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "type": note.type,
            "reason": note.reason,
            "message": fit(note.message),
            "source": {"component": "fargate-operator"},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        try:
            self._core.create_namespaced_event(metadata["namespace"], body, _request_timeout=TIMEOUT)
        except (ApiException, urllib3.exceptions.HTTPError):
            self._told.get(metadata["uid"], {}).pop(seen, None)

    def forget(self, uid: str) -> None:
        """The object is gone: what was told of it is not told again."""
        self._told.pop(uid, None)

    def cluster_id(self) -> str:
        """The uid of kube-system: who this cluster is."""
        with _translated("get kube-system"):
            namespace: Any = self._core.read_namespace("kube-system", _request_timeout=TIMEOUT)
            return str(namespace.metadata.uid)

    def keys(self, namespaces: tuple[str, ...]) -> set[Key]:
        """Every object there is, by pages of metadata."""
        found: set[Key] = set()
        for namespace in namespaces or (None,):
            token: str | None = ""
            while token is not None:
                with _translated("list"):
                    more: dict[str, Any] = {
                        "limit": 500,
                        "_headers": {"Accept": _METADATA},
                        "_request_timeout": TIMEOUT,
                        **({"_continue": token} if token else {}),
                    }
                    page: Any = (
                        self._objects.list_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, **more)
                        if namespace
                        else self._objects.list_cluster_custom_object(GROUP, VERSION, PLURAL, **more)
                    )
                found |= {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in page["items"] or ()}
                token = page["metadata"].get("continue") or None
        return found


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if error.status == 409:
            raise Waiting(Reason.Conflict, f"{doing}: the object has changed meanwhile", after=0.2) from error
        if error.status in {400, 422}:
            raise Terminal(Reason.InternalError, f"{doing}: the API server refused it: {error.body}") from error
        raise Transient(Reason.ApiUnavailable, f"{doing}: {error.status} {error.reason}") from error
    except urllib3.exceptions.HTTPError as error:
        raise Transient(Reason.ApiUnavailable, f"{doing}: {getattr(error, 'reason', None) or type(error).__name__}") from error
