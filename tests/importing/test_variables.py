"""Serverless variables, as version 3 of the framework reads them."""

from pathlib import Path
from typing import Any

import pytest

from fargate_operator.importing.options import Options
from fargate_operator.importing.serverless.dotenv import dotenv
from fargate_operator.importing.serverless.syntax import BadVariable, Source, Variable, split
from fargate_operator.importing.serverless.variables import Variables
from fargate_operator.importing.source import Unknown, Unreadable, parse, plain

TEXT = """
service: shop
provider: {region: eu-west-1, stage: "${opt:stage, 'dev'}"}
params: {default: {a: 1}, prod: {a: 2, b: "${param:a}"}}
stages: {prod: {params: {c: 3}}}
custom: {list: [x, {y: z}], number: 5, flag: true, map: {k: v}, null_one: ~, deep: {er: "${self:custom.number}"}}
here: %s
"""
VALUES: dict[str, tuple[str, Any]] = {
    "a whole variable keeps its type": ("${self:custom.number}", 5),
    "truth": ("${self:custom.flag}", True),
    "a list": ("${self:custom.list}", ["x", {"y": "z"}]),
    "a map": ("${self:custom.map}", {"k": "v"}),
    "in a text": ("a-${self:custom.number}-${self:custom.flag}", "a-5-true"),
    "by number": ("${self:custom.list.1.y}", "z"),
    "of a variable": ("${self:custom.deep.er}", 5),
    "nested": ("${self:custom.${self:custom.list.0, 'x'}, self:custom.list.${self:nothing, '0'}}", "x"),
    "the first that has something": ("${env:NOTHING, opt:nothing, self:custom.number}", 5),
    "a word in quotes": ("${env:NOTHING, 'a, b}'}", "a, b}"),
    "a word in double quotes": ('${env:NOTHING, "a\\"b"}', 'a"b'),
    "numbers and truth": ("[${opt:a, 5}, ${opt:a, 1.5}, ${opt:a, true}]", "[5, 1.5, true]"),
    "the older fallback": ("${env:NOTHING, ${self:custom.number}}", 5),
    "nothing": ("${env:NOTHING, null}", None),
    "null is no value": ("${self:custom.null_one, 'else'}", "else"),
    "an empty text is one": ("${env:EMPTY, 'else'}", ""),
    "the environment": ("${env:HERE}", "there"),
    "an option": ("${opt:own}", "1"),
    "the stage": ("${sls:stage}/${opt:stage}/${self:provider.stage}", "prod/prod/prod"),
    "parameters": ("${param:a}${param:b}${param:c}${param:d}", "2234"),
    "the service": ("${self:service}", "shop"),
    "an account": ("${aws:accountId}", {"Ref": "AWS::AccountId"}),
    "an account in a text": ("x${aws:accountId}", {"Fn::Join": ["", ["x", {"Ref": "AWS::AccountId"}]]}),
    "truth from a text": ("${strToBool(${self:custom.flag})}", True),
    "CloudFormation's own": ("${AWS::Region} ${Table} ${Table.Arn} ${!X} $ {", "${AWS::Region} ${Table} ${Table.Arn} ${!X} $ {"),
    "an escaped one": ("\\${self:x} ${self:service}", "${self:x} shop"),
    "inside CloudFormation's": ("${Foo${self:service}}", "${Fooshop}"),
}


def resolved(text: str, tmp_path: Path) -> Any:
    quoted = "'" + text.replace("'", "''") + "'"
    root = parse(TEXT % quoted, str(tmp_path / "serverless.yml"))
    options = Options(stage="prod", given={"own": "1"}, parameters={"d": "4"}, environment={"HERE": "there", "EMPTY": ""})
    return plain(Variables(root, options).resolve(root))["here"]


@pytest.mark.parametrize("case", VALUES)
def test_values(case: str, tmp_path: Path) -> None:
    text, expected = VALUES[case]
    assert resolved(text, tmp_path) == expected


