"""How a log line is written: one record, one line, whatever an author, an API server or AWS has put into it. Pure."""

import json
import logging
import re
from typing import Any

MOST_LINE = 10_000  # characters of a message: the faults of a 1 MiB spec have ten million
# what ends a line, moves the cursor or turns the direction of writing; and half a surrogate pair, which cannot be written
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def line(text: str) -> str:
    """The text with what cannot be seen as its escape, as in Python."""
    cut = f"{text[:MOST_LINE]}… ({len(text)} characters)" if len(text) > MOST_LINE else text
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), cut)


class Console(logging.Formatter):
    """For people. A traceback's lines are indented: no text in it can begin a line as a record does."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own
        record.message = line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's own
        return "\n".join(f"    {line(one)}" for one in super().formatException(ei).split("\n"))


class Json(logging.Formatter):
    """For machines: a JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        body: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": line(record.getMessage()),
        }
        if record.exc_info:
            body["traceback"] = "\n".join(line(one) for one in self.formatException(record.exc_info).split("\n"))
        return json.dumps(body, ensure_ascii=False)
