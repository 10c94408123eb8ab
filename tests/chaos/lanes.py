"""Lanes side by side, each in a process of its own; the stories go to whichever is free."""

import multiprocessing
import queue
from collections.abc import Iterator, Sequence
from typing import Any

from chaos.lane import Lane, Result
from chaos.schedule import STORIES
from harness.processes import die_with_parent


def act_out(stories: Sequence[tuple[str, int]], lanes: int) -> Iterator[Result]:
    """The end of each, which is one of STORIES and its seed, as it comes."""
    context = multiprocessing.get_context("spawn")
    todo: Any = context.Queue()
    done: Any = context.Queue()
    for one in stories:
        todo.put(one)
    processes = [context.Process(target=_lane, args=(todo, done), daemon=True) for _ in range(min(lanes, len(stories)))]
    for one in processes:
        one.start()
    left = len(stories)
    while left:
        try:
            yield done.get(timeout=5)
            left -= 1
        except queue.Empty:
            if not any(one.is_alive() for one in processes):
                return
    for one in processes:
        one.join()


def _lane(todo: Any, done: Any) -> None:
    """A lane is made anew after a story that ended badly."""
    die_with_parent()
    while True:
        try:
            name, seed = todo.get(timeout=1)
        except queue.Empty:
            return
        with Lane() as lane:
            while True:
                result = lane.run(STORIES[name](seed))
                done.put(result)
                if result.wrong:
                    break
                try:
                    name, seed = todo.get(timeout=1)
                except queue.Empty:
                    return
