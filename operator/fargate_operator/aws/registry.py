"""Images in ECR: what a tag is now, for which platforms it was built, and that what is deployed stays."""

import json
import logging
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.conditions import Reason
from fargate_operator.fragments.repository import held_tag

log = logging.getLogger(__name__)
_LISTS = {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
_SINGLE = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
_DOWNLOAD = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Found:
    """What a tag is: its digest, and of each platform (``linux/arm64``) the digest; no platforms where that cannot be told."""

    digest: str
    platforms: Mapping[str, str]


class Registry:
    """ECR in a region, for one registry (an account's); an empty account is the caller's own."""

    def __init__(self, clients: Clients, region: str, account: str = "") -> None:
        self._client = clients.get("ecr", region)
        self._registry = {"registryId": account} if account else {}

    def find(self, repository: str, tag: str, digest: str = "") -> Found | None:
        """By its digest where there is one, else by its tag; None where ECR has no such image, or no such repository."""
        try:
            asked = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
            details = self._client.describe_images(**self._registry, repositoryName=repository, imageIds=[asked])["imageDetails"]
        except ClientError as error:
            if code(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                return None
            raise translate(error, "DescribeImages") from error
        return Found(details[0]["imageDigest"], self._platforms(repository, details[0]["imageDigest"])) if details else None

    def hold(self, repository: str, digest: str) -> bool:
        """Give a digest the tag by which the repository's lifecycle policy spares it. False: it is not there."""
        with translated("BatchGetImage"):
            image = self._image(repository, digest)
        if image is None:
            return False
        with translated("PutImage"):
            try:
                self._client.put_image(
                    **self._registry,
                    repositoryName=repository,
                    imageManifest=image["imageManifest"],
                    imageManifestMediaType=image["imageManifestMediaType"],
                    imageDigest=digest,
                    imageTag=held_tag(digest),
                )
            except ClientError as error:  # it has the tag
                if code(error) not in {"ImageAlreadyExistsException", "ImageTagAlreadyExistsException"}:
                    raise
        return True

    def _image(self, repository: str, digest: str) -> Mapping[str, Any] | None:
        found = self._client.batch_get_image(
            **self._registry,
            repositoryName=repository,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=[*_LISTS, *_SINGLE],
        )["images"]
        return found[0] if found else None

    def _platforms(self, repository: str, digest: str) -> dict[str, str]:
        """Whoever may not look, or cannot read the manifest, is told nothing: the image may fit."""
        try:
            image = self._image(repository, digest) or {}
        except (ClientError, BotoCoreError) as error:
            told = translate(error, "BatchGetImage")
            if told.reason != Reason.AccessDenied:
                raise told from error  # an answer of no platforms would be another image to deploy
            return {}
        try:
            manifest = json.loads(image.get("imageManifest", "{}"))
            if image.get("imageManifestMediaType") in _LISTS or "manifests" in manifest:
                return children(manifest)
            config = (manifest.get("config") or {}).get("digest")
            return {platform: digest} if config and (platform := self._built_for(repository, config)) else {}
        except (ClientError, BotoCoreError, OSError, ValueError, AttributeError, TypeError) as error:
            log.debug("no platform of %s@%s: %s", repository, digest, error)
            return {}

    def _built_for(self, repository: str, config: str) -> str:
        """The platform that an image's own configuration tells."""
        url = self._client.get_download_url_for_layer(**self._registry, repositoryName=repository, layerDigest=config)[
            "downloadUrl"
        ]
        with urllib.request.urlopen(url, timeout=_DOWNLOAD) as answer:  # noqa: S310  ECR's own, presigned
            said = json.loads(answer.read(1_000_000))
        return f"{said['os']}/{said['architecture']}" if said.get("os") and said.get("architecture") else ""


def children(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Platform → digest, of an image index; attestations, which are of no platform, are left out. The first of several counts."""
    found: dict[str, str] = {}
    for one in manifest.get("manifests") or ():
        platform = one.get("platform") or {}
        name = f"{platform.get('os')}/{platform.get('architecture')}"
        if "unknown" not in name and "None" not in name and one.get("digest"):
            found.setdefault(name, str(one["digest"]))
    return found
