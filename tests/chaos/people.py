"""People at work: they change their apps at the API server, past its faults, and try again until it has taken a change."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import kubernetes
import urllib3
from kubernetes.client.exceptions import ApiException

from chaos.model import Done
from chaos.schedule import Change
from chaos.specs import Place, Spec, manifest

WHERE = ("fargate-operator.dev", "v1alpha1")
PLURAL = "fargateapps"
AWAY = (ApiException, urllib3.exceptions.HTTPError, OSError)
QUICK = (2, 5)  # seconds to connect, to answer


class People:
    """Each app's changes are made in order; one that is made again waits until its last life has ended."""

    def __init__(self, kubeconfig: str, place: Place) -> None:
        urllib3.disable_warnings()  # the control plane's certificate is its own
        api = kubernetes.config.new_client_from_config(kubeconfig)
        self._objects, self._core = kubernetes.client.CustomObjectsApi(api), kubernetes.client.CoreV1Api(api)
        self._place = place
        self._pending: list[Change] = []
        self._tried: dict[str, float] = {}  # app → when its first pending change was tried first
        self.history: list[Done] = []
        self.refused = ""  # what the API server said last against a change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="people", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            self._act()

    def wish(self, change: Change) -> None:
        """It is made as soon as can be."""
        self._pending.append(change)

    @property
    def idle(self) -> bool:
        """Whether all that was wished is made."""
        return not self._pending

    @property
    def wished(self) -> set[str]:
        """The apps of which a change is not made yet."""
        return {one.app for one in list(self._pending)}

    def _act(self) -> None:
        blocked: set[str] = set()
        for one in list(self._pending):
            if one.app in blocked:
                continue
            began = self._tried.setdefault(one.app, time.monotonic())
            if self._made(one):
                self._tried.pop(one.app)
                self.history = [*self.history, Done(one.app, one.spec, began, time.monotonic())]
                self._pending.remove(one)
            else:
                blocked.add(one.app)

    def _made(self, change: Change) -> bool:
        try:
            if change.spec is None:
                self._delete(change.app)
                return True
            return self._put(change.app, change.spec)
        except AWAY as error:
            self.refused = f"{change.app}: {error}"
            return False

    def _put(self, app: str, spec: Spec) -> bool:
        wanted = manifest(self._place, app, spec)
        found = self.object(app)
        if found is None:
            self._objects.create_namespaced_custom_object(*WHERE, self._place.namespace, PLURAL, wanted, _request_timeout=QUICK)
            return True
        if found["metadata"].get("deletionTimestamp"):
            return False
        body = {**found, "spec": wanted["spec"]}
        self._objects.replace_namespaced_custom_object(*WHERE, self._place.namespace, PLURAL, app, body, _request_timeout=QUICK)
        return True

    def _delete(self, app: str) -> None:
        try:
            self._objects.delete_namespaced_custom_object(*WHERE, self._place.namespace, PLURAL, app, _request_timeout=QUICK)
        except ApiException as error:
            if error.status != 404:
                raise

    def object(self, app: str) -> dict[str, Any] | None:
        """The FargateApp; None where there is none."""
        try:
            found: Any = self._objects.get_namespaced_custom_object(
                *WHERE, self._place.namespace, PLURAL, app, _request_timeout=QUICK
            )
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return dict(found)

    def objects(self) -> dict[str, dict[str, Any]]:
        """All of them, by name."""
        found: Any = self._objects.list_namespaced_custom_object(*WHERE, self._place.namespace, PLURAL, _request_timeout=QUICK)
        return {one["metadata"]["name"]: one for one in found["items"]}

    def settle(self, secret: dict[str, Any]) -> None:
        """A namespace of the story's own, and its Secret."""
        _until(lambda: self._core.create_namespace({"metadata": {"name": self._place.namespace}}))
        _until(lambda: self._core.create_namespaced_secret(self._place.namespace, secret))

    def ask(self, apps: Sequence[str], word: str) -> None:
        """Reconcile them now."""
        body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": word}}}
        for app in apps:
            _until(lambda app=app: self._objects.patch_namespaced_custom_object(*WHERE, self._place.namespace, PLURAL, app, body))


def _until(call: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            call()
        except AWAY as error:
            if getattr(error, "status", None) in {404, 409}:
                return
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
