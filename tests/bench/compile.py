"""`make bench`: how long a compile takes, by the size of the app: the best and the median of many, and what they are held to."""

import statistics
import sys
import time

import large
from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Subnets
from fargate_operator.parsing import parse_app

ROUNDS = 50
# workloads of each kind → milliseconds that the median is held to; with functions nothing is, they are aws-sam-translator's
SIZES: list[tuple[dict[str, int], float | None]] = [
    ({"services": 6, "scheduledTasks": 2, "tasks": 2}, 5.0),
    ({"services": 18, "scheduledTasks": 6, "tasks": 6}, 15.0),
    ({"services": 12, "scheduledTasks": 6, "tasks": 4, "functions": 8}, None),
]


def main() -> int:
    """1 when a number does not hold."""
    held = True
    for counts, most in SIZES:
        manifest = {"metadata": {"namespace": "team-a", "name": "large", "generation": 1}, "spec": large.spec(**counts)}
        app = parse_app(manifest)
        subnets = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))}
        facts = Facts("123456789012", "eu-west-1", subnets=subnets, images={"app": f"{large.IMAGE}@sha256:{'1' * 64}"})
        template = compile_app(app, facts)  # what is imported late is not counted
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            compile_app(app, facts)
            took.append((time.perf_counter() - begun) * 1000)
        median = statistics.median(took)
        held = held and (most is None or median <= most)
        size = f"{sum(counts.values())} workloads, {len(template.resources)} resources, {len(template.json())} bytes"
        hold = f"hold: {most:g} ms" if most else f"{counts['functions']} of them functions, no number to hold"
        print(f"compile {size}: median {median:.2f} ms, best {min(took):.2f} ms ({hold})")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
