"""`make chaos`: kill -9 of the operator at random moments while 20 apps are created, updated and deleted; the API server away."""

import argparse
import random
import sys
import time

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess

APPS = [f"app-{number:02}" for number in range(20)]


def main() -> int:
    """0 when every app ended as its spec says; an AssertionError tells what did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--away", type=float, default=120.0, help="seconds that the API server is away")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    with ControlPlane() as plane, Emulator() as emulator:
        plane.install()
        with OperatorProcess(plane, emulator.endpoint, health_interval="5s", lease_duration="3s") as operator:
            world = World(plane, emulator, "default")
            wanted: dict[str, int] = {}
            for kill in range(args.kills):
                _change(world, wanted, rng)
                time.sleep(rng.uniform(0.0, 4.5))  # the lease of the one killed before must run out first
                operator.kill()
                operator.start()
                print(f"kill {kill + 1} of {args.kills}", flush=True)
            operator.until_ready()
            _settled(world, wanted)
            print("every app is as its spec says", flush=True)
            plane.stop_apiserver()
            time.sleep(args.away)
            plane.start_apiserver()
            restarted = operator.process is not None and operator.process.poll() is not None
            if restarted:
                operator.start()
            operator.until_ready()
            for _ in range(5):
                _change(world, wanted, rng)
            _settled(world, wanted)
            print(
                f"the API server was away for {args.away:.0f} s (operator restarted: {restarted}); every app is as its spec says"
            )
    return 0


def _change(world: World, wanted: dict[str, int], rng: random.Random) -> None:
    for name in rng.sample(APPS, 3):
        if name in wanted and rng.random() < 0.3:
            del wanted[name]
            world.delete(name, wait=False)
        elif world.app(name) is None or name in wanted:
            wanted[name] = rng.randint(1, 3)
            world.apply(name, services={"web": {"image": "app", "desiredCount": wanted[name]}})


def _settled(world: World, wanted: dict[str, int]) -> None:
    for name, count in wanted.items():
        assert world.wait(lambda name=name: world.ready(name), 60)["services"]["web"]["running"] == count, name
    world.wait(lambda: len(world.plane.get("fargateapps", "-n", "default")["items"]) == len(wanted), 60)
    stacks = world.cloudformation.get_paginator("describe_stacks").paginate()
    names = sorted(one["StackName"].rsplit("-", 1)[0] for page in stacks for one in page["Stacks"])
    assert names == sorted(f"default-{name}" for name in wanted), names


if __name__ == "__main__":
    sys.exit(main())
