"""`make soak`: a day of churn in minutes. Apps come, change and go under ever new names; nothing of the operator may grow."""

import argparse
import json
import statistics
import sys
import time
from collections import Counter

import urllib3

from bench.churn import Apps, Sample, converged, rng, sample, spec
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

FLAT = 0.05  # of memory, between the two stretches
FEW = 2  # threads and files more
QUEUE = 1.25  # times the keys
STEP = 0.5  # simulated hours between two samples
CREATED, CHANGED = 20, 40  # apps in a simulated hour; as many as are made are deleted
HEALTH, SWEEP = 300.0, 2.0  # seconds: the operator's defaults
LEAST_HEALTH, LEAST_SWEEP = 8.0, 0.25  # seconds that two processors take


def main() -> int:
    """1 when something grows, or an app does not converge at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="simulated")
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument("--hour", type=float, default=50.0, help="seconds that a simulated hour takes")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    urllib3.disable_warnings()  # the control plane's certificate is its own
    chance, factor = rng(args.seed), 3600.0 / args.hour
    settings = {
        "health_interval": f"{max(LEAST_HEALTH, HEALTH / factor):g}s",
        "sweep_interval": f"{max(LEAST_SWEEP, SWEEP / factor):g}s",
        "ref_interval": f"{max(1.0, 60.0 / factor):g}s",
    }
    samples: list[tuple[float, Sample]] = []
    done = Counter[str]()
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, **settings) as operator:
            apps, names, number = Apps(plane), list[tuple[str, int]](), 0

            def create() -> None:
                nonlocal number
                apps.create(f"app-{number:05}", spec(number))
                names.append((f"app-{number:05}", number))
                number += 1

            for _ in range(args.apps):
                create()
            until(apps, args.apps, 300.0)
            began, pause = time.monotonic(), args.hour / (2 * CREATED + CHANGED)
            while (hour := (time.monotonic() - began) / args.hour) < args.hours:
                if hour >= len(samples) * STEP:
                    samples.append((hour, sample(operator)))
                    proxy.reset()
                    print(f"{hour:5.1f} h: {samples[-1][1]}", flush=True)
                what = chance.choices(("created", "deleted", "changed"), (CREATED, CREATED, CHANGED))[0]
                what = "deleted" if len(names) > args.apps * 1.05 else "created" if len(names) < args.apps * 0.95 else what
                if what == "created":
                    create()
                elif what == "deleted":
                    apps.delete(names.pop(chance.randrange(len(names)))[0])
                else:
                    name, kind = chance.choice(names)
                    apps.change(name, spec(kind, chance.randrange(10**6)))
                done[what] += 1
                time.sleep(pause)
            samples.append((args.hours, sample(operator)))
            took = until(apps, len(names), 120.0)
            log = operator.log()
    first, last = stretch(samples, 4 / 24, 10 / 24, args.hours), stretch(samples, 18 / 24, 1.0, args.hours)
    growth = last.memory / first.memory - 1
    holds = {
        f"memory {growth:+.1%} (at most {FLAT:+.0%})": growth <= FLAT,
        f"threads {first.threads} → {last.threads}": last.threads <= first.threads + FEW,
        f"open files {first.files} → {last.files}": last.files <= first.files + FEW,
        f"queue {first.queue} → {last.queue}": last.queue <= first.queue * QUEUE + FEW,
        f"all converge in the end ({took:.0f} s)": took < float("inf"),
        "no bug in the log": "Traceback" not in log,
    }
    print(f"{args.hours:g} simulated hours with {args.apps} apps, {dict(done)}; medians of two stretches of 6 in 24 hours:")
    print(f"{first}\n{last}")
    for key, held in holds.items():
        print(f"{'holds' if held else 'BROKEN'}: {key}")
    if args.json:
        print(json.dumps({f"{hour:.1f}": [one.memory, one.threads, one.files, one.queue] for hour, one in samples}))
    if not all(holds.values()):
        print(log[-3000:])
    return 0 if all(holds.values()) else 1


def until(apps: Apps, number: int, most: float) -> float:
    """The seconds until there are so many, all as their specs say; infinite where that does not come about."""
    began = time.monotonic()
    while len(items := apps.list()) != number or not all(map(converged, items)):
        if time.monotonic() - began > most:
            return float("inf")
        time.sleep(0.5)
    return time.monotonic() - began


def stretch(samples: list[tuple[float, Sample]], begin: float, end: float, hours: float) -> Sample:
    """The medians of the samples between two shares of the time."""
    chosen = [one for hour, one in samples if begin * hours <= hour <= end * hours]
    return Sample(*(round(statistics.median(getattr(one, name) for one in chosen)) for name in Sample.__slots__))


if __name__ == "__main__":
    sys.exit(main())
