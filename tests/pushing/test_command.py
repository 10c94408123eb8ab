"""The command with programs that stand for builders: what they get, what is printed, and what is said of each error."""

import os
import stat
from pathlib import Path

import pytest
import yaml

from fargate_operator import cli, cluster
from fargate_operator.aws import login
from fargate_operator.errors import Transient
from fargate_operator.pushing import repository, running
from fargate_operator.settings import Unusable
from pushing.conftest import DIGEST

ELSEWHERE = "registry.example.com/shop"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ECR = f"{HOST}/shop"
GIT = {"url": "https://github.com/acme/shop.git"}
TOLD = "fargate-operator push: "


@pytest.fixture
def manifest(tmp_path):
    """Writes a manifest whose folder has a Dockerfile."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    def write(images=None, **spec):
        images = images or {"app": {"build": {}, "tag": "v1"}}
        body = {"images": images, "services": {f"use-{name}": {"image": name} for name in images}, **spec}
        metadata = {"name": "shop"}
        file = tmp_path / "shop.yaml"
        file.write_text(yaml.safe_dump({"kind": "FargateApp", "metadata": metadata, "spec": body}, sort_keys=False))
        return file

    return write


@pytest.fixture
def push(capfd):
    """Runs the command: exit code, standard output and standard error."""

    def run(*arguments):
        code = cli.main(["push", *map(str, arguments)])
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


def last(errors):
    """The last line, which must be the command's own."""
    line = errors.splitlines()[-1]
    assert line.startswith(TOLD)
    return line.removeprefix(TOLD)


@pytest.fixture
def ecr(monkeypatch):
    """ECR in memory: repositories by name, each with its tags; all of them immutable."""
    repositories = {"shop": {}}
    monkeypatch.setattr(login, "password", lambda *_: "hush")
    monkeypatch.setattr(
        login, "tagged", lambda _, where, tag: repositories[where.name].get(tag, "") if where.name in repositories else None
    )
    monkeypatch.setattr(login, "immutable", lambda *_: True)
    return repositories


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_what_was_pushed_is_the_one_line_of_standard_output(name, programs, manifest, push):
    programs.install(name, build=(0, "STEP 1", ""), bud=(0, "STEP 1", ""), push=(0, "", "Copying\n"))
    file = manifest()
    code, out, errors = push(file, "--repository", ELSEWHERE)
    assert (code, out) == (0, f"{ELSEWHERE}@{DIGEST}\n")
    assert "STEP 1\n" in errors
    assert f"{TOLD}default/shop: image app: building {ELSEWHERE}:v1 for linux/amd64 with {name}" in errors
    [build, *_] = [command for command, _ in programs.calls]
    assert build[-4:] == ["--platform=linux/amd64", f"--tag={ELSEWHERE}:v1", f"--file={file.parent}/Dockerfile", str(file.parent)]


@pytest.mark.parametrize("name", ["nerdctl", "finch"])
def test_of_a_builder_that_does_not_tell_the_digest_ecr_is_asked(name, programs, manifest, push, ecr, monkeypatch):
    programs.install(name)
    ecr["shop"]["v1"] = DIGEST
    monkeypatch.setattr(login, "immutable", lambda *_: False)
    assert push(manifest(), "--repository", ECR)[:2] == (0, f"{ECR}@{DIGEST}\n")
    ecr["shop"].clear()
    assert "but not its digest, and ECR does not have it" in last(push(manifest(), "--repository", ECR)[2])
    code, out, errors = push(manifest(), "--repository", ELSEWHERE)
    assert (code, out) == (2, "")
    assert last(errors).startswith(f"{name} does not tell the digest of what it pushes, and only ECR is asked for one")


