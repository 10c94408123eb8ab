"""Names that look as if their values were secret."""

import re

_SECRET = re.compile("PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a value of this name should not stand in a file meant for Git."""
    return bool(_SECRET.search(name))
