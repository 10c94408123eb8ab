"""What is missing in AWS gives nothing up that is there: an image that is gone by now is no other spec. On real boto clients."""

import copy

import pytest

from failure_cases import Case

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"
THERE = {"ecr": {"DescribeImages": {"imageDetails": [{"imageDigest": "sha256:" + "a" * 64}]}, "BatchGetImage": {"images": []}}}
GONE = {"ecr": {"DescribeImages": {"error": "ImageNotFoundException", "message": "gone"}}}
ECS = {"ecs": {"DescribeServices": {"services": []}, "ListTasks": {"taskArns": []}}}
FAULT = f"spec.images.app: ECR has no image {IMAGE}:v1; push it"


class Shop(Case):
    """An app whose image is in ECR; `written` are the calls that write."""

    def __init__(self):
        self.written = []
        super().__init__("circuit-breaker-of-an-update")
        self.item["spec"] |= {"images": {"app": {"uri": f"{IMAGE}:v1"}}}
        self._step({"answers": {**THERE, **ECS}})

    def answer(self, service, action, sent):
        if service == "cloudformation" and not action.startswith("Describe"):
            self.written.append(action)
        return super().answer(service, action, sent)

    def hangs(self, status):
        """For two hours, in which the image goes."""
        events = {"cloudformation": {"DescribeStackEvents": [{"status": status, "reason": "User Initiated"}], "DescribeStackResources": {}}}  # fmt: skip
        self._step({"after": 7200, "answers": {**copy.deepcopy(GONE), **events}})

    def now_please(self):
        self.item["metadata"].setdefault("annotations", {})["reconcile.fluxcd.io/requestedAt"] = str(self.now)
        self._step({"after": 10})

    def ready(self):
        [one] = [one for one in self.item["status"]["conditions"] if one["type"] == "Ready"]
        return one["reason"], FAULT in one["message"].split("\n")


@pytest.fixture
def shop():
    return Shop()


def test_a_stack_that_is_being_made_is_not_deleted_for_it(shop):
    shop.hangs("CREATE_IN_PROGRESS")
    shop.now_please()
    assert (shop.written, shop.ready()) == (["CreateStack"], ("NoProgress", True))


def test_an_update_is_not_cancelled_for_it(shop):
    shop._step({"after": 60, "stack": {"status": "CREATE_COMPLETE"}})
    shop._step({"after": 60, "spec": {"environment": {"A": "1"}}})
    shop.hangs("UPDATE_IN_PROGRESS")
    shop.now_please()
    assert (shop.written, shop.ready()) == (["CreateStack", "UpdateStack"], ("NoProgress", True))


def test_neither_is_it_for_another_spec_that_names_what_is_not_there_and_is_once_it_is(shop):
    shop._step({"after": 60, "stack": {"status": "CREATE_COMPLETE"}})
    shop._step({"after": 60, "spec": {"environment": {"A": "1"}}})
    shop.hangs("UPDATE_IN_PROGRESS")
    shop._step({"after": 10, "spec": {"environment": {"A": "2"}}})
    assert (shop.written[1:], shop.ready()) == (["UpdateStack"], ("NoProgress", True))
    shop._cloudformation_cancel_update_stack = lambda *_: {}
    shop._step({"after": 60, "answers": copy.deepcopy(THERE)})
    assert shop.written[1:] == ["UpdateStack", "CancelUpdateStack"]


@pytest.mark.parametrize("protected", [False, True])
def test_a_stack_that_never_came_up_is_not_deleted_for_it_nor_loses_it_its_protection(shop, protected):
    shop.item["spec"] |= {"terminationProtection": True} if protected else {}
    events = [{"status": "CREATE_IN_PROGRESS", "reason": "User Initiated"}]
    rolled_back = {"status": "ROLLBACK_COMPLETE", "protected": protected}
    shop._step({"after": 600, "stack": rolled_back, "answers": {**copy.deepcopy(GONE), "cloudformation": {"DescribeStackEvents": events}}})  # fmt: skip
    shop.now_please()
    assert (shop.written, shop.ready()) == (["CreateStack"], ("ImageNotFound", True))
