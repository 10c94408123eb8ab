"""A container registry that stands for ECR's: crane's real one on loopback, behind a front that plays what is ECR's own.

Builders reach it by HTTPS_PROXY, under the host name that ECR gives and with TLS. The front wants ECR's login, knows no repository that
ECR does not have, keeps immutable tags, and tells ECR of each manifest that the registry has taken.
"""

import asyncio
import json
import re
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from botocore.exceptions import ClientError

from harness.binaries import crane
from harness.emulator import REGION, client
from harness.processes import free_port, start, stop

_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<what>manifests|blobs|tags)/(?P<rest>.*)")
_DOMAIN = f"dkr.ecr.{REGION}.amazonaws.com"
_HOP_BY_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length", "authorization"}
_MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """A context manager. `emulator` is the endpoint of the ECR that it belongs to; `folder` holds what builders and server keep."""

    def __init__(self, emulator: str, folder: Path) -> None:
        self._emulator, self._folder = emulator, folder
        self._server = f"http://127.0.0.1:{free_port()}"
        self.proxy = ""
        self._port = 0  # of the front
        self.requests: list[str] = []  # "PUT /v2/shop/manifests/v1 201", in order of their answers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="registry", daemon=True)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        address = self._server.removeprefix("http://")
        self._process = start([str(crane()), "registry", "serve", "--address", address], self._folder / "registry.log")
        self._thread.start()
        try:
            self._until_ready()
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        stop(self._process)

    def _until_ready(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self._server}/v2/", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"the registry does not come up:\n{(self._folder / 'registry.log').read_text()[-2000:]}")

    def environ(self) -> dict[str, str]:
        """What makes buildah work as root without an engine, keep everything in the folder, and reach this registry."""
        configuration = self._folder / "home" / ".config" / "containers"
        configuration.mkdir(parents=True, exist_ok=True)
        (configuration / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        storage, login = (self._folder / name for name in ("storage.conf", "auth.json"))
        roots = "".join(f'{name} = "{self._folder / name}"\n' for name in ("graphroot", "runroot"))
        storage.write_text(f'[storage]\ndriver = "vfs"\n{roots}')
        return {
            "HOME": str(self._folder / "home"),
            "HTTPS_PROXY": self.proxy, "NO_PROXY": "127.0.0.1,localhost", "SSL_CERT_FILE": str(self._folder / "front.crt"),
            "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_STORAGE_CONF": str(storage), "REGISTRY_AUTH_FILE": str(login),
        }  # fmt: skip

    def manifest(self, name: str, reference: str) -> tuple[str, dict[str, Any]]:
        """Digest and manifest of a tag or digest, as the server has them; KeyError where it has none."""
        request = urllib.request.Request(f"{self._server}/v2/{name}/manifests/{reference}", headers={"Accept": _MANIFESTS})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.headers["Docker-Content-Digest"], json.load(answer)
        except urllib.error.HTTPError as error:
            raise KeyError(f"{name}:{reference}: {error}") from error

    def config(self, name: str, reference: str) -> dict[str, Any]:
        """The image's configuration: its platform, its labels."""
        digest = self.manifest(name, reference)[1]["config"]["digest"]
        with urllib.request.urlopen(f"{self._server}/v2/{name}/blobs/{digest}", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def _certificate(self) -> ssl.SSLContext:
        key, certificate = (str(self._folder / name) for name in ("front.key", "front.crt"))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry"]
        names = ["-addext", f"subjectAltName=DNS:*.{_DOMAIN}"]
        subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        return context

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=60))
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=await asyncio.to_thread(self._certificate)).start()
        self._port = self._runner.addresses[0][1]
        self._tunnels = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.proxy = f"http://127.0.0.1:{self._tunnels.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        self._tunnels.close()
        await self._client.close()
        await self._runner.cleanup()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The proxy: every way leads to the front, but for those that lead elsewhere than to ECR."""
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).split()
            if asked[0] != b"CONNECT" or not asked[1].endswith(f".{_DOMAIN}:443".encode()):
                writer.write(b"HTTP/1.1 502 Only ECR is here\r\n\r\n")
                return
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        answer = await asyncio.to_thread(self._refused, request) or await self._forward(request, body)
        place = _PATH.fullmatch(request.path)
        if request.method == "PUT" and place and place["what"] == "manifests" and answer.status == 201:
            await asyncio.to_thread(self._tell, place, request.headers["Content-Type"], body)
        self.requests.append(f"{request.method} {request.path} {answer.status}")
        return answer

    def _refused(self, request: web.BaseRequest) -> web.Response | None:
        """ECR's own refusals: of a login that is not its, of a repository that it does not have, of a tag that may not move."""
        ecr = client("ecr", self._emulator)
        [wanted] = ecr.get_authorization_token()["authorizationData"]
        if request.headers.get("Authorization") != f"Basic {wanted['authorizationToken']}":
            return _error(
                401, "UNAUTHORIZED", "not logged in", {"WWW-Authenticate": 'Basic realm="ECR",service="ecr.amazonaws.com"'}
            )
        place = _PATH.fullmatch(request.path)
        if place is None:
            return None
        try:
            [repository] = ecr.describe_repositories(repositoryNames=[place["name"]])["repositories"]
        except ClientError as error:
            return _error(404, "NAME_UNKNOWN", error.response["Error"]["Message"])
        if request.method != "PUT" or place["what"] != "manifests" or repository["imageTagMutability"] != "IMMUTABLE":
            return None
        there = ecr.describe_images(repositoryName=place["name"])["imageDetails"]
        if any(place["rest"] in one["imageTags"] for one in there):
            return _error(400, "TAG_INVALID", f"The image tag '{place['rest']}' already exists and cannot be overwritten")
        return None

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url = self._server + request.path_qs
        async with self._client.request(request.method, url, data=body, headers=headers, allow_redirects=False) as got:
            kept = {name: value for name, value in got.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=got.status, headers=kept, body=await got.read())

    def _tell(self, place: re.Match[str], media_type: str, manifest: bytes) -> None:
        tag = {} if place["rest"].startswith("sha256:") else {"imageTag": place["rest"]}
        client("ecr", self._emulator).put_image(
            repositoryName=place["name"], imageManifest=manifest.decode(), imageManifestMediaType=media_type, **tag
        )


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()
