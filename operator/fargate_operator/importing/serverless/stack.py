"""What the parts of a stack call one another, there and here; and what refers to them, as text or as objects.

In a FargateApp's strings `${Table}` and `${Table.Arn}` mean resources of `spec.resources`; where CloudFormation's own objects
stand (resources, outputs, overrides, IAM statements), Ref and Fn::GetAtt reach what the operator makes, too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fargate_operator import names
from fargate_operator.evaluation import intrinsic
from fargate_operator.references import PSEUDO

_REFERENCE = re.compile(r"\$\{(!*)([^${}]+)\}")
_FRAMEWORKS = re.compile(
    "IamRoleLambdaExecution|ServerlessDeploymentBucket(Policy)?|WebsocketsApi|ApiGateway(RestApi|Deployment.*|Method.*|Resource.*)"
    "|HttpApi(Stage|Route.*|Integration.*|Authorizer.*)?"
)
_NO_KEY = re.compile(r"[^A-Za-z0-9_-]+")
_NOTHING = {"Ref": "AWS::NoValue"}


class NoText(Exception):
    """A value that no text can say; the message says why."""


@dataclass(frozen=True, slots=True)
class Stack:
    """`resources` are the keys of spec.resources, `generated` what the operator makes, `renamed` what it calls otherwise."""

    resources: frozenset[str]
    generated: frozenset[str]
    renamed: Mapping[str, str]

    def literal(self, text: str) -> str:
        """A text that means itself: what would be read as a reference is escaped."""
        return _REFERENCE.sub(lambda match: f"${{!{match[1]}{match[2]}}}" if self._meant(match) else match[0], text)

    def _meant(self, match: re.Match[str]) -> bool:
        name = match[2]
        known = name in PSEUDO or name in self.resources or name.startswith("Import:")
        return bool(match[1]) or known or ("." in name and name.split(".")[0] in self.resources)

    def text(self, value: Any) -> str:
        """A scalar, or intrinsic functions, as a string of the FargateApp."""
        if isinstance(value, str):
            return self.literal(value)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return str(int(value) if isinstance(value, float) and value.is_integer() else value)
        if not isinstance(value, dict) or len(value) != 1:
            raise NoText("must be a text, or functions of CloudFormation that make one")
        name, argument = next(iter(value.items()))
        if name == "Ref":
            return self._reference(argument)
        if name == "Fn::GetAtt":
            return self._reference(".".join(map(str, argument)) if isinstance(argument, list) else argument)
        if name == "Fn::ImportValue":
            return self._import(argument)
        if name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            return self.text(argument[0]).join(self.text(one) for one in argument[1])
        if name == "Fn::Sub":
            return self._sub(argument)
        raise NoText(f"is {name}, which no string of a FargateApp can say; write the value")

    def _reference(self, name: Any) -> str:
        if isinstance(name, str) and (name in PSEUDO or name.split(".")[0] in self.resources):
            return f"${{{name}}}"
        raise NoText(f"refers to {name}; strings of a FargateApp can refer to spec.resources only")

    def _import(self, argument: Any) -> str:
        name = self.text(argument)
        if "${" in name:
            raise NoText("imports a value whose name is put together by CloudFormation; write the whole name")
        return f"${{Import:{name}}}"

    def _sub(self, argument: Any) -> str:
        text, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise NoText("is an Fn::Sub that nobody can read")

        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[1]}{match[2]}}}"  # a plain ${…} in both languages
            return self.text(variables[match[2]]) if match[2] in variables else self._reference(match[2].strip())

        return _REFERENCE.sub(replace, text)

    def objects(self, value: Any) -> tuple[Any, list[str]]:
        """Plain data where CloudFormation's objects stand, with names as they are here; and what it refers to in vain."""
        lost: list[str] = []
        return self._objects(value, lost), lost

    def _objects(self, value: Any, lost: list[str]) -> Any:
        if isinstance(value, str):
            return self.literal(value)
        if isinstance(value, list):
            return [self._objects(one, lost) for one in value]
        if not isinstance(value, dict):
            return value
        name = intrinsic(value)
        if name and (name != "Condition" or isinstance(value[name], str)):  # IAM statements have such a key, too
            return {name: self._function(name, value[name], lost)}
        return {key: self._depends(one, lost) if key == "DependsOn" else self._objects(one, lost) for key, one in value.items()}

    def _function(self, name: str, argument: Any, lost: list[str]) -> Any:
        if name == "Ref" and isinstance(argument, str):
            return self._name(argument, lost)
        if name == "Fn::GetAtt" and argument and isinstance(argument, str | list):
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            return [self._name(str(parts[0]), lost), *parts[1:]]
        if name == "Fn::Sub":
            text, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, None)
            made = (
                _REFERENCE.sub(lambda match: self._in_sub(match, variables or {}, lost), text) if isinstance(text, str) else text
            )
            return made if variables is None else [made, self._objects(variables, lost)]
        if name in ("Condition", "Fn::If", "Fn::FindInMap", "Fn::Transform"):
            lost.append(f"{name}, whose other half a FargateApp has no place for; write the value")
        return self._objects(argument, lost)

    def _in_sub(self, match: re.Match[str], variables: Mapping[str, Any], lost: list[str]) -> str:
        if match[1] or match[2] in variables:
            return match[0]
        stem, dot, attribute = match[2].strip().partition(".")
        return f"${{{self._name(stem, lost)}{dot}{attribute}}}"

    def _depends(self, value: Any, lost: list[str]) -> Any:
        if isinstance(value, str):
            return self._name(value, lost)
        return [self._name(one, lost) if isinstance(one, str) else one for one in value] if isinstance(value, list) else value

    def _name(self, name: str, lost: list[str]) -> str:
        here = self.renamed.get(name, name)
        if not (here in self.resources or here in self.generated or here in PSEUDO or here == _NOTHING["Ref"]):
            lost.append(f"{name}, which is not in this stack; write what it stands for")
        return here

    def name(self, name: str) -> str | None:
        """A logical ID as it is here; None where there is none."""
        lost: list[str] = []
        here = self._name(name, lost)
        return None if lost else here


