"""Which git repositories the platform lets an app build from: judged before one is asked. Pure."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from fargate_operator.bounds import Bounds, matches
from fargate_operator.copying import no_bounds
from fargate_operator.errors import Fault
from fargate_operator.model import App


def git_faults(app: App, bounds: Bounds | None) -> Iterable[Fault]:
    """A fault for each repository that the bounds do not name; without bounds nothing is allowed."""
    named = [(f"spec.images.{name}.build.git.url", build.git.url) for name, (_, build) in app.built().items() if build.git]
    if bounds is None:
        yield from [no_bounds(app)] if named else []
        return
    allowed = bounds.git_repositories
    for path, url in named:
        if not matches(_normal(url), allowed):
            more = ", …" if len(allowed) > 5 else ""
            right = f"allowed: {', '.join(allowed[:5])}{more}" if allowed else "none is allowed"
            wrong = f"the repository {url!r} is not allowed by the bound gitRepositories"
            yield Fault(path, f"{wrong} of namespace {app.namespace}; {right}")


def _normal(url: str) -> str:
    """With the host in lower case; its other freedoms are no part of what `build.git.url` may be."""
    parts = urlsplit(url)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