def test_paths_are_taken_from_the_files_folder_and_from_the_context(programs, manifest, push, monkeypatch, tmp_path):
    programs.install("podman")
    folder = tmp_path / "php"
    (folder / "docker").mkdir(parents=True)
    (folder / "docker" / "Dockerfile.php").touch()
    build = {"context": "php", "dockerfile": "docker/Dockerfile.php", "target": "run", "args": {"A": "$(id) `id`"}}
    file = manifest({"app": {"build": build, "tag": "v1"}}, architecture="ARM64")
    monkeypatch.chdir(tmp_path.parent)
    assert push(os.path.relpath(file), "--repository", ELSEWHERE)[0] == 0
    assert programs.calls[0][0] == [
        "podman", "build", "--platform=linux/arm64", f"--tag={ELSEWHERE}:v1", f"--file={folder}/docker/Dockerfile.php",
        "--target=run", "--build-arg=A=$(id) `id`", str(folder),
    ]  # fmt: skip


@pytest.mark.usefixtures("ecr")
def test_the_password_goes_through_standard_input_and_is_never_shown(programs, manifest, push):
    programs.install("buildah")
    _, out, errors = push(manifest(), "--repository", ECR)
    (login, given), *others = programs.calls
    assert (login, given) == (["buildah", "login", "--username=AWS", "--password-stdin", HOST], "hush")
    assert [command[1] for command, _ in others] == ["bud", "push"]
    assert "hush" not in out + errors + str(others) + str(login)


def test_into_another_registry_the_user_has_logged_in_before(programs, manifest, push):
    programs.install("buildah")
    assert push(manifest(), "--repository", ELSEWHERE)[0] == 0
    assert [command[1] for command, _ in programs.calls] == ["bud", "push"]


def test_a_builder_that_does_not_work_is_passed_over_and_told_of(programs, manifest, push):
    programs.install("docker", version=(0, "buildah 1.41.4", ""))
    programs.install("podman", info=(125, "", "Error: no machine\nmore\n"))
    programs.install("buildah")
    code, _, errors = push(manifest(), "--repository", ELSEWHERE)
    assert code == 0
    assert errors.splitlines()[:2] == [
        f"{TOLD}docker does not work: docker buildx version says 'buildah 1.41.4': it is another program of that name; trying the next",
        f"{TOLD}podman does not work: Error: no machine; trying the next",
    ]


@pytest.mark.parametrize(
    ("installed", "named", "words"),
    [
        ({}, (), "nothing here can build an image: install one of docker, podman, buildah, nerdctl, finch"),
        ({}, ("--builder", "podman"), "nothing here can build an image: podman does not work: it is not installed"),
        ({"podman": (1, "", "no\n")}, (), "nothing here can build an image: podman does not work: no"),
        ({"podman": (1, "", "")}, (), "nothing here can build an image: podman does not work: podman info ends with 1"),
        (
            {"podman": (0, "", ""), "finch": (1, "", "x")},
            ("--builder", "finch"),
            "nothing here can build an image: finch does not work: x",
        ),
    ],
)
def test_where_nothing_can_build_it_says_so(installed, named, words, programs, manifest, push):
    for name, info in installed.items():
        programs.install(name, info=info)
    code, out, errors = push(manifest(), "--repository", ELSEWHERE, *named)
    assert (code, out, errors) == (2, "", f"{TOLD}{words}\n")


def test_a_builder_that_does_not_answer_is_not_waited_for(programs, manifest, push, monkeypatch):
    programs.install("podman")
    (programs.folder / "podman").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    assert "podman info does not answer within 0.2 s" in last(push(manifest(), "--repository", ELSEWHERE)[2])


