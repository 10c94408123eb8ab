"""`make soak`: a day of churn in minutes. Apps come, change and go under ever new names; nothing of the operator may grow."""

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable

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


class Churn:
    """A crowd of apps that stays about as large, of which none stays."""

    def __init__(self, apps: Apps, size: int, chance: random.Random) -> None:
        self.apps, self.done = apps, Counter[str]()
        self.names: list[tuple[str, int]] = []
        self._size, self._chance, self._next = size, chance, 0

    def create(self) -> None:
        """One more, of a name that was never there."""
        self.apps.create(f"app-{self._next:05}", spec(self._next))
        self.names.append((f"app-{self._next:05}", self._next))
        self._next += 1

    def step(self) -> None:
        """Something happens."""
        what = self._chance.choices(("created", "deleted", "changed"), (CREATED, CREATED, CHANGED))[0]
        what = "deleted" if len(self.names) > self._size * 1.05 else "created" if len(self.names) < self._size * 0.95 else what
        if what == "created":
            self.create()
        elif what == "deleted":
            self.apps.delete(self.names.pop(self._chance.randrange(len(self.names)))[0])
        else:
            name, kind = self._chance.choice(self.names)
            self.apps.change(name, spec(kind, self._chance.randrange(10**6)))
        self.done[what] += 1


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
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, **settings) as operator:
            churn = Churn(Apps(plane), args.apps, chance)
            for _ in range(args.apps):
                churn.create()
            until(churn.apps, args.apps, 300.0)
            samples = through(churn, args.hours, args.hour, lambda: _sampled(operator, proxy))
            took = until(churn.apps, len(churn.names), 120.0)
            log = operator.log()
    print(f"{args.hours:g} simulated hours with {args.apps} apps, {dict(churn.done)}")
    held = judged(samples, args.hours, took, log)
    if args.json:
        print(json.dumps({f"{hour:.1f}": [one.memory, one.threads, one.files, one.queue] for hour, one in samples}))
    return 0 if held else 1


def _sampled(operator: OperatorProcess, proxy: AwsProxy) -> Sample:
    proxy.reset()  # what it counts is the bench's own memory
    return sample(operator)


def through(churn: Churn, hours: float, hour: float, look: Callable[[], Sample]) -> list[tuple[float, Sample]]:
    """The time passes; the samples, each with its simulated hour."""
    samples: list[tuple[float, Sample]] = []
    began, pause = time.monotonic(), hour / (2 * CREATED + CHANGED)
    while (now := (time.monotonic() - began) / hour) < hours:
        if now >= len(samples) * STEP:
            samples.append((now, look()))
            print(f"{now:5.1f} h: {samples[-1][1]}", flush=True)
        churn.step()
        time.sleep(pause)
    return [*samples, (hours, look())]


def judged(samples: list[tuple[float, Sample]], hours: float, took: float, log: str) -> bool:
    """Whether all holds, which is printed."""
    first, last = stretch(samples, 4 / 24, 10 / 24, hours), stretch(samples, 18 / 24, 1.0, hours)
    growth = last.memory / first.memory - 1
    holds = {
        f"memory {growth:+.1%} (at most {FLAT:+.0%})": growth <= FLAT,
        f"threads {first.threads} → {last.threads}": last.threads <= first.threads + FEW,
        f"open files {first.files} → {last.files}": last.files <= first.files + FEW,
        f"queue {first.queue} → {last.queue}": last.queue <= first.queue * QUEUE + FEW,
        f"all converge in the end ({took:.0f} s)": took < float("inf"),
        "no bug in the log": "Traceback" not in log,
    }
    print(f"medians of hours 4 to 10 and 18 to 24:\n{first}\n{last}")
    for key, held in holds.items():
        print(f"{'holds' if held else 'BROKEN'}: {key}")
    if not all(holds.values()):
        print(log[-3000:])
    return all(holds.values())


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
