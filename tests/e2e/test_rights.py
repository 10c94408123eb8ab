"""deploy/ grants what the operator uses, and nothing else; the restricted profile takes its pod; what deleting it spares."""

import json

import pytest
import yaml

from e2e.conftest import World
from harness.controlplane import ACCOUNT, NAMESPACE, ROOT, ControlPlane
from harness.emulator import Emulator
from harness.manifests import faults
from harness.operator import OperatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("rights")]

DEPLOY = str(ROOT / "deploy")


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator:
        plane.install()
        yield World(plane, emulator, "default")


@pytest.fixture(scope="module")
def rendered(place):
    return list(yaml.safe_load_all(place.plane.kubectl("kustomize", DEPLOY).stdout))


def granted(rendered):
    rules = [rule for one in rendered if one["kind"] in {"ClusterRole", "Role"} for rule in one["rules"]]
    return [
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def test_a_whole_life_uses_every_right_that_is_granted_and_no_other(place, rendered):
    with OperatorProcess(place.plane, place.emulator.endpoint, health_interval="1s") as operator:
        for kind, data in (("ConfigMap", {"data": {"STAGE": "a"}}), ("Secret", {"stringData": {"KEY": "a"}})):
            place.plane.apply({"apiVersion": "v1", "kind": kind, "metadata": {"name": "used", "namespace": "default"}, **data})
        sources = [{"configMapRef": {"name": "used"}}, {"secretRef": {"name": "used"}}]
        place.apply("whole-life", environmentFrom=sources)
        place.ready("whole-life")
        place.apply("whole-life", services={"web": {"image": "app", "desiredCount": 2}}, environmentFrom=sources)
        operator.kill()  # the Lease is there still, and taken over
        operator.start()
        operator.until_ready()
        assert place.ready("whole-life")["services"]["web"]["running"] == 2
        operator.process.terminate()  # the Lease is let go
        assert operator.process.wait(20) == 0
        operator.start()
        operator.until_ready()
        place.delete("whole-life")
    assert place.plane.used("forbid") == set()
    rights = granted(rendered)
    assert set(rights) == place.plane.used()
    assert len(rights) == len(set(rights))


@pytest.mark.parametrize(
    ("answer", "verb", "what", "where"),
    [
        ("yes", "get", "namespaces/kube-system", ""),
        ("yes", "update", "leases.coordination.k8s.io/fargate-operator", NAMESPACE),
        ("no", "get", "namespaces/default", ""),
        ("no", "list", "namespaces", ""),
        ("yes", "watch", "secrets", "default"),
        ("no", "update", "secrets", "default"),
        ("no", "patch", "configmaps", "default"),
        ("no", "delete", "fargateapps.fargate-operator.dev", "default"),
        ("no", "create", "fargateapps.fargate-operator.dev", "default"),
        ("no", "update", "leases.coordination.k8s.io/other", NAMESPACE),
        ("no", "get", "leases.coordination.k8s.io/fargate-operator", "kube-system"),
        ("no", "create", "leases.coordination.k8s.io", "kube-system"),
    ],
)
def test_names_and_namespaces_bound_what_is_granted(place, answer, verb, what, where):
    arguments = ("auth", "can-i", verb, what, f"--as={ACCOUNT}", *([f"--namespace={where}"] if where else []))
    assert place.plane.kubectl(*arguments, check=False).stdout.strip() == answer


@pytest.mark.parametrize("folder", ["crds", "deploy"])
def test_the_api_server_takes_the_manifests_without_a_warning(place, folder):
    done = place.plane.kubectl("apply", "--dry-run=server", "--server-side", "--validate=strict", "-k", str(ROOT / folder))
    assert done.stderr == ""


def test_the_published_schemas_take_the_manifests_and_examples_and_no_other_field(place, tmp_path):
    kustomized = [place.plane.kubectl("kustomize", str(ROOT / folder)).stdout for folder in ("crds", "deploy")]
    examples = [file.read_text() for file in sorted((ROOT / "examples").glob("*.yaml"))]
    assert faults(place.plane, [*kustomized, *examples], tmp_path) == []
    wrong = [kustomized[1].replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"), examples[0].replace("images:", "image:")]
    found = " ".join(faults(place.plane, wrong, tmp_path))
    assert "'readOnlyRootFileSystem' not allowed" in found
    assert "'image' not allowed" in found


def test_the_restricted_profile_takes_the_pod(place, rendered):
    [template] = [one["spec"]["template"] for one in rendered if one["kind"] == "Deployment"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "probe", "namespace": NAMESPACE}}
    place.plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    refused = place.plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False)
    assert 'violates PodSecurity "restricted' in refused.stderr


