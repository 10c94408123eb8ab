"""Tags are written into manifests, of which nothing else changes."""

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.pushing.pinning import Unpinnable, pinned

TAG = "v2@sha256:" + "0" * 64


def block(images, eol="\n"):
    """A manifest whose images are these lines."""
    return eol.join(["kind: FargateApp", "spec:", "  images:", *images.splitlines(), "  services: {web: {image: php}}", ""])


CASES = {
    "a plain tag, with what stands beside it": (
        "    php:\n      build: {}   # here\n      tag:   v1   # the release\n",
        f"    php:\n      build: {{}}   # here\n      tag:   {TAG}   # the release\n",
    ),
    "a tag that was pinned before": (f"    php:\n      tag: {TAG[::-1]}x\n", f"    php:\n      tag: {TAG}\n"),
    "single quotes": ("    php:\n      tag: 'v1'\n", f"    php:\n      tag: '{TAG}'\n"),
    "double quotes": ('    php:\n      tag: "v1"# c\n'.replace("#", " #"), f'    php:\n      tag: "{TAG}" # c\n'),
    "a flow": ("    php: {build: {}, tag: v1}  # c\n", f'    php: {{build: {{}}, tag: "{TAG}"}}  # c\n'),
    "a flow with quotes": ("    php: {tag: 'v1', build: {}}\n", f"    php: {{tag: '{TAG}', build: {{}}}}\n"),
    "a flow over lines": (
        "    php: {\n      # c\n      build: {},\n    }\n",
        f'    php: {{\n      # c\n      tag: "{TAG}", build: {{}},\n    }}\n',
    ),
    "no tag in a flow": ("    php: { build: {} }\n", f'    php: {{ tag: "{TAG}", build: {{}} }}\n'),
    "no tag in a flow with quotes": ('    "php": {"build": {}}\n', f'    "php": {{"tag": "{TAG}", "build": {{}}}}\n'),
    "no tag": (
        "    php:   # ours\n      # how\n      build:\n        context: .\n      keep: 3\n",
        f"    php:   # ours\n      tag: {TAG}\n      # how\n      build:\n        context: .\n      keep: 3\n",
    ),
    "no tag, but text of several lines": (
        "    php:\n      build:\n        args:\n          A: |+\n            x\n\n    b: {uri: x}\n",
        f"    php:\n      tag: {TAG}\n      build:\n        args:\n          A: |+\n            x\n\n    b: {{uri: x}}\n",
    ),
    "a tag without a value": (
        "    php:\n      tag:  # none\n      build: {}\n",
        f"    php:\n      tag: {TAG}  # none\n      build: {{}}\n",
    ),
    "two tags, of which the last counts": (
        "    php:\n      tag: a\n      tag: b\n",
        f"    php:\n      tag: a\n      tag: {TAG}\n",
    ),
    "a tag that comes by a merge key": (
        "    a: &a {tag: v1}\n    php:\n      <<: *a\n      build: {}\n",
        f"    a: &a {{tag: v1}}\n    php:\n      tag: {TAG}\n      <<: *a\n      build: {{}}\n",
    ),
    "an anchor that nothing else changes by": (
        "    php: &a\n      build: {}\n",
        f"    php: &a\n      tag: {TAG}\n      build: {{}}\n",
    ),
    "another image's tag of the same text": (
        "    b: {tag: v1}\n    php: {tag: v1}\n    c: {tag: v1}\n",
        f'    b: {{tag: v1}}\n    php: {{tag: "{TAG}"}}\n    c: {{tag: v1}}\n',
    ),
    "text beyond ASCII": (
        "    # größe 🎉\n    php: {build: {context: ü}, tag: v1}\n",
        f'    # größe 🎉\n    php: {{build: {{context: ü}}, tag: "{TAG}"}}\n',
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_only_the_tag_is_written(case, eol):
    before, after = (block(one).replace("\n", eol) for one in CASES[case])
    assert pinned(before, 0, "php", TAG) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec: {images: {php: {tag: v1}}}", f'spec: {{images: {{php: {{tag: "{TAG}"}}}}}}'),
        ("spec:\n  images:\n    php:\n      tag: v1", f"spec:\n  images:\n    php:\n      tag: {TAG}"),
        ("\ufeffspec:\n  images:\n    php:\n      tag: v1\n", f"\ufeffspec:\n  images:\n    php:\n      tag: {TAG}\n"),
        (
            '{"spec": {"images": {"php": {"build": {}}}}}\n',
            f'{{"spec": {{"images": {{"php": {{"tag": "{TAG}", "build": {{}}}}}}}}}}\n',
        ),
    ],
    ids=["a flow without an end of line", "no end of line", "a byte order mark", "JSON"],
)
def test_the_file_keeps_its_beginning_and_its_end(before, after):
    assert pinned(before, 0, "php", TAG) == after


