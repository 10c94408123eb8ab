"""What environmentFrom names, and what the objects that it names give. Pure.

A fault may name an object and its keys, and never a value.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.checks.functions import RESERVED
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.environment_from import CONFIG_MAPS
from fargate_operator.model import App

MOST_PARAMETERS = 200  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TITLES = {CONFIG_MAPS: "ConfigMap"}


def variable_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Sources that are not exactly one object, and names that one place of a task's gives twice."""
    places = [("spec", app.spec.environment_from)] + [
        (f"spec.{kind}.{key}", one.environment_from) for kind, key, one in app.workloads()
    ]
    for path, listed in places:
        for number, source in enumerate(listed or ()):
            if len(list(source.named())) != 1:
                yield Fault(f"{path}.environmentFrom[{number}]", "must be either configMapRef or secretRef")
    tasks = list(app.tasks())
    given = [("spec", app.spec.environment, app.spec.secrets)] if tasks else []
    given += [(f"spec.{kind}.{key}", task.environment, task.secrets) for kind, key, task in tasks]
    for path, environment, secrets in given:
        for name in sorted((environment or {}).keys() & (secrets or {}).keys()):
            yield Fault(f"{path}.secrets.{name}", "is in environment, too; ECS takes a name once: leave it out of one of the two")


def source_faults(app: App, facts: Facts) -> Iterable[Fault]:
    """Keys that cannot be variables, more of them than CloudFormation takes, and what Lambda cannot have."""
    secrets = []
    for path, kind, name in app.sources():
        for key in _keys(facts, kind, name):
            if not _VARIABLE.fullmatch(key):
                wrong = f"{key!r} of the {_TITLES.get(kind, 'Secret')} {name} is no name of a variable"
                yield Fault(path, f"{wrong}; must be letters, digits and underscores, and begin with no digit")
        if kind != CONFIG_MAPS:
            secrets.append(path)
    count = sum(len(one.keys) for one in facts.copied.values())
    if count > MOST_PARAMETERS and secrets:
        wrong = f"the Secrets of the app have {count} keys, CloudFormation takes {MOST_PARAMETERS} parameters"
        yield Fault(secrets[0], f"{wrong}; leave keys out, or put values together as one")
    for key in sorted(app.spec.functions or {}):
        yield from _of_function(app, key, facts)


def _keys(facts: Facts, kind: str, name: str) -> list[str]:
    if kind == CONFIG_MAPS:
        found = facts.config_maps.get(name)
        return sorted(found.data) if found else []
    copied = facts.copied.get(name)
    return sorted(copied.keys) if copied else []


def _of_function(app: App, key: str, facts: Facts) -> Iterable[Fault]:
    own = f"spec.functions.{key}."
    for path, kind, name in app.sources():
        if kind == CONFIG_MAPS and path.startswith((own, "spec.environmentFrom[")):
            for variable in _keys(facts, kind, name):
                if RESERVED.fullmatch(variable):
                    yield Fault(path, f"{variable} of the ConfigMap {name} is Lambda's own, so that {key} cannot have it")
