"""Each case comes out as it is written down, and what comes out whole compiles."""

import re

import pytest
import yaml

from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Subnets
from fargate_operator.model import network_questions
from fargate_operator.parsing import parse_app
from importing import cases


@pytest.mark.parametrize("case", cases.CASES)
def test_a_case_comes_out_as_written_down(case: str) -> None:
    text, told = cases.converted(case)
    folder = cases.ROOT / case
    assert (text, told) == ((folder / "expected.yaml").read_text(), (folder / "expected.txt").read_text())


WHOLE = [
    case
    for case in cases.CASES
    if not re.search("needs a look|which is not in this stack", (cases.ROOT / case / "expected.txt").read_text())
]


@pytest.mark.parametrize("case", WHOLE)
def test_what_comes_out_compiles(case: str) -> None:
    """Unless it is told what is wrong with the FargateApp."""
    text, _ = cases.converted(case)
    app = parse_app(yaml.safe_load(text))
    subnets = {
        key: Subnets("vpc-1", asked if isinstance(asked, tuple) else ("subnet-0",))
        for key, asked in network_questions(app).items()
    }
    images = {name: image.written() for name, image in (app.spec.images or {}).items()}
    code = {name: "1" for name, one in (app.spec.functions or {}).items() if one.code}
    assert compile_app(app, Facts("123456789012", app.spec.region or "", subnets=subnets, images=images, code=code)).resources
