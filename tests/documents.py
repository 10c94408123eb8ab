"""What stands in the documents between fences."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(file: Path, language: str = "yaml") -> list[str]:
    """The fenced blocks of a document in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text(), re.DOTALL | re.MULTILINE)


def apps(file: Path) -> list[dict[str, Any]]:
    """The FargateApps in a document; those that are only begun, as in ``spec: {…}``, are no manifests."""
    documents = [one for block in blocks(file) if "kind: FargateApp" in block for one in yaml.safe_load_all(block)]
    return [one for one in documents if isinstance(one, dict) and one.get("kind") == "FargateApp"]
