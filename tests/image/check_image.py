"""The image, really built without a container engine: what is in it, and that the operator runs from it. Run by `make image-test`, as root.

The base is a Debian made by debootstrap from the mirror that this machine's apt has, so that nothing but packages is fetched.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import Distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness import packages
from harness.controlplane import NAMESPACE, ControlPlane
from harness.emulator import ACCOUNT, Emulator, environ
from harness.processes import free_port, start, stop

ROOT = Path(__file__).parents[2]
HOME = "opt/fargate-operator"
USER = "65532:65532"
LEFT_BY_BUILDAH = {"etc/hosts", "etc/resolv.conf", "run/.containerenv"}

pytestmark = pytest.mark.timeout(900)


def run(*command, **options):
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def base():
    """A root folder with Debian's python3, kept in the user's cache."""
    if os.geteuid() != 0:
        pytest.exit(
            "make image-test wants root: it makes a Debian with debootstrap and builds with buildah's chroot isolation", 1
        )
    packages.ensure("buildah", "debootstrap")
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = release["VERSION_CODENAME"].strip('"')
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fargate-operator" / f"image-base-{suite}"
    if not cache.exists():
        targets = run("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages")
        [mirror, *_] = [line.split()[-1] for line in targets.splitlines() if line.split()[:2] == ["Debian", suite]]
        part = cache.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", suite, part, mirror)
        part.rename(cache)
    return cache


class Built:
    """The image's root folder, its configuration, and running what is in it as its user on a read-only root."""

    def __init__(self, root, base, config):
        self.root, self.base, self.config = root, base, config

    def command(self, *arguments, mounted=None, **variables):
        """For `run` or `start`: a mount namespace of its own, where the root is read-only."""
        steps = ['mount --bind "$0" "$0"', 'mount -o remount,bind,ro "$0"']
        if mounted:
            steps.insert(1, f'mount --bind {mounted} "$0/mnt"')
        inside = [f"{name}={value}" for name, value in variables.items()]
        steps.append(f'exec chroot --userspec={USER} "$0" /usr/bin/env -i "$@"')
        return [
            "unshare",
            "--mount",
            "sh",
            "-ec",
            "; ".join(steps),
            str(self.root),
            *inside,
            *self.config["Entrypoint"],
            *arguments,
        ]


