"""kubeconform, with the schemas that the API server itself publishes: no network, and the CRD's kind is among them."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.binaries import kubeconform
from harness.controlplane import ControlPlane


def faults(plane: ControlPlane, manifests: Iterable[str], folder: Path) -> list[str]:
    """What is wrong with YAML documents: a line each; a field that the schema does not have is wrong, too."""
    published = json.loads(plane.kubectl("get", "--raw", "/openapi/v2").stdout)["definitions"]
    (folder / "all.json").write_text(json.dumps({"definitions": {name: _strict(one) for name, one in published.items()}}))
    for name, one in published.items():
        for kind in one.get("x-kubernetes-group-version-kind", ()):
            file = "-".join((kind["group"] or kind["version"], kind["version"], kind["kind"])).lower()  # as kubeconform asks
            (folder / f"{file}.json").write_text(json.dumps({"$ref": f"all.json#/definitions/{name}"}))
    location = str(folder / "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json")
    command = [str(kubeconform()), "-strict", "-output=json", "-schema-location", location, "-"]
    done = subprocess.run(command, input="\n---\n".join(manifests), capture_output=True, text=True, check=False)
    if not done.stdout:
        raise RuntimeError(done.stderr)
    found = [f"{one['kind']} {one['name']}: {one['msg']}" for one in json.loads(done.stdout)["resources"]]
    assert bool(found) == bool(done.returncode)
    return found


def _strict(node: Any) -> Any:
    """The published schema as JSON Schema: fields are closed, and a string that may be a number says so."""
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    fields = node.get("properties")  # a map of names, of which one may be `properties`
    closed = {name: _strict(one) for name, one in node.items() if name != "properties"}
    if isinstance(fields, dict):
        closed["properties"] = {name: _strict(one) for name, one in fields.items()}
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
    return closed
