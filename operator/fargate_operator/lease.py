"""One operator at work: the Lease. The client library elects; its lock is wrapped so that a lost API server is "not renewed"."""

import functools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

log = logging.getLogger(__name__)
logging.getLogger("leaderelection").setLevel(logging.WARNING)
NAME = "fargate-operator"
KEPT = 0.8  # of the lease's duration, after the last renewal: then the workers must stop, before another takes it


ELECTING = {("read", 404), ("create", 409), ("replace", 409)}  # no trouble: there is no lease yet, or another was quicker


class _Timed:
    """The client's calls with a time limit, which it does not set: an election that hangs would never know that it is lost.

    What goes wrong with them is told, once until one of them goes well: the election takes any error for "not this time".
    """

    def __init__(self, api: Any, seconds: float) -> None:
        self._api, self._seconds = api, seconds
        self._told: set[tuple[str, str]] = set()

    def __getattr__(self, name: str) -> Any:
        return functools.partial(self._call, name)

    def _call(self, method: str, /, *args: Any, **given: Any) -> Any:
        verb = method.partition("_")[0]
        try:
            found = getattr(self._api, method)(*args, **given, _request_timeout=self._seconds)
        except ApiException as error:
            if (verb, error.status) not in ELECTING:
                self._tell(verb, f"HTTP {error.status} {error.reason}")
            raise
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._tell(verb, type(getattr(error, "reason", None) or error).__name__)
            raise
        self._told = {one for one in self._told if one[0] != verb}
        return found

    def _tell(self, verb: str, why: str) -> None:
        if (verb, why) not in self._told:
            self._told.add((verb, why))
            log.warning("the lease %s: %s: %s; trying again", NAME, verb, why)


class _Lock:
    """LeaseLock whose transport errors mean "not this time", and which renews no more once it is let go."""

    def __init__(self, namespace: str, timeout: float) -> None:
        self._inner = LeaseLock(NAME, namespace, f"fargate-operator-{uuid.uuid4()}")
        self._inner.api_instance = cast("Any", _Timed(self._inner.api_instance, timeout))
        self.renewed = time.monotonic()  # when the last renewal that went well began
        self.name, self.namespace, self.identity = NAME, namespace, self._inner.identity
        self.released = False

    def get(self, name: str, namespace: str) -> Any:
        return self._guarded(lambda: self._inner.get(name, namespace), (False, ApiException(status=503, reason="unreachable")))

    def create(self, name: str, namespace: str, election_record: Any) -> Any:
        return self._written(lambda: self._inner.create(name, namespace, election_record))

    def update(self, name: str, namespace: str, updated_record: Any) -> Any:
        return self._written(lambda: self._inner.update(name, namespace, updated_record))

    def _written(self, call: Callable[[], Any]) -> Any:
        began = time.monotonic()
        done = not self.released and self._guarded(call, default=False)
        if done:
            self.renewed = began
        return done

    def _guarded(self, call: Callable[[], Any], default: Any) -> Any:
        try:
            return call()
        except (ApiException, urllib3.exceptions.HTTPError, OSError):
            return default
        except Exception:  # else the election ends, and nobody would ever be at work
            log.exception("the lease %s", NAME)
            return default


class Lease:
    """Held or not. `lost` is called when it could not be renewed, while there is still time to stop."""

    def __init__(self, namespace: str, duration: float, lost: Callable[[], None]) -> None:
        self._lock = _Lock(namespace, max(1.0, duration / 4))
        self._lost, self._kept, self._duration = lost, duration * KEPT, duration
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
        threading.Thread(target=self._watch, name="lease-watch", daemon=True).start()

    def _watch(self) -> None:
        """Whatever the election is held up by, and however long the whole process was: the lease runs out by the clock."""
        self.held.wait()
        while time.monotonic() - self._lock.renewed < self._kept:
            time.sleep(self._kept / 20)
        self._stopped()

    def _stopped(self) -> None:
        self.held.clear()
        if not self._lock.released:
            self._lost()

    def release(self, timeout: float = 1.0) -> None:
        """Let go, so that the next operator need not wait; `timeout` in seconds, of each of two calls.

        Only while it is surely this one's, and only as it was read: whatever came between, another's Lease stays.
        """
        self._lock.released = True
        if not self.held.is_set() or time.monotonic() - self._lock.renewed >= self._duration:
            return
        api, where = client.CoordinationV1Api(), (NAME, self._lock.namespace)
        try:
            lease: Any = api.read_namespaced_lease(*where, _request_timeout=timeout)
            if lease.spec.holder_identity == self._lock.identity:
                as_read = client.V1Preconditions(uid=lease.metadata.uid, resource_version=lease.metadata.resource_version)
                body = client.V1DeleteOptions(preconditions=as_read)
                api.delete_namespaced_lease(*where, body=body, _request_timeout=timeout)
        except (ApiException, urllib3.exceptions.HTTPError):
            log.warning("the lease could not be released; it runs out by itself")
