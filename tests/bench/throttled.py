"""`make pressure`, first part: with half of the calls throttled all apps converge, with few more calls, and none is starved."""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import urllib3

from bench.churn import Apps, converged, of, rng, spec
from harness.calls import Call
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy, Trouble

MOST_CALLS = 4.0  # times those of a clean run
MOST_PAUSE = 60.0  # seconds between two calls for an app that is not Ready: twice the backoff of one that was throttled
MOST_WAIT = 600.0  # seconds from the last creation until the last is Ready: workers sleep in retries most of the time
CODES = {"cloudformation": "Throttling", "ecs": "ThrottlingException"}


def throttling(share: float, chance: random.Random) -> Trouble:
    """Of the calls this share is throttled, whatever they are."""

    def trouble(call: Call) -> Trouble | None:
        return Trouble("refuse", code=CODES.get(call.service, "Throttling")) if chance.random() < share else None

    return trouble


def run(plane: ControlPlane, apps: int, share: float, chance: random.Random, rates: dict[str, str]) -> dict[str, object]:
    """Calls, and when each app was Ready; all apps are deleted again."""
    with (
        Emulator() as emulator,
        AwsProxy(emulator.endpoint) as proxy,
        OperatorProcess(plane, proxy.endpoint, **rates) as operator,
    ):
        proxy.trouble = throttling(share, chance)
        objects = Apps(plane)
        for number in range(apps):
            objects.create(f"app-{number:03}", spec(number, services=True))
        began = time.monotonic()
        ready = _ready(objects, apps)
        pauses = [_pause(proxy.calls, name, began, began + wait) for name, wait in ready.items()]
        calls = Counter(proxy.counts)
        each = Counter(call.stack for call in proxy.calls if call.action == "CreateStack")
        if len(ready) < apps:
            print(operator.log()[-3000:])
        proxy.trouble = lambda _: None
        for number in range(apps):
            objects.delete(f"app-{number:03}")
        while objects.list():
            time.sleep(0.5)
    waits = sorted(ready.values())
    return {
        "ready": len(ready),
        "longest pause": round(max(pauses), 1) if pauses else None,
        "calls": sum(calls.values()),
        "cloudformation": of(calls, "cloudformation"),
        "ecs": of(calls, "ecs"),
        "median wait": round(waits[len(waits) // 2], 1) if waits else None,
        "longest wait": round(waits[-1], 1) if waits else None,
        "most CreateStack calls of an app": max(each.values(), default=0),
        "by action": {" ".join(one): count for one, count in sorted(calls.items())},
    }


def _ready(objects: Apps, apps: int) -> dict[str, float]:
    """The seconds after which each app was Ready, by name."""
    began, ready = time.monotonic(), dict[str, float]()
    while len(ready) < apps and time.monotonic() - began < MOST_WAIT:
        time.sleep(0.25)
        for item in objects.list():
            if converged(item):
                ready.setdefault(item["metadata"]["name"], time.monotonic() - began)
    return ready


def _pause(calls: Iterable[Call], app: str, began: float, ready: float) -> float:
    """The longest time in which nothing was asked of AWS for an app, before it was Ready."""
    times = [call.at for call in calls if app in call.stack or app in str(call.parameters.get("cluster", ""))]
    moments = [began, *(at for at in times if began <= at <= ready), ready]
    return max(after - before for before, after in pairwise(moments))


def main() -> int:
    """1 when it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--read-rate", default="200")
    parser.add_argument("--write-rate", default="50")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    urllib3.disable_warnings()  # the control plane's certificate is its own
    chance = rng(args.seed)
    rates = {"read_rate": args.read_rate, "write_rate": args.write_rate, "health_interval": "10m"}
    with ControlPlane() as plane:
        plane.install()
        clean = run(plane, args.apps, 0.0, chance, rates)
        hard = run(plane, args.apps, args.share, chance, rates)
    ratio = float(str(hard["calls"])) / float(str(clean["calls"]))
    for name, one in (("clean", clean), (f"{args.share:.0%} throttled", hard)):
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in one.items() if key != "by action"))
    pause = float(str(hard["longest pause"] or "inf"))
    print(f"rates: {args.read_rate} reads and {args.write_rate} writes a second; the operator's defaults are 20 and 5")
    print(f"calls: {ratio:.2f} times those of the clean run (hold: {MOST_CALLS:g}); all Ready (hold: within {MOST_WAIT:g} s)")
    print(f"none starved: for none nothing was asked for more than {pause:.0f} s (hold: {MOST_PAUSE:g})")
    if args.json:
        print(json.dumps({"clean": clean, "throttled": hard, "ratio": ratio}))
    return 0 if ratio <= MOST_CALLS and pause <= MOST_PAUSE and hard["ready"] == clean["ready"] == args.apps else 1


if __name__ == "__main__":
    sys.exit(main())
