"""Which Secrets of Kubernetes the platform lets an app have copied to AWS: judged before one is read. Pure."""

from collections.abc import Iterable

from fargate_operator.bounds import Bounds, matches
from fargate_operator.errors import Fault
from fargate_operator.fragments.environment_from import SECRETS
from fargate_operator.model import App


def no_bounds(app: App) -> Fault:
    """The namespace has none, and so nothing is allowed."""
    return Fault("metadata.namespace", f"{app.namespace} has no bounds; the platform's file must name it")


def copy_faults(app: App, bounds: Bounds | None) -> Iterable[Fault]:
    """A fault for each Secret that the bounds do not name; without bounds nothing is allowed."""
    named = [(path, name) for path, kind, name in app.sources() if kind == SECRETS]
    if bounds is None:
        yield from [no_bounds(app)] if named else []
        return
    allowed = bounds.kubernetes_secrets
    for path, name in named:
        if not matches(name, allowed):
            more = ", …" if len(allowed) > 5 else ""
            right = f"allowed: {', '.join(allowed[:5])}{more}" if allowed else "none is allowed"
            wrong = f"a copy of the Secret {name!r} is not allowed by the bound kubernetesSecrets"
            yield Fault(path, f"{wrong} of namespace {app.namespace}; {right}")
