"""A short cut must never say that nothing dangles where something does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.references import may_dangle, substitute, substitute_all, targets
from fargate_operator.template import canonical

NAMES = st.sampled_from(
    ["A", "B", "Gone", "A.Arn", "Gone.Arn", "AWS::Region", "x y", 'q"uote', "back\\slash", "ü", "${A}", "${!A}", "${Gone}"]
)
FUNCTIONS = st.one_of(
    st.builds(lambda name: {"Ref": name}, NAMES),
    st.builds(lambda name: {"Fn::GetAtt": name}, NAMES),
    st.builds(lambda name, attribute: {"Fn::GetAtt": [name, attribute]}, NAMES, NAMES),
    st.builds(lambda text: {"Fn::Sub": text}, NAMES),
)
BODIES = st.recursive(
    st.none() | st.integers() | NAMES | FUNCTIONS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
KNOWN = {"A", "B", "AWS::Region"}


@given(BODIES)
def test_what_names_something_unknown_is_always_looked_at(body):
    if targets(body) - KNOWN:
        assert may_dangle(canonical(body), KNOWN)


@pytest.mark.parametrize(
    "body", [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}, {"x": [{"Fn::GetAtt": "A.Arn"}]}, "Ref", {"a": '"Ref":"Gone"'}]
)
def test_what_names_only_what_is_known_need_not_be(body):
    assert not may_dangle(canonical(body), KNOWN)


@given(st.dictionaries(NAMES, BODIES, max_size=4))
def test_many_bodies_are_substituted_as_each(bodies):
    assert substitute_all(bodies, {"A"}) == {name: substitute(body, {"A"}) for name, body in bodies.items()}
