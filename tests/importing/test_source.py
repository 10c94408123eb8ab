"""YAML as other tools read it, with its places."""

import pytest

from fargate_operator.importing.source import Node, Unreadable, parse, plain

VALUES = {
    "yes and on are words": ("[yes, on, no, off]", ["yes", "on", "no", "off"]),
    "a date is a word": ("2012-10-17", "2012-10-17"),
    "minutes with a colon are a word": ("1:30", "1:30"),
    "numbers are YAML 1.2's": ("[1, -2, 0o17, 0x1F, 017, 1.5, 1e3, .5]", [1, -2, 15, 31, 17, 1.5, 1000.0, 0.5]),
    "numbers with underscores are words": ("1_000", "1_000"),
    "a number that is none for a computer is a word": ("[123e4567, -1e999, 1e308]", ["123e4567", "-1e999", 1e308]),
    "truth": ("[true, False, TRUE]", [True, False, True]),
    "nothing": ("{a: , b: ~, c: null}", {"a": None, "b": None, "c": None}),
    "what is quoted is text": ("['1', \"true\", '']", ["1", "true", ""]),
    "a key is always text": ("{1: a, true: b}", {"1": "a", "true": "b"}),
    "!Ref": ("!Ref Table", {"Ref": "Table"}),
    "!Condition": ("!Condition Prod", {"Condition": "Prod"}),
    "!GetAtt with a dot": ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
    "!GetAtt with a list": ("!GetAtt [Table, Arn]", {"Fn::GetAtt": ["Table", "Arn"]}),
    "!Sub": ("!Sub '${Table}-x'", {"Fn::Sub": "${Table}-x"}),
    "tags in tags": ("!Join ['', [a, !ImportValue b]]", {"Fn::Join": ["", ["a", {"Fn::ImportValue": "b"}]]}),
    "!ImportValue over a map": ("!ImportValue\n  Fn::Sub: x", {"Fn::ImportValue": {"Fn::Sub": "x"}}),
    "an alias": ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
    "a merge key, its own entries first": (
        "a: &x {p: 1, q: 2}\nb: {<<: *x, p: 3}",
        {"a": {"p": 1, "q": 2}, "b": {"p": 3, "q": 2}},
    ),
    "a merge of two, the first wins": (
        "a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y]}",
        {"a": {"p": 1}, "b": {"p": 2, "q": 3}, "c": {"p": 1, "q": 3}},
    ),
    "a question mark in a flow": (
        "{rate: cron(0 12 * * ? *), a: [b?c, ?d, e?], ? f : g, h: x ?, enabled: true}",
        {"rate": "cron(0 12 * * ? *)", "a": ["b?c", "?d", "e?"], "f": "g", "h": "x ?", "enabled": True},
    ),
    "a question mark elsewhere": ("a: ?b\nc: d ? e\n? f\n: g", {"a": "?b", "c": "d ? e", "f": "g"}),
    "a question mark in quotes": ("{a: '?', b: \"? \", c: 'd\te'}", {"a": "?", "b": "? ", "c": "d\te"}),
    "a tab before a comment": (
        "a: b\t# c\nd:\t# e\n  - f\t\n\t# g\n  -\th\ni: |\t# j\n  k\nl: 'm'\t# n\n",
        {"a": "b", "d": ["f", "h"], "i": "k\n", "l": "m"},
    ),
    "a tab in words": ("a: b\tc\nd:\te", {"a": "b\tc", "d": "e"}),
    "tabs in a flow": ("{\n\ta: 1,\n\tb:\t[2,\t3]\n}", {"a": 1, "b": [2, 3]}),
    "an empty file": ("# nothing\n", None),
}


@pytest.mark.parametrize("case", VALUES)
def test_values(case: str) -> None:
    text, expected = VALUES[case]
    assert plain(parse(text, "x.yml")) == expected


WRONG = {
    "no YAML": ("a: [1\nb: 2", "x.yml:2: is not YAML: expected ',' or ']', but got ':'"),
    "a strange tag": ("a: 1\nb: !Foo x", "x.yml:2: the tag !Foo is not one of CloudFormation's"),
    "Python's tags": (
        "!!python/object:os.system {}",
        "x.yml:1: the tag tag:yaml.org,2002:python/object:os.system is not one of CloudFormation's",
    ),
    "a tab that indents": ("a:\n\tb: c", "x.yml:2: is not YAML: found character '\\t' that cannot start any token"),
    "a number that is none": ("a: !!int abc", "x.yml:1: 'abc' is no int that can be read"),
    "a fraction that is none": ("a:\n  - !!float x", "x.yml:2: 'x' is no float that can be read"),
    "truth that is none": ("a: !!bool maybe", "x.yml:1: 'maybe' is no bool that can be read"),
    "a number without end": (f"a: {'9' * 5000}", "x.yml:1: '99999999999999999999' and more is no int that can be read"),
    "a key twice": ("a: 1\nb: 2\na: 3", "x.yml:3: the key a stands here twice"),
    "a key that is a list": ("? [a]\n: 1", "x.yml:1: a key must be a word"),
    "a list that holds itself": ("a: &x\n  - *x", "x.yml:1: holds itself, or is nested too deep"),
    "a map merged into itself": ("a: &x\n  <<: *x", "x.yml:2: holds itself"),
    "merging a word": ("a:\n  <<: b", "x.yml:2: << takes a map, or a list of maps"),
    "two documents": ("a: 1\n---\nb: 2", "x.yml:2: is not YAML: but found another document"),
    "a control character": (
        "a: \x01",
        'x.yml: is not YAML: unacceptable character #x0001: special characters are not allowed in "<unicode string>", position 3',
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_line_says_what_is_wrong(case: str) -> None:
    text, expected = WRONG[case]
    with pytest.raises(Unreadable) as error:
        parse(text, "x.yml")
    assert str(error.value) == expected


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    """Each level doubles ten times."""
    text = "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))
    with pytest.raises(Unreadable):
        parse(text, "x.yml")


def test_places_are_those_of_keys_and_of_items() -> None:
    root = parse("a:\n  b:\n    - 1\n\n    - c: 2\n", "x.yml")
    a = root.value["a"]
    b = a.value["b"]
    assert (a.line, b.line, b.value[0].line, b.value[1].line, b.value[1].value["c"]) == (1, 2, 3, 5, Node(2, "x.yml", 5))


def test_a_scalar_keeps_its_written_text() -> None:
    root = parse("a: 1.10\nb: [True, '007', ~]\nc: !Sub 0x1F\n", "x.yml")
    assert root.value["a"].written == "1.10"
    assert [one.written for one in root.value["b"].value] == ["True", "007", "~"]
    assert root.value["c"].value["Fn::Sub"].written == "0x1F"
