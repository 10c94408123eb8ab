"""Images that CodeBuild builds from git: one build for a commit, what it pushed is deployed, and nothing that runs goes for it."""

import pytest

from e2e.conftest import World
from harness.builds import FAILING_LOG, NO_DOCKERFILE_LOG, CodeBuild, Outcome
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.git_host import URL, GitHost
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("builds"), pytest.mark.timeout(300)]

CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d-0000-4000-8000-000000000000"
_COUNT = iter(range(1000))
SETTINGS = {"health_interval": "5s", "ref_interval": "1s", "lease_duration": "3s"}


class Place(World):
    """An operator of its own, whose calls are counted."""

    def __init__(self, plane, emulator, operator, proxy, git, builds):
        super().__init__(plane, emulator, "default")
        self.operator, self.proxy, self.git, self.builds = operator, proxy, git, builds

    def built(self, name, git, **build):
        self.apply(name, images={"app": {"build": {"git": git, **build}}}, services={"web": {"image": "app"}})

    def count(self, action):
        return sum(one.action == action for one in self.proxy.calls)

    def image(self, name):
        return self.status(name).get("images", {}).get("app", {})

    def runs(self, name, commit):
        return self.wait(lambda: self.image(name).get("commit") == commit and self.ready(name)["images"]["app"])

    def troubled(self, name, reason):
        return self.wait(lambda: (one := self.condition("WorkloadsReady", name)).get("reason") == reason and one)["message"]

    def again(self, name, request):
        self.annotate(f"reconcile.fluxcd.io/requestedAt={request}", name)
        self.wait(lambda: self.status(name).get("lastHandledReconcileAt") == request)

    def restart(self):
        self.operator.start()
        self.operator.until_ready()


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy, GitHost() as git:
        plane.install()
        builds = CodeBuild(emulator).install(proxy)
        with OperatorProcess(plane, proxy.endpoint, git.config, **SETTINGS) as operator:
            yield Place(plane, emulator, operator, proxy, git, builds)


@pytest.fixture
def shop(place):
    """A repository and an app of one name."""
    name = f"shop-{next(_COUNT)}"
    repository = place.git.repository(f"acme/{name}")
    yield name, repository
    place.git.refuses = ""
    if place.app(name):
        place.delete(name)


def test_a_moved_ref_makes_one_build_and_one_update_and_fifty_reconciles_more_make_none(place, shop):
    name, repository = shop
    first = repository.head()
    place.built(name, {"url": repository.url, "ref": "main"})
    before = place.runs(name, first)
    assert len(place.builds.of(first)) == 1

    counted = {action: place.count(action) for action in ("StartBuild", "UpdateStack")}
    second = repository.commit()
    after = place.runs(name, second)
    assert after["uri"] != before["uri"]
    assert after["build"] == place.builds.of(second)[0]["id"]
    assert {action: place.count(action) - one for action, one in counted.items()} == {"StartBuild": 1, "UpdateStack": 1}

    counted = {action: place.count(action) for action in ("StartBuild", "UpdateStack", "CreateStack")}
    for number in range(48):
        place.again(name, f"now-{number}")
    for _ in range(2):
        place.operator.kill()
        place.restart()
        place.again(name, f"after-{place.count('GetCallerIdentity')}")
    assert place.image(name) == after
    assert {action: place.count(action) for action in counted} == counted


def test_an_idle_app_costs_no_call_but_those_that_read_its_services(place, shop):
    name, repository = shop
    place.built(name, {"url": repository.url})
    place.runs(name, repository.head())
    counted, asked = len(place.proxy.calls), place.git.asked
    place.wait(lambda: place.git.asked >= asked + 4)
    made = {one.action for one in place.proxy.calls[counted:]}
    assert made <= {"DescribeServices", "ListTasks"}


def test_a_failed_build_tells_the_failing_line_and_leaves_what_runs_alone(place, shop):
    name, repository = shop
    place.built(name, {"url": repository.url, "ref": "main"})
    before = place.runs(name, repository.head())
    stack = place.status(name)["stack"]["updatedAt"]
    place.builds.outcomes[bad := repository.commit()] = Outcome("FAILED", "BUILD", FAILING_LOG)
    message = place.troubled(name, "BuildFailed")
    assert f"the build of {bad[:12]} failed in BUILD" in message
    assert "main.c:12:5: error: 'shop' undeclared" in message
    assert "hunter2" not in message
    assert "[Container]" not in message
    place.stalled("BuildFailed", name)
    assert place.image(name)["uri"] == before["uri"]
    assert place.image(name)["commit"] == before["commit"]
    assert place.status(name)["stack"]["updatedAt"] == stack
    assert place.status(name)["services"]["web"]["running"] == 1

    asked = place.git.asked
    place.wait(lambda: place.git.asked >= asked + 3)
    assert len(place.builds.of(bad)) == 1  # in vain once is enough
    place.builds.outcomes[bad] = Outcome()
    place.again(name, "try-again")
    place.runs(name, bad)
    assert len(place.builds.of(bad)) == 2


