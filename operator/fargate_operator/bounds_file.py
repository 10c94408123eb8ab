"""The bounds file: read at the start, and again when it changes. A change that cannot be used leaves the bounds as they were."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from fargate_operator.bounds import BadBounds, Bounds, Rules, parse_bounds

log = logging.getLogger(__name__)
INTERVAL = 2.0  # seconds between two looks; a ConfigMap's volume changes by a link, which file events do not follow


class BoundsFile:
    """The rules in force. BadBounds where the file cannot be read or used at the start."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._text = self._read()
        self._rules = parse_bounds(self._text)

    def of(self, namespace: str) -> Bounds | None:
        """The bounds of a namespace; None where the file has none for it."""
        return self._rules.of(namespace)

    def start(self, changed: Callable[[Rules, Rules], None]) -> None:
        """Look for changes from now on; `changed` gets the old rules and the new ones, which are in force by then."""
        threading.Thread(target=self._watch, args=(changed, threading.Event()), name="bounds", daemon=True).start()

    def _watch(self, changed: Callable[[Rules, Rules], None], never: threading.Event) -> None:
        told = ""
        while not never.wait(INTERVAL):
            try:
                fault = self.reload(changed)
            except BadBounds as error:
                fault = str(error)
            if fault and fault != told:
                log.error("the bounds stay as they were: %s", fault)
            told = fault

    def reload(self, changed: Callable[[Rules, Rules], None]) -> str:
        """Take over what the file says by now; why it could not be used, or nothing."""
        text = self._read()
        if text == self._text:
            return ""
        try:
            rules = parse_bounds(text)
        except BadBounds as error:
            return str(error)
        old, self._rules, self._text = self._rules, rules, text
        log.info("the bounds have changed")
        changed(old, rules)
        return ""

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadBounds(f"{self._path}: {getattr(error, 'strerror', None) or error}") from error
