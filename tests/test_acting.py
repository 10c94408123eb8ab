"""What the stack is known to be after a call."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fargate_operator.acting import Actor
from fargate_operator.actions import Update
from fargate_operator.aws.stacks import Order
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.plan import Wish
from fargate_operator.template import Template

OWNER = Owner("here", "team", "shop")
BEFORE = StackObservation("team-shop", "arn:stack", "CREATE_COMPLETE", OWNER, input_digest="two tasks", template_digest="first")
AFTER = replace(BEFORE, status="UPDATE_COMPLETE", outputs={"Url": "new"})  # as it is by then
WANTED = Template({"Web": {"Type": "AWS::ECS::Service"}}, {}, input_digest="three tasks")


class World:
    """One region with one stack; `begins`: whether CloudFormation finds anything to update."""

    def __init__(self, *, begins: bool) -> None:
        self.begins, self.known = begins, BEFORE

    def stacks(self, _: str) -> "World":
        return self

    def update(self, *_: Any) -> bool:
        return self.begins

    def describe(self, stack_id: str) -> StackObservation:
        assert stack_id == BEFORE.id
        return AFTER

    def put(self, _: str, stack: StackObservation) -> None:
        self.known = stack


@pytest.mark.parametrize(
    ("begins", "status", "outputs", "inputs", "template"),
    [
        (True, "UPDATE_IN_PROGRESS", {}, "two tasks", "first"),  # what it has until that went well
        (
            False,
            "UPDATE_COMPLETE",
            {"Url": "new"},
            "three tasks",
            WANTED.digest,
        ),  # the update before, whose answer was lost, has brought it
    ],
)
def test_what_a_stack_was_made_from_and_its_template_are_of_one_update(begins, status, outputs, inputs, template):
    world = World(begins=begins)
    actor: Any = Actor(world, SimpleNamespace(follow=lambda *_: None))
    after = actor.write("eu-west-1", Wish(OWNER), Order("uid", OWNER, BEFORE.name, WANTED), BEFORE, Update(BEFORE.id))
    assert (after.status, after.outputs, after.input_digest, after.template_digest) == (status, outputs, inputs, template)
    assert world.known == after
