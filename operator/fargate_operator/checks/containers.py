"""What must hold between the containers of a task, and its volumes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.overrides import merge_all
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.model import App

MOST_CONTAINERS = 10  # in a task definition; a quota that AWS does not raise


@dataclass(frozen=True, slots=True)
class _Container:
    """What others in the task need to know of a container; `written` are its own dependencies, if a sidecar's."""

    essential: bool
    checked: bool
    depends_on: Mapping[str, str]
    ports: tuple[tuple[int, str], ...] = ()  # with the field that states each
    written: Mapping[str, str] = field(default_factory=dict)


def container_faults(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    """Every fault of every task's containers."""
    images = raw.get("images")
    known = sorted(map(str, images)) if isinstance(images, Mapping) else []
    for kind, key, task in app.tasks():
        path = f"spec.{kind}.{key}"
        yield from _health_checks(path, task)
        yield from _images(path, raw[kind][key], known)
        yield from _names(app, path, key, task)
        containers = _containers(app, key, task)
        yield from _dependencies(path, containers)
        yield from _cycles(path, containers)
        yield from _ports(path, containers)
        yield from _mounts(path, task, raw[kind][key])


def _health_checks(path: str, task: TaskSpec) -> Iterable[Fault]:
    checks = [(path, task.health_check)]
    checks += [(f"{path}.sidecars.{name}", one.health_check) for name, one in (task.sidecars or {}).items()]
    for where, check in checks:
        for name, message in check.faults() if check else ():
            yield Fault(f"{where}.healthCheck.{name}", message)


def _images(path: str, raw: Mapping[str, Any], known: list[str]) -> Iterable[Fault]:
    sidecars = raw.get("sidecars")
    for name, one in sidecars.items() if isinstance(sidecars, Mapping) else ():
        image = one.get("image") if isinstance(one, Mapping) else None
        if isinstance(image, str) and image and image not in known:
            right = f"one of {', '.join(known)}" if known else "a name in spec.images, which has none"
            yield Fault(f"{path}.sidecars.{name}.image", f"{image!r} is not in spec.images; must be {right}")


def _additional(app: App, task: TaskSpec) -> list[Mapping[str, Any]]:
    overrides = [one for one in (app.spec.overrides, task.overrides) if one]
    return [extra for one in overrides for extra in one.additional_containers or ()]


def _names(app: App, path: str, key: str, task: TaskSpec) -> Iterable[Fault]:
    additional = [one.get("Name") for one in _additional(app, task)]
    count = 1 + len(task.sidecars or {}) + len(additional)
    if count > MOST_CONTAINERS:
        where = f"{path}.sidecars" if task.sidecars else f"{path}.overrides.additionalContainers"
        yield Fault(where, f"the task has {count} containers, ECS allows {MOST_CONTAINERS}")
    for name in task.sidecars or {}:
        if name == key:
            yield Fault(f"{path}.sidecars.{name}", "has the name of the workload's own container; choose another")
        elif name in additional:
            yield Fault(f"{path}.sidecars.{name}", "has the name of one of additionalContainers; choose another")


def _containers(app: App, key: str, task: TaskSpec) -> dict[str, _Container]:
    """All containers of the task by name, those of the overrides as well; sidecars last: of two it is they who are wrong."""
    overrides = [one for one in (app.spec.overrides, task.overrides) if one]
    own = merge_all({}, (one.container for one in overrides))
    main = _raw(own, "overrides.container")
    port = getattr(task, "port", None)
    ports = main.ports or (((port, "port"),) if port else ())
    found = {key: replace(main, checked=main.checked or task.health_check is not None, ports=ports)}
    found |= {str(one.get("Name")): _raw(one, "overrides.additionalContainers") for one in _additional(app, task)}
    for name, one in sorted((task.sidecars or {}).items()):
        listens = ((one.port, f"sidecars.{name}.port"),) if one.port is not None else ()
        needs = dict(one.depends_on or {})
        found.setdefault(name, _Container(one.essential is not False, one.health_check is not None, needs, listens, needs))
    return found


def _raw(container: Mapping[str, Any], path: str) -> _Container:
    """A container that is written as CloudFormation has it; whatever has another shape is left to CloudFormation."""
    dependencies = {one["ContainerName"]: str(one.get("Condition")) for one in _maps(container, "DependsOn", "ContainerName")}
    ports = [one["ContainerPort"] for one in _maps(container, "PortMappings", "ContainerPort")]
    numbers = tuple((port, path) for port in ports if isinstance(port, int))
    return _Container(container.get("Essential") is not False, "HealthCheck" in container, dependencies, numbers)


def _maps(container: Mapping[str, Any], key: str, needed: str) -> list[Mapping[str, Any]]:
    value = container.get(key)
    items = value if isinstance(value, list) else []
    return [one for one in items if isinstance(one, Mapping) and isinstance(one.get(needed), str | int)]


def _dependencies(path: str, containers: Mapping[str, _Container]) -> Iterable[Fault]:
    for name, container in containers.items():
        for other, condition in container.written.items():
            where, target = f"{path}.sidecars.{name}.dependsOn.{other}", containers.get(other)
            if target is None:
                right = ", ".join(sorted(containers.keys() - {name}))
                yield Fault(where, f"is not a container of the task; must be one of {right}")
            elif condition == "HEALTHY" and not target.checked:
                yield Fault(where, f"HEALTHY needs a healthCheck on {other}; ECS does not see the one of its image")
            elif condition in ("COMPLETE", "SUCCESS") and target.essential:
                yield Fault(where, f"{condition} never comes: {other} is essential, and the task stops when it ends")


def _cycles(path: str, containers: Mapping[str, _Container]) -> Iterable[Fault]:
    """Each cycle once, at the first of its sidecars."""
    told: set[frozenset[str]] = set()
    for name in sorted(name for name, one in containers.items() if one.written):
        cycle = _way_back(name, containers)
        if cycle and frozenset(cycle) not in told:
            told.add(frozenset(cycle))
            yield Fault(f"{path}.sidecars.{name}.dependsOn", f"is a cycle: {' → '.join([*cycle, name])}")


def _way_back(start: str, containers: Mapping[str, _Container]) -> list[str]:
    """The shortest way from a container back to it, without its end; empty where there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        for after in sorted(containers[way[-1]].depends_on) if way[-1] in containers else ():
            if after == start:
                return way
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []


def _ports(path: str, containers: Mapping[str, _Container]) -> Iterable[Fault]:
    taken: dict[int, str] = {}
    for name, container in containers.items():
        for port, where in container.ports:
            if port in taken:
                yield Fault(f"{path}.{where}", f"{port} is taken by {taken[port]}; the containers of a task share its ports")
            taken.setdefault(port, name)


def _mounts(path: str, task: TaskSpec, raw: Mapping[str, Any]) -> Iterable[Fault]:
    taken: dict[str, str] = {}
    for name, volume in sorted((task.volumes or {}).items()):
        mounted = volume.mount_path.rstrip("/")
        if raw["volumes"][name].get("mountPath") != volume.mount_path:
            continue  # a stand-in for what is a fault already
        where = f"{path}.volumes.{name}.mountPath"
        if {".", ".."} & set(mounted.split("/")):
            yield Fault(where, "must be a path without . and ..")
        elif mounted in taken:
            yield Fault(where, f"{mounted} is where {taken[mounted]} is mounted; each volume needs a path of its own")
        taken.setdefault(mounted, name)
