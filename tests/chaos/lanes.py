"""Lanes side by side, each in a process of its own; the stories go to whichever is free."""

import multiprocessing
import queue
import traceback
from collections.abc import Iterator, Sequence
from itertools import chain
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
    stories = _stories(todo)
    for first in stories:
        _act_on(first, stories, done)


def _stories(todo: Any) -> Iterator[tuple[str, int]]:
    while True:
        try:
            yield todo.get(timeout=1)
        except queue.Empty:
            return


def _act_on(first: tuple[str, int], stories: Iterator[tuple[str, int]], done: Any) -> None:
    """Until one ends badly; that of the harness itself is such an end."""
    one = first  # it is told of where there is no lane for it
    try:
        with Lane() as lane:
            for one in chain([first], stories):
                result = lane.run(STORIES[one[0]](one[1]))
                if result.wrong:
                    break
                done.put(result)
            else:
                return
    except Exception:  # noqa: BLE001  it is told
        result = Result(*one, (traceback.format_exc(),))
    done.put(result)
