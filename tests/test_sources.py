"""ConfigMaps and Secrets as they are read and watched, against an API server that keeps its objects in a dict."""

import dataclasses
import threading

import pytest

from fargate_operator import names
from fargate_operator.compiler import compile_app
from fargate_operator.conditions import Reason
from fargate_operator.errors import InvalidSpec, Transient, Waiting
from fargate_operator.facts import Copied, config_map
from fargate_operator.fragments.copied_secret import MOST_SECRET
from fargate_operator.kube_objects import Forbidden, Gone, SecretObject
from fargate_operator.parsing import parse_app
from fargate_operator.source_index import SourceIndex, recorded
from fargate_operator.source_watch import SourceWatch
from fargate_operator.sources import Sources
from test_model import facts, manifest

KEY = ("team-a", "shop")
BOTH = [{"configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}]


class Objects:
    """What the API server has: values by (kind, namespace, name); each change is a new version."""

    def __init__(self):
        self.there, self.versions, self.reads, self.events = {}, {}, [], []
        self.lists = 0

    def put(self, kind, name, data, namespace="team-a"):
        self.there[kind, namespace, name] = data
        self.versions[kind, namespace, name] = f"uid/{len(self.reads) + len(self.versions) + len(self.events) + 100}"

    def version(self, kind, namespace, name):
        self.reads.append(("metadata", name))
        return self.versions.get((kind, namespace, name))

    def config_map(self, namespace, name):
        self.reads.append(("whole", name))
        found = self.there.get(("configmaps", namespace, name))
        return None if found is None else config_map(found, self.versions["configmaps", namespace, name])

    def secret(self, namespace, name):
        self.reads.append(("whole", name))
        found = self.there.get(("secrets", namespace, name))
        return None if found is None else SecretObject(self.versions["secrets", namespace, name], found)

    def list(self, kind, namespace):
        self.lists += 1
        for (one, where, name), version in self.versions.items():
            if one == kind and namespace in (None, where):
                yield (where, name, version), "1"
        yield ("", "", ""), "2"

    def watch(self, kind, namespace, since):
        assert (kind, namespace) == ("secrets", None)
        assert since
        while self.events:
            event = self.events.pop(0)
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
def objects():
    one = Objects()
    one.put("configmaps", "config", {"STAGE": "prod"})
    one.put("secrets", "secret", {"KEY": b"value", "TOKEN": b"other"})
    return one


@pytest.fixture
def index():
    one = SourceIndex()
    one.uses(KEY, [("configmaps", "config"), ("secrets", "secret")], {})
    return one


@pytest.fixture
def sources(objects, index):
    return Sources(objects, index)


APP = parse_app(manifest(environmentFrom=BOTH))


def test_what_there_is_becomes_facts_without_a_value_of_a_secret(sources, objects):
    found = sources.facts(APP, facts(APP))
    assert found.config_maps["config"].data == {"STAGE": "prod"}
    assert found.copied == {"secret": Copied(objects.versions["secrets", "team-a", "secret"], ("KEY", "TOKEN"))}


def test_a_secret_that_is_as_it_was_is_not_read_whole_again(sources, objects):
    found = sources.facts(APP, facts(APP))
    objects.reads.clear()
    assert sources.facts(APP, found) == found
    assert objects.reads == [("whole", "config"), ("metadata", "secret")]
    objects.put("secrets", "secret", {"KEY": b"new"})
    assert sources.facts(APP, found).copied["secret"].keys == ("KEY",)


def test_all_that_is_missing_is_named(objects, sources):
    objects.there.clear()
    objects.versions.clear()
    with pytest.raises(Waiting) as caught:
        sources.facts(APP, facts(APP))
    assert caught.value.reason == Reason.ConfigurationMissing
    assert caught.value.message == (
        "spec.environmentFrom[0].configMapRef.name: there is no ConfigMap config in namespace team-a; "
        "spec.environmentFrom[1].secretRef.name: there is no Secret secret in namespace team-a"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [(b"\xff\xfe", "KEY of the Secret secret is not text"), (b"x" * 4096, "KEY of the Secret secret has 4098 bytes")],
)
def test_a_value_that_cannot_be_copied_is_a_fault_without_the_value(objects, sources, value, words):
    objects.put("secrets", "secret", {"KEY": value})
    with pytest.raises(InvalidSpec, match=words) as caught:
        sources.facts(APP, facts(APP))
    assert "xxx" not in caught.value.message
    assert caught.value.outside


def sent(sources, app, found, running):
    one = sources.parameters(app, found, running)
    return dict(one.values), one.previous


def test_a_value_is_sent_when_the_stack_does_not_have_it_of_this_version(sources, objects):
    key, token = (names.secret_parameter("secret", one) for one in ("KEY", "TOKEN"))
    found = sources.facts(APP, facts(APP))
    assert sent(sources, APP, found, {}) == ({key: '"value"', token: '"other"'}, frozenset())
    running = compile_app(APP, found).body()
    objects.reads.clear()
    assert sent(sources, APP, found, running) == ({}, {key, token})
    assert objects.reads == []
    objects.put("secrets", "secret", {"KEY": b"new", "TOKEN": b"other"})
    assert sent(sources, APP, sources.facts(APP, found), running) == ({key: '"new"', token: '"other"'}, frozenset())


def test_a_secret_that_changes_between_the_facts_and_the_write_is_waited_for(sources, objects):
    found = sources.facts(APP, facts(APP))
    objects.put("secrets", "secret", {"KEY": b"new", "TOKEN": b"other"})
    with pytest.raises(Waiting) as caught:
        sources.parameters(APP, found, {})
    assert caught.value.reason == Reason.Conflict


def test_more_than_secrets_manager_takes_is_a_fault(objects, sources):
    objects.put("secrets", "secret", {f"K{number}": b"x" * 4000 for number in range(17)})
    found = sources.facts(APP, facts(APP))
    with pytest.raises(InvalidSpec, match=f"Secrets Manager takes {MOST_SECRET}"):
        sources.parameters(APP, found, {})


def test_a_secret_object_shows_no_value():
    assert f"{SecretObject('uid/1', {'KEY': b'value'})!r}" == "SecretObject(uid/1, 1 keys)"


# ── who is told of a change ─────────────────────────────────────────────────────


def test_only_apps_that_use_an_object_and_do_not_know_its_version_are_told(index):
    other = ("team-a", "other")
    index.uses(other, [("secrets", "secret")], {})
    index.read(KEY, {("secrets", "secret"): "uid/2", ("configmaps", "config"): "uid/1"})
    assert index.changed(("secrets", "team-a", "secret"), "uid/2") == {other}
    assert index.changed(("secrets", "team-a", "secret"), "uid/3") == {KEY, other}
    assert index.changed(("secrets", "team-b", "secret"), "uid/3") == set()
    index.uses(other, [], {})
    index.forget(KEY)
    assert index.changed(("secrets", "team-a", "secret"), "uid/4") == set()
    assert index.referred("secrets", None) == set()


def test_what_a_status_recorded_counts_until_a_reconcile_has_read(index):
    status = {"pins": {"configMapVersions": {"config": "uid/1"}, "copied": {"secret": {"version": "uid/2", "keys": ["KEY"]}}}}
    new = ("team-b", "shop")
    index.uses(new, [("secrets", "secret"), ("configmaps", "config")], recorded(status))
    assert index.changed(("secrets", "team-b", "secret"), "uid/2") == set()
    assert index.changed(("configmaps", "team-b", "config"), "uid/2") == {new}
    index.read(new, {("secrets", "secret"): "uid/3", ("configmaps", "config"): "uid/2"})
    index.uses(
        new, [("secrets", "secret"), ("configmaps", "config")], recorded(status)
    )  # a status that is older than the reading
    assert index.changed(("secrets", "team-b", "secret"), "uid/3") == set()


def test_a_kind_is_wanted_once_an_app_refers_to_one():
    index = SourceIndex()
    index.uses(KEY, [("secrets", "secret")], {})
    assert {kind: event.is_set() for kind, event in index.wanted.items()} == {"configmaps": False, "secrets": True}


@pytest.fixture
def told():
    return []


class Stopped(threading.Event):
    """Time that passes at once, and ends after some waits."""

    def __init__(self, most=1000):
        super().__init__()
        self.waits, self._most = [], most

    def wait(self, timeout=None):
        if timeout:
            self.waits.append(timeout)
            if len(self.waits) >= self._most:
                self.set()
        return self.is_set()


@pytest.fixture
def watch(objects, index, told):
    return SourceWatch(objects, index, "secrets", None, told.append, listed=threading.Event(), stopped=Stopped())


def event(kind, name, version):
    return kind, ("team-a", name, version), version.partition("/")[2]


def test_a_relist_tells_of_what_differs_and_of_what_is_gone(watch, index, objects, told):
    index.read(KEY, {("secrets", "secret"): objects.versions["secrets", "team-a", "secret"]})
    assert watch.relist() == "2"
    assert told == []
    objects.put("secrets", "secret", {})
    watch.relist()
    assert told == [KEY]
    del objects.versions["secrets", "team-a", "secret"]
    watch.relist()
    assert told == [KEY, KEY]


def test_events_tell_of_changes_and_deletions_of_what_is_used(watch, objects, told, index):
    index.read(KEY, {("secrets", "secret"): objects.versions["secrets", "team-a", "secret"]})
    objects.events = [event("MODIFIED", "secret", "uid/9"), event("MODIFIED", "unused", "uid/9"), ("BOOKMARK", ("", "", ""), "12"),
                      event("DELETED", "secret", "uid/9"), Gone()]  # fmt: skip
    assert watch.once() <= 2.0
    assert told == [KEY, KEY]
    assert watch._follow("1") == "1"  # nothing new: goes on from where it was


def test_what_is_forbidden_is_said_once_and_tried_again_later(watch, objects, caplog):
    objects.list = lambda *_: (_ for _ in ()).throw(
        Forbidden(Reason.AccessDenied, "the API server does not let the operator list secrets")
    )
    assert watch.once() == watch.once() == 300.0
    assert [one.message.partition(";")[2] for one in caplog.records] == [" apps are looked at each health interval instead"]


def test_an_api_server_that_is_away_is_asked_again_for_ever_with_backoff(watch, objects, told, index):
    index.read(KEY, {("secrets", "secret"): objects.versions["secrets", "team-a", "secret"]})
    away = Transient(Reason.ApiUnavailable, "watch secrets: ProtocolError")
    objects.events = [*[away] * 12, event("MODIFIED", "secret", "uid/9"), Gone()]
    assert watch.once() <= 2.0
    assert told == [KEY]
    assert objects.lists == 1  # it went on from where it was
    assert max(watch._stopped.waits) <= 60.0
    assert watch._stopped.waits[0] < 3.0


@pytest.mark.parametrize("ends", [[], [Gone()] * 100], ids=["a watch that ends at once", "a version that is always too old"])
def test_what_ends_without_an_event_is_begun_anew_more_and_more_slowly(objects, index, ends):
    objects.events, passed = list(ends), Stopped(10)
    one = SourceWatch(objects, index, "secrets", None, lambda _: None, listed=threading.Event(), stopped=passed)
    one._listed.set()
    one.run()
    assert passed.waits[0] <= 2.0
    assert all(30.0 <= pause <= 60.0 for pause in passed.waits[6:])
    assert objects.lists <= 10


def test_a_bookmark_is_a_sign_that_following_gets_somewhere(watch, objects):
    for _ in range(6):
        watch._follow("1")
    objects.events = [("BOOKMARK", ("", "", ""), "12")]
    assert watch._follow("1") == "12"
    assert watch._stopped.waits[-1] <= 2.0


def test_the_first_look_waits_for_all_apps_that_there_are_at_the_start(objects, told):
    """kopf tells of one after another; a steady one is reconciled only some time later."""
    index, listed = SourceIndex(), threading.Event()
    one = SourceWatch(objects, index, "secrets", None, told.append, listed=listed, stopped=Stopped(1))
    apps = [("team-a", f"app{number}") for number in range(3)]
    index.uses(apps[0], [("secrets", "secret")], {("secrets", "secret"): "uid/old"})
    one.start()
    one.join(0.1)
    assert objects.lists == 0
    for app in apps[1:]:
        index.uses(app, [("secrets", "secret")], {("secrets", "secret"): "uid/old"})
    listed.set()
    one.join(5)
    assert sorted(told) == apps


def test_facts_of_an_app_that_names_nothing_have_none_of_an_older_spec(sources):
    app = parse_app(manifest())
    old = dataclasses.replace(facts(app), copied={"secret": Copied("uid/1", ("KEY",))})
    assert sources.facts(app, old) == facts(app)
