"""The commands with any file: one line that says what is wrong, exit 2 (1 for faults of an app), never a traceback."""

import sys

import pytest
import yaml

from fargate_operator.cli import main

HEAD = "apiVersion: fargate-operator.dev/v1alpha1\nkind: FargateApp\nmetadata: {name: shop}\n"
APP = f"{HEAD}spec:\n  images: {{app: {{uri: example/app:1}}}}\n  services: {{web: {{image: app}}}}\n"


def thing(value):
    return f'{APP}  resources: {{Thing: {{Type: "AWS::SNS::Topic", Properties: {{X: {value}}}}}}}\n'


def bomb():
    """Aliases of aliases: nine to the tenth values in a few lines."""
    lists = [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 9)}]" for one in range(1, 11)]
    return "\n".join(["a0: &a0 [x]", *lists])


NO_YAML = {
    "nothing": b"",
    "a NUL": b"\0",
    "every byte": bytes(range(256)),
    "Latin-1": "é".encode("latin1"),
    "a list": b"[1, 2]",
    "a number": b"3",
    "a tag of Python": b"!!python/object/apply:os.system [id]",
    "an alias of nothing": b"a: *x",
    "many levels": b"[" * 1500,
    "a day that is none": b"a: !!timestamp 2026-99-99",
    "a word as a time": b"a: !!timestamp x",
    "a word as a number": b"a: !!int x",
    "a word as a flag": b"a: !!bool x",
    "digits that are none": b"a: 0x_",
    "more digits than Python reads": f"{APP}  cpu: {'9' * 5000}".encode(),
    "a list for a kind": APP.replace("kind: FargateApp", "kind: [FargateApp]").encode(),
    "a map of lists that holds too much": f"{APP}---\n{bomb()}".encode(),
    "a map that holds itself": APP.replace("spec:", "spec: &spec\n  tags: *spec").encode(),
    "metadata that hold themselves": APP.replace("{name: shop}", "&m {name: *m}").encode(),
    "a set": thing("!!set {a, b}").encode(),
    "bytes": thing("!!binary aGk=").encode(),
    "half a surrogate pair in a name": APP.replace("shop", '"\\ud800"').encode(),
    "half a surrogate pair in a ConfigMap": f'{APP}---\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{A: "\\ud800"}}'.encode(),
}


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # as a command has it

    def call(content, *command):
        file = tmp_path / "app.yaml"
        file.write_bytes(content)
        code = main([*command, str(file)])
        return code, capsys.readouterr()

    yield call
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("what", NO_YAML)
@pytest.mark.parametrize(
    ("command", "code"),
    [(("render",), 2), (("push", "--repository", "localhost:5000/x"), 2), (("diff",), 1)],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_a_file_that_is_no_manifest_is_told_in_one_line(run, what, command, code):
    found, told = run(NO_YAML[what], *command)
    assert (found, told.out, told.err.count("\n")) == (code, "", 1)
    assert told.err.startswith(f"fargate-operator {command[0]}: ")


@pytest.mark.parametrize("kind", ["serverless", "copilot"])
@pytest.mark.parametrize("what", ["a NUL", "every byte", "Latin-1", "many levels", "an alias of nothing"])
def test_a_file_that_cannot_be_imported_is_told_in_one_line(run, what, kind):
    found, told = run(NO_YAML[what], "import", "--kind", kind)
    assert (found, told.err.count("\n")) == (2, 1)


def test_a_type_that_copilot_has_not_is_told_in_one_line(run):
    found, told = run(b'name: x\ntype: "\\0"\n', "import", "--kind", "copilot")
    assert (found, told.err.count("\n")) == (2, 1)
    assert told.err.endswith("the type '\\x00' is none of Copilot's\n")


def test_a_date_without_quotes_is_a_string_as_for_kubectl(run):
    found, told = run(thing("2012-10-17").encode(), "render")
    assert found == 0
    assert yaml.safe_load(told.out)["Resources"]["Thing"]["Properties"] == {"X": "2012-10-17"}


@pytest.mark.parametrize(
    "metadata", ["3", "true", "[]", "null", "{name: [x]}", "{name: shop, generation: x}", "{name: shop, generation: .inf}",
                 "{name: shop, generation: [1]}", "{name: shop, namespace: {}}"],
)  # fmt: skip
def test_metadata_of_any_sort_are_rendered(run, metadata):
    assert run(APP.replace("{name: shop}", metadata).encode(), "render")[0] == 0


def test_a_fault_cannot_write_lines_or_colors_of_its_own(run):
    found, told = run(f'{APP}  tags: {{"\\e[31mx\\nforged: line": 1}}\n'.encode(), "render")
    assert (found, told.err.count("\n")) == (1, 1)
    assert r"\x1b[31mx\nforged: line" in told.err


@pytest.mark.parametrize("field", ["context", "dockerfile"])
@pytest.mark.parametrize(
    "path", ["../" * 80, "a" * 256, "a\\0b", "/etc", "-v", "a\\nb", "x/../../../../../../../../proc/self/mem"]
)
def test_a_folder_to_build_that_cannot_be_is_told_before_anything_is_built(run, field, path):
    app = APP.replace("{uri: example/app:1}", f'{{build: {{{field}: "{path}"}}, tag: v1}}')
    found, told = run(app.encode(), "push", "--repository", "localhost:5000/x", "--builder", "docker")
    assert found in (1, 2)
    assert told.err.count("\n") == 1
