"""What is told while an image is missing."""

from dataclasses import replace
from datetime import UTC, datetime

from fargate_operator.actions import Nothing
from fargate_operator.observation import ImageObservation, ImageTrouble, Owner, StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.seen import Seen
from fargate_operator.verdicts import verdicts_of
from test_model import manifest

STACK = StackObservation(
    "shop", "id", "CREATE_COMPLETE", owner=Owner("here", "team-a", "shop"), template_digest="d", outputs={"A": "b"}
)
TROUBLE = ImageTrouble("ImageMissing", "x has no image of the tag v1; push it: …")
WAITS = Seen(
    {},
    1,
    datetime(2026, 1, 1, tzinfo=UTC),
    app=parse_app(manifest(images={"app": {"build": {}, "tag": "v1"}})),
    action=Nothing(),
    stack=STACK,
    template_digest="d",
    waiting={"app": ("services.web",)},
)


def test_an_app_is_not_ready_while_a_workload_waits_whether_or_not_its_repository_was_seen():
    blind = verdicts_of(replace(WAITS, images={"app": ImageObservation()}))
    assert (blind["Ready"].status, blind["Ready"].reason, blind["Reconciling"].reason) == ("False", "NotRead", "NotRead")
    told = verdicts_of(replace(WAITS, images={"app": ImageObservation("x", trouble=TROUBLE)}))
    assert (told["Ready"].status, told["Ready"].reason) == ("False", "ImageMissing")
    assert told["WorkloadsReady"].message == "app: x has no image of the tag v1; push it: … (services.web waits for it)"
    assert "Reconciling" not in told


def test_a_build_that_failed_stalls_the_app_and_one_under_way_does_not():
    failed = verdicts_of(
        replace(WAITS, images={"app": ImageObservation("x", trouble=replace(TROUBLE, reason="BuildFailed", stalled=True))})
    )
    assert (failed["Stalled"].reason, failed["Ready"].reason) == ("BuildFailed", "BuildFailed")
    works = verdicts_of(
        replace(WAITS, images={"app": ImageObservation("x", trouble=replace(TROUBLE, reason="Building", working=True))})
    )
    assert (works["Reconciling"].reason, works["Ready"].reason) == ("Building", "Building")
