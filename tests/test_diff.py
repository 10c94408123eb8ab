import io

import pytest

from fargate_operator.diff import show
from fargate_operator.observation import Change

CHANGES = (
    Change("Add", "Bucket", "AWS::S3::Bucket"),
    Change("Import", "Old", "AWS::S3::Bucket"),
    Change("Modify", "WebService", "AWS::ECS::Service", "False", ("/TaskDefinition", "/Tags/0")),
    Change("Modify", "WebTask", "AWS::ECS::TaskDefinition", "True", ("/ContainerDefinitions/0/Image",)),
    Change("Modify", "Table", "AWS::DynamoDB::Table", "Conditional", ("/KeySchema",)),
    Change("Remove", "Topic", "AWS::SNS::Topic"),
)


def shown(changes, *, colored=False):
    out = io.StringIO()
    show("team-a/shop", changes, out, colored=colored)
    return out.getvalue()


def test_what_goes_comes_first_and_everything_is_counted():
    assert shown(CHANGES).splitlines() == [
        "team-a/shop",
        "  - Topic       AWS::SNS::Topic",
        "  ± Table       AWS::DynamoDB::Table  replaced, perhaps: KeySchema",
        "  ~ WebService  AWS::ECS::Service  Tags, TaskDefinition",
        "  ± WebTask     AWS::ECS::TaskDefinition  replaced, as always: ContainerDefinitions",
        "  + Old         AWS::S3::Bucket  imported",
        "  + Bucket      AWS::S3::Bucket",
        "  1 removed, 2 replaced, 1 modified, 1 imported, 1 added",
    ]


@pytest.mark.parametrize(("changes", "line"), [(None, "  nothing changes"), ((), "  outputs only")])
def test_what_changes_no_resource_is_told_apart(changes, line):
    assert shown(changes).splitlines()[1:] == [line]


def test_colours_are_only_there_when_they_are_wanted():
    assert "\x1b" not in shown(CHANGES)
    lines = shown(CHANGES, colored=True).splitlines()
    assert lines[1] == "\x1b[31m  - Topic       AWS::SNS::Topic\x1b[0m"
    assert [line.split("m")[0] for line in lines[2:7]] == ["\x1b[31", "\x1b[33", "\x1b[31", "\x1b[36", "\x1b[32"]