@pytest.fixture(scope="module")
def built(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    buildah = ("buildah", "--storage-driver", "vfs", "--root", folder / "root", "--runroot", folder / "run")
    try:
        container = run(*buildah, "from", "scratch").strip()
        run(*buildah, "add", container, base, "/")
        run(*buildah, "commit", container, "base")
        pip, volumes = _pip(folder)
        run(*buildah, "bud", "--isolation", "chroot", "--network", "host", "--volume", f"{pip}:/etc/pip.conf:ro", *volumes,
            "--build-arg", "BASE=localhost/base", "--tag", "operator", ROOT)  # fmt: skip
        config = json.loads(run(*buildah, "inspect", "--type", "image", "operator"))["OCIv1"]["config"]
        made, empty = (run(*buildah, "from", f"localhost/{name}").strip() for name in ("operator", "base"))
        root, below = (Path(run(*buildah, "mount", one).strip()) for one in (made, empty))
        yield Built(root, below, config)
        run(*buildah, "umount", "--all")
    finally:
        run(*buildah, "rm", "--all")
        run(*buildah, "rmi", "--all", "--force")


def _pip(folder):
    """How this machine's pip reaches its index, for the build only: a pip.conf, and the files and folders that it names."""
    lines = [line.split("=", 1) for line in run(sys.executable, "-m", "pip", "config", "list").splitlines() if "=" in line]
    settings = {name.split(".", 1)[1]: value.strip("'") for name, value in lines}
    pip = folder / "pip.conf"
    pip.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    paths = {value for value in settings.values() if value.startswith("/") and Path(value).exists()}
    return pip, [part for path in sorted(paths) for part in ("--volume", f"{path}:{path}:ro")]


def content(root):
    """Every path below a root, relative, with what would show that it is not what it was."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            state = path.lstat()
            body = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(state.st_mode) else ""
            found[str(path.relative_to(root))] = (state.st_mode, state.st_uid, state.st_gid, body)
    return found


def test_it_runs_the_command_as_nobody_and_carries_nothing_of_this_machine(built):
    assert (built.config["User"], built.config["Entrypoint"], built.config["Cmd"]) == (
        USER,
        [f"/{HOME}/bin/fargate-operator"],
        ["run"],
    )
    assert {one.split("=")[0] for one in built.config["Env"]} == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def test_nothing_is_added_but_the_operator_which_its_user_cannot_change(built):
    before, after = content(built.base), content(built.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} - LEFT_BY_BUILDAH
    assert {path for path in changed if path != HOME and not path.startswith(f"{HOME}/")} == set()
    added = [path for path in changed if path in after]
    assert len(added) > 1000
    words = {"pip", "setuptools", "wheel", "tests", "test", ".git", "requirements", ".pytest_cache", "harness"}
    own = [path for path in added if "/site-packages/" not in path or "/site-packages/fargate_operator" in path]
    assert [path for path in own if words & set(path.split("/"))] == []
    assert [
        path for path in added if path.endswith((".md", ".toml")) and "dist-info" not in path and "/fargate_operator/" in path
    ] == []
    loose = [
        path
        for path in added
        if (mode := after[path][0]) and not stat.S_ISLNK(mode) and mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID)
    ]
    assert loose == []
    assert {after[path][1:3] for path in added} == {(0, 0)}


def test_the_distributions_are_those_that_are_locked_and_the_wheel(built):
    found = {}
    for file in built.root.glob(f"{HOME}/lib/python3*/site-packages/*.dist-info"):
        metadata = Distribution.at(file)
        found[canonicalize_name(metadata.metadata["Name"])] = metadata.version
    text = (ROOT / "requirements" / "run.txt").read_text().replace("\\\n", " ")
    locked = [Requirement(line.split(" --hash")[0]) for line in text.splitlines() if line and not line.startswith(("#", " "))]
    version = ".".join(next(built.root.glob(f"{HOME}/lib/python3*")).name.removeprefix("python").split("."))
    markers = {"python_version": version, "python_full_version": f"{version}.0"}
    wanted = {canonicalize_name(one.name) for one in locked if one.marker is None or one.marker.evaluate(markers)}
    assert found.keys() == wanted | {"fargate-operator"}


def test_it_answers_on_a_read_only_root(built):
    assert "--bounds" in run(*built.command("run", "--help"))
    assert run(*built.command("crd")) == (ROOT / "crds" / "fargateapps.yaml").read_text()
    refused = subprocess.run(built.command("run"), capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "nothing bounds" in refused.stderr


def test_the_operator_works_from_it_with_what_deploy_gives_it(built, tmp_path):
    deployment = yaml.safe_load((ROOT / "deploy" / "deployment.yaml").read_text())
    variables = {one["name"]: one["value"] for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    shutil.copy(ROOT / "deploy" / "bounds.yaml", tmp_path)
    port = free_port()
    with ControlPlane() as plane, Emulator() as emulator:
        plane.install()
        shutil.copy(plane.operator_kubeconfig(), tmp_path / "kubeconfig")
        for one in (tmp_path, *tmp_path.iterdir()):
            one.chmod(0o755)
        variables |= {**environ(emulator.endpoint), "KUBECONFIG": "/mnt/kubeconfig", "FARGATE_OPERATOR_BOUNDS": "/mnt/bounds.yaml",
                      "FARGATE_OPERATOR_HEALTH_PORT": str(port), "FARGATE_OPERATOR_LEASE_NAMESPACE": NAMESPACE}  # fmt: skip
        process = start(built.command("run", mounted=tmp_path, **variables), tmp_path / "log")
        try:
            until = time.monotonic() + 60
            while not _ready(port):
                alive = process.poll() is None and time.monotonic() < until
                assert alive, (tmp_path / "log").read_text()
                time.sleep(0.2)
            spec = {"images": {"app": {"uri": "public.ecr.aws/docker/library/node:22"}}, "services": {"web": {"image": "app"}}}
            plane.apply({"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "spec": spec,
                         "metadata": {"name": "shop", "namespace": "default"}})  # fmt: skip
            plane.kubectl("wait", "--for=condition=Ready", "fargateapp/shop", "--timeout=60s")
            status = plane.get("fargateapp", "shop")["status"]
            assert (status["accountId"], status["stack"]["name"].startswith("fargate-default-shop-")) == (ACCOUNT, True)
        finally:
            stop(process)


def _ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
