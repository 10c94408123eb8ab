"""What only CloudFormation's own properties can say, and `taskdef_overrides`.

See https://aws.github.io/copilot-cli/docs/developing/overrides/taskdef-overrides/.
"""

import re
from typing import Any

from fargate_operator.importing.copilot.containers import depends_on
from fargate_operator.importing.copilot.values import text
from fargate_operator.importing.cursor import Cursor
from fargate_operator.references import PSEUDO, targets

Step = tuple[str, str | None]  # a name, and the index of the list that it is
_STEP = re.compile(r"([A-Za-z]+)(?:\[(-|\d+)\])?")
# lists that are generated: an override would replace what stands in them
_GENERATED = frozenset(("Environment", "Secrets", "PortMappings", "MountPoints", "DependsOn"))
_CREDENTIALS = "the role that ECS starts the task with has no right to read it: name an executionRoleArn that has"


def overrides(top: Cursor) -> dict[str, Any]:
    """`overrides` of the workload."""
    container: dict[str, Any] = {}
    definition: dict[str, Any] = {}
    if labels := top.get("image", "labels"):
        container["DockerLabels"] = {key: found for key, one in labels.items() if (found := text(one)) is not None}
    if needs := depends_on(top.get("image", "depends_on")):
        container["DependsOn"] = [{"ContainerName": name, "Condition": condition} for name, condition in needs.items()]
    if (credentials := top.get("image", "credentials")) and (parameter := text(credentials)):
        container["RepositoryCredentials"] = {"CredentialsParameter": parameter}
        credentials.lose(_CREDENTIALS)
    if (read_only := top.get("storage", "readonly_fs")) and read_only.flag():
        container["ReadonlyRootFilesystem"] = True
    rules = top.get("taskdef_overrides")
    for rule in rules.each() if rules else ():
        _rule(rule, definition, container)
    both = {"taskDefinition": definition, "container": container}
    return {name: value for name, value in both.items() if value}


def _rule(rule: Cursor, definition: dict[str, Any], container: dict[str, Any]) -> None:
    path, value = text(rule.get("path")), rule.get("value")
    matches = [_STEP.fullmatch(step) for step in (path or "").split(".")]
    known: list[Step] = [(match[1], match[2]) for match in matches if match]
    if value is None or len(known) < len(matches):
        rule.lose("must have a path such as ContainerDefinitions[0].Ulimits[-], and a value")
        return
    body = definition
    if known[0] == ("ContainerDefinitions", "0"):
        body, known = container, known[1:]
    plain = value.plain()
    if not known or known[0][0] in _GENERATED or known[0][0] == "ContainerDefinitions" or targets(plain) - PSEUDO:
        rule.lose("say it by the workload's own fields, or in overrides, whose lists replace those that are generated")
    elif not _put(body, known, plain):
        rule.lose("write the whole list in overrides")


def _put(body: dict[str, Any], steps: list[Step], value: Any) -> bool:
    """Whether the value could be put there: an index must be of what is there, or ``-`` for one more."""
    (name, index), *rest = steps
    if index is None:
        if not rest:
            body[name] = value
            return True
        below = body.setdefault(name, {})
        return isinstance(below, dict) and _put(below, rest, value)
    items = body.get(name, [])
    place = len(items) if index == "-" else int(index)
    if not isinstance(items, list) or place > len(items):
        return False
    body[name] = items
    if place == len(items):
        items.append({} if rest else value)
    elif not rest:
        items[place] = value
    return not rest or _put(items[place], rest, value)
