"""What `kubectl explain` says of the fields, out of the API server that took the CRD."""

import re
import time

import pytest

import reference

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

PARENTS = {re.sub(r"\[\]|\.<name>", "", one.path).removeprefix("spec") for one in reference.spec_fields() if one.parts}


@pytest.fixture(scope="module")
def explain(plane):
    """`kubectl explain`, once the API server has published the CRD's schema."""
    until = time.monotonic() + 30
    while plane.kubectl("explain", "fargateapp.spec", check=False).returncode and time.monotonic() < until:
        time.sleep(0.5)
    return lambda path: plane.kubectl("explain", f"fargateapp.spec{path}").stdout


@pytest.mark.parametrize("path", ["", *sorted(PARENTS)])
def test_every_field_is_explained(explain, path):
    fields = [
        one for one in reference.spec_fields() if re.sub(r"\[\]|\.<name>", "", one.path).rpartition(".")[0] == f"spec{path}"
    ]
    assert fields
    told = " ".join(explain(path).split())
    assert [one.path for one in fields if f"{one.path.rpartition('.')[2]} <" not in told] == []
    assert [one.path for one in fields if " ".join(one.text.split())[:40] not in told] == []
