"""The story of `push`: all that can be refused is refused before anything is built."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fargate_operator import cluster
from fargate_operator.model import App
from fargate_operator.parsing import parse_app
from fargate_operator.pushing import choosing, files, running
from fargate_operator.pushing.builders import Builder, Recipe
from fargate_operator.pushing.choosing import Wanted
from fargate_operator.pushing.repository import Registry, checked
from fargate_operator.reading import documents
from fargate_operator.render import apps
from fargate_operator.settings import Unusable


def pushed(args: argparse.Namespace, tell: running.Tell) -> Iterator[str]:
    """`<repository>@<digest>` of each image, as soon as it is pushed."""
    if args.write and args.file == "-":
        raise Unusable("--write: standard input cannot be written to")
    given = checked(args.repository) if args.repository else ""
    listed = choosing.wanted(args.file, _apps(args), args.image, args.tag)
    _accept(args, listed)
    recipes = [_recipe(one, args.file) for one in listed]
    builder = running.choose(args.builder, tell)
    registry = Registry(given, builder)
    places = [registry.of(one) for one in listed]
    _log_in(builder, registry, places)
    for one, uri in zip(listed, places, strict=True):
        registry.accept(one, uri)
    for one, recipe, uri in zip(listed, recipes, places, strict=True):
        reference = f"{uri}:{one.tag}"
        tell(f"{one}: building {reference} for {recipe.platform} with {builder.name}")
        digest = running.build_and_push(builder, replace(recipe, reference=reference)) or registry.digest(uri, one.tag)
        yield f"{uri}@{digest}"
        if args.write:
            files.pin(args.file, one.document, one.name, f"{one.tag}@{digest}")
            tell(f"{args.file}: the tag of the image {one.name} is now {one.tag}@{digest}")


def _apps(args: argparse.Namespace) -> Iterator[tuple[int, App]]:
    held = documents(args.file)
    found = apps(args.file, held)
    for document, manifest in enumerate(held):
        if any(manifest is one for one in found):
            yield document, parse_app(_placed(manifest, args))


def _placed(manifest: Mapping[str, Any], args: argparse.Namespace) -> Mapping[str, Any]:
    """With a namespace, of which kubectl would have thought as well."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if metadata.get("namespace") or args.repository:
        return manifest
    return {**manifest, "metadata": {**metadata, "namespace": args.namespace or cluster.namespace()}}


def _accept(args: argparse.Namespace, listed: list[Wanted]) -> None:
    if args.repository and len(listed) > 1:
        raise Unusable(f"--repository is for one image, and {args.file} has {len(listed)}: name one with --image")
    for one in listed if args.write else ():
        if one.image.follow:
            raise Unusable(f"--write: {one} follows its tag, and would not follow a digest; leave out one of the two")
        if one.build.git:
            raise Unusable(f"--write: {one} is built from git, and cannot be pinned beside that; name a commit in build.git.ref")
        files.check(args.file, one.document, one.name)


def _recipe(one: Wanted, file: str) -> Recipe:
    """Paths are relative to the file's folder, and the Dockerfile's to the context."""
    folder = Path.cwd() if file == "-" else Path(file).absolute().parent
    context = Path(folder, one.build.context or ".")
    if not _there(context.is_dir):
        raise Unusable(f"{one}: build.context: there is no folder {context}")
    context = context.resolve()
    dockerfile = context / (one.build.dockerfile or "Dockerfile")
    if not _there(dockerfile.is_file):
        raise Unusable(f"{one}: build.dockerfile: there is no file {dockerfile}")
    return Recipe(
        reference=one.tag,
        context=context,
        dockerfile=dockerfile,
        platform=choosing.platform(one),
        target=one.build.target or "",
        args=one.build.args or {},
    )


def _there(asked: Callable[[], bool]) -> bool:
    """The answer; no where the path is one that no file can have."""
    try:
        return asked()
    except (OSError, ValueError):
        return False


def _log_in(builder: Builder, registry: Registry, places: list[str]) -> None:
    for host, uri in {uri.partition("/")[0]: uri for uri in places}.items():
        if password := registry.password(uri):
            running.log_in(builder, host, password)
