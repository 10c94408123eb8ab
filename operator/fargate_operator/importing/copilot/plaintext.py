"""Secrets that Copilot takes from the shell, and that would stand in plain text in the FargateApp."""

from fargate_operator.importing.copilot.environment import APPLICATION, ENVIRONMENT, VARIABLE
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.secrets import looks_secret

# where a secret is but named, or nothing is carried over
_APART = frozenset(["secrets", "credentials", "credentialsParameter", "secretOptions", "from_cfn", "build", "environments"])


def tell_secrets(top: Cursor) -> None:
    """Tell each value that a variable of the shell was filled into, where its own name or the variable's looks secret."""
    for one in top.leaves():
        if not isinstance(one.node.value, str) or not _APART.isdisjoint(one.steps):
            continue
        filled = [name for name in VARIABLE.findall(one.node.written) if name not in (APPLICATION, ENVIRONMENT)]
        keys = [step for step in one.steps if isinstance(step, str)]
        if filled and any(map(looks_secret, (*filled, *keys[-1:]))):
            names = ", ".join(f"${{{name}}}" for name in dict.fromkeys(filled))
            one.note(f"holds the value of {names} in plain text; keep it in a parameter or secret, and name that in secrets")
