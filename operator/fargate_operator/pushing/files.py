"""The manifest as a file: its text, and the pinned one in its place."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from fargate_operator.pushing.pinning import Unpinnable, pinned
from fargate_operator.settings import Unusable


def check(file: str, document: int, image: str) -> None:
    """Unusable where the image's tag could not be written, which is told before anything is built."""
    _pinned(file, document, image, "x")


def pin(file: str, document: int, image: str, tag: str) -> None:
    """Write the tag into the file as it is now: whole or not at all, and with its mode. A link stays a link."""
    text = _pinned(file, document, image, tag)
    path = Path(file).resolve()
    try:
        state = path.stat()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
                os.fchmod(stream.fileno(), state.st_mode)
                with suppress(OSError):  # only root can give a file to somebody else
                    os.fchown(stream.fileno(), state.st_uid, state.st_gid)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unusable(f"{file}: the tag {tag} could not be written: {error.strerror}") from error


def _pinned(file: str, document: int, image: str, tag: str) -> str:
    try:
        return pinned(Path(file).read_bytes().decode(), document, image, tag)
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from error
    except (Unpinnable, UnicodeDecodeError) as error:
        raise Unusable(f"{file}: --write: image {image}: {error}") from error
