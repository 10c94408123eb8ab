"""Every field that a FargateApp is to have is in the CRD, the reference and an example, which is a golden case and an e2e test."""

from pathlib import Path

import pytest
import yaml

import golden_cases
import reference

CONTRACT = yaml.safe_load((Path(__file__).parent / "contract.yaml").read_text())


@pytest.fixture(scope="module")
def fields():
    return {one.path: one for one in reference.spec_fields()}


@pytest.fixture(scope="module")
def used():
    return {path for case in golden_cases.CASES for path, _ in reference.values(golden_cases.example(case)["spec"])}


@pytest.mark.parametrize("path", CONTRACT["fields"])
def test_a_field_of_the_contract_is_there_and_used(path, fields, used):
    assert path in fields
    assert path in used


def test_there_is_no_field_that_the_contract_does_not_imply(fields):
    known = {*CONTRACT["fields"], *CONTRACT["beside"]}
    assert [path for path in fields if path not in known] == []


def test_every_field_that_no_other_holds_says_what_it_makes_or_what_holds_without_it(fields):
    bare = [path for path, one in fields.items() if not one.parts and not (one.default or one.required or one.aws)]
    assert bare == []


def test_every_field_that_may_be_left_out_has_a_default(fields):
    assert [path for path, one in fields.items() if not one.parts and not one.required and not one.default] == []
