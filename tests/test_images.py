"""Which digest an image has: looked up when it must be, kept when it may be, and what is said where there is none."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.errors import Transient
from fargate_operator.facts import Facts, Running
from fargate_operator.images import FOLLOW, Images, Look, stacks_of
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.parsing import parse_app
from test_model import manifest

ACCOUNT = "123456789012"
HOME = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop-app"
OWNER = Owner("here", "team-a", "shop")


@dataclass
class Aws:
    """ECR with the tags of one repository, and a stack's template."""

    tags: dict[str, str] = field(default_factory=dict)
    template_body: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def clients(self):
        return SimpleNamespace(get=lambda *_: self)

    def describe_images(self, *, repositoryName, imageIds, **_):  # noqa: N803
        [one] = imageIds
        self.asked.append(f"{repositoryName}:{one.get('imageTag') or one['imageDigest']}")
        digest = self.tags.get(one.get("imageTag", "")) or (
            one.get("imageDigest") if one.get("imageDigest") in self.tags.values() else None
        )
        if digest is None:
            raise ClientError({"Error": {"Code": "ImageNotFoundException", "Message": "none"}}, "DescribeImages")
        return {"imageDetails": [{"imageDigest": digest}]}

    def batch_get_image(self, **_):
        return {"images": []}

    def template(self, *_):
        return self.template_body


def look(image, stack=None, *, asked=False, last=None, **spec):
    app = parse_app(manifest(images={"app": image}, **spec))
    last = last or Facts(ACCOUNT, "eu-west-1")
    return Look(("team-a", "shop"), "eu-west-1", app, *stacks_of(app, OWNER, stack), last, asked, "now" if asked else "")


def there(**more):
    return StackObservation("shop", "id", "CREATE_COMPLETE", owner=OWNER, outputs={"FargateImageAppRepository": HOME}, **more)


def facts(**images):
    return Facts(ACCOUNT, "eu-west-1", images=images)


BUILT = {"build": {}, "tag": "v1"}


def test_before_the_stack_is_there_nothing_is_asked_and_nothing_is_wrong():
    aws = Aws()
    found, seen = Images(aws).look(look(BUILT), facts())
    assert (found, seen["app"].trouble, aws.asked) == (facts(), None, [])


def test_an_image_that_was_never_pushed_has_the_command_that_pushes_it():
    found, seen = Images(Aws()).look(look(BUILT, there()), facts())
    assert (found.images, found.repositories) == ({}, {"app": HOME})
    assert (
        seen["app"].trouble.message == f"{HOME} has no image of the tag v1; push it: fargate-operator push shop.yaml --image app"
    )


@pytest.mark.parametrize("tag", ["v1", "v1@sha256:" + "a" * 64])
def test_an_image_that_is_there_is_deployed_by_its_digest(tag):
    aws = Aws({"v1": "sha256:" + "a" * 64})
    found, seen = Images(aws).look(look({"build": {}, "tag": tag}, there()), facts())
    assert (found.images, seen["app"].trouble) == ({"app": f"{HOME}@sha256:{'a' * 64}"}, None)


def test_what_is_pinned_is_not_asked_for():
    aws = Aws({"v1": "sha256:new"})
    found, _ = Images(aws).look(look(BUILT, there()), facts(app=f"{HOME}@sha256:old"))
    assert (found.images, aws.asked) == ({"app": f"{HOME}@sha256:old"}, [])


@pytest.mark.parametrize("image", [{**BUILT, "follow": True}, {"repository": HOME, "tag": "v1", "follow": True}])
def test_a_tag_that_is_followed_is_looked_at_once_a_minute_at_most_or_when_asked(image):
    aws, now = Aws({"v1": "sha256:new"}), [0.0]
    images = Images(aws, clock=lambda: now[0])
    pinned = facts(app=f"{HOME}@sha256:old")

    def looked(*, asked=False):
        aws.asked.clear()
        found, _ = images.look(look(image, there(), asked=asked), pinned)
        return found.images["app"].partition("@")[2], len(aws.asked)

    assert looked() == ("sha256:new", 1)
    now[0] = FOLLOW - 1
    assert looked() == ("sha256:old", 0)  # what the status says by now is the new one
    assert looked(asked=True) == ("sha256:new", 1)
    now[0] += FOLLOW
    assert looked() == ("sha256:new", 1)
    images.forget(("team-a", "shop"))
    assert looked() == ("sha256:new", 1)


def test_a_followed_tag_that_was_taken_away_moves_nothing():
    found, seen = Images(Aws()).look(look({**BUILT, "follow": True}, there()), facts(app=f"{HOME}@sha256:old"))
    assert (found.images, seen["app"].trouble) == ({"app": f"{HOME}@sha256:old"}, None)


RUNS = {
    "Resources": {"WebTask": {"Type": "AWS::ECS::TaskDefinition"}},
    "Outputs": {"FargateImageAppRepository": {"Value": {"Fn::GetAtt": ["AppRepository", "RepositoryUri"]}}},
}


@pytest.mark.parametrize(
    ("status", "runs"),
    [("CREATE_COMPLETE", True), ("CREATE_FAILED", True), ("ROLLBACK_COMPLETE", False), ("REVIEW_IN_PROGRESS", False)],
)
def test_while_an_image_is_missing_what_the_stack_has_is_known(status, runs):
    stack = replace(there(), status=status)
    found, _ = Images(Aws(template_body=RUNS)).look(look(BUILT, stack), facts())
    assert found.running == (Running(RUNS["Resources"], RUNS["Outputs"], {HOME: "AppRepository"}) if runs else None)


@pytest.mark.parametrize(("tag", "known"), [("team-a/shop", True), ("team-a/other", False)])
def test_what_is_about_to_be_taken_over_is_known_as_well_but_not_its_repositories(tag, known):
    stack = replace(there(), owner=None, adoptable_by=tag)
    found, _ = Images(Aws(template_body=RUNS)).look(look(BUILT, stack, adoption="Adopt"), facts())
    assert (found.running is not None, found.repositories) == (known, {})


def test_a_pin_does_not_outlive_its_repository():
    aws = Aws({"v1": "sha256:new"})
    elsewhere = facts(app=HOME.replace("shop-app", "gone") + "@sha256:old")
    assert Images(aws).look(look(BUILT), elsewhere)[0].images == {}
    assert Images(aws).look(look(BUILT, there()), elsewhere)[0].images == {"app": f"{HOME}@sha256:new"}


def test_an_image_for_another_processor_is_looked_at_again():
    aws = Aws({"v1": "sha256:new"})
    strange = replace(facts(app=f"{HOME}@sha256:old"), platforms={"app": {"linux/arm64": "sha256:old"}})
    found, _ = Images(aws).look(look(BUILT, there()), strange)
    assert (found.images, found.platforms) == ({"app": f"{HOME}@sha256:new"}, {})


def test_somebody_elses_registry_that_may_not_be_looked_at_moves_nothing(monkeypatch):
    def refuse(*_, **__):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeImages")

    aws = Aws()
    monkeypatch.setattr(aws, "describe_images", refuse)
    image = {"repository": HOME, "tag": "v1", "follow": True}
    assert Images(aws).look(look(image, there()), facts(app="x@sha256:old"))[0].images == {"app": "x@sha256:old"}
    with pytest.raises(Transient):
        Images(aws).look(look(image, there()), facts())
