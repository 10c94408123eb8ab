"""The cases of the importer: a folder each with the input, the FargateApp and what is told on standard error.

`options.yaml` has what would be on the command line. `python tests/importing/cases.py` writes the expected files anew; read the diff.
"""

import os
from pathlib import Path

import yaml

from fargate_operator.importing.command import imported
from fargate_operator.importing.options import Options

ROOT = Path(__file__).parent / "cases"
CASES = sorted(path.name for path in ROOT.iterdir() if path.is_dir())


def converted(case: str) -> tuple[str, str]:
    """The FargateApp, and the lines on standard error, as `fargate-operator import` run in the folder says them."""
    options = ROOT / case / "options.yaml"
    chosen = yaml.safe_load(options.read_text()) if options.exists() else {}
    before = Path.cwd()
    os.chdir(ROOT / case)
    try:
        (source,) = (path.name for path in Path().iterdir() if path.name in ("serverless.yml", "manifest.yml"))
        text, losses = imported(source, Options(**chosen))
    finally:
        os.chdir(before)
    return text, "".join(f"{one}\n" for one in losses)


if __name__ == "__main__":
    for one in CASES:
        text, told = converted(one)
        (ROOT / one / "expected.yaml").write_text(text)
        (ROOT / one / "expected.txt").write_text(told)
