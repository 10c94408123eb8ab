"""Which rule of a listener comes first: a priority by how much a rule asks for, and by the service's own name. Pure.

A rule's priority must be its own among the listener's, from 1 (first) to 50000. One that depended on the other services would
move when they come and go, and CloudFormation moves rules one by one: into a priority that is still taken. So each kind of rule
has a range, and a service's key says where in it. See docs/adr/0005-listener-priorities.md.
"""

import hashlib
from collections.abc import Iterator, Mapping

from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.routing import route

FIRST = 1000  # what is below FIRST is the authors' own
MOST_SEGMENTS = 9
_LABELS = 5  # a wildcard host with more literal labels counts as one with so many

# How wide the range is by the number of the path's segments: from none to 9. Wide where services usually are.
_EXACT = (9000, 9000, 2000, *(500,) * 7)
_WILDCARD = (600, 600, *(50,) * 8)
_ANY = (401, 9000, 3000, *(500,) * 7)  # there is one / at most, but it may become another service's

_Kind = tuple[str, int]  # the host: exact, any, or wildcard with its number of literal labels; and the path's segments


def _ranges() -> Iterator[tuple[_Kind, range]]:
    hosts = [("exact", _EXACT), *((f"wildcard {n}", _WILDCARD) for n in range(_LABELS, -1, -1)), ("any", _ANY)]
    start = FIRST
    for host, widths in hosts:
        for segments in range(MOST_SEGMENTS, -1, -1):
            yield (host, segments), range(start, start + widths[segments])
            start += widths[segments]


RANGES: Mapping[_Kind, range] = dict(_ranges())


def segments(http: Http) -> int:
    """Of the path; none of ``/``."""
    return len([one for one in route(http)[1].split("/") if one])


def priorities(services: Mapping[str, Http]) -> dict[str, int]:
    """Of each service's rule: its own where it names one. Paths of more than MOST_SEGMENTS segments count as of so many."""
    return {key: http.priority or _place(key, http) for key, http in services.items()}


def _place(key: str, http: Http) -> int:
    host, _ = route(http)
    kind = "exact" if host else "any"
    if set(host) & {"*", "?"}:
        labels = [one for one in host.split(".") if not set(one) & {"*", "?"}]
        kind = f"wildcard {min(len(labels), _LABELS)}"
    within = RANGES[kind, min(segments(http), MOST_SEGMENTS)]
    return within[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(within)]
