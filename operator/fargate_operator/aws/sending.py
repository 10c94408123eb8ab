"""Before and after each attempt of a call to AWS, botocore's own retries too: the end, outages, the rate.

See https://docs.aws.amazon.com/boto3/latest/guide/events.html. A handler runs in the thread that calls. `before-send` is the last
moment before a request goes out, and comes with each attempt; an error that is raised there reaches the caller as it is.
"""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from fargate_operator.aws.errors import THROTTLED
from fargate_operator.conditions import Reason
from fargate_operator.errors import Transient
from fargate_operator.outages import Outages
from fargate_operator.rate import Bucket
from fargate_operator.stopping import Stop

_READS = re.compile(r"(Batch)?(Describe|List|Get|Detect|Estimate|Validate)")


class Sending:
    """What all clients of the operator share. A rate is calls a second, for each region of the account."""

    def __init__(
        self,
        stop: Stop,
        outages: Outages,
        read_rate: float,
        write_rate: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop, self._outages, self._clock = stop, outages, clock
        self._rates = {"read": read_rate, "write": write_rate}
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def attach(self, client: Any, service: str, region: str) -> None:
        """To a new client, for good."""

        def before(*, event_name: str, **_: Any) -> None:
            self._before(service, region, event_name.rpartition(".")[2])

        def after(*, response_dict: dict[str, Any] | None, parsed_response: Any, exception: Any, **_: Any) -> None:
            if exception is None or isinstance(exception, NoConnection | HTTPClientError):
                self._after(service, region, response_dict, parsed_response, exception)

        def unanswered(*, event_name: str, exception: Exception, **_: Any) -> None:
            if isinstance(exception, BotoCoreError):  # who calls looks only for what AWS answers
                doing = event_name.rpartition(".")[2]
                raise Transient(Reason.AwsUnavailable, f"{doing}: {exception}") from exception

        client.meta.events.register("before-send", before)
        client.meta.events.register("response-received", after)
        client.meta.events.register("after-call-error", unanswered)

    def attach_end(self, client: Any) -> None:
        """To a client whose calls take long by themselves: only the end concerns them."""

        def before(**_: Any) -> None:
            self._stop.check()

        client.meta.events.register("before-send", before)

    def _before(self, service: str, region: str, operation: str) -> None:
        self._stop.check()
        self._stop.wait(self._bucket(service, region, operation).take())
        self._stop.check()
        if why := self._outages.refused((service, region)):
            raise Transient(Reason.AwsUnavailable, f"{operation}: {service} in {region} does not answer: {why}")

    def _after(self, service: str, region: str, answer: dict[str, Any] | None, parsed: Any, error: Exception | None) -> None:
        if error is not None:
            self._outages.failed((service, region), type(error).__name__)
            return
        status = int((answer or {}).get("status_code", 0))
        code = str(((parsed or {}).get("Error") or {}).get("Code", ""))
        if status >= 500 and code not in THROTTLED:
            self._outages.failed((service, region), f"HTTP {status}")
        else:
            self._outages.answered((service, region))

    def _bucket(self, service: str, region: str, operation: str) -> Bucket:
        kind = "write" if service == "cloudformation" and not _READS.match(operation) else "read"
        with self._lock:
            if (region, kind) not in self._buckets:
                self._buckets[region, kind] = Bucket(self._rates[kind], clock=self._clock)
            return self._buckets[region, kind]
