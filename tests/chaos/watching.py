"""What there is just now, of a story's namespace: objects from the API server, stacks and services from the emulator itself."""

import json
from typing import Any

from botocore.exceptions import ClientError

from chaos.model import Stack, World
from chaos.people import People
from chaos.specs import Place
from fargate_operator.aws.stacks import observed
from harness.emulator import Emulator


class Watching:
    """Reads the world; it changes nothing."""

    def __init__(self, emulator: Emulator, people: People, place: Place) -> None:
        self._cloudformation, self._ecs = emulator.client("cloudformation"), emulator.client("ecs")
        self._people, self._prefix = people, f"{place.namespace}-"

    def world(self) -> World:
        """All of it."""
        objects = self._people.objects()
        stacks: dict[str, Stack] = {}
        services: dict[str, tuple[int, int]] = {}
        for one in self.stacks():
            try:
                body = self._cloudformation.get_template(StackName=one["StackName"])["TemplateBody"]
                services |= self._counts(one["StackName"])
            except ClientError:
                continue  # it went just now
            template = json.loads(body) if isinstance(body, str) else body
            seen = observed(one)
            stacks[seen.name] = Stack(seen.name, seen.id, seen.status, seen.template_digest, template.get("Resources", {}))
        return World(objects, stacks, services)

    def stacks(self) -> list[Any]:
        """Those of the story, as DescribeStacks tells them."""
        pages = self._cloudformation.get_paginator("describe_stacks").paginate()
        return [one for page in pages for one in page["Stacks"] if one["StackName"].startswith(self._prefix)]

    def _counts(self, stack: str) -> dict[str, tuple[int, int]]:
        there = self._cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        ids = {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in there
            if one["ResourceType"].startswith("AWS::ECS::")
        }
        arns = [one for one in ids.values() if ":service/" in one]
        clusters = [one["PhysicalResourceId"] for one in there if one["ResourceType"] == "AWS::ECS::Cluster"]
        if not arns or not clusters:
            return {}
        found = self._ecs.describe_services(cluster=clusters[0], services=arns)["services"]
        return {one["serviceArn"]: (one["runningCount"], one["desiredCount"]) for one in found if one["status"] == "ACTIVE"}
