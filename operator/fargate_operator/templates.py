"""The templates of apps as they are sent: compiled, and held against the bounds in force."""

from fargate_operator.bounds_file import BoundsFile
from fargate_operator.compiler import compile_app, input_digest
from fargate_operator.copying import copy_faults
from fargate_operator.errors import InvalidSpec, OutOfBounds
from fargate_operator.facts import Facts
from fargate_operator.fetching import git_faults
from fargate_operator.model import App
from fargate_operator.police import VERSION as POLICE_VERSION
from fargate_operator.police import police
from fargate_operator.template import Template, digest
from fargate_operator.turn import Turn, app_of


class Templates:
    """Without a bounds file every author is trusted."""

    def __init__(self, bounds: BoundsFile | None) -> None:
        self._bounds = bounds

    def inputs(self, app: App, facts: Facts) -> str:
        """The digest of all that the template is made from, the bounds among it."""
        inputs = input_digest(app, facts)
        if self._bounds:
            bounds = self._bounds.of(app.namespace)
            inputs = digest([inputs, POLICE_VERSION, bounds.digest() if bounds else ""])
        return inputs

    def make(self, app: App, facts: Facts, stack_name: str) -> Template:
        """The final template, within the bounds: the only one that is ever sent."""
        try:
            template = compile_app(app, facts)
        except InvalidSpec as error:
            if not facts.missing:
                raise
            both = [*error.faults, *(one.fault for one in facts.missing)]
            raise InvalidSpec(both, error.reason, outside=True) from error
        if self._bounds is None:
            return template
        return police(app, template, self._bounds.of(app.namespace), facts, stack_name)

    def of(self, turn: Turn) -> Template:
        """The template of what a turn has gathered."""
        assert turn.facts is not None  # noqa: S101  facts are resolved before
        return self.make(app_of(turn), turn.facts, turn.seen.stack_name)

    def may_read(self, app: App) -> None:
        """OutOfBounds with the Secrets of Kubernetes and the git repositories that the app may not have: before one is read."""
        if self._bounds is None:
            return
        bounds = self._bounds.of(app.namespace)
        if faults := [*copy_faults(app, bounds), *git_faults(app, bounds)]:
            raise OutOfBounds(faults)

    def retains(self, namespace: str) -> bool:
        """Whether the platform keeps every stack of the namespace; one without bounds keeps them, too."""
        if self._bounds is None:
            return False
        bounds = self._bounds.of(namespace)
        return bounds is None or bounds.deletion_policy == "Retain"
