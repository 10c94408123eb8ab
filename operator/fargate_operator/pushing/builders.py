"""The command lines of what can build an image. Pure: nothing is run here.

Every value stands behind an equals sign, or is an absolute path or a checked reference, so that none is taken for an option.
None of these builders may make attestations: they make an index of an image, which Lambda does not take. Only buildx makes any
unless it is told not to; nerdctl makes some when it is told not to (containerd/nerdctl#4328).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built: from which folder and Dockerfile (absolute paths), for which platform, and what it is called."""

    reference: str  # <registry>/<name>:<tag>
    context: Path
    dockerfile: Path
    platform: str
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Builder:
    """One of the programs. `checks` are commands that tell whether it works, with what the first of them must say."""

    name: str
    checks: tuple[Command, ...]
    says: str = ""
    begins: Command = ("build",)
    digest_option: str = ""  # of `push`, or of `build` where that pushes; empty: it does not tell the digest
    pushes: bool = False  # what it builds, at once

    def login(self, registry: str) -> Command:
        """Takes the password from standard input."""
        return (self.name, "login", "--username=AWS", "--password-stdin", registry)

    def build(self, recipe: Recipe, digest_file: Path) -> Command:
        """Builds, and pushes where the builder does both at once."""
        return (
            self.name,
            *self.begins,
            *((f"{self.digest_option}={digest_file}",) if self.pushes else ()),
            f"--platform={recipe.platform}",
            f"--tag={recipe.reference}",
            f"--file={recipe.dockerfile}",
            *((f"--target={recipe.target}",) if recipe.target else ()),
            *(f"--build-arg={name}={value}" for name, value in sorted(recipe.args.items())),
            str(recipe.context),
        )

    def push(self, recipe: Recipe, digest_file: Path) -> Command:
        """Pushes what was built; empty where that has been done."""
        if self.pushes:
            return ()
        # without the platform, what was built for another one than this machine's is not found
        option = f"{self.digest_option}={digest_file}" if self.digest_option else f"--platform={recipe.platform}"
        return (self.name, "push", option, recipe.reference)

    def digest(self, written: str) -> str:
        """The digest in the file that the builder wrote; empty where there is none."""
        try:
            found = json.loads(written).get("containerimage.digest") if self.pushes else written.strip()
        except (ValueError, AttributeError):
            return ""
        return found if isinstance(found, str) and _DIGEST.fullmatch(found) else ""


_BUILDX = ("buildx", "build", "--push", "--provenance=false", "--sbom=false")

BUILDERS = {
    one.name: one
    for one in (
        # podman, too, can be called docker, and answers to buildx
        Builder(
            "docker",
            (("docker", "buildx", "version"), ("docker", "version")),
            says="docker/buildx",
            begins=_BUILDX,
            digest_option="--metadata-file",
            pushes=True,
        ),
        Builder("podman", (("podman", "info"),), digest_option="--digestfile"),
        Builder("buildah", (("buildah", "info"),), begins=("bud",), digest_option="--digestfile"),
        Builder("nerdctl", (("nerdctl", "info"),)),
        Builder("finch", (("finch", "info"),)),
    )
}
