"""References and intrinsic functions, as text and as objects."""

from typing import Any

import pytest

from fargate_operator.importing.serverless.stack import NoText, stack
from fargate_operator.references import substitute

STACK = stack(frozenset(("Table", "Queue")), frozenset(("my-task",)), frozenset(("my-fn",)))
TEXTS: dict[str, tuple[Any, str]] = {
    "a plain text": ("a", "a"),
    "a number": (1.0, "1"),
    "truth": (True, "true"),
    "Ref": ({"Ref": "Table"}, "${Table}"),
    "a pseudo parameter": ({"Ref": "AWS::Region"}, "${AWS::Region}"),
    "Fn::GetAtt": ({"Fn::GetAtt": ["Table", "Arn"]}, "${Table.Arn}"),
    "Fn::GetAtt as a text": ({"Fn::GetAtt": "Table.Stream.Arn"}, "${Table.Stream.Arn}"),
    "Fn::ImportValue": ({"Fn::ImportValue": "a"}, "${Import:a}"),
    "Fn::Sub": ({"Fn::Sub": "a${Table}${!b}${AWS::Region}"}, "a${Table}${!b}${AWS::Region}"),
    "Fn::Sub with variables": ({"Fn::Sub": ["${a}-${Table}", {"a": {"Fn::GetAtt": ["Queue", "Arn"]}}]}, "${Queue.Arn}-${Table}"),
    "Fn::Join": ({"Fn::Join": ["-", ["a", 1, {"Ref": "Table"}]]}, "a-1-${Table}"),
    "what looks like a reference": ("${Table} ${Table.Arn} ${AWS::Region} ${Import:a}", "${!Table} ${!Table.Arn} ${!AWS::Region} ${!Import:a}"),
    "what is none": ("${Other} ${HOME} $Table {Table}", "${Other} ${HOME} $Table {Table}"),
    "what is escaped": ("${!Table} ${!Other}", "${!!Table} ${!!Other}"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_texts(case: str) -> None:
    value, expected = TEXTS[case]
    assert STACK.text(value) == expected


@pytest.mark.parametrize("text", [value for value, _ in TEXTS.values() if isinstance(value, str)])
def test_a_literal_comes_out_of_the_operator_as_it_was(text: str) -> None:
    assert substitute(STACK.literal(text), STACK.resources) == text


NO_TEXTS: list[Any] = [
    {"Ref": "Nowhere"},
    {"Ref": "FargateTasksCluster"},
    {"Fn::GetAtt": ["MyDashfnLambdaFunction", "Arn"]},
    {"Fn::If": ["a", "b", "c"]},
    {"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-a"}},
    {"Fn::Sub": "${Nowhere}"},
    {"a": 1, "b": 2},
    [],
    None,
]


@pytest.mark.parametrize("value", NO_TEXTS, ids=str)
def test_what_no_text_can_say(value: Any) -> None:
    with pytest.raises(NoText):
        STACK.text(value)


OBJECTS: dict[str, tuple[Any, Any, list[str]]] = {
    "names stay": ({"Ref": "Table"}, {"Ref": "Table"}, []),
    "what the operator makes": ({"Fn::GetAtt": ["MytaskTask", "x"]}, {"Fn::GetAtt": ["MytaskTask", "x"]}, []),
    "functions have other names": ({"Fn::GetAtt": "MyDashfnLambdaFunction.Arn"}, {"Fn::GetAtt": ["MyfnFunction", "Arn"]}, []),
    "in a Fn::Sub": ({"Fn::Sub": "${MyDashfnLambdaFunction}${!a}"}, {"Fn::Sub": "${MyfnFunction}${!a}"}, []),
    "what it waits for": ({"DependsOn": ["MyDashfnLambdaFunction"], "a": 1}, {"DependsOn": ["MyfnFunction"], "a": 1}, []),
    "no value": ({"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}, []),
    "a literal": ({"a": ["${Table}"]}, {"a": ["${!Table}"]}, []),
    "an IAM condition alone": ({"Condition": {"a": {"b": "c"}}}, {"Condition": {"a": {"b": "c"}}}, []),
    "nowhere": ({"Ref": "Nowhere"}, {"Ref": "Nowhere"}, ["Nowhere, which is not in this stack; write what it stands for"]),
}


@pytest.mark.parametrize("case", OBJECTS)
def test_objects(case: str) -> None:
    value, expected, lost = OBJECTS[case]
    assert STACK.objects(value) == (expected, lost)
