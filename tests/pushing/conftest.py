"""Programs that stand for builders, in a PATH of the test's own."""

import json
import sys

import pytest

DIGEST = "sha256:" + "5" * 64

# What each program does is in a file beside it: its exit codes and words by the first argument that is a key.
PROGRAM = f"""#!{sys.executable}
import json, os, pathlib, sys
home = pathlib.Path(__file__).parent
name, arguments = pathlib.Path(__file__).name, sys.argv[1:]
given = sys.stdin.read()
with (home / "calls").open("a") as calls:
    calls.write(json.dumps([[name, *arguments], given]) + "\\n")
acts = json.loads((home / (name + ".json")).read_text())
code, words, errors = next((acts[one] for one in arguments if one in acts), (0, "", ""))
print(words)
print(errors, end="", file=sys.stderr)
for one in arguments:
    option, _, value = one.partition("=")
    if option == "--digestfile" and not code:
        pathlib.Path(value).write_text("{DIGEST}")
    if option == "--metadata-file" and not code:
        pathlib.Path(value).write_text(json.dumps({{"containerimage.digest": "{DIGEST}"}}))
sys.exit(code)
"""


class Programs:
    """Installs builders, and tells how they were called."""

    def __init__(self, folder):
        self.folder = folder

    def install(self, name, **acts):
        """`acts`: the exit code, words and errors of the calls with that argument; the others go well and say nothing."""
        if name == "docker":
            acts = {"version": (0, "github.com/docker/buildx v0.29.1 a32761a", ""), **acts}
        (self.folder / f"{name}.json").write_text(json.dumps(acts))
        (self.folder / name).write_text(PROGRAM)
        (self.folder / name).chmod(0o755)

    @property
    def calls(self):
        """(command, what it got by standard input) of each that was no check."""
        file = self.folder / "calls"
        found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [(command, given) for command, given in found if not {"info", "version"} & set(command)]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Programs(folder)