@pytest.mark.parametrize(
    ("images", "arguments", "words"),
    [
        (None, ("--image", "nope", "--repository", ELSEWHERE), "there is no image nope; those with build are: app"),
        (None, ("--repository", f"{ELSEWHERE}:v1"), f"--repository: '{ELSEWHERE}:v1' is no repository"),
        (None, ("--repository=--help",), "--repository: '--help' is no repository"),
        (
            {"app": {"build": {"git": GIT}}},
            ("--image", "app"),
            "image app has no tag: give --tag, or write one at spec.images.app.tag",
        ),
        ({"app": {"build": {"git": GIT}, "tag": "v"}}, ("--image", "app", "--write"), "cannot be pinned beside that"),
        ({"app": {"build": {"context": "no"}, "tag": "v"}}, ("--repository", ELSEWHERE), "build.context: there is no folder /"),
        (
            {"app": {"build": {"dockerfile": "no"}, "tag": "v"}},
            ("--repository", ELSEWHERE),
            "build.dockerfile: there is no file /",
        ),
        (
            {"app": {"build": {}, "tag": "v"}, "b": {"build": {}, "tag": "v"}},
            ("--repository", ELSEWHERE),
            "--repository is for one image, and ",
        ),
        ({"app": {"build": {}, "tag": "v", "follow": True}}, ("--repository", ELSEWHERE, "--write"), "follows its tag"),
    ],
)
def test_what_is_asked_wrongly_is_told_before_anything_is_built(images, arguments, words, programs, manifest, push):
    programs.install("podman")
    code, out, errors = push(manifest(images), *arguments)
    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert words in last(errors)
    assert programs.calls == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 2, "not YAML"),
        ("kind: List\n", 2, "holds no FargateApp"),
        ("kind: ConfigMap\n", 2, "no image has build"),
        ("kind: FargateApp\nmetadata: {name: x}\nspec: {cpu: 1}\n", 1, "spec.cpu: must be"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(text, code, words, push, tmp_path):
    (tmp_path / "app.yaml").write_text(text)
    got, out, errors = push(tmp_path / "app.yaml", "--repository", ELSEWHERE)
    assert (got, out) == (code, "")
    assert words in last(errors)
    assert push(tmp_path / "none.yaml", "--repository", ELSEWHERE)[0] == 2


@pytest.mark.parametrize(
    ("name", "verb", "words"),
    [
        ("podman", "build", "podman could not build"),
        ("podman", "push", "podman could not push"),
        ("docker", "build", "docker could not build and push"),
    ],
)
def test_a_builder_that_fails_has_said_why_before(name, verb, words, programs, manifest, push):
    programs.install(name, **{verb: (3, "", "COPY failed\n")})
    code, out, errors = push(manifest(), "--repository", ELSEWHERE, "--write")
    assert (code, out) == (1, "")
    assert errors.splitlines()[-2:] == ["COPY failed", f"{TOLD}{words} {ELSEWHERE}:v1: its own words are above"]


@pytest.mark.usefixtures("ecr")
def test_a_login_that_is_refused_is_told(programs, manifest, push):
    programs.install("podman", login=(1, "", "denied\n"))
    code, _, errors = push(manifest(), "--repository", ECR)
    assert code == 2
    assert errors.splitlines()[-2:] == [
        "denied",
        f"{TOLD}podman could not log in to {HOST}: its own words are above",
    ]


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (
            {"v1": DIGEST},
            "default/shop: image app: shop has the tag v1 already, and takes a tag only once: choose another with --tag",
        ),
        (None, "default/shop: image app: ECR has no repository shop in eu-west-1: apply the FargateApp, which makes it"),
    ],
)
def test_what_ecr_would_refuse_is_not_built(tags, words, programs, manifest, push, ecr):
    programs.install("podman")
    del ecr["shop"]
    if tags is not None:
        ecr["shop"] = tags
    code, out, errors = push(manifest(), "--repository", ECR)
    assert (code, out, last(errors)) == (2, "", words)
    assert [command[1] for command, _ in programs.calls] == ["login"]


def test_a_tag_that_may_move_is_pushed_again(programs, manifest, push, ecr, monkeypatch):
    monkeypatch.setattr(login, "immutable", lambda *_: False)
    programs.install("podman")
    ecr["shop"]["v1"] = DIGEST
    assert push(manifest(), "--repository", ECR)[:2] == (0, f"{ECR}@{DIGEST}\n")


