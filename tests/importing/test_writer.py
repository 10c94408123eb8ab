"""A FargateApp as YAML that every reader reads alike."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.importing.report import Loss
from fargate_operator.importing.writer import manifest, write

SPEC = {
    "services": {"web": {"overrides": {"service": {}}, "command": ["a", "yes"], "image": "app"}, "a": {"image": "app"}},
    "images": {"app": {"uri": "x:1"}},
    "tags": {},
    "iam": {"statements": [{"Effect": "Allow", "Action": ["a", "b"]}]},
    "region": "eu-west-1",
}
LOSSES = [
    Loss("f.yml", 3, "provider.x", "why", "spec.services.web"),
    Loss("f.yml", 0, "y", "because", "spec.network.subnetIds"),
    Loss("f.yml", 9, "z", "gone", ""),
]
EXPECTED = """\
# Imported from f.yml by fargate-operator import.
# TODO: y: because
# TODO: z (line 9): gone
apiVersion: fargate-operator.dev/v1alpha1
kind: FargateApp
metadata:
  name: shop
spec:
  region: eu-west-1
  images:
    app:
      uri: x:1
  iam:
    statements:
      - Effect: Allow
        Action:
          - a
          - b
  services:
    # TODO: provider.x (line 3): why
    web:
      image: app
      command:
        - a
        - "yes"
    a:
      image: app
"""


def test_fields_in_the_order_of_the_reference_and_losses_where_they_belong() -> None:
    assert write(manifest("shop", "", SPEC), LOSSES, "f.yml") == EXPECTED


texts = st.text() | st.sampled_from(
    ["y", "1e3", "0o7", "1_0", "~", "", "-", "a: b", "a #b", "2020-01-01", "rate(5 minutes)", "\u2028", "\x85"]
)
trees = st.recursive(
    texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(st.dictionaries(texts, trees, max_size=4), texts, texts)
def test_what_is_written_is_what_is_read(tree: dict[str, object], path: str, why: str) -> None:
    """Whatever stands in it, comments included."""
    text = write({"spec": {"a": tree}}, [Loss("f", 1, path, why, "spec.a")], "f")
    assert yaml.safe_load(text) == {"spec": {"a": tree}}
