"""A CloudFormation template as a frozen value, and its digest.

A body is plain JSON data: dicts, lists, strings, numbers, booleans. Pure.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = Any  # plain JSON data; a recursive alias would cost more casts than it finds mistakes


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its logical ID, its type and the attributes CloudFormation knows, None where absent."""

    logical_id: str
    type: str
    properties: Mapping[str, JSON]
    depends_on: tuple[str, ...] = ()
    attributes: Mapping[str, JSON] = field(default_factory=dict)  # DeletionPolicy, UpdateReplacePolicy, Condition, Metadata …

    def body(self) -> dict[str, JSON]:
        """As it stands in a template; DependsOn sorted, empty parts left out."""
        body: dict[str, JSON] = {"Type": self.type, **self.attributes}
        if self.properties:
            body["Properties"] = dict(self.properties)
        if self.depends_on:
            body["DependsOn"] = sorted(set(self.depends_on))
        return body


@dataclass(frozen=True, slots=True)
class Template:
    """What is sent to CloudFormation.

    `resources` and `outputs` are bodies by logical ID. `metadata` and the reserved output `STATE_OUTPUT`, which records what a
    stack was made from, do not count in `digest`: a template that differs only in these is not sent.
    """

    resources: Mapping[str, JSON]
    outputs: Mapping[str, JSON]
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    description: str = ""
    input_digest: str = ""
    parameters: Mapping[str, JSON] = field(default_factory=dict)  # bodies; their values are sent beside the template
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # image that is missing → workloads left out; not sent

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` over the parts that CloudFormation acts on, independent of the order of maps."""
        parts: dict[str, JSON] = {"Resources": self.resources, "Outputs": self.outputs, "Description": self.description}
        return digest({**parts, "Parameters": self.parameters} if self.parameters else parts)

    def body(self) -> dict[str, JSON]:
        """The whole template, in the order people read it."""
        body: dict[str, JSON] = {"AWSTemplateFormatVersion": "2010-09-09"}
        if self.description:
            body["Description"] = self.description
        if self.metadata:
            body["Metadata"] = dict(self.metadata)
        if self.parameters:
            body["Parameters"] = dict(self.parameters)
        body["Resources"] = dict(self.resources)
        outputs = dict(self.outputs)
        if self.input_digest:
            outputs[STATE_OUTPUT] = {
                "Description": "What this stack was made from; read by fargate-operator",
                "Value": f"{self.input_digest} {self.digest}",
            }
        if outputs:
            body["Outputs"] = outputs
        return body

    def json(self) -> str:
        """The body without white space, keys sorted: the bytes that are sent."""
        return canonical(self.body())


STATE_OUTPUT = "FargateOperatorState"


def canonical(value: JSON) -> str:
    """JSON with sorted keys and no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: JSON) -> str:
    """``sha256:<hex>`` of the canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def encodes(text: str) -> bool:
    """Whether a text can be sent and written."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