@pytest.mark.usefixtures("ecr")
def test_who_may_push_need_not_be_allowed_to_look(programs, manifest, push, monkeypatch):
    def denied(*_):
        raise Transient("AccessDenied", "DescribeImages: no")

    monkeypatch.setattr(login, "tagged", denied)
    programs.install("podman")
    assert push(manifest(), "--repository", ECR)[:2] == (0, f"{ECR}@{DIGEST}\n")


def test_without_credentials_it_says_to_sign_in(programs, manifest, push, monkeypatch, tmp_path):
    programs.install("podman")
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    code, out, errors = push(manifest(), "--repository", ECR)
    assert (code, out) == (2, "")
    assert (
        last(errors) == f"AWS gives no login for {ECR}: GetAuthorizationToken: Unable to locate credentials; sign in to AWS first"
    )
    assert programs.calls == []


class Cluster:
    """A cluster whose FargateApps are these, by namespace and name."""

    def __init__(self, **apps):
        self.apps = {("default", name): {"status": status} for name, status in apps.items()}
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return self.apps.get(key)


@pytest.fixture
def live(monkeypatch):
    def put(**apps):
        one = Cluster(**apps)
        monkeypatch.setattr(cluster, "connect", lambda: one)
        return one

    return put


@pytest.mark.usefixtures("ecr")
def test_the_repository_is_the_one_that_the_status_has(programs, manifest, push, live):
    programs.install("podman")
    live(shop={"images": {"app": {"repository": ECR}}})
    assert push(manifest())[:2] == (0, f"{ECR}@{DIGEST}\n")


@pytest.mark.usefixtures("ecr")
def test_where_the_status_has_none_the_stacks_outputs_are_asked(programs, manifest, push, live, monkeypatch):
    class Stacks:
        def __init__(self, _, region):
            self.region = region

        def describe(self, name):
            outputs = {"AppRepositoryUri": ECR} if (self.region, name) == ("eu-west-1", "arn:stack") else {}
            return type("Seen", (), {"outputs": outputs})

    monkeypatch.setattr(repository, "Stacks", Stacks)
    programs.install("podman")
    live(shop={"region": "eu-west-1", "stack": {"name": "shop", "id": "arn:stack"}})
    assert push(manifest())[:2] == (0, f"{ECR}@{DIGEST}\n")
    live(shop={"region": "eu-west-1", "stack": {"name": "shop"}})
    assert "has no repository yet" in last(push(manifest())[2])


def test_without_an_app_or_its_repository_it_says_what_to_do(programs, manifest, push, live):
    programs.install("podman")
    live(shop={})
    code, out, errors = push(manifest())
    assert (code, out) == (2, "")
    assert "it has no repository yet: apply the FargateApp with this image, and push again when" in last(errors)
    live()
    code, _, errors = push(manifest())
    assert code == 2
    assert "the cluster has no FargateApp shop in the namespace default: apply it first" in last(errors)
    assert programs.calls == []


def test_without_a_cluster_it_says_to_name_the_repository(programs, manifest, push, monkeypatch, tmp_path):
    programs.install("podman")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    code, _, errors = push(manifest())
    assert code == 2
    assert last(errors).startswith("no cluster: ")
    assert last(errors).endswith("without one, name the repository with --repository")


def test_an_app_without_a_namespace_is_in_the_one_that_kubectl_would_take(programs, manifest, push, live, monkeypatch, tmp_path):
    programs.install("podman")
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "team-a"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1"}}], "users": [{"name": "u", "user": {}}],
    }  # fmt: skip
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    one = live()
    push(manifest())
    push(manifest(), "--namespace", "team-b")
    assert one.asked == [("team-a", "shop"), ("team-b", "shop")]


