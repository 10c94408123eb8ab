"""`make pressure`, second part: AWS is down for ten minutes; back again, all apps converge soon, and under the rate."""

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass

import urllib3

from bench.churn import WRITES, Apps, burst, condition, converged, sample, spec
from harness.calls import Call
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy, Trouble

MOST_WAIT = 120.0  # seconds from AWS's return until the last app has converged
MOST_CALLS = 2.0  # calls a second while it is down, retries too
SECONDS = 2.0  # the bucket holds so many seconds' worth of calls
SLACK = 0.15  # what a busy machine may do to the moments at which calls arrive


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen: `down` calls in `seconds` without AWS, and then its return."""

    seconds: float
    down: int
    reasons: dict[str, int]
    queue: int
    took: float
    calls: list[Call]
    log: str


def main() -> int:
    """1 when it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long AWS is down")
    parser.add_argument(
        "--hang", action="store_true", help="it takes calls and does not answer, instead of cutting the connection"
    )
    parser.add_argument("--read-rate", type=float, default=20.0, help="the operator's own default")
    parser.add_argument("--write-rate", type=float, default=5.0, help="the operator's own default")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    urllib3.disable_warnings()  # the control plane's certificate is its own
    seen = run(args)
    result, holds = judged(seen, args)
    for key, value in result.items():
        print(f"{key}: {value}")
    for key, held in holds.items():
        print(f"{'holds' if held else 'BROKEN'}: {key}")
    if args.json:
        print(json.dumps(result))
    if not all(holds.values()):
        print(seen.log[-3000:])
    return 0 if all(holds.values()) else 1


def run(args: argparse.Namespace) -> Run:
    """AWS goes, apps come and change, AWS comes back."""
    rates = {"read_rate": str(args.read_rate), "write_rate": str(args.write_rate)}
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="30s", **rates) as operator:
            apps = Apps(plane)
            half = args.apps // 2
            for number in range(half):
                apps.create(f"app-{number:03}", spec(number, services=True))
            settled(apps, half, 300.0)
            proxy.reset()
            if args.hang:
                proxy.latency = 3600.0
            else:
                proxy.trouble = lambda _: Trouble("reset")
            for number in range(half, args.apps):  # half are new, half of the others changed
                apps.create(f"app-{number:03}", spec(number, services=True))
            for number in range(0, half, 2):
                apps.change(f"app-{number:03}", spec(number, 1, services=True))
            time.sleep(args.seconds)
            down, told, there = len(proxy.calls), reasons(apps), sample(operator)
            proxy.reset()
            took = settled(apps, args.apps, MOST_WAIT + 60.0)
            return Run(args.seconds, down, told, there.queue, took, list(proxy.calls), operator.log())


def judged(seen: Run, args: argparse.Namespace) -> tuple[dict[str, object], dict[str, bool]]:
    """The numbers, and what must hold."""
    writes = burst((call.at for call in seen.calls if call.action in WRITES), args.write_rate)
    reads = burst((call.at for call in seen.calls if call.action not in WRITES), args.read_rate)
    rate = seen.down / seen.seconds
    result = {
        "calls a second while down": round(rate, 2),
        "reasons while down": seen.reasons,
        "queue while down": seen.queue,
        "converged after": round(seen.took, 1),
        "calls after": len(seen.calls),
        "writes at once": round(writes, 1),
        "reads at once": round(reads, 1),
    }
    holds = {
        f"all converge within {MOST_WAIT:g} s": seen.took <= MOST_WAIT,
        f"at most {MOST_CALLS:g} calls a second while down": rate <= MOST_CALLS,
        "writes under the rate": writes <= SECONDS * args.write_rate * (1 + SLACK) + 1,
        "reads under the rate": reads <= SECONDS * args.read_rate * (1 + SLACK) + 1,
        "the status tells": seen.reasons.get("AwsUnavailable", 0) >= args.apps // 2,
    }
    return result, holds


def settled(apps: Apps, number: int, most: float) -> float:
    """The seconds until so many have converged; infinite where they do not in `most`."""
    began = time.monotonic()
    while sum(map(converged, apps.list())) < number:
        if time.monotonic() - began > most:
            return float("inf")
        time.sleep(0.5)
    return time.monotonic() - began


def reasons(apps: Apps) -> dict[str, int]:
    """Why apps are not Ready."""
    return dict(Counter(condition(one, "Ready").get("reason", "") for one in apps.list()))


if __name__ == "__main__":
    sys.exit(main())
