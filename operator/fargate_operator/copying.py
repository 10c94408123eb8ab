"""Which Secrets of Kubernetes the platform lets an app have copied to AWS: judged before one is read. Pure."""

from collections.abc import Iterable, Sequence

from fargate_operator.bounds import Bounds, matches
from fargate_operator.errors import Fault
from fargate_operator.fragments.environment_from import SECRETS
from fargate_operator.model import App


def no_bounds(app: App) -> Fault:
    """The namespace has none, and so nothing is allowed."""
    return Fault("metadata.namespace", f"{app.namespace} has no bounds; the platform's file must name it")


def copy_faults(app: App, bounds: Bounds | None) -> Iterable[Fault]:
    """A fault for each Secret that the bounds do not name; without bounds nothing is allowed."""
    named = [(path, name, f"a copy of the Secret {name!r}") for path, kind, name in app.sources() if kind == SECRETS]
    yield from unnamed(app, bounds, "kubernetes_secrets", named)


def unnamed(app: App, bounds: Bounds | None, bound: str, named: Sequence[tuple[str, str, str]]) -> Iterable[Fault]:
    """A fault for each of (path, name, words for it) that a bound does not allow; without bounds nothing is allowed."""
    if bounds is None:
        yield from [no_bounds(app)] if named else []
        return
    allowed: tuple[str, ...] = getattr(bounds, bound)
    for path, name, words in named:
        if not matches(name, allowed):
            more = ", …" if len(allowed) > 5 else ""
            right = f"allowed: {', '.join(allowed[:5])}{more}" if allowed else "none is allowed"
            wrong = f"{words} is not allowed by the bound {Bounds.model_fields[bound].alias}"
            yield Fault(path, f"{wrong} of namespace {app.namespace}; {right}")