def test_what_was_pushed_is_pinned_and_a_second_push_takes_the_tag_of_the_pin(programs, manifest, push):
    programs.install("podman")
    file = manifest()
    file.write_text(file.read_text().replace("tag: v1", "tag: v1   # ours"))
    file.chmod(0o640)
    code, _, errors = push(file, "--repository", ELSEWHERE, "--write")
    assert code == 0
    assert last(errors) == f"{file}: the tag of the image app is now v1@{DIGEST}"
    assert f"      tag: v1@{DIGEST}   # ours\n" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert push(file, "--repository", ELSEWHERE, "--tag", "v2", "--write")[0] == 0
    assert f"      tag: v2@{DIGEST}   # ours\n" in file.read_text()
    assert push(file, "--repository", ELSEWHERE)[0] == 0
    assert programs.calls[-1][0][-1] == f"{ELSEWHERE}:v2"
    assert [one.name for one in file.parent.iterdir() if one.name.startswith(".")] == []


def test_a_link_to_the_file_stays_a_link(programs, manifest, push, tmp_path):
    programs.install("podman")
    file = manifest()
    link = tmp_path / "link.yaml"
    link.symlink_to(file.name)
    assert push(link, "--repository", ELSEWHERE, "--write")[0] == 0
    assert link.readlink() == Path(file.name)
    assert DIGEST in file.read_text()


def test_a_file_that_cannot_be_pinned_is_told_before_anything_is_built(programs, manifest, push):
    programs.install("podman")
    file = manifest()
    before = file.read_text().replace("tag: v1", "tag: &tag v1")
    file.write_text(before)
    code, out, errors = push(file, "--repository", ELSEWHERE, "--write")
    assert (code, out) == (2, "")
    assert last(errors) == f"{file}: --write: image app: its tag has an anchor or a type; write it without"
    assert (file.read_text(), programs.calls) == (before, [])
    assert last(push("-", "--repository", ELSEWHERE, "--write")[2]) == "--write: standard input cannot be written to"


def test_several_images_are_pushed_one_after_the_other(programs, manifest, push, live, ecr):
    programs.install("podman")
    ecr["shop-php"] = {}
    images = {"app": {"build": {}, "tag": "v1"}, "php": {"build": {"target": "php"}, "tag": "v2"}}
    live(shop={"images": {"app": {"repository": ECR}, "php": {"repository": f"{ECR}-php"}}})
    file = manifest(images)
    assert push(file, "--write")[:2] == (0, f"{ECR}@{DIGEST}\n{ECR}-php@{DIGEST}\n")
    assert [command[1] for command, _ in programs.calls] == ["login", "build", "push", "build", "push"]
    pinned = yaml.safe_load(file.read_text())["spec"]["images"]
    assert [pinned[name]["tag"] for name in images] == [f"v1@{DIGEST}", f"v2@{DIGEST}"]


@pytest.mark.parametrize(
    ("uri", "is_ecr"),
    [
        (ECR, True),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop", True),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/shop", True),
        ("123456789012.dkr-ecr.us-east-1.on.aws/shop", True),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com/shop", False),
        ("123456789012.dkr.ecr.eu-west-1.example.com/shop", False),
        ("public.ecr.aws/shop", False),
        (ELSEWHERE, False),
    ],
)
def test_ecrs_password_is_for_ecr_alone(uri, is_ecr):
    assert bool(login.repository(uri)) == is_ecr


@pytest.mark.parametrize(
    "uri", [ECR, "localhost/shop", "localhost:5000/a/b-c", "127.0.0.1:5000/shop", "registry.example.com/a__b/c.d"]
)
def test_a_repository_that_is_given_is_taken(uri):
    assert repository.checked(uri) == uri


@pytest.mark.parametrize(
    "uri", ["shop", "-x/y", "a b/c", f"{ECR}@{DIGEST}", "https://registry.example.com/shop", "x.y/UPPER", ""]
)
def test_what_is_no_repository_is_told(uri):
    with pytest.raises(Unusable):
        repository.checked(uri)
