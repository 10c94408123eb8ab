"""What /metrics tells: every name and label of it stands here, and each is in docs/operations.md.

Labels come from the code, never from a spec: conditions and reasons, AWS's services and operations, regions. See
https://prometheus.io/docs/practices/naming/.
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "fargate_operator_"
_RECONCILES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)  # seconds
_READY = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 2400, 3600)


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is asked when somebody scrapes."""

    waiting: Callable[[], tuple[int, float]]  # apps that wait for a worker, and for how many seconds the first of them does
    scheduled: Callable[[], int]  # apps that are to come, at once or later
    apps: Callable[[], Mapping[tuple[str, str], int]]  # by condition and its status
    lag: Callable[[], Mapping[str, float]]  # seconds, by region
    leader: Callable[[], bool]


class Metrics:
    """Counts what it is told of; thread-safe."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._reconciles = Counter(f"{PREFIX}reconciles", "Reconciles that ended.", ("result", "reason"), registry=registry)
        self._durations = Histogram(
            f"{PREFIX}reconcile_duration_seconds",
            "How long a reconcile took.",
            ("result",),
            buckets=_RECONCILES,
            registry=registry,
        )
        self._calls = Counter(
            f"{PREFIX}aws_calls", "Calls to AWS, each attempt for itself.", ("service", "operation", "result"), registry=registry
        )
        self._throttles = Counter(
            f"{PREFIX}aws_throttles", "Calls that AWS has throttled.", ("service", "region"), registry=registry
        )
        self._ready = Histogram(
            f"{PREFIX}time_to_ready_seconds",
            "From a change of an app's spec until it is Ready.",
            buckets=_READY,
            registry=registry,
        )

    def gauges(self, gauges: Gauges) -> None:
        """From now on scrapes ask these, too."""
        self._registry.register(_Asked(gauges))

    def reconciled(self, result: str, reason: str, seconds: float) -> None:
        """A worker is through with an app."""
        self._reconciles.labels(result, reason).inc()
        self._durations.labels(result).observe(seconds)

    def called(self, service: str, region: str, operation: str, result: str) -> None:
        """AWS has answered a call, or nobody did. `result`: ok, throttled, refused or unavailable."""
        self._calls.labels(service, operation, result).inc()
        if result == "throttled":
            self._throttles.labels(service, region).inc()

    def ready(self, seconds: float) -> None:
        """An app's newest spec is Ready."""
        self._ready.observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self._registry)


class _Asked(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        asked = self._gauges
        depth, oldest = asked.waiting()
        yield _gauge("queue_depth", "Apps that wait for a worker.", depth)
        yield _gauge("queue_scheduled", "Apps that are to be looked at, at once or later.", asked.scheduled())
        yield _gauge("queue_oldest_seconds", "For how long the app that waits longest waits for a worker.", oldest)
        yield _gauge("leader", "1 while this replica holds the Lease.", float(asked.leader()))
        apps = GaugeMetricFamily(f"{PREFIX}apps", "FargateApps by condition.", labels=("condition", "status"))
        for labels, count in sorted(Counts(asked.apps()).items()):
            apps.add_metric(labels, count)
        yield apps
        lag = GaugeMetricFamily(
            f"{PREFIX}follower_lag_seconds", "Since the last look at what is in progress; 0 where nothing is.", labels=("region",)
        )
        for region, seconds in sorted(asked.lag().items()):
            lag.add_metric((region,), seconds)
        yield lag


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}{name}", documentation, value)
