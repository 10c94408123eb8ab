"""The golden cases: a folder each under tests/golden, with the facts and the template of the example of its name."""

import json
from pathlib import Path
from typing import Any

import yaml

from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, recall
from fargate_operator.model import App
from fargate_operator.parsing import parse_app

ROOT = Path(__file__).parent
CASES = sorted(path.name for path in (ROOT / "golden").iterdir() if path.is_dir())


def documents(case: str) -> list[dict[str, Any]]:
    """All that the example's file has: the FargateApp, and what it needs in the cluster."""
    return list(yaml.safe_load_all((ROOT.parent / "examples" / f"{case}.yaml").read_text()))


def example(case: str) -> dict[str, Any]:
    """The manifest."""
    [manifest] = [one for one in documents(case) if one["kind"] == "FargateApp"]
    manifest["metadata"]["namespace"] = "team-a"
    return manifest


def app(case: str) -> App:
    """The manifest, parsed."""
    return parse_app(example(case))


def facts(case: str) -> Facts:
    """What the operator would have looked up."""
    raw = yaml.safe_load((ROOT / "golden" / case / "facts.yaml").read_text())
    return recall(raw, Facts(raw["account_id"], raw["region"]))


def moved(case: str, region: str, partition: str) -> str:
    """The template, as JSON, of the same app in another region and partition."""
    suffix = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}[partition]

    def move(value: Any) -> Any:
        text = json.dumps(value).replace("eu-west-1", region).replace("arn:aws:", f"arn:{partition}:")
        return json.loads(text.replace("amazonaws.com", suffix))

    there = yaml.safe_load((ROOT / "golden" / case / "facts.yaml").read_text())
    base = Facts(there["account_id"], region, partition)
    return json.dumps(compile_app(parse_app(move(example(case))), recall(move(there), base)).body())


def rendered(case: str) -> str:
    """The template as its golden file holds it."""
    body = json.loads(json.dumps(compile_app(app(case), facts(case)).body()))  # without YAML's aliases
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)


def golden(case: str) -> Path:
    """The golden file."""
    return ROOT / "golden" / case / "template.yaml"