UNKNOWN = {
    "nothing anywhere": (
        "${env:NO, self:no.no}",
        "${env:NO, self:no.no} has no value here; give it with --param, --opt or in the environment, or write it",
    ),
    "itself": ("${self:here}", "refers to itself"),
    "a script": ("${file(./x.js)}", "${file(./x.js)} is made by ./x.js, a script, which is not run; write the value"),
    "a stack's output": (
        "${cf(eu-west-1):a.b}",
        "${cf(eu-west-1):a.b} is an output of another stack; export it there and write ${Import:name}, or write the value",
    ),
    "git": ("${git:sha1}", "${git:sha1} is told by git when it is deployed; write the value"),
    "a plugin's own": (
        "${doppler:x}",
        "${doppler:x} is a variable that only the Serverless Framework can resolve; write the value",
    ),
    "a list in a text": ("a${self:custom.list}", "has a variable inside a text that is a list, a map or nothing"),
    "no end": ("${self:a", "is no variable that can be read: 'a' has no end"),
    "a bare word": ("${self:a, b}", "is no variable that can be read: b must be in quotes"),
    "unknown inside": (
        "${self:${ssm:/x}}",
        "${self:${ssm:/x}} is the SSM parameter /x, which is read when it is deployed; write the value, or read it in the code",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_says_why(case: str, tmp_path: Path) -> None:
    text, expected = UNKNOWN[case]
    assert resolved(text, tmp_path) == Unknown(expected)


PARAMETERS = {
    "${ssm:/a/b}": "/a/b",
    "${ssm:/a/b~true}": "/a/b",
    "${ssm(raw):/a}": "/a",
    "${ssm(eu-west-1):/a}": "/a",
    "${ssm(eu-west-2):/a}": "arn:${AWS::Partition}:ssm:eu-west-2:${AWS::AccountId}:parameter/a",
    "${ssm:a}": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/a",
    "${ssm:/${self:service}/a}": "/shop/a",
    "${env:NOTHING, ssm:/a}": "/a",
    "x${ssm:/a}": "",
    "${ssm:/aws/reference/secretsmanager/a}": "",
}


@pytest.mark.parametrize("text", PARAMETERS)
def test_a_parameter_is_known_by_its_name(text: str, tmp_path: Path) -> None:
    assert resolved(text, tmp_path).parameter == PARAMETERS[text]


def test_files_are_read_once_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("b: {c: [1, '${self:service}']}\nd: !Ref X\n")
    (tmp_path / "a.json").write_text('{"b": [1]}')
    (tmp_path / "a.txt").write_text("text of ${self:service}")
    texts = ["${file(./a.yml):b.c}", "${file(a.yml):d}", "${file(./a.json):b.0}", "${file(./a.txt)}", "${file(./no.yml), 'none'}"]
    assert [resolved(one, tmp_path) for one in texts] == [[1, "shop"], {"Ref": "X"}, 1, "text of shop", "none"]


def test_inside_a_sub_pseudo_parameters_are_written_its_way(tmp_path: Path) -> None:
    root = parse("a: !Sub 'x${aws:accountId}${Table}'\nb: !Sub ['${aws:region}', {c: '${aws:region}'}]", str(tmp_path / "x.yml"))
    assert plain(Variables(root, Options()).resolve(root)) == {
        "a": {"Fn::Sub": "x${AWS::AccountId}${Table}"},
        "b": {"Fn::Sub": ["${AWS::Region}", {"c": {"Ref": "AWS::Region"}}]},
    }


def test_dotenv_stands_behind_the_environment(tmp_path: Path) -> None:
    """And where the stage has a file of its own, the other is not read."""
    (tmp_path / ".env").write_text("# comment\nA=1\nexport B='two'\n")
    root = parse("useDotenv: true\nhere: ${env:A}${env:B}${env:C, 'none'}", str(tmp_path / "x.yml"))
    assert plain(Variables(root, Options(environment={"A": "0"})).resolve(root))["here"] == "0twonone"
    (tmp_path / ".env.dev").write_text("B=3\nC=4\n")
    assert plain(Variables(root, Options(environment={"A": "0"})).resolve(root))["here"] == "034"


DOTENV = {
    "a comment behind it": ("A=b # c", "b"),
    "a sign in quotes is no comment": ("A='b # c' # d", "b # c"),
    "a sign without a space before it is one": ("A=b#c", "b"),
    "spaces around it": ("A =  b c  ", "b c"),
    "the end of a line in double quotes": (r'A="b\nc"', "b\nc"),
    "in single quotes it is none": (r"A='b\nc'", r"b\nc"),
    "several lines": ('A="b\nc"\nB=2', "b\nc"),
    "quotes inside": ("A='b\"c'", 'b"c'),
    "one quote alone": ("A='b", "'b"),
    "backticks": ("A=`b'c`", "b'c"),
    "with a colon": ("A: b", "b"),
    "nothing": ("A=\nB=2", ""),
    "the last wins": ("A=1\nA=2", "2"),
    "Windows' lines": ("A=1\r\nB=2\r\n", "1"),
    "another variable": ("B=2\nA=$B-${B}", "2-2"),
    "a later one": ("A=$B\nB=${C}\nC=3", "3"),
    "one of the environment": ("A=x$HOME", "x/home"),
    "the environment wins there, too": ("HOME=/none\nA=$HOME", "/home"),
    "one that there is not": ("A=x${NO}y", "xy"),
    "one with a default": ("A=${NO:-else}", "else"),
    "an escaped one": (r"A=b\$C", "b$C"),
    "a price": ("A=5$", "5$"),
}


@pytest.mark.parametrize("case", DOTENV)
def test_dotenv(case: str, tmp_path: Path) -> None:
    text, expected = DOTENV[case]
    (tmp_path / ".env").write_bytes(text.encode())
    assert dotenv(tmp_path, "dev", {"HOME": "/home"})["A"] == expected


@pytest.mark.parametrize("text", ["A=$A", "A=$B\nB=$A", "A=" + "x" * 60000 + "\nB=${A}${A}"])
def test_dotenv_without_end(text: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(text)
    with pytest.raises(Unreadable, match="refers to itself, or to too much"):
        dotenv(tmp_path, "dev", {})


def test_syntax() -> None:
    assert split("a${file(./x.yml, b):c.d, 'e'}") == [
        "a",
        Variable((Source("file", ("./x.yml", "b"), "c.d"), Source(literal="e")), "${file(./x.yml, b):c.d, 'e'}"),
    ]


@pytest.mark.parametrize("text", ["${self:a", "${self(", "${self:a, }", "${self:'a'b}", '${self:a, "b}', "${self:a,, b}"])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(BadVariable):
        split(text)
