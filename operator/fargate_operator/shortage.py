"""ECS's words for capacity that it does not have. Pure.

The quota of vCPUs on Fargate Spot is one of its own, against which tasks on demand do not count: it is a want of Spot, too.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html.
"""

import re

WORDS = (
    "capacity is unavailable",
    "insufficient capacity",
    "insufficientcapacity",
    "limit on the number of vcpus",
    "limit on the number of tasks",
)
_SENTENCE = re.compile(rf"[^.:]*(?:{'|'.join(WORDS)})[^.]*", re.IGNORECASE)


def lacks_capacity(words: str) -> bool:
    """Whether ECS says that there is no capacity."""
    return any(one in words.lower() for one in WORDS)


def excerpt(words: str) -> str:
    """The sentence that says it."""
    found = _SENTENCE.search(words)
    return found[0].strip() if found else words