def test_of_several_documents_the_right_one_is_changed():
    one = "spec: {images: {php: {tag: v1}}}\n"
    text = f"# first\n{one}---\n---\n{one}...\n---\n{one}# end"
    wanted = one.replace("v1", f'"{TAG}"')
    assert pinned(text, 2, "php", TAG) == f"# first\n{one}---\n---\n{wanted}...\n---\n{one}# end"


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ("    php: {tag: &t v1}\n", "its tag has an anchor or a type"),
        ("    php: {tag: !!str v1}\n", "its tag has an anchor or a type"),
        ("    b: {tag: &t v1}\n    php: {tag: *t}\n", "its tag is an alias"),
        ("    b: &b {tag: v1}\n    php: *b\n", "php is an alias"),
        ("    php: &b {tag: v1}\n    b: *b\n", "spec.images.b.tag would change with its tag"),
        ("    php: &b {tag: v1}\n    b: {<<: *b}\n", "spec.images.b.tag would change with its tag"),
        ("    php:\n      tag: |-\n        v1\n", "its tag is not written on one line"),
        ("    php:\n      tag: {a: 1}\n", "its tag is not written on one line"),
        ("    ? php\n    : build: {}\n", "not written each on a line of its own"),
        ("    php:\n      &a\n      build: {}\n", "cannot be written where it belongs"),
        ("    php: {build, tag}\n", "cannot be written where it belongs"),
        ("    php:\n", "it is no map"),
        ("    b: {}\n", "php is not written in it"),
    ],
)
def test_where_it_cannot_be_written_the_reason_is_told(images, words):
    with pytest.raises(Unpinnable) as error:
        pinned(block(images), 0, "php", TAG)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_alias_of_everything_is_told():
    with pytest.raises(Unpinnable) as error:
        pinned("a: &a {images: {php: {tag: v1}}}\nspec: *a\n", 0, "php", TAG)
    assert "spec is an alias" in str(error.value)


def test_a_file_that_contains_itself_is_told():
    with pytest.raises(Unpinnable):
        pinned("a: &a [*a]\nspec: {images: {php: {tag: v1}}}\n", 0, "php", TAG)


LEAVES = st.one_of(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), st.integers(), st.booleans(), st.none())
PARTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abtag", min_size=1, max_size=4), inner, max_size=3),
)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(NAMES, st.dictionaries(st.sampled_from(["build", "z"]), PARTS, min_size=1), min_size=1, max_size=3),
    st.one_of(st.none(), st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)),
    st.sampled_from([True, False, None]),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_whatever_else_is_there_stays(images, old, flow, eol, data):
    """Of the data all but the tag, of the text all but its line; comments between the lines, too."""
    name = data.draw(st.sampled_from(sorted(images)))
    if old is not None:
        images[name]["tag"] = old
    spec = {"spec": {"images": images, "services": {"web": {"image": name}}}}
    text = yaml.safe_dump(spec, default_flow_style=flow, allow_unicode=True, width=10_000, line_break=eol)
    text = f"# before{eol}{text}# after{eol}---{eol}other: v1{eol}"
    new = pinned(text, 0, name, TAG)
    wanted = copy.deepcopy(spec)
    wanted["spec"]["images"][name]["tag"] = TAG
    assert list(yaml.safe_load_all(new)) == [wanted, {"other": "v1"}]
    lines, kept = text.split(eol), new.split(eol)
    changed = [line for line in kept if line not in lines]
    assert len(changed) == 1
    assert TAG in changed[0]
    assert [line for line in kept if line not in changed] == [line for line in lines if line in kept]
    assert pinned(new, 0, name, TAG) == new
