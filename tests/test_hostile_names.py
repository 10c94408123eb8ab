"""What an author may name goes into names, ARNs, shells and patterns of others; none of it gets out of its place."""

import re
import shlex
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator import names
from fargate_operator.approval import change_set_name
from fargate_operator.errors import InvalidSpec
from fargate_operator.fragments.build import Build
from fargate_operator.fragments.project import _buildspec
from fargate_operator.images import never_pushed
from fargate_operator.masking import masked
from fargate_operator.observation import Owner
from fargate_operator.parsing import parse_app
from fargate_operator.pushing.builders import BUILDERS, Recipe
from inputs.hostile import TEXTS
from inputs.path import manifest, through

TEXT = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=20)
KUBERNETES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True)
FORMS = (
    names.authorizer, names.route, names.repository, names.build_project, names.build_role, names.build_logs, names.task, names.service,
    names.function, names.namespace, names.target_group, names.listener_rule, names.listener_certificate, names.spot_queue,
    names.scalable_target, names.task_output, names.service_output, names.function_output, names.scheduled_task_output,
    names.repository_output, names.build_project_output, names.spot_runs_output, lambda one: names.secret_parameter(one, one),
    lambda one: names.scaling_policy(one, one), lambda one: names.ingress("Group", 80, one),
)  # fmt: skip


@given(TEXT, st.sampled_from(FORMS))
def test_a_logical_id_has_letters_and_digits_only_whatever_it_is_made_of(text, form):
    assert re.fullmatch(r"[A-Za-z0-9]*", form(text))


@given(KUBERNETES, KUBERNETES)
def test_a_change_sets_name_is_one_that_cloudformation_takes(namespace, name):
    made = change_set_name(Owner("here", namespace, name), None, f"sha256:{'0' * 64}", False, ())
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", made)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("field", ["services", "scheduledTasks", "tasks", "functions", "images"])
def test_a_key_that_would_be_a_name_in_aws_has_letters_digits_hyphens_and_underscores_or_is_a_fault(field, text):
    end = through(
        manifest({"images": {"app": {"uri": "x"}}, field: {text: {"image": "app", "schedule": "rate(1 hour)", "uri": "x"}}})
    )
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) is None:
        assert any(fault.path == f"spec.{field}.{text}" for fault in end.error.faults)


@pytest.mark.parametrize(
    "url",
    ["--upload-pack=touch x", "ext::sh -c id", "file:///etc/passwd", "ssh://-oProxyCommand=id/x", "git@host:x", "https://u:p@host/x",
     "https://host/x\n--upload-pack=y", "https://-x/y", "https://host/x?y", "https://host/x#y", "https://host/$(id)", "https://host/../x",
     "https://host:80:80/x", "https://host\\@other/x", "HTTPS://host/x", "http://host/x", "https://ho\u200bst/x"],
)  # fmt: skip
def test_a_url_of_git_that_is_not_plainly_https_is_a_fault(url):
    with pytest.raises(InvalidSpec) as caught:
        parse_app(manifest({"images": {"app": {"build": {"git": {"url": url}}}}}))
    assert caught.value.faults[0].path == "spec.images.app.build.git.url"


@pytest.mark.parametrize(
    "ref", ["--upload-pack=x", "-b", "a b", "$(id)", "a\nb", "a..b", "a;b", "a//b", "a.lock", "refs/heads/*", "^main"]
)
def test_a_ref_of_git_that_could_be_an_option_or_a_pattern_is_a_fault(ref):
    with pytest.raises(InvalidSpec) as caught:
        parse_app(manifest({"images": {"app": {"build": {"git": {"url": "https://host/x", "ref": ref}}}}}))
    assert caught.value.faults[0].path == "spec.images.app.build.git.ref"


@pytest.mark.parametrize("text", [one for one in TEXTS if one and "\0" not in one])
def test_what_a_shell_makes_of_a_build_are_the_words_that_were_written(text):
    """The build's own shell reads its commands; `docker` only tells what it got."""
    build = Build.model_construct(context=text.lstrip("/"), dockerfile=text.lstrip("/"), target=text, args={"A": text}, git=None)
    git = type("Git", (), {"url": "https://host/x", "connection_arn": None, "ref": None})()
    [tag, command] = _buildspec("v1", build, git, "linux/amd64")["phases"]["build"]["commands"]
    told = 'docker() { [ "$1" = buildx ] && printf "%s\\0" "$@"; [ "$1" = buildx ]; }; FARGATE_COMMIT=c FARGATE_BUILD=k FARGATE_REPOSITORY=r'
    done = subprocess.run(["bash", "-c", f"{told}; {tag}; {command}"], capture_output=True, check=True)
    context = f"./{text.lstrip('/')}"
    assert done.stdout.decode().split("\0")[:-1] == [
        *["buildx", "build", "--progress=plain", "--provenance=false", "--sbom=false", "--push", "--platform=linux/amd64"],
        f"--file={context}/{text.lstrip('/')}",
        f"--target={text}",
        f"--build-arg=A={text}",
        "--tag=r:v1-c-k",
        context,
    ]


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=lambda one: one.name)
@pytest.mark.parametrize("text", [one for one in TEXTS if one])
def test_a_builder_gets_what_an_author_wrote_behind_an_equals_sign(builder, text, tmp_path):
    recipe = Recipe("r:1", tmp_path, tmp_path / "Dockerfile", "linux/amd64", text, {"A": text})
    line = builder.build(recipe, tmp_path / "digest")
    assert line.count(f"--target={text}") == line.count(f"--build-arg=A={text}") == 1
    assert text not in line


@given(KUBERNETES, st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True))
def test_the_command_that_a_condition_tells_is_copied_into_a_shell_as_it_is(name, image):
    app = parse_app(manifest({"images": {image: {"build": {}, "tag": "v1"}}, "tasks": {"a": {"image": image}}}, name=name))
    told = never_pushed(app, image, app.spec.images[image], "home").message.partition("push it: ")[2]
    assert shlex.split(told) == ["fargate-operator", "push", f"{name}.yaml", "--image", image] == told.split(" ")


def test_a_star_in_a_name_opens_no_right_to_what_others_have():
    spec = {"images": {"app": {"uri": "x"}}, "services": {"web": {"image": "app", "secrets": {"A": "/team/*"}}}}
    end = through(manifest(spec))
    assert end.error is not None
    assert end.error.faults[0].path == "spec.services.web.secrets.A"


@pytest.mark.parametrize("text", ["a" * 200_000, "-" * 200_000, "a1" * 100_000, "secret" * 30_000])
def test_a_long_line_of_a_program_is_masked_in_a_time_that_grows_with_it_alone(text):
    began = time.process_time()
    assert masked(text) == text
    assert time.process_time() - began < 10


@pytest.mark.parametrize("text", ["x-my_token=abc", "MYSECRET: abc", 'dbPassword="abc"', "(api-key=abc"])
def test_what_is_called_a_secret_is_masked_wherever_the_word_begins(text):
    assert "abc" not in masked(text)
