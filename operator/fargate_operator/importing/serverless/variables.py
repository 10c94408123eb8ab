"""Serverless variables resolved over the tree: what can be known here becomes a value, the rest `Unknown` with the reason."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fargate_operator.importing.cursor import as_text
from fargate_operator.importing.options import Options
from fargate_operator.importing.serverless.dotenv import dotenv
from fargate_operator.importing.serverless.files import content
from fargate_operator.importing.serverless.syntax import BadVariable, Source, Variable, split
from fargate_operator.importing.source import MOST_NODES, Node, Unknown, Unreadable, plain, planted

MOST_TEXT = 1_000_000  # characters that variables may make of one text
_PSEUDO = {"accountId": "AWS::AccountId", "region": "AWS::Region"}
_SCRIPTS = (".js", ".cjs", ".mjs", ".ts")
_ELSEWHERE = {
    "cf": "is an output of another stack; export it there and write ${Import:name}, or write the value",
    "s3": "stands in an object in S3; write the value",
    "git": "is told by git when it is deployed; write the value",
}
_NOWHERE = "is a variable that only the Serverless Framework can resolve; write the value"


class Variables:
    """Resolves each part of the tree once, on demand; `used` are the parts of `custom` that some variable read.

    `taken` are values of the environment by name, each with the place where it is read.
    """

    def __init__(self, root: Node, options: Options) -> None:
        self.root = root
        self.options = options
        self.used: set[str] = set()
        self.taken: dict[str, tuple[str, Node]] = {}
        self._folder = Path(root.file).parent
        self._done: dict[tuple[int, bool], tuple[Node, Node]] = {}  # the first keeps its id taken
        self._sizes: dict[int, int] = {}  # nodes in what was resolved, by its id
        self._busy: set[int] = set()
        self._files: dict[str, Node | None] = {}
        self.stage, self.region, self._environment = options.stage, options.region, dict(options.environment)
        self.stage = self.stage or options.given.get("stage") or self._word("provider", "stage") or "dev"
        if self._word("useDotenv") == "true":
            self._environment = {**dotenv(self._folder, self.stage, self._environment), **self._environment}
        self.region = self.region or options.given.get("region") or self._word("provider", "region") or "us-east-1"

    def _word(self, *steps: str) -> str:
        """A value that others rest on; empty where there is none."""
        found = self._walk(self.root, list(steps))
        self._done.clear()  # what was resolved before this was known
        self._sizes.clear()
        return (as_text(found) or "") if found else ""

    def resolve(self, node: Node, *, sub: bool = False) -> Node:
        """The node without variables; inside the text of an Fn::Sub (`sub`) pseudo parameters are written its way."""
        key = (id(node), sub)
        if key in self._done:
            return self._done[key][1]
        if id(node) in self._busy:
            return Node(Unknown("refers to itself"), node.file, node.line)
        self._busy.add(id(node))
        try:
            found = self._resolve(node, sub=sub)
        finally:
            self._busy.discard(id(node))
        self._sizes[id(found)] = self._size(found)
        if self._sizes[id(found)] > MOST_NODES:
            raise Unreadable(f"{node.file}:{node.line}: variables make too much of this")
        self._done[key] = (node, found)
        return found

    def _size(self, node: Node) -> int:
        """How much it is when it is written out: variables of variables can make anything of a small file."""
        if isinstance(node.value, str):
            return 1 + len(node.value) // 100
        below = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
        return 1 + sum(self._sizes.get(id(one)) or self._size(one) for one in below)

    def _resolve(self, node: Node, *, sub: bool) -> Node:
        if isinstance(node.value, dict):
            value: Any = {key: self.resolve(item, sub=sub or key == "Fn::Sub") for key, item in node.value.items()}
        elif isinstance(node.value, list):
            value = [self.resolve(item, sub=sub and not number) for number, item in enumerate(node.value)]
        elif isinstance(node.value, str) and "${" in node.value:
            value = self._text(node, sub=sub)
        else:
            return node
        return Node(value, node.file, node.line)

    def _text(self, node: Node, *, sub: bool) -> Any:
        """The value of a text with variables; whole variables keep the type of what they mean."""
        try:
            parts = split(node.value)
        except BadVariable as error:
            return Unknown(f"is no variable that can be read: {error}")
        found = [one if isinstance(one, str) else self._variable(one, node, sub=sub) for one in parts]
        if len(found) == 1:
            return found[0]
        for one in found:
            if isinstance(one, Unknown):
                more = "; a parameter can only be the whole value" if one.parameter else ""
                return Unknown(one.why + more)
        joined = [one if _reference(one) else as_text(Node(one, node.file, node.line)) for one in found]
        if any(one is None for one in joined):
            return Unknown("has a variable inside a text that is a list, a map or nothing")
        if sum(len(str(one)) for one in joined) > MOST_TEXT:
            raise Unreadable(f"{node.file}:{node.line}: variables make too much of this")
        if any(isinstance(one, dict) for one in joined):
            return {"Fn::Join": planted(["", [plain(Node(one, node.file, node.line)) for one in joined]], node)}
        return "".join(map(str, joined))

    def _variable(self, variable: Variable, node: Node, *, sub: bool) -> Any:
        for source in variable.sources:
            try:
                found = self._source(source, node, sub=sub)
            except BadVariable as error:
                return Unknown(f"{variable.text} {error}")
            if found is not None:
                return found.value
            if source.literal is None and not source.type:  # null
                return None
        return Unknown(f"{variable.text} has no value here; give it with --param, --opt or in the environment, or write it")

    def _source(self, source: Source, node: Node, *, sub: bool) -> Node | None:
        if not source.type:
            return None if source.literal is None else Node(source.literal, node.file, node.line)
        address = self._inner(source.address, node)
        parameters = [self._inner(one, node) for one in source.parameters]
        if source.type == "text":
            return self.resolve(Node(source.address, node.file, node.line), sub=sub)
        if source.type == "self":
            return self._self(address)
        if source.type == "file":
            return self._file(parameters[0] if parameters else "", address)
        if source.type == "aws" and address in _PSEUDO:
            name = _PSEUDO[address]
            return Node(f"${{{name}}}", node.file, node.line) if sub else planted({"Ref": name}, node)
        if source.type == "ssm":
            return Node(self._parameter(address, parameters), node.file, node.line)
        if source.type == "strToBool" and parameters:
            return Node(parameters[0].lower() in ("true", "1"), node.file, node.line)
        return self._given(source.type, address, node)

    def _given(self, type_: str, address: str, node: Node) -> Node | None:
        """A value of the command line, of the environment or of the parameters."""
        known = self._values(type_)
        if known is None:
            raise BadVariable(_ELSEWHERE.get(type_, _NOWHERE))
        if (found := known.get(address)) is None:
            return None
        if type_ == "env":
            self.taken.setdefault(address, (found, node))
        return self.resolve(found) if isinstance(found, Node) else Node(found, node.file, node.line)

    def _inner(self, text: str, node: Node) -> str:
        """An address or parameter, whose own variables must be known."""
        value = self._text(Node(text, node.file, node.line), sub=False) if "${" in text else text
        if isinstance(value, Unknown):
            raise BadVariable(value.why)
        told = as_text(Node(value, node.file, node.line))
        if told is None:
            raise BadVariable("needs a text inside")
        return told

    def _self(self, address: str) -> Node | None:
        steps = address.split(".") if address else []
        if steps[:1] == ["custom"]:
            self.used.add(steps[1] if len(steps) > 1 else "")
        if address in ("provider.stage", "provider.region"):
            value = self.stage if address == "provider.stage" else self.region
            return Node(value, self.root.file, self.root.line)
        if steps == ["service", "name"] and not isinstance(self.root.value.get("service", self.root).value, dict):
            steps = ["service"]
        return self._walk(self.root, steps)

    def _walk(self, node: Node, steps: list[str]) -> Node | None:
        """What stands below, variables on the way resolved; only what is asked for is."""
        for step in steps:
            value = (self.resolve(node) if isinstance(node.value, str) else node).value
            if isinstance(value, Unknown):
                return Node(value, node.file, node.line)
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                node = value[int(step)]
            elif isinstance(value, dict) and step in value:
                node = value[step]
            else:
                return None
        found = self.resolve(node)
        return None if found.value is None else found

    def _file(self, path: str, address: str) -> Node | None:
        place = self._folder / path
        if place.suffix in _SCRIPTS:
            raise BadVariable(f"is made by {path}, a script, which is not run; write the value")
        if path not in self._files:
            self._files[path] = content(place) if place.is_file() else None
        root = self._files[path]
        return root and self._walk(root, address.split(".") if address else [])

    def _parameter(self, address: str, parameters: list[str]) -> Unknown:
        """An SSM parameter: a name with a slash, or an ARN where it has none or is in another region."""
        name = address.removesuffix("~true").removesuffix("~false").removesuffix("~split")
        region = next((one for one in parameters if "-" in one), self.region)
        why = f"is the SSM parameter {name}, which is read when it is deployed; write the value, or read it in the code"
        if name.startswith("/aws/reference/secretsmanager/"):
            secret = name.removeprefix("/aws/reference/secretsmanager/")
            return Unknown(f"is the secret {secret} of Secrets Manager; name its ARN in secrets")
        if name.startswith("/") and region == self.region:
            return Unknown(why, name)
        where = "${AWS::Region}" if region == self.region else region
        return Unknown(why, f"arn:${{AWS::Partition}}:ssm:{where}:${{AWS::AccountId}}:parameter/{name.lstrip('/')}")

    def _values(self, type_: str) -> Mapping[str, Any] | None:
        if type_ == "env":
            return self._environment
        if type_ == "opt":
            return {"stage": self.options.stage or None, "region": self.options.region or None, **self.options.given}
        if type_ == "sls":
            return {"stage": self.stage}
        if type_ == "param":
            return {**self._parameters("default"), **self._parameters(self.stage), **self.options.parameters}
        return None

    def _parameters(self, stage: str) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for steps in (["params", stage], ["stages", stage, "params"]):
            node = self.root
            for step in steps:
                node = node.value.get(step, Node(None, "", 0)) if isinstance(node.value, dict) else Node(None, "", 0)
                node = self.resolve(node) if isinstance(node.value, str) else node
            found |= node.value if isinstance(node.value, dict) else {}
        return found


def _reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() <= {"Ref", "Fn::Join"} and bool(value)