def test_selectors_find_the_pod_and_names_what_they_name(rendered):
    by_kind = {one["kind"]: one for one in rendered}
    pod = by_kind["Deployment"]["spec"]["template"]
    container = pod["spec"]["containers"][0]
    labels = pod["metadata"]["labels"]
    assert by_kind["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert by_kind["ServiceAccount"]["metadata"]["name"] == pod["spec"]["serviceAccountName"]
    assert pod["spec"]["volumes"] == [{"name": "bounds", "configMap": {"name": by_kind["ConfigMap"]["metadata"]["name"]}}]
    [mount] = container["volumeMounts"]
    [file] = by_kind["ConfigMap"]["data"]
    assert {"name": "FARGATE_OPERATOR_BOUNDS", "value": f"{mount['mountPath']}/{file}"} in container["env"]
    assert "subPath" not in mount


def test_with_rights_to_the_config_of_one_namespace_only_apps_are_looked_at_each_health_interval(place):
    role = place.plane.get("clusterrole", "fargate-operator")
    rules = [one for one in role["rules"] if "secrets" not in one["resources"]]
    named = {"metadata": {"name": "config", "namespace": "default"}}
    subject = {"kind": "ServiceAccount", "name": "fargate-operator", "namespace": NAMESPACE}
    reads = {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get"]}
    api = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    place.plane.apply({**api, "kind": "ClusterRole", "metadata": {"name": "fargate-operator"}, "rules": rules})
    place.apply("narrow", environmentFrom=[{"configMapRef": {"name": "narrow"}}])
    with OperatorProcess(place.plane, place.emulator.endpoint, health_interval="2s") as operator:
        missing = (
            "does not let the operator get configmaps in namespace default; its service account needs the right to get configmaps"
        )
        place.wait(lambda: missing in place.condition("Ready", "narrow").get("message", ""))
        assert place.condition("Ready", "narrow")["reason"] == "AccessDenied"
        place.plane.apply({**api, "kind": "Role", **named, "rules": [reads]})
        place.plane.apply({**api, "kind": "RoleBinding", **named, "subjects": [subject],
                           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "config"}})  # fmt: skip
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "narrow", "namespace": "default"}}
        place.plane.apply({**config, "data": {"STAGE": "one"}})
        place.annotate("reconcile.fluxcd.io/requestedAt=1", "narrow")
        before = place.ready("narrow")["services"]["web"]["taskDefinitionArn"]
        place.plane.apply({**config, "data": {"STAGE": "two"}})
        place.wait(lambda: place.status("narrow")["services"]["web"]["taskDefinitionArn"] != before)
        assert operator.log().count("does not let the operator list configmaps in all namespaces") == 1
        place.delete("narrow")
    place.plane.install()


def test_deleting_all_harms_no_app(place):
    place.apply("spared")
    place.plane.kubectl("delete", "all", "--all", "--all-namespaces", "--wait=false")
    assert "deletionTimestamp" not in place.app("spared")["metadata"]


def test_deleting_the_crd_deletes_every_stack_and_the_operator_works_again_once_it_is_back(place):
    place.plane.install()  # deleting all took the Deployment
    with OperatorProcess(place.plane, place.emulator.endpoint) as operator:
        place.apply("doomed")
        stack = place.ready("doomed")["stack"]["name"]
        place.plane.kubectl("delete", "crd", "fargateapps.fargate-operator.dev", "--timeout=25s")
        assert place.stack(stack) == "DELETE_COMPLETE"
        assert operator.process.wait(30) == 1
        assert place.plane.get("leases", "-n", NAMESPACE)["items"] == []
        place.plane.install()
        operator.start()  # as a Deployment would
        operator.until_ready()
        place.apply("back")
        place.ready("back")


def test_deleting_the_operator_leaves_the_apps_and_the_crd(place):  # the last: nothing finishes a namespace's deletion here
    place.plane.install()
    place.apply("left")
    place.plane.kubectl("delete", "--wait=false", "-k", DEPLOY)
    assert place.plane.get("namespace", NAMESPACE)["metadata"]["deletionTimestamp"]
    assert "deletionTimestamp" not in place.app("left")["metadata"]
    assert "deletionTimestamp" not in place.plane.get("crd", "fargateapps.fargate-operator.dev")["metadata"]
