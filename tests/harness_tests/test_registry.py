"""The registry that stands for ECR's refuses what ECR would, and tells ECR what it took."""

import base64
import hashlib
import json
import ssl
import urllib.error
import urllib.request

import pytest

from harness.emulator import ACCOUNT, REGION, Emulator
from harness.registry import Registry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as one:
        one.client("ecr").create_repository(repositoryName="moving")
        one.client("ecr").create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
        yield one


@pytest.fixture(scope="module")
def ask(emulator, tmp_path_factory):
    """Calls the registry as a builder does; status and body."""
    folder = tmp_path_factory.mktemp("registry")
    with Registry(emulator.endpoint, folder) as registry:
        context = ssl.create_default_context(cafile=registry.environ()["SSL_CERT_FILE"])
        handlers = urllib.request.ProxyHandler({"https": registry.proxy}), urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(*handlers)

        def call(method, path, body=None, login="AWS:ministack-auth-token", host=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"):
            headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}", "Content-Type": MANIFEST}
            request = urllib.request.Request(f"https://{host}/v2/{path}", body, headers, method=method)
            try:
                with opener.open(request, timeout=20) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        call.registry = registry
        yield call


def image(ask, name, text):
    """Uploads the parts of an image; its manifest."""
    config = json.dumps({"os": "linux", "architecture": text}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    assert ask("POST", f"{name}/blobs/uploads/?digest={digest}", config)[0] == 201
    part = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": []}).encode()


def test_only_who_has_ecrs_login_gets_in(ask):
    assert ask("GET", "", login="AWS:guessed")[0] == 401
    assert ask("GET", "")[0] == 200


def test_nothing_but_ecr_is_behind_it(ask):
    with pytest.raises(OSError, match="Only ECR is here"):
        ask("GET", "", host="registry.example.com")


def test_a_repository_that_ecr_does_not_have_is_unknown(ask):
    status, body = ask("POST", "nowhere/blobs/uploads/")
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize(("name", "second"), [("moving", 201), ("fixed", 400)])
def test_a_tag_moves_only_where_ecr_lets_it(ask, emulator, name, second):
    one, other = image(ask, name, "one"), image(ask, name, "other")
    assert ask("PUT", f"{name}/manifests/v1", one)[0] == 201
    assert ask("PUT", f"{name}/manifests/v1", other)[0] == second
    held = hashlib.sha256(other if second == 201 else one).hexdigest()
    [found] = emulator.client("ecr").describe_images(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert found["imageDigest"] == ask.registry.manifest(name, "v1")[0] == f"sha256:{held}"
    assert ask.registry.config(name, "v1")["architecture"] == ("other" if second == 201 else "one")


def test_what_was_never_pushed_is_not_there(ask):
    with pytest.raises(KeyError):
        ask.registry.manifest("moving", "v9")
