"""Runs the builders: no shell is asked, and their output goes to standard error as it comes."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from fargate_operator.pushing.builders import BUILDERS, Builder, Command, Recipe
from fargate_operator.settings import Unusable

PATIENCE = 30.0  # seconds for a builder to say whether it works
_STDERR = 2

Tell = Callable[[str], None]


class Failed(Exception):
    """A builder has failed, after its own words; the message is one line."""


def choose(named: str, tell: Tell) -> Builder:
    """The first builder that works, or the named one; which were passed over is told. Unusable where none works."""
    reasons: dict[str, str] = {}
    for builder in [BUILDERS[named]] if named else BUILDERS.values():
        if not (reason := _fault(builder)):
            for name, why in reasons.items():
                tell(f"{name} does not work: {why}; trying the next")
            return builder
        if named or shutil.which(builder.name):
            reasons[builder.name] = reason
    told = "; ".join(f"{name} does not work: {why}" for name, why in reasons.items())
    names = ", ".join(BUILDERS)
    raise Unusable(f"nothing here can build an image: {told or f'install one of {names}'}")


def _fault(builder: Builder) -> str:
    """Why it does not work; empty where it does."""
    if not shutil.which(builder.name):
        return "it is not installed"
    for number, check in enumerate(builder.checks):
        try:
            done = subprocess.run(
                check, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return f"{' '.join(check)} does not answer within {PATIENCE:g} s"
        except OSError as error:
            return str(error.strerror)
        if done.returncode:
            return _first_line(done.stderr).removeprefix(f"{builder.name}: ") or f"{' '.join(check)} ends with {done.returncode}"
        if number == 0 and builder.says not in done.stdout:
            return f"{' '.join(check)} says {_first_line(done.stdout)!r}: it is another program of that name"
    return ""


def _first_line(text: str) -> str:
    return next((line.strip()[:200] for line in text.splitlines() if line.strip()), "")


def log_in(builder: Builder, registry: str, password: str) -> None:
    """The password goes through standard input and nowhere else."""
    done = subprocess.run(builder.login(registry), input=password.encode(), stdout=_STDERR, check=False)
    if done.returncode:
        raise Unusable(f"{builder.name} could not log in to {registry}: its own words are above")


def build_and_push(builder: Builder, recipe: Recipe) -> str:
    """The digest of what was pushed; empty where the builder does not tell it. Failed where it fails."""
    with TemporaryDirectory(prefix="fargate-operator-") as folder:
        digest_file = Path(folder, "digest")
        both = " and push" if builder.pushes else ""
        _run(builder.build(recipe, digest_file), f"{builder.name} could not build{both} {recipe.reference}")
        if push := builder.push(recipe, digest_file):
            _run(push, f"{builder.name} could not push {recipe.reference}")
        return builder.digest(digest_file.read_text()) if digest_file.exists() else ""


def _run(command: Command, otherwise: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=_STDERR, check=False)
    if done.returncode:
        raise Failed(f"{otherwise}: its own words are above")
