"""One operator at work: the Lease. The client library elects; its lock is wrapped so that a lost API server is "not renewed"."""

import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

logging.getLogger("leaderelection").setLevel(logging.WARNING)
NAME = "fargate-operator"


class _Lock:
    """LeaseLock whose transport errors mean "not this time", and which renews no more once it is let go."""

    def __init__(self, namespace: str) -> None:
        self._inner = LeaseLock(NAME, namespace, f"fargate-operator-{uuid.uuid4()}")
        self.name, self.namespace, self.identity = NAME, namespace, self._inner.identity
        self.released = False

    def get(self, name: str, namespace: str) -> Any:
        return self._guarded(lambda: self._inner.get(name, namespace), (False, ApiException(status=503, reason="unreachable")))

    def create(self, name: str, namespace: str, election_record: Any) -> Any:
        return not self.released and self._guarded(lambda: self._inner.create(name, namespace, election_record), default=False)

    def update(self, name: str, namespace: str, updated_record: Any) -> Any:
        return not self.released and self._guarded(lambda: self._inner.update(name, namespace, updated_record), default=False)

    def _guarded(self, call: Callable[[], Any], default: Any) -> Any:
        try:
            return call()
        except (ApiException, urllib3.exceptions.HTTPError, OSError):
            return default


class Lease:
    """Held or not. `lost` is called when it could not be renewed, while there is still time to stop."""

    def __init__(self, namespace: str, duration: float, lost: Callable[[], None]) -> None:
        self._lock = _Lock(namespace)
        self._lost = lost
        self.held = threading.Event()
        # renewing is given up a third before the lease runs out: that is the workers' time to stop
        config = electionconfig.Config(
            self._lock,
            lease_duration=int(duration),
            renew_deadline=duration * 2 / 3,
            retry_period=max(1.0, duration / 8),
            onstarted_leading=self.held.set,
            onstopped_leading=self._stopped,
        )
        self._election = leaderelection.LeaderElection(config)

    def start(self) -> None:
        """Begin to try for it."""
        threading.Thread(target=self._election.run, name="lease", daemon=True).start()

    def _stopped(self) -> None:
        if not self._lock.released:
            self._lost()

    def release(self) -> None:
        """Let go, so that the next operator need not wait."""
        self._lock.released = True
        if self.held.is_set():
            try:
                client.CoordinationV1Api().delete_namespaced_lease(NAME, self._lock.namespace, _request_timeout=5)
            except (ApiException, urllib3.exceptions.HTTPError):
                logging.getLogger(__name__).warning("the lease could not be released; it runs out by itself")