def key(name: str) -> str:
    """A name as a key of the FargateApp."""
    made = _NO_KEY.sub("-", name).strip("-")[:64]
    return made if made[:1].isalpha() else f"x{made}"[:64]


def there(name: str) -> str:
    """The framework's stem of a function's logical IDs: `my-fn` is `MyDashfn`."""
    stem = name.replace("-", "Dash").replace("_", "Underscore")
    return stem[:1].upper() + stem[1:]


def stack(resources: frozenset[str], tasks: frozenset[str], functions: frozenset[str], *, api: bool = True) -> Stack:
    """Of an app with these raw resources, tasks (by the names they get) and functions (by their names); `api`: with routes.

    A raw resource with the name of one that the framework or the operator makes changes that one, and is none by itself.
    """
    stems = [names.identifier(key(name)) for name in tasks]
    generated = {names.LOG_GROUP, *((names.HTTP_API,) if api else ())}
    generated |= {names.CLUSTER, names.EXECUTION_ROLE, names.TASK_ROLE} if tasks else set()
    generated |= {f"{stem}{ending}" for stem in stems for ending in ("Task", "Service", "ScheduledTask")}
    own = {name: f"{names.identifier(key(name))}Function" for name in functions}
    generated |= {f"{one}{ending}" for one in own.values() for ending in ("", "Role")}
    renamed = {f"{there(name)}LambdaFunction": one for name, one in own.items()}
    renamed |= {f"{there(name)}LogGroup": names.LOG_GROUP for name in functions}
    theirs = {one for one in resources if one in generated or one in renamed or _FRAMEWORKS.fullmatch(one)}
    return Stack(resources - theirs, frozenset(generated), renamed)
