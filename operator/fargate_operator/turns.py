"""Whose turn it is among keys that are due: urgent ones first, namespaces by turns, within one in the order of coming. Pure."""

Key = tuple[str, str]  # namespace, name

EVERY = 8  # urgent keys in a row, after which one that is not urgent comes: what only looks after apps is late, and never starved


class Turns:
    """Each key once."""

    def __init__(self) -> None:
        self._urgent: dict[str, dict[Key, None]] = {}  # by namespace, in the order of their turns
        self._other: dict[str, dict[Key, None]] = {}
        self._row = 0  # urgent keys since one that was not

    def __contains__(self, key: Key) -> bool:
        return key in self._urgent.get(key[0], ()) or key in self._other.get(key[0], ())

    def add(self, key: Key, *, urgent: bool) -> None:
        """It waits from now on; an urgent one that waited already is from now on urgent."""
        if urgent and key in self._other.get(key[0], ()):
            _remove(self._other, key)
        if key not in self:
            (self._urgent if urgent else self._other).setdefault(key[0], {})[key] = None

    def take(self) -> Key | None:
        """The next; None where there is none."""
        other = not self._urgent or (self._row >= EVERY and bool(self._other))
        found = _take(self._other if other else self._urgent)
        self._row = 0 if other else self._row + 1
        return found


def _take(of: dict[str, dict[Key, None]]) -> Key | None:
    for namespace, keys in of.items():
        key = next(iter(keys))
        _remove(of, key)
        if rest := of.pop(namespace, None):
            of[namespace] = rest  # behind the others
        return key
    return None


def _remove(of: dict[str, dict[Key, None]], key: Key) -> None:
    del of[key[0]][key]
    if not of[key[0]]:
        del of[key[0]]
