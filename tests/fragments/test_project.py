"""What CodeBuild is told to do: in a real shell, with programs that only say what they were called with."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.fragments.build import Build, Git
from fargate_operator.fragments.iam import Iam
from fargate_operator.fragments.project import NO_DOCKERFILE, build_key, build_tag, project_resources, source_type

URL = "https://git.example.com/acme/shop.git"
COMMIT = "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b"
CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d"
TELLS = '#!/bin/sh\nprintf "%s\\0" "$#" "$(basename "$0")" "$@" >> "$CALLS"\n'


def made(build, tag="v1", platform="linux/amd64"):
    """Project, log group and role."""
    found = project_resources("app", tag, build, build.git, platform, Iam(), 30, {})
    return {one.type.rpartition("::")[2]: one.properties for one in found}


def commands(build, tag="v1"):
    phases = json.loads(made(build, tag)["Project"]["Source"]["BuildSpec"])["phases"]
    return [*phases["pre_build"]["commands"], *phases["build"]["commands"]]


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bin")
    for name in ("git", "aws", "docker"):
        (folder / name).write_text(TELLS if name != "docker" else TELLS + '[ "$1" != manifest ]\n')
        (folder / name).chmod(0o755)
    return folder


def run(build, folder, programs, *, dockerfile=True, variables=None):
    """Exit, output, and what each program was called with, in one shell as CodeBuild has it."""
    if dockerfile:
        path = folder / (build.context or ".") / (build.dockerfile or "Dockerfile")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM scratch\n")
    calls = folder.parent / f"{folder.name}.calls"
    calls.write_bytes(b"")
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls), "FARGATE_BUILD": "0a1b2c3d", "FARGATE_COMMIT": COMMIT,
                   "FARGATE_REPOSITORY": "registry.example/shop", **(variables or {})}  # fmt: skip
    script = "".join(f"{one}\ncode=$?; [ $code = 0 ] || exit $code\n" for one in commands(build))
    done = subprocess.run(["/bin/sh", "-c", script], cwd=folder, env=environment, capture_output=True, check=False, timeout=20)
    left, told = calls.read_bytes().decode().split("\0")[:-1], []
    while left:
        count = int(left[0]) + 2
        told.append(left[1:count])
        left = left[count:]
    return done.returncode, done.stdout.decode(), told


def test_a_build_fetches_the_commit_and_pushes_it_under_its_tag(tmp_path, programs):
    folder = tmp_path / "source"
    folder.mkdir()
    build = Build(
        context="services/shop", dockerfile="deploy/Dockerfile", target="runtime", args={"B": "it's", "A": ""}, git=Git(url=URL)
    )
    code, _, calls = run(build, folder, programs)
    assert code == 0
    assert ["git", "fetch", "--quiet", "--depth", "1", "origin", COMMIT] in calls
    assert ["git", "remote", "add", "origin", URL] in calls
    assert ["docker", "login", "--username", "AWS", "--password-stdin", "registry.example"] in calls
    assert calls[-1] == [
        "docker", "buildx", "build", "--progress=plain", "--provenance=false", "--sbom=false", "--push", "--platform=linux/amd64",
        "--file=./services/shop/deploy/Dockerfile", "--target=runtime", "--build-arg=A=", "--build-arg=B=it's",
        f"--tag=registry.example/shop:{build_tag('v1', COMMIT, '0a1b2c3d')}", "./services/shop",
    ]  # fmt: skip


def test_without_a_dockerfile_it_ends_by_saying_so(tmp_path, programs):
    folder = tmp_path / "source"
    folder.mkdir()
    code, said, calls = run(Build(git=Git(url=URL)), folder, programs, dockerfile=False)
    assert (code, said.strip()) == (1, f"{NO_DOCKERFILE} ./Dockerfile")
    assert not [one for one in calls if one[0] == "docker"]


def test_what_is_there_is_not_pushed_twice(tmp_path, programs):
    folder, there = tmp_path / "source", tmp_path / "there"
    folder.mkdir()
    there.mkdir()
    (there / "docker").write_text(TELLS)
    (there / "docker").chmod(0o755)
    variables = {"PATH": f"{there}:{programs}:/usr/bin:/bin"}
    code, _, calls = run(Build(git=Git(url=URL)), folder, programs, variables=variables)
    assert (code, calls[-1][1:3]) == (0, ["manifest", "inspect"])


def test_with_a_connection_the_commit_is_what_codebuild_made_of_the_ref(tmp_path, programs):
    folder = tmp_path / "source"
    folder.mkdir()
    build = Build(git=Git(url=URL, ref="main", connection_arn=CONNECTION))
    code, _, calls = run(build, folder, programs, variables={"FARGATE_COMMIT": "", "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT})
    assert code == 0
    assert f"--tag=registry.example/shop:v1-{COMMIT}-0a1b2c3d" in calls[-1]
    assert not [one for one in calls if one[0] == "git"]


HOSTILE = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=30) | st.sampled_from(
    ["'; touch hacked; '", '"$(touch hacked)"', "`touch hacked`", "\\", "'\\''", "a\nb", "$FARGATE_COMMIT", "--push", "*", "~"]
)
PATHS = st.from_regex(r"[a-z '\"$`;&|()<>*~#!-]{1,12}", fullmatch=True).filter(
    lambda one: one.strip(" ") == one and one[0] != "-"
)


@settings(max_examples=60, deadline=None)
@given(
    args=st.dictionaries(st.from_regex(r"[A-Z]{1,3}", fullmatch=True), HOSTILE, max_size=3),
    target=HOSTILE.filter(bool),
    path=PATHS,
)
def test_nothing_that_an_author_writes_breaks_out_of_the_shell(tmp_path_factory, programs, args, target, path):
    folder = tmp_path_factory.mktemp("source")
    build = Build.model_construct(context=path, dockerfile=f"{path}.d", target=target, args=args, platform=None, git=Git(url=URL))
    code, said, calls = run(build, folder, programs)
    assert (code, said) == (0, "")
    assert not list(folder.rglob("hacked"))
    built = calls[-1]
    assert built[8] == f"--file=./{path}/{path}.d"
    assert built[9] == f"--target={target}"
    assert built[10:-2] == [f"--build-arg={name}={value}" for name, value in sorted(args.items())]
    assert built[-1] == f"./{path}"


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({}, False),
        ({"args": {"A": "1"}}, True),
        ({"context": "shop"}, True),
        ({"target": "runtime"}, True),
        ({"git": Git(url=URL, ref="release")}, False),  # whose commit says it
        ({"git": Git(url=f"{URL}x", ref="main")}, True),
        ({"git": Git(url=URL, ref="main", connection_arn=CONNECTION)}, True),
    ],
)
def test_a_build_has_another_key_where_it_makes_something_else(change, other):
    build = Build(git=Git(url=URL, ref="main"))
    changed = build.model_copy(update=change)
    assert (build_key(changed, "linux/amd64", "v1") != build_key(build, "linux/amd64", "v1")) is other


def test_platform_tag_and_the_ref_of_a_connection_make_another_key():
    build = Build(git=Git(url=URL, ref="main", connection_arn=CONNECTION))
    moved = Build(git=Git(url=URL, ref="release", connection_arn=CONNECTION))
    keys = [build_key(build, "linux/amd64", "v1"), build_key(build, "linux/arm64", "v1"), build_key(build, "linux/amd64", "v2"),
            build_key(moved, "linux/amd64", "v1")]  # fmt: skip
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("url", "connection", "type_", "webhook"),
    [
        (URL, None, "NO_SOURCE", False),
        ("https://github.com/acme/shop", None, "NO_SOURCE", False),  # else by the account's stored credentials
        ("https://github.com/acme/shop", CONNECTION, "GITHUB", True),
        ("https://gitlab.com/acme/shop", CONNECTION, "GITLAB", True),
        ("https://bitbucket.org/acme/shop", CONNECTION, "BITBUCKET", True),
        ("https://gitlab.example.com/acme/shop", CONNECTION, "GITLAB_SELF_MANAGED", True),
        ("https://git.example.com/acme/shop", CONNECTION, "GITHUB_ENTERPRISE", False),
    ],
)
def test_where_the_source_is(url, connection, type_, webhook):
    git = Git(url=url, ref="release-1.x", connection_arn=connection)
    project = made(Build(git=git))["Project"]
    assert source_type(git) == project["Source"]["Type"] == type_
    assert ("SourceVersion" in project) == bool(connection)
    assert ("Triggers" in project) == webhook
    if webhook:
        assert project["Triggers"]["FilterGroups"] == [
            [{"Type": "EVENT", "Pattern": "PUSH"}, {"Type": "HEAD_REF", "Pattern": r"^refs/(heads|tags)/release\-1\.x$"}]
        ]


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_the_role_may_log_push_and_use_its_connection_and_nothing_else(service):
    arn = CONNECTION.replace("codeconnections", service)
    [policy] = made(Build(git=Git(url=URL, ref="main", connection_arn=arn)))["Role"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert [one["Resource"] for one in statements] == [
        {"Fn::GetAtt": ["AppBuildLogs", "Arn"]}, {"Fn::GetAtt": ["AppRepository", "Arn"]}, "*", arn,
    ]  # fmt: skip
    assert statements[2]["Action"] == "ecr:GetAuthorizationToken"
    assert {one.partition(":")[0] for one in statements[3]["Action"]} == {service}
    assert len(made(Build(git=Git(url=URL)))["Role"]["Policies"][0]["PolicyDocument"]["Statement"]) == 3


@pytest.mark.parametrize("key", ["app", "a-b", "x" * 20, "x" * 64])
def test_a_projects_name_fits_behind_the_longest_name_of_a_stack(key):
    [project] = [
        one
        for one in project_resources(key, "", Build(git=Git(url=URL)), Git(url=URL), "linux/amd64", Iam(), 30, {})
        if "Name" in one.properties
    ]
    prefix, _, rest = project.properties["Name"]["Fn::Sub"].partition("}-")
    assert prefix == "${AWS::StackName"
    assert rest.isalnum()
    assert 128 + 1 + len(rest) <= 150
