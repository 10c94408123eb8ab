"""What a container wrote, made fit to be told. Pure.

Nobody bounds what a container writes, and the time that it takes here is taken from all apps: a line is cut before anything is
looked for in it.
"""

from collections.abc import Iterable, Sequence

from fargate_operator.known_values import hidden
from fargate_operator.masking import masked
from fargate_operator.messages import clean, cut

MOST_LINE = 200  # characters of a line that are told
MOST_RAW = 2048  # characters of a line that are looked at
MOST_KEPT = 512  # of these may be told: a known value that begins there ends in what is looked at, or is hidden piece by piece


def safe(raw: Sequence[str], values: Iterable[str]) -> list[str]:
    """Log lines as they may be told: without secrets, terminal codes and what is too long."""
    text = clean("\n".join(line[:MOST_RAW] for line in raw))
    text = masked(hidden(text, values, MOST_KEPT))
    return [cut(line.rstrip(), MOST_LINE) for line in text.split("\n") if line.strip()]
