"""Before and after each attempt of a call to AWS, botocore's own retries too: the end, outages, the rate.

See https://docs.aws.amazon.com/boto3/latest/guide/events.html. A handler runs in the thread that calls. `before-send` is the last
moment before a request goes out, and comes with each attempt; an error that is raised there reaches the caller as it is.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from fargate_operator.aws.errors import THROTTLED
from fargate_operator.conditions import Reason
from fargate_operator.errors import Transient
from fargate_operator.outages import Outages
from fargate_operator.rate import Bucket
from fargate_operator.stopping import Stop

_READS = re.compile(r"(Batch)?(Describe|List|Get|Head|Detect|Estimate|Validate)")
_AWAY = {502, 503, 504}  # HTTP: nobody is behind it. A 500 is of the one call: it was read, and something broke over it
_TOLD = "fargate-operator-failed"  # in botocore's context of a call, which its attempts share


class Sending:
    """What all clients of the operator share. A rate is calls a second, for each region of the account and kind of call."""

    def __init__(
        self,
        stop: Stop,
        outages: Outages,
        read_rate: float,
        write_rate: float,
        clock: Callable[[], float] = time.monotonic,
        called: Callable[[str, str, str, str], None] = lambda *_: None,
    ) -> None:
        self._stop, self._outages, self._clock, self._called = stop, outages, clock, called
        self._rates = {"read": read_rate, "stack write": write_rate, "other write": write_rate}
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def attach(self, client: Any, service: str, region: str) -> None:
        """To a new client, for good."""

        def before(*, event_name: str, **_: Any) -> None:
            self._before(service, region, event_name.rpartition(".")[2])

        def after(*, response_dict: dict[str, Any] | None, parsed_response: Any, exception: Any, context: Any, **_: Any) -> None:
            if why := _away(response_dict, parsed_response, exception):
                self._outages.failed((service, region), why, again=_TOLD in context)
                context[_TOLD] = True
            elif exception is None:
                self._outages.answered((service, region))

        def unanswered(*, event_name: str, exception: Exception, **_: Any) -> None:
            self._outages.undecided((service, region))  # whatever it was, such as an answer that nobody can read
            if isinstance(exception, BotoCoreError | ResponseParserError):  # who calls looks only for what AWS answers
                doing = event_name.rpartition(".")[2]
                raise Transient(Reason.AwsUnavailable, f"{doing}: {exception}") from exception

        client.meta.events.register("before-send", before)
        self._count(client, service, region)
        client.meta.events.register("response-received", after)
        client.meta.events.register("after-call-error", unanswered)

    def attach_end(self, client: Any, service: str, region: str) -> None:
        """To a client whose calls take long by themselves: only the end concerns them."""

        def before(**_: Any) -> None:
            self._stop.check()

        client.meta.events.register("before-send", before)
        self._count(client, service, region)

    def _count(self, client: Any, service: str, region: str) -> None:
        """Each attempt, and what became of it."""

        def after(*, event_name: str, parsed_response: Any, exception: Any, **_: Any) -> None:
            self._called(service, region, event_name.rpartition(".")[2], _result(parsed_response, exception))

        client.meta.events.register("response-received", after)

    def _before(self, service: str, region: str, operation: str) -> None:
        self._stop.check()
        self._ask(service, region, operation)  # before the bucket: what is refused takes nobody's turn
        self._stop.wait(self._bucket(service, region, operation).take())
        self._stop.check()
        self._ask(service, region, operation)  # it may have gone down meanwhile

    def _ask(self, service: str, region: str, operation: str) -> None:
        if why := self._outages.refused((service, region)):
            said = f"{operation}: {service} in {region} does not answer: {why}"
            raise Transient(Reason.AwsUnavailable, said, refused=True)

    def _bucket(self, service: str, region: str, operation: str) -> Bucket:
        key = (region, kind_of(service, operation))
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = Bucket(self._rates[key[1]], clock=self._clock)
            return self._buckets[key]


def kind_of(service: str, operation: str) -> str:
    """As what a call counts: "read", "stack write" or "other write"."""
    if _READS.match(operation):
        return "read"
    return "stack write" if service == "cloudformation" else "other write"


def _result(parsed: Any, error: Exception | None) -> str:
    """What became of an attempt: ok, throttled, refused or unavailable."""
    if error is not None:
        return "unavailable"
    said = (parsed or {}).get("Error") or {}
    status = int(((parsed or {}).get("ResponseMetadata") or {}).get("HTTPStatusCode", 0))
    if said.get("Code") in THROTTLED:
        return "throttled"
    return "ok" if status < 300 else "refused" if status < 500 else "unavailable"


def _away(answer: Mapping[str, Any] | None, parsed: Any, error: Exception | None) -> str:
    """How the attempt shows that nobody is there; empty where it does not."""
    if error is not None:
        return type(error).__name__ if isinstance(error, NoConnection | HTTPClientError) else ""
    status = int((answer or {}).get("status_code", 0))
    code = str(((parsed or {}).get("Error") or {}).get("Code", ""))
    return f"HTTP {status}" if status in _AWAY and code not in THROTTLED else ""