def test_a_build_that_fails_again_on_request_is_not_tried_a_third_time(place, shop):
    name, repository = shop
    place.builds.outcomes[bad := repository.head()] = Outcome("FAILED", "BUILD", FAILING_LOG)
    place.built(name, {"url": repository.url, "ref": "main"})
    place.troubled(name, "BuildFailed")
    place.again(name, "once")
    place.wait(lambda: len(place.builds.of(bad)) == 2 and place.condition("Stalled", name).get("reason") == "BuildFailed")
    place.operator.kill()
    place.restart()
    place.again(name, "once")
    place.troubled(name, "BuildFailed")
    assert len(place.builds.of(bad)) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_a_start_there_is_one_build(place, shop, moment):
    name, repository = shop
    killed = []

    def kill(_service, action, _count):
        if action == "StartBuild" and not killed:
            killed.append(action)
            place.operator.kill()

    getattr(place.proxy, moment)(kill)
    place.built(name, {"url": repository.url, "ref": "main"})
    place.wait(lambda: killed)
    place.restart()
    place.runs(name, repository.head())
    assert len(place.builds.of(repository.head())) == 1


def test_while_a_build_goes_on_the_newest_commit_waits_for_its_end(place, shop):
    name, repository = shop
    place.builds.outcomes[slow := repository.head()] = Outcome(held=True)
    place.built(name, {"url": repository.url, "ref": "main"})
    assert slow[:12] in place.troubled(name, "Building")
    assert place.condition("Reconciling", name)["reason"] == "Building"
    skipped, newest = repository.commit(), repository.commit()
    place.wait(lambda: newest[:12] in place.condition("WorkloadsReady", name).get("message", ""))
    place.builds.release(slow)
    place.runs(name, newest)
    assert [len(place.builds.of(one)) for one in (slow, skipped, newest)] == [1, 0, 1]


def test_a_build_that_pushes_nothing_is_told(place, shop):
    name, repository = shop
    place.builds.outcomes[repository.head()] = Outcome(pushes=False)
    place.built(name, {"url": repository.url, "ref": "main"})
    assert "ended well, but the repository has no image" in place.troubled(name, "BuildFailed")


def test_a_dockerfile_that_is_not_there(place, shop):
    name, repository = shop
    place.builds.outcomes[repository.head()] = Outcome("FAILED", "PRE_BUILD", NO_DOCKERFILE_LOG)
    place.built(name, {"url": repository.url, "ref": "main"}, context="deploy")
    assert "has no file ./deploy/Dockerfile" in place.troubled(name, "DockerfileMissing")


def test_a_ref_that_goes_leaves_what_runs(place, shop):
    name, repository = shop
    commit = repository.commit("refs/heads/release")
    place.built(name, {"url": repository.url, "ref": "release"})
    before = place.runs(name, commit)
    repository.remove("refs/heads/release")
    assert f"{repository.url} has no branch or tag release" in place.troubled(name, "RefNotFound")
    assert place.image(name) == before
    repository.commit("refs/heads/release")
    place.runs(name, repository.head("refs/heads/release"))


def test_an_annotated_tag_is_its_commit(place, shop):
    name, repository = shop
    repository.tag("v1", commit := repository.head())
    place.built(name, {"url": repository.url, "ref": "v1"})
    place.runs(name, commit)


def test_a_repository_that_cannot_be_reached_leaves_what_runs(place, shop):
    name, repository = shop
    place.built(name, {"url": repository.url, "ref": "main"})
    before = place.runs(name, repository.head())
    place.git.refuses = "503 Service Unavailable"
    assert "503" in place.troubled(name, "RepositoryUnreachable")
    assert not place.condition("Stalled", name)
    assert place.image(name) == before
    assert place.status(name)["services"]["web"]["running"] == 1
    place.git.refuses = ""
    place.again(name, "back")
    place.ready(name)


def test_a_repository_that_is_not_there(place, shop):
    name, _ = shop
    place.built(name, {"url": f"{URL}/acme/none.git"})
    assert "there is no git repository" in place.troubled(name, "RepositoryUnreachable")


def test_other_build_arguments_are_another_build_of_the_same_commit(place, shop):
    name, repository = shop
    place.built(name, {"url": repository.url, "ref": "main"})
    before = place.runs(name, commit := repository.head())
    place.built(name, {"url": repository.url, "ref": "main"}, args={"VERSION": "2"})
    place.wait(lambda: place.image(name).get("uri") not in (None, before["uri"]))
    place.ready(name)
    assert len(place.builds.of(commit)) == 2


def test_a_private_repository_is_read_by_codebuild_alone(place, shop):
    name, _ = shop
    asked = place.git.asked
    place.builds.resolved = first = "1" * 40
    place.built(name, {"url": "https://github.com/acme/private.git", "ref": "main", "connectionArn": CONNECTION})
    place.runs(name, first)
    project = place.builds.of(first)[0]["projectName"]
    place.builds.push_by_webhook(project, second := "2" * 40)
    place.runs(name, second)
    assert place.git.asked == asked
    started = place.count("StartBuild")
    place.builds.resolved = third = "3" * 40
    place.again(name, "look")
    place.runs(name, third)
    assert place.count("StartBuild") == started + 1
