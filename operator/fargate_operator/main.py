"""The composition root of `run`: settings, clients, threads, kopf. The one place that knows them all."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import kopf

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.events import EventQueue
from fargate_operator.aws.sending import Sending
from fargate_operator.bounds import BadBounds, Rules
from fargate_operator.bounds_file import BoundsFile
from fargate_operator.cluster import connect
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError
from fargate_operator.event_index import EventIndex
from fargate_operator.event_listener import Listener
from fargate_operator.follower import Follower
from fargate_operator.git_images import GitImages
from fargate_operator.health import serve
from fargate_operator.kube import Kube
from fargate_operator.lease import Lease
from fargate_operator.logs import Console, Json
from fargate_operator.metrics import Gauges, Metrics
from fargate_operator.outages import Outages
from fargate_operator.queue import Key, Queue
from fargate_operator.reconciler import Reconciler
from fargate_operator.refs import Refs
from fargate_operator.relisting import Relist
from fargate_operator.settings import Settings, Unusable
from fargate_operator.shutdown import Shutdown
from fargate_operator.source_index import SourceIndex
from fargate_operator.source_watch import SourceWatch
from fargate_operator.sources import Sources
from fargate_operator.standing import Standing
from fargate_operator.stopping import Stopping
from fargate_operator.turn import Identity
from fargate_operator.watch import Endless, Watch
from fargate_operator.world import World

log = logging.getLogger("fargate_operator")
RELIST = 600.0  # seconds between two looks for objects that went without a word
# The API server takes JSON that is 10,000 levels deep. At Python's own limit one such object ends the watch, and so the operator.
DEEPEST = 60_000
API_SERVER = ("the API server", "the cluster")  # as an endpoint
SETTLE = 0.3  # seconds between two looks whether the first list is through


def run(settings: Settings) -> int:
    """Run until told to stop. Unusable where there is no cluster to run for, or no port to answer on."""
    _logging(settings.log_format, settings.log_level)
    sys.setrecursionlimit(DEEPEST)
    try:
        bounds = BoundsFile(settings.bounds) if settings.bounds else None
    except BadBounds as error:
        raise Unusable(f"--bounds: {error}") from error
    kube = connect()
    try:
        installation = settings.installation_id or kube.cluster_id()
        kube.keys(settings.namespaces)
    except ReconcileError as error:
        raise Unusable(f"the cluster cannot be used: {error.message}") from error
    return asyncio.run(_Operator(settings, kube, installation, bounds).run())


def answer(port: int, ready: Callable[[], bool], waiting: Callable[[], int], metrics: Callable[[], bytes] = bytes) -> None:
    """/healthz, /readyz and /metrics. Unusable where the port cannot be had."""
    try:
        serve(port, ready, waiting, metrics)
    except OSError as error:
        raise Unusable(f"--health-port: {port} cannot be listened on: {error.strerror}") from error


class _Operator:
    def __init__(self, settings: Settings, kube: Kube, installation: str, bounds: BoundsFile | None) -> None:
        self._settings, self._kube, self._bounds = settings, kube, bounds
        self._queue = Queue()
        self._outages = Outages(self._queue.wake)
        self._metrics, self._standing = Metrics(), Standing()
        sending = Sending(kube.stop, self._outages, settings.read_rate, settings.write_rate, called=self._metrics.called)
        self._world = World(Clients(settings.region, sending), settings.template_bucket, settings.cloudformation_role)
        self._follower = Follower(self._in_progress, self._ended, settings.sweep_interval)
        identity = Identity(installation, settings.stack_prefix)
        index = SourceIndex()
        sources = Sources(kube.objects, index)
        events = EventIndex()
        self._reconciler = Reconciler(
            kube,
            self._world,
            self._follower,
            identity,
            settings.health_interval,
            bounds,
            sources=sources,
            git=GitImages(self._world, Refs(settings.ref_interval), settings.ref_interval),
            events=events,
            spot_cooldown=settings.spot_cooldown,
            log_lines=settings.log_lines,
            progress_deadline=settings.progress_deadline,
        )
        queue = EventQueue(self._world.clients, settings.event_queue)
        listener = Listener(queue, events, self._reconciler.doubt, self._urgent)
        self._listeners = [listener] if settings.event_queue else []
        self._watch = Watch(self._queue, settings.health_interval, index, standing=self._standing, ready=self._metrics.ready)
        self._relisted = Relist(kube, settings.namespaces, self._watch, self._queue.add)
        self._listed = threading.Event()
        self._source_watches = [
            SourceWatch(kube.objects, index, kind, namespace, self._urgent, listed=self._listed)
            for kind in index.wanted
            for namespace in settings.namespaces or (None,)
        ]
        self._lease = Lease(settings.lease_namespace or _own_namespace(), settings.lease_duration, self._lost)
        self._shutdown = Shutdown(kube.stop, self._lease.release)
        self._metrics.gauges(
            Gauges(self._queue.waiting, self._queue.__len__, self._standing.counts, self._follower.lag, self._lease.held.is_set)
        )
        self._stop = asyncio.Event()
        self._watching = asyncio.Event()  # set by kopf

    async def run(self) -> int:
        self._heed()
        threading.excepthook = _ended
        answer(
            self._settings.health_port,
            lambda: self._lease.held.is_set() and self._listed.is_set(),
            self._queue.__len__,
            self._metrics.text,
        )
        self._lease.start()
        if not await self._until_held():
            return 0
        log.info("at work")
        workers = [threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(self._settings.workers)]
        self._shutdown.watch(workers)
        for thread in (
            *workers,
            self._follower,
            *self._listeners,
            *self._source_watches,
            threading.Thread(target=self._relist, daemon=True),
        ):
            thread.start()
        if self._bounds:
            self._bounds.start(self._bounds_changed)
        heeding = asyncio.create_task(self._heed_again())
        code = 1
        try:
            await self._kopf()
            code = 0
        finally:  # kopf may end by itself, too, and fails when the CRD goes
            heeding.cancel()
            self._end(code)
            self._shutdown.wait()
        return 0

    def _heed(self) -> None:
        """Signals end the operator."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)

    async def _heed_again(self) -> None:
        """Again, while kopf begins: the handlers that it puts in their place end kopf alone, and take some seconds for it."""
        while not self._watching.is_set():
            self._heed()
            await asyncio.sleep(SETTLE)
        self._heed()

    def _end(self, code: int = 0) -> None:
        """Take nothing new; kopf needs some seconds to end."""
        self._stop.set()
        self._queue.close()
        self._follower.stop()
        for listener in self._listeners:
            listener.stop()
        for watch in self._source_watches:
            watch.stop()
        self._shutdown.begin(code)

    async def _until_held(self) -> bool:
        while not self._lease.held.is_set():
            if self._stop.is_set():
                self._shutdown.wait()
                return False
            await asyncio.sleep(0.05)
        return True

    async def _kopf(self) -> None:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(kopf.login_via_client)
        self._watch.register(registry)
        chosen = kopf.OperatorSettings()
        chosen.posting.enabled = False
        chosen.scanning.disabled = True  # else it wants to list and watch every CRD
        chosen.networking.error_backoffs = Endless()  # re-iterable, as kopf needs it
        everywhere = not self._settings.namespaces
        await kopf.operator(
            registry=registry,
            settings=chosen,
            standalone=True,
            identity=cast("Any", "fargate-operator"),  # else it asks for the user's name, and a pod's user may have none
            clusterwide=everywhere,
            namespaces=() if everywhere else self._settings.namespaces,
            ready_flag=self._watching,
            stop_flag=self._stop,
        )

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            began = time.monotonic()
            try:
                outcome = self._reconciler.reconcile(key)
            except ReconcileError as error:
                self._metrics.reconciled("failed", error.reason, time.monotonic() - began)
                log.warning("%s/%s: %s", *key, error.message)
                away = error.reason == Reason.ApiUnavailable
                self._queue.done(key, failed=True, away=API_SERVER[1] if away else "")
                if away:
                    self._outages.failed(API_SERVER, error.message)
            except Stopping:
                return
            except Exception:
                self._metrics.reconciled("failed", Reason.InternalError, time.monotonic() - began)
                log.exception("%s/%s", *key)
                self._queue.done(key, failed=True)
            else:
                self._metrics.reconciled(outcome.result, outcome.reason, time.monotonic() - began)
                self._queue.done(key, failed=outcome.failed, away=outcome.away, woken=outcome.woken)
                self._outages.answered(API_SERVER)
                if outcome.after is not None:
                    self._queue.add(key, outcome.after)

    def _relist(self) -> None:
        """Until the watch has told of all that there is: ready. After that, look for what went without a word."""
        while True:
            time.sleep(RELIST if self._listed.is_set() else SETTLE)
            if not self._watching.is_set():
                continue
            try:
                if self._listed.is_set():
                    self._relisted.look()
                elif self._relisted.told():
                    self._listed.set()
            except ReconcileError as error:
                log.warning("listing: %s", error.message)

    def _bounds_changed(self, old: Rules, new: Rules) -> None:
        known = self._watch.keys()
        for key in known:
            if old.of(key[0]) != new.of(key[0]):
                self._queue.add(key)

    def _in_progress(self, region: str) -> frozenset[str]:
        return self._world.stacks(region).in_progress()

    def _ended(self, key: Key, region: str, stack_name: str) -> None:
        self._world.ended(region, stack_name)
        self._urgent(key)

    def _urgent(self, key: Key, after: float = 0.0) -> None:
        self._queue.add(key, after, urgent=True)

    def _lost(self) -> None:
        """The lease runs out soon: stop at once. A call that is under way is idempotent."""
        asked = self._kube.stop.asked
        self._kube.stop.shut()
        log.error("the lease is lost; stopping")
        os._exit(0 if asked else 1)


def _ended(what: threading.ExceptHookArgs) -> None:
    """Of a thread: that it was stopped is no news."""
    if not issubclass(what.exc_type, Stopping):
        threading.__excepthook__(what)


def _own_namespace() -> str:
    path = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return path.read_text().strip() if path.exists() else "default"


def _logging(form: str, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if form == "json" else Console())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("fargate_operator").setLevel(level.upper())
    # never to debug, whatever the level: what these log then are whole requests and answers, with the values of Secrets in them
    for name in ("kopf", "boto3", "botocore", "kubernetes", "kubernetes.client.rest", "urllib3", "asyncio", "aiohttp", "dulwich"):
        logging.getLogger(name).setLevel(logging.WARNING)
