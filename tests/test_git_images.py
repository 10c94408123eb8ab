"""From a ref to what is deployed, with CodeBuild, ECR and CloudWatch Logs as values that remember."""

import copy
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from fargate_operator.facts import Facts
from fargate_operator.fragments.build import platform_of
from fargate_operator.fragments.project import build_key
from fargate_operator.git_images import GitImages
from fargate_operator.images import Images, Look
from fargate_operator.names import DOMAIN
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.refs import Known
from test_model import manifest

HOME = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop-app"
URL = "https://git.example.com/acme/shop.git"
CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d"
FIRST, SECOND = "1" * 40, "2" * 40
KEY = ("team-a", "shop")


class Refs:
    def __init__(self):
        self.known, self.asked = Known(FIRST, again=60.0), []

    def look(self, url, ref, *, asked=False):
        self.asked.append((url, ref, asked))
        return self.known


class Aws:
    """CodeBuild, ECR and Logs; `calls` in order."""

    def __init__(self):
        self.calls, self.builds, self.images, self.logs, self.tokens, self.refuses = [], {}, {}, {}, {}, ""
        self.key, self.resolved = "", FIRST

    def get(self, _service, _region):
        return self

    def list_builds_for_project(self, **_):
        self.calls.append("ListBuildsForProject")
        if self.refuses:
            raise ClientError(
                {"Error": {"Code": self.refuses, "Message": "no such project"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "x"
            )
        return {"ids": list(self.builds)[::-1]}

    def batch_get_builds(self, ids):
        self.calls.append("BatchGetBuilds")
        return {"builds": [copy.deepcopy(self.builds[one]) for one in ids if one in self.builds]}

    def start_build(self, **given):
        project, overrides, token = (given[one] for one in ("projectName", "environmentVariablesOverride", "idempotencyToken"))
        self.calls.append("StartBuild")
        if token not in self.tokens:
            variables = [{"name": "FARGATE_BUILD", "value": self.key}, *overrides]
            id_ = f"{project}:{len(self.builds)}"
            self.builds[id_] = {"id": id_, "buildStatus": "IN_PROGRESS", "environment": {"environmentVariables": variables},
                                "logs": {"groupName": "group", "streamName": id_}, "resolvedSourceVersion": self.resolved}  # fmt: skip
            self.tokens[token] = id_
        return {"build": copy.deepcopy(self.builds[self.tokens[token]])}

    def end(self, status="SUCCEEDED", *, pushed=True, log=()):
        build = list(self.builds.values())[-1]
        build["buildStatus"] = status
        variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
        commit = variables.get("FARGATE_COMMIT", build["resolvedSourceVersion"])
        if status == "SUCCEEDED" and pushed:
            self.images[f"v1-{commit}-{variables['FARGATE_BUILD']}"] = f"sha256:{commit[:1] * 64}"
        self.logs[build["id"]] = [{"message": one} for one in log]

    def describe_images(self, **given):
        self.calls.append("DescribeImages")
        assert given["repositoryName"] == "shop-app"
        digest = self.images.get(given["imageIds"][0]["imageTag"])
        if digest is None:
            raise ClientError({"Error": {"Code": "ImageNotFoundException"}}, "DescribeImages")
        return {"imageDetails": [{"imageDigest": digest}]}

    def batch_get_image(self, **_):
        self.calls.append("BatchGetImage")
        return {"images": []}

    def get_log_events(self, **given):
        self.calls.append("GetLogEvents")
        return {"events": self.logs[given["logStreamName"]]}


class World:
    def __init__(self):
        self.clients, self.metadata = Aws(), {}

    def template(self, *_):
        return {"Metadata": {DOMAIN: self.metadata}}


class Place:
    """An operator, and an app in it whose status is what the turn before found."""

    def __init__(self, **git):
        self.world, self.refs, self.now = World(), Refs(), 0.0
        self.aws = self.world.clients
        self.spec(**git)
        self.last = Facts("123456789012", "eu-west-1")
        self.restart()

    def spec(self, args=None, *, suspend=None, **git):
        image = {"build": {"git": {"url": URL, **git}, **({"args": args} if args else {})}, "tag": "v1"}
        held = {"suspend": suspend} if suspend is not None else {}
        self.app = parse_app(manifest(images={"app": image}, services={"web": {"image": "app"}}, **held))
        build = self.app.spec.images["app"].build
        self.aws.key = build_key(build, platform_of(build, []), "v1")
        self.outputs = {"FargateImageAppRepository": HOME, "FargateImageAppProject": f"shop-AppBuildProject/{self.aws.key}"}

    def restart(self):
        self.images = Images(self.world, git=GitImages(self.world, self.refs, 60.0, lambda: self.now))

    def turn(self, *, request="", images=None):
        """What a turn finds: the image's commit, what there is to tell, and the AWS calls."""
        self.aws.calls.clear()
        stack = StackObservation("shop", "id", "UPDATE_COMPLETE", outputs=self.outputs)
        look = Look(KEY, "eu-west-1", self.app, stack, stack, self.last, bool(request), request)
        facts, seen = (images or self.images).look(look, replace(self.last, repositories={}, commits={}))
        self.last = replace(facts, running=None)
        self.observed = seen["app"]
        return facts.commits.get("app"), (self.observed.trouble.reason if self.observed.trouble else ""), list(self.aws.calls)


FOUND = ["DescribeImages", "BatchGetImage"]


def deployed(**git):
    place = Place(**git)
    place.turn()
    place.aws.end()
    place.turn()
    return place


def test_a_commit_is_built_followed_and_deployed_and_then_costs_nothing():
    place = Place()
    assert place.turn() == (None, "Building", ["DescribeImages", "ListBuildsForProject", "StartBuild"])
    assert place.turn() == (None, "Building", ["BatchGetBuilds"])
    place.aws.end()
    assert place.turn() == (FIRST, "", ["BatchGetBuilds", *FOUND])
    assert place.last.images == {"app": f"{HOME}@sha256:{'1' * 64}"}
    assert place.observed.build == "shop-AppBuildProject:0"
    assert place.turn() == (FIRST, "", [])
    assert place.images.again(KEY, place.app) == 60.0


def test_while_a_new_commit_is_built_the_one_before_stays():
    place = deployed()
    place.refs.known = Known(SECOND, again=60.0)
    assert place.turn()[:2] == (FIRST, "Building")
    place.aws.end("FAILED", log=["[Container] x", "ERROR: no such file"])
    assert place.turn()[:2] == (FIRST, "BuildFailed")
    assert "ERROR: no such file" in place.observed.trouble.message
    assert place.turn() == (FIRST, "BuildFailed", [])
    assert place.last.images == {"app": f"{HOME}@sha256:{'1' * 64}"}


def test_a_lost_status_finds_what_was_built():
    place = deployed()
    place.last = Facts("123456789012", "eu-west-1")
    place.restart()
    assert place.turn() == (FIRST, "", FOUND)


def test_a_lost_status_and_a_host_that_is_away_leave_what_the_stack_was_made_from():
    place = deployed()
    place.world.metadata = {"images": dict(place.last.images), "commits": dict(place.last.commits)}
    place.last = Facts("123456789012", "eu-west-1")
    place.restart()
    place.refs.known = Known(unreachable="503", failures=1)
    assert place.turn() == (FIRST, "", [])


def test_an_operator_that_was_killed_after_a_start_starts_no_second():
    place = Place()
    place.turn()
    place.restart()
    assert place.turn() == (None, "Building", ["DescribeImages", "ListBuildsForProject", "BatchGetBuilds"])


def test_a_log_is_read_once():
    place = Place(ref="main", connectionArn=CONNECTION)
    place.turn()
    place.aws.end("FAILED", log=["no"])
    read = []
    for _ in range(3):
        read += place.turn()[2]
        place.now += 60
    assert (read.count("ListBuildsForProject"), read.count("GetLogEvents")) == (3, 1)


def test_a_failed_build_is_tried_again_once_for_a_request():
    place = Place()
    place.turn()
    place.aws.end("FAILED")
    place.turn()
    assert place.turn(request="now")[1] == "Building"
    place.aws.end("FAILED")
    assert place.turn(request="now")[1] == "BuildFailed"  # the turn before was cut off: it is the same request
    assert place.turn(request="later")[1] == "Building"
    assert len(place.aws.builds) == 3


def test_nothing_is_started_before_the_stack_has_the_project_of_the_spec():
    place = deployed()
    outputs = place.outputs
    place.spec(args={"A": "1"})
    place.outputs, wanted = outputs, place.outputs
    assert place.turn() == (FIRST, "", [])
    place.outputs = wanted
    assert place.turn()[:2] == (FIRST, "Building")


def test_a_host_that_is_away_for_a_moment_is_not_told_where_its_image_runs():
    place = deployed()
    place.refs.known = Known(FIRST, unreachable="503", failures=2)
    assert place.turn() == (FIRST, "", [])
    place.refs.known = Known(FIRST, unreachable="503", failures=3)
    assert place.turn() == (FIRST, "RepositoryUnreachable", [])
    assert not place.observed.trouble.stalled


def test_where_nothing_runs_it_is_told_at_once():
    place = Place()
    place.refs.known = Known(unreachable="503", failures=1)
    assert place.turn() == (None, "RepositoryUnreachable", [])
    assert place.observed.trouble.message == f"{URL} cannot be read: 503"


@pytest.mark.parametrize(
    ("ref", "message"),
    [("main", f"{URL} has no branch or tag main"), ("abc123", f"{URL} has no branch or tag abc123; a commit needs all of its 40 digits"), (None, f"{URL} has no commit yet")],
)  # fmt: skip
def test_a_ref_that_is_not_there(ref, message):
    place = Place(**({"ref": ref} if ref else {}))
    place.refs.known = Known(missing=True)
    assert place.turn() == (None, "RefNotFound", [])
    assert (place.observed.trouble.message, place.observed.trouble.stalled) == (message, True)


def test_a_build_that_pushed_nothing():
    place = Place()
    place.turn()
    place.aws.end(pushed=False)
    assert place.turn()[:2] == (None, "BuildFailed")
    assert place.turn()[2] == []


def test_what_codebuild_refuses_is_told_and_tried_again():
    place = Place()
    place.aws.refuses = "ResourceNotFoundException"
    assert place.turn()[1] == "BuildFailed"
    assert "CodeBuild refuses: ListBuildsForProject: no such project" in place.observed.trouble.message
    place.aws.refuses = ""
    assert place.turn()[1] == "Building"


def test_while_an_app_is_suspended_nothing_is_asked_and_nothing_built():
    place = deployed()
    place.spec(suspend=True)
    place.refs.known, place.refs.asked = Known(SECOND, again=60.0), []
    assert place.turn(request="now") == (FIRST, "", [])
    assert place.refs.asked == []


def test_without_a_builder_what_is_deployed_is_told_and_nothing_started():
    place = deployed()
    assert place.turn(images=Images(place.world)) == (FIRST, "", [])
    assert Place().turn(images=Images(place.world))[2] == []


def test_a_private_repository_is_looked_at_through_codebuild_at_the_pace_of_the_interval():
    place = Place(ref="main", connectionArn=CONNECTION)
    assert place.turn() == (None, "Building", ["ListBuildsForProject", "StartBuild"])
    place.aws.end()
    assert place.turn()[:2] == (FIRST, "")
    assert place.turn() == (FIRST, "", [])
    place.now += 60
    assert place.turn() == (FIRST, "", ["ListBuildsForProject", "BatchGetBuilds", *FOUND])
    place.aws.resolved = SECOND
    assert place.turn(request="now")[:2] == (FIRST, "Building")
    place.aws.end()
    assert place.turn(request="now")[:2] == (SECOND, "")
    assert place.refs.asked == []
    assert len(place.aws.builds) == 2


def test_what_an_event_tells_of_is_looked_at_at_once():
    place = deployed(ref="main", connectionArn=CONNECTION)
    assert place.turn()[2] == []
    place.images.forget(KEY)
    assert place.turn() == (FIRST, "", ["ListBuildsForProject", "BatchGetBuilds", *FOUND])
