"""Which git repositories the platform lets an app build from: judged before one is asked. Pure."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from fargate_operator.bounds import Bounds
from fargate_operator.copying import unnamed
from fargate_operator.errors import Fault
from fargate_operator.model import App


def git_faults(app: App, bounds: Bounds | None) -> Iterable[Fault]:
    """A fault for each repository that the bounds do not name; without bounds nothing is allowed."""
    urls = ((f"spec.images.{name}.build.git.url", build.git.url) for name, (_, build) in app.built().items() if build.git)
    named = [(path, _normal(url), f"the repository {url!r}") for path, url in urls]
    return unnamed(app, bounds, "git_repositories", named)


def _normal(url: str) -> str:
    """With the host in lower case; its other freedoms are no part of what `build.git.url` may be."""
    parts = urlsplit(url)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
