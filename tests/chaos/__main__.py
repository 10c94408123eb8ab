"""`make chaos`: stories of random changes under faults, each from its seed, in lanes; a table of what was survived.

A story that ends badly is printed, with what differed and where the operator's log is; SEED= acts it out again.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from chaos.lane import Result
from chaos.lanes import act_out
from chaos.schedule import FAULTS, STORIES


def main() -> int:
    """0 when every story ended well."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many stories")
    parser.add_argument("--seed", type=int, help="act out this one only")
    parser.add_argument("--story", choices=STORIES, default="random", help="which, with --seed")
    parser.add_argument("--first", type=int, help="the first seed; the others follow (default: random)")
    parser.add_argument("--lanes", type=int, default=3)
    args = parser.parse_args()
    first = random.randrange(10**6) if args.first is None else args.first
    stories = [(args.story, args.seed)]
    if args.seed is None:
        stories = [("kills", first), ("away", first), *(("random", first + number) for number in range(args.seeds))]
    results = []
    began = time.monotonic()
    for result in act_out(stories, args.lanes):
        results.append(result)
        verdict = "well" if not result.wrong else "NOT WELL"
        steps = ", ".join(f"{name.replace('_', ' ')} {took:.0f}" for name, took in result.phases.items())
        told = f"{result.story} {result.seed}: {verdict} in {result.took:.0f} s ({steps})"
        print(f"{told}, {len(results)} of {len(stories)}", flush=True)
        if result.wrong:
            print(failure(result), flush=True)
    print(table(results, time.monotonic() - began))
    return 1 if len(results) < len(stories) or any(one.wrong for one in results) else 0


def failure(result: Result) -> str:
    """All that is needed to see why, and to see it again."""
    told = "\n".join(f"  {line}" for line in STORIES[result.story](result.seed).told())
    wrong = "\n".join(f"  {line}" for line in result.wrong)
    more = "" if result.story == "random" else f" STORY={result.story}"
    log = Path(tempfile.gettempdir()) / f"chaos-{result.story}-{result.seed}.log"
    log.write_text(result.log)
    return f"story:\n{told}\nwrong:\n{wrong}\nthe operator's log: {log}\nagain: make chaos SEED={result.seed}{more}"


def table(results: Sequence[Result], took: float) -> str:
    """By fault: what it hit (calls, processes, watches, operations), in how many stories, and what of it was in stories that ended well."""
    lines = [f"{'fault':22} {'injected':>9} {'survived':>9} {'stories':>8} {'ended well':>11}"]
    for kind in FAULTS:
        struck = [one for one in results if one.hits[kind]]
        well = [one for one in struck if not one.wrong]
        hits, survived = (sum(one.hits[kind] for one in some) for some in (struck, well))
        lines.append(f"{kind:22} {hits:9} {survived:9} {len(struck):8} {len(well):11}")
    apps, changes = sum(one.apps for one in results), sum(one.changes for one in results)
    restarts, calls = sum(one.restarts for one in results), sum(one.calls for one in results)
    good = sum(not one.wrong for one in results)
    lines.append(
        f"{good} of {len(results)} stories ended well in {took:.0f} s: {apps} apps, {changes} changes, "
        f"{restarts} restarts of the operator, {calls} AWS calls"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
