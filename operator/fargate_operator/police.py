"""police: the final template held against the bounds of its namespace. Pure, and the last to see a template before AWS does.

It comes after overrides, raw resources and SAM. Every role gets the permissions boundary and the path; everything that reaches
outside the stack must be allowed by name. What cannot be judged is refused.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fargate_operator import names
from fargate_operator.bounds import Bounds, matches
from fargate_operator.copying import copy_faults, no_bounds
from fargate_operator.errors import Fault, OutOfBounds
from fargate_operator.evaluation import IMPORT, MARK, OPAQUE, UNKNOWN, Evaluation, TooLarge, intrinsic, walk
from fargate_operator.facts import Facts
from fargate_operator.fetching import git_faults
from fargate_operator.fragments.ecr import repository
from fargate_operator.model import App
from fargate_operator.origins import Origins
from fargate_operator.policies import POLICY_TYPES, PRIVATE_ACLS, policy, statement, trusts_services
from fargate_operator.reach import REACHES, Reach, buckets_of, laundered, shown, tokens
from fargate_operator.references import substitute
from fargate_operator.template import Template

VERSION = 2  # raised when it refuses more: what runs is then judged anew
# Made by the operator out of nothing that an author writes freely: statements, secrets and policies are judged in the spec.
_OWN_MAKE = re.compile(
    r"AWS::IAM::Role|AWS::Lambda::Permission|AWS::ApiGatewayV2::(Api|Stage|ApiMapping)|AWS::ApplicationAutoScaling::\w+"
)
_BOUNDED = ("AWS::IAM::Role", "AWS::IAM::User")
# A pattern such as * or AWS::* does not mean these: they make other stacks, other rights, or call code of anybody's.
_FAMILIES = ("AWS::CloudFormation::", "AWS::IAM::", "AWS::ServiceCatalog::", "Custom::")
_NO_REFERENCES = {"Type", "Properties", "Metadata", "DependsOn", "Condition"}
_INERT = {"AWS::ECS::TaskDefinition", "AWS::Lambda::Function"}
_INERT_KEYS = {"Environment", "Command", "EntryPoint", "HealthCheck", "DockerLabels", "Tags", "Description"}
_DYNAMIC = re.compile(r"\{\{\s*resolve\s*:(?P<body>.*?)(\}\}|$)", re.IGNORECASE | re.DOTALL)
# a dynamic reference of which a part hides behind an attribute of another resource
_HIDDEN = re.compile(rf"[{{{MARK}]\s*resolve\s*:|\{{\{{[^{{}}:]*{MARK}|\{{{MARK}[^{MARK}]*{MARK}\{{", re.IGNORECASE)
_TOKEN = re.compile(f"{MARK}[^{MARK}]*{MARK}")
_COPY = re.compile(r":[a-z0-9.-]+/\w+::")  # a key of the app's own copies; a Secret's name may be aws-something
_NAMES = re.compile(r".*(Name|Id)|Family")  # what a Ref may make of a resource


def police(app: App, template: Template, bounds: Bounds | None, facts: Facts, stack_name: str = "") -> Template:
    """The template with boundary and path on every role; OutOfBounds with everything that the bounds refuse."""
    if bounds is None:
        raise OutOfBounds([no_bounds(app)])
    judge = _Judge(app, template, bounds, facts, stack_name)
    try:
        faults = list(judge.faults())
    except (TooLarge, RecursionError):
        faults = [Fault("spec", "its intrinsic functions make more text than can be judged; write the values out")]
    if faults:
        raise OutOfBounds(faults)
    return replace(template, resources={name: _bounded(body, bounds) for name, body in template.resources.items()})


def _bounded(body: Any, bounds: Bounds) -> Any:
    if not isinstance(body, Mapping) or body.get("Type") not in _BOUNDED:
        return body
    given = {"PermissionsBoundary": bounds.permissions_boundary, "Path": bounds.role_path}
    return {**body, "Properties": {**given, **(body.get("Properties") or {})}}


class _Judge:
    def __init__(self, app: App, template: Template, bounds: Bounds, facts: Facts, stack_name: str) -> None:
        self._app, self._template, self._bounds, self._facts = app, template, bounds, facts
        self._raw = app.spec.resources or {}
        self._values = Evaluation(template.resources, facts, stack_name)
        self._origins = Origins(app, template, facts)
        # the app's own repositories, of which no author knows the names before
        self._homes = {*facts.repositories.values(), *(facts.running.homes if facts.running else ())}

    def faults(self) -> Iterator[Fault]:
        yield from self._spec()
        for name, body in sorted(self._template.resources.items()):
            yield from self._resource(name, body)
        for name, body in sorted(self._template.outputs.items()):
            yield from self._functions(f"spec.outputs.{name}", body, exact=True)
            export = body.get("Export") if isinstance(body, Mapping) else None
            if export is not None:
                text = self._values.text(export.get("Name") if isinstance(export, Mapping) else None)
                yield from self._within("exports", "the export", text, f"spec.outputs.{name}.Export.Name")

    # ── the spec's own words, whose fields say exactly where ─────────────────────

    def _spec(self) -> Iterator[Fault]:
        spec, bounds = self._app.spec, self._bounds
        if spec.stack_name:
            yield from self._within("stack_names", "the stack name", spec.stack_name, "spec.stackName")
        if spec.deletion_policy == "Delete" and bounds.deletion_policy == "Retain":
            yield Fault(
                "spec.deletionPolicy", self._says("deletion_policy", "Delete is not allowed", "it must be Retain or left out")
            )
        if spec.adoption == "Adopt" and not bounds.adoption:
            yield Fault("spec.adoption", self._says("adoption", "Adopt is not allowed", "it must be Owned or left out"))
        if iam := spec.iam:
            if iam.statements and not bounds.statements:
                yield Fault("spec.iam.statements", self._says("statements", "own statements are not allowed"))
            for number, arn in enumerate(iam.managed_policies or ()):
                yield from self._within("managed_policies", "the policy", self._text(arn), f"spec.iam.managedPolicies[{number}]")
            if iam.permissions_boundary and self._text(iam.permissions_boundary) != bounds.permissions_boundary:
                yield Fault("spec.iam.permissionsBoundary", self._boundary(self._text(iam.permissions_boundary)))
        yield from copy_faults(self._app, bounds)
        yield from git_faults(self._app, bounds)
        yield from self._granted()

    def _granted(self) -> Iterator[Fault]:
        """What the app's roles get rights to by themselves: an override hides it from a task's definition, not from the role."""
        raw = self._raw.keys()
        places = [("spec", self._app.spec.secrets)]
        places += [(f"spec.{field}.{key}", one.secrets) for field, key, one in self._app.workloads()]
        for path, secrets in places:
            for name, value in sorted((secrets or {}).items()):
                yield from self._reference("", "ValueFrom", substitute(value, raw), f"{path}.secrets.{name}")
        yield from self._tasks(raw)

    def _tasks(self, raw: Collection[str]) -> Iterator[Fault]:
        """What an override could hide from the template, or what a template has by its name only."""
        for field, key, task in self._app.tasks():
            for name, volume in sorted((task.volumes or {}).items()):
                path, efs = f"spec.{field}.{key}.volumes.{name}.efs", volume.efs
                for label, id_ in (("fileSystemId", efs.file_system_id), ("accessPointId", efs.access_point_id)):
                    yield from self._reference("", label, substitute(id_ or "", raw), f"{path}.{label}")
        for key, service in sorted((self._app.spec.services or {}).items()):
            if service.scaling and service.scaling.queue:
                arn = substitute(service.scaling.queue.arn, raw)
                yield from self._reference("", "QueueArn", arn, f"spec.services.{key}.scaling.queue.arn")

    def _texts(self, value: Any) -> list[str]:
        """A value as text, one that Fn::Split makes as several."""
        split = isinstance(value, Mapping) and "Fn::Split" in value
        return self._values.items(value) if split else [self._values.text(value)]

    def _text(self, value: str) -> str:
        return self._values.text(substitute(value, self._raw.keys()))

    # ── the template ─────────────────────────────────────────────────────────────

    def _resource(self, name: str, body: Any) -> Iterator[Fault]:
        raw = name in self._raw
        path = f"spec.resources.{name}" if raw else self._origins.workload(name)
        type_ = body.get("Type") if isinstance(body, Mapping) else None
        if not isinstance(type_, str):
            yield Fault(path, "has no Type that can be judged")
            return
        properties = body.get("Properties", {})
        if not isinstance(properties, Mapping) or (intrinsic(properties) and "Fn::Transform" not in properties):
            yield Fault(f"{path}.Properties", "must be a map of properties")
            return
        if raw:
            yield from self._raw_resource(path, type_, properties)
        yield from self._functions(path, body, exact=raw)
        yield from self._names(path, properties, exact=raw)
        if raw or not _OWN_MAKE.fullmatch(type_):
            yield from self._references(path, type_, properties, exact=raw)
        if raw:
            attributes = {name: value for name, value in body.items() if name not in _NO_REFERENCES}
            yield from self._references(path, type_, attributes, exact=True, under="")
        if not self._bounds.exec:
            yield from self._exec(path, properties, exact=raw)
        if type_ == "AWS::Events::Rule":
            yield from self._event_rule(name, path, properties)
        yield from self._of_type(type_, path, properties, raw=raw)

    def _of_type(self, type_: str, path: str, properties: Mapping[str, Any], *, raw: bool) -> Iterator[Fault]:
        """What counts for one type only."""
        if type_ == "AWS::ECS::TaskDefinition":
            yield from self._fargate(path, properties, exact=raw)
        if type_ == "AWS::ElasticLoadBalancingV2::ListenerRule":
            yield from self._listener_rule(f"{path}.Properties.Conditions" if raw else f"{path}.http.host", properties)
        if type_ == "AWS::ECS::Service" and "Cluster" not in properties:
            yield from self._reference(type_, "Cluster", "", f"{path}.Properties.Cluster")  # the account's default one
        if type_ in _BOUNDED:
            yield from self._role(path, properties)

    def _exec(self, path: str, properties: Mapping[str, Any], *, exact: bool) -> Iterator[Fault]:
        for where, key, value in walk(properties, f"{path}.Properties"):
            if (
                key == "EnableExecuteCommand"
                and not where.endswith("]")
                and self._values.text(value).lower() not in {"false", ""}
            ):
                near = where if exact else self._origins.find(value, key, path) or f"{path}.exec"
                yield Fault(near, self._says("exec", "ECS Exec is not allowed"))

    def _fargate(self, path: str, properties: Mapping[str, Any], *, exact: bool) -> Iterator[Fault]:
        """On instances of a shared cluster a task could take the host and its neighbours."""
        for key, right in (("RequiresCompatibilities", ["FARGATE"]), ("NetworkMode", "awsvpc")):
            if properties.get(key) != right:
                near = f"{path}.Properties.{key}" if exact else self._origins.find(properties.get(key), key, path) or path
                yield Fault(near, f"{key} must be {right}; no bound allows tasks outside Fargate")

    def _names(self, path: str, properties: Mapping[str, Any], *, exact: bool) -> Iterator[Fault]:
        """A name with braces could end up in a dynamic reference, by a Ref that does not show them."""
        for key, value in properties.items():
            if _NAMES.fullmatch(key) and re.search(r"[{}]", _DYNAMIC.sub("", self._values.text(value))):
                near = f"{path}.Properties.{key}" if exact else self._origins.find(value, key, path) or path
                yield Fault(near, self._says("dynamic_references", "a name with braces is not allowed"))

    def _raw_resource(self, path: str, type_: str, properties: Mapping[str, Any]) -> Iterator[Fault]:
        family = next(
            (one for one in _FAMILIES if type_.startswith(one)),
            "" if type_.startswith("AWS::") else type_.split("::", maxsplit=1)[0],
        )
        allowed = [one for one in self._bounds.resource_types if one.startswith(family)]
        if not matches(type_, allowed):
            yield Fault(f"{path}.Type", self._says("resource_types", f"the type {shown(type_)} is not allowed"))
        iam = type_.startswith("AWS::IAM::")
        if not self._bounds.resource_policies and not iam and POLICY_TYPES.fullmatch(type_):
            yield Fault(f"{path}.Type", self._says("resource_policies", f"{type_}, a policy that lets others in, is not allowed"))
        for where, key, value in walk(properties, f"{path}.Properties"):
            if key == "AccessControl" and not self._bounds.resource_policies and self._values.text(value) not in PRIVATE_ACLS:
                yield Fault(where, self._says("resource_policies", "an ACL that lets others in is not allowed"))
            if where.endswith("]") or not (policy(key, value, self._values) or statement(value, self._values)):
                continue
            trust = key == "AssumeRolePolicyDocument"
            if iam and not trust and not self._bounds.statements:
                yield Fault(where, self._says("statements", "own statements are not allowed"))
            if not self._bounds.resource_policies and ((trust and not trusts_services(value)) or not iam):
                yield Fault(where, self._says("resource_policies", "a policy that lets others in is not allowed"))

    def _role(self, path: str, properties: Mapping[str, Any]) -> Iterator[Fault]:
        where = f"{path}.Properties" if path.startswith("spec.resources.") else "spec.iam"
        given = {name: self._values.text(properties[name]) for name in ("PermissionsBoundary", "Path") if name in properties}
        text, role_path = given.get("PermissionsBoundary"), given.get("Path")
        if text is not None and text != self._bounds.permissions_boundary:
            yield Fault(
                f"{where}.PermissionsBoundary" if where != "spec.iam" else f"{where}.permissionsBoundary", self._boundary(text)
            )
        if role_path is not None and not role_path.startswith(self._bounds.role_path):
            wrong = f"the path {shown(role_path)} is not allowed"
            yield Fault(f"{where}.Path", self._says("role_path", wrong, f"it must begin with {self._bounds.role_path}"))

    def _listener_rule(self, path: str, properties: Mapping[str, Any]) -> Iterator[Fault]:
        """On a listener that is not the app's, a rule must say for which hosts."""
        hosts: list[Any] = []
        regular = False
        conditions = properties.get("Conditions")
        for one in conditions if isinstance(conditions, list) else ():
            if isinstance(one, Mapping) and (one.get("Field") == "host-header" or "HostHeaderConfig" in one):
                config = one.get("HostHeaderConfig")
                config = config if isinstance(config, Mapping) else {}
                regular = regular or "RegexValues" in config or "RegexValues" in one
                hosts += [*self._values.items(one.get("Values", [])), *self._values.items(config.get("Values", []))]
        for text in hosts:
            yield from self._within("hosts", "the host name", text.lower().rstrip("."), path)
        own, _ = tokens(self._values.text(properties.get("ListenerArn")))
        if (regular or not hosts) and own not in self._template.resources and "*" not in self._bounds.hosts:
            wrong = "a rule on a listener outside the app is not allowed without a host-header condition of plain values"
            yield Fault(path, self._says("hosts", wrong))

    def _event_rule(self, name: str, path: str, properties: Mapping[str, Any]) -> Iterator[Fault]:
        """Without a bus a rule listens to all of the account's default one, unless it asks of buckets by their names."""
        pattern = properties.get("EventPattern")
        if pattern is None or self._values.text(properties.get("EventBusName", "")):
            return  # a schedule; or a bus that is judged where it stands
        buckets = buckets_of(pattern)
        near = f"{path}.Properties.EventPattern" if name in self._raw else self._origins.event(name)
        reach = next(one for one in REACHES if one.what == ("the bucket" if buckets else "the event bus"))
        for value in buckets or ["default"]:
            text = self._values.text(value)
            own, rest = tokens(text)
            if not (own and self._belongs(reach, own, rest)):
                yield from self._reached(reach, text, near)

    def _functions(self, path: str, body: Any, *, exact: bool) -> Iterator[Fault]:
        """Dynamic references, imports and macros, wherever they stand; forged tags."""
        for where, key, value in walk(body, path):
            tag = value.get("Key") if isinstance(value, Mapping) else None
            origin = {key: value} if key == "Fn::ImportValue" else tag or value
            near = where if exact else self._origins.find(origin, key, path) or path
            if key == "Fn::ImportValue":
                yield from self._within("imports", "the import", self._values.text(value), near)
            elif key == "Fn::Transform" and isinstance(value, Mapping | str):
                name = self._values.text(value.get("Name") if isinstance(value, Mapping) else value)
                yield from self._within("transforms", "the macro", name, near)
            elif isinstance(value, Mapping) and not intrinsic(value):
                yield from self._tags(near, key, value)
            if isinstance(value, str) or intrinsic(value):
                for text in self._texts(value):
                    if OPAQUE in text:
                        yield Fault(near, "its value cannot be told from the template; write it out, no bound allows it")
                    yield from self._dynamic(near, text)
            if isinstance(value, Mapping):
                for name in value:
                    yield from self._dynamic(near, str(name))

    def _dynamic(self, path: str, text: str) -> Iterator[Fault]:
        bodies = [match["body"] for match in _DYNAMIC.finditer(text)]
        if not bodies and MARK in text and (_HIDDEN.search(text) or _DYNAMIC.search(_TOKEN.sub("", text))):
            bodies = [UNKNOWN]
        for body in bodies:
            yield from self._within("dynamic_references", "the dynamic reference", body, path)

    def _tags(self, path: str, key: str, value: Mapping[str, Any]) -> Iterator[Fault]:
        keys = [self._values.text(value["Key"])] if "Key" in value else list(value) if key.lower().endswith("tags") else []
        for name in keys:
            if MARK in str(name) or str(name).lower().startswith((f"{names.DOMAIN}/", "aws:")):
                yield Fault(path, f"the tag {shown(str(name))} is the operator's or AWS's own; no bound allows it")

    # ── what is outside the stack ────────────────────────────────────────────────

    def _references(self, path: str, type_: str, properties: Any, *, exact: bool, under: str = ".Properties") -> Iterator[Fault]:
        skip = {f".{key}" for key in _INERT_KEYS} if type_ in _INERT else set()
        for where, key, value in _outermost(properties, under, skip):
            if (type_, where) == ("AWS::S3::Bucket", ".Properties.BucketName") or (
                key == "PermissionsBoundary" and type_ in _BOUNDED
            ):
                continue
            if not exact and (type_, where) == ("AWS::CodeBuild::Project", ".Properties.Name"):
                continue  # made of the stack's
            if not exact and key == "SourceSecurityGroupId" and self._lets_in_the_listener(value):
                continue
            near = f"{path}{where}" if exact else self._origins.find(value, key, path) or path
            if isinstance(value, Mapping) and str(value.get("Key", "")).endswith(".s3.bucket"):
                near = near if exact else self._origins.find(value.get("Value"), "bucket", path) or path
                yield from self._reference(type_, "Bucket", value.get("Value"), near)
            elif key == "IamInstanceProfile" and isinstance(value, Mapping) and not intrinsic(value):
                for one in value.values():
                    yield from self._reference(type_, key, one, near)
            elif not isinstance(value, Mapping) or intrinsic(value):
                yield from self._reference(type_, key, value, near)

    def _reference(self, type_: str, key: str, value: Any, path: str) -> Iterator[Fault]:
        for text in self._texts(value):
            own, rest = tokens(text)
            if (own == IMPORT and not rest) or (own not in self._raw and own == names.COPIED_SECRET and _COPY.fullmatch(rest)):
                continue
            if laundered(key, text):
                yield Fault(path, f"{shown(text)} cannot be told from the template; write it out, no bound allows it")
                continue
            reach = next((one for one in REACHES if one.of(type_, key, text)), None)
            if reach is None or (own and self._belongs(reach, own, rest)) or repository(text) in self._homes:
                continue
            if (
                text == "" and reach.bound != "clusters"
            ):  # AWS::NoValue: a service without Cluster runs in the account's default one
                continue
            yield from self._reached(reach, text, path)

    def _lets_in_the_listener(self, value: Any) -> bool:
        """Whose listener is allowed is allowed its requests: the group was looked up, no author named it."""
        listener = self._facts.listener
        return bool(listener and self._values.text(value) in listener.security_group_ids)

    def _belongs(self, reach: Reach, own: str, rest: str) -> bool:
        """Whether a text begins with a resource of this stack that may stand there."""
        body = self._template.resources.get(own)
        type_ = str(body.get("Type")) if isinstance(body, Mapping) else ""
        if rest:
            follows = (
                reach.suffix and MARK not in rest and rest.startswith(tuple("/:*") if reach.suffix == ".*" else reach.suffix)
            )
            if not follows:
                return False
        return bool(type_ and reach.own and re.match(reach.own, type_))

    def _reached(self, reach: Reach, text: str, path: str) -> Iterator[Fault]:
        patterns = [reach.pattern(one, self._facts) for one in getattr(self._bounds, reach.bound)]
        if not matches(reach.named(text, self._facts), patterns):
            yield Fault(path, self._says(reach.bound, f"{reach.what} {shown(text)} is not allowed"))

    def _within(self, bound: str, what: str, text: str, path: str) -> Iterator[Fault]:
        if not matches(text, getattr(self._bounds, bound)):
            yield Fault(path, self._says(bound, f"{what} {shown(text)} is not allowed"))

    def _boundary(self, text: str) -> str:
        right = f"it must be {self._bounds.permissions_boundary} or left out"
        return self._says("permissions_boundary", f"the boundary {shown(text)} is not allowed", right)

    def _says(self, bound: str, wrong: str, right: str = "") -> str:
        """What is wrong, by which bound, and what would be right."""
        field = Bounds.model_fields[bound].alias or bound
        value = getattr(self._bounds, bound)
        if not right and isinstance(value, tuple):
            more = ", …" if len(value) > 5 else ""
            right = f"allowed: {', '.join(value[:5])}{more}" if value else "none is allowed"
        return f"{wrong} by the bound {field} of namespace {self._app.namespace}" + (f"; {right}" if right else "")


def _outermost(value: Any, path: str, skip: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    """`walk`, without going into intrinsic functions, which stand for one value, and into what `skip` ends a path with."""
    left: list[tuple[str, str, Any]] = [(path, "", value)]
    ends = tuple(skip)
    while left:
        where, key, one = left.pop()
        if ends and where.endswith(ends):
            continue
        if isinstance(one, list):
            left += [(f"{where}[{number}]", key, item) for number, item in enumerate(one)]
            continue
        yield where, key, one
        if isinstance(one, Mapping) and not intrinsic(one):
            left += [(f"{where}.{name}", str(name), item) for name, item in one.items()]
