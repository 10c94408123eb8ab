"""What is done about a build: a table, and what holds for whatever CodeBuild says."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fargate_operator.building import (
    RUNNING,
    SUCCEEDED,
    BuildObservation,
    Deploy,
    Empty,
    Failed,
    Follow,
    Start,
    Wanted,
    decide,
    mark,
)

ENDS = (SUCCEEDED, "FAILED", "FAULT", "STOPPED", "TIMED_OUT")
NEW, OLD, KEY = "b" * 40, "a" * 40, "0a1b2c3d"
ASKED = mark("now")


def build(status=SUCCEEDED, commit=NEW, key=KEY, asked="", id_="shop:1"):
    return BuildObservation(id_, status, commit=commit, key=key, asked=asked)


@pytest.mark.parametrize(
    ("wanted", "builds", "pushed", "decision"),
    [
        pytest.param(Wanted(NEW, KEY), [], [NEW], Deploy(NEW), id="it is there, whoever built it"),
        pytest.param(Wanted(NEW, KEY), [build()], [NEW], Deploy(NEW, "shop:1"), id="it was built"),
        pytest.param(Wanted(NEW, KEY, ASKED), [build()], [NEW], Deploy(NEW, "shop:1"), id="what is there is not built anew on request"),
        pytest.param(Wanted(NEW, KEY), [], [], Start, id="nobody has built it"),
        pytest.param(Wanted(NEW, KEY), [build(commit=OLD)], [OLD], Start, id="only the one before was built"),
        pytest.param(Wanted(NEW, KEY), [build(key="ffffffff")], [], Start, id="only another spec's was built"),
        pytest.param(Wanted(NEW, KEY), [build(RUNNING)], [], Follow(build(RUNNING)), id="it is being built"),
        pytest.param(Wanted(NEW, KEY), [build(RUNNING, OLD)], [], Follow(build(RUNNING, OLD)), id="another one is being built"),
        pytest.param(Wanted(NEW, KEY, ASKED), [build(RUNNING)], [], Follow(build(RUNNING)), id="a request starts no second"),
        pytest.param(Wanted(NEW, KEY), [build()], [], Empty(build()), id="it pushed nothing"),
        pytest.param(Wanted(NEW, KEY, ASKED), [build()], [], Start, id="it pushed nothing, and is tried again on request"),
        *(pytest.param(Wanted(NEW, KEY), [build(end)], [], Failed(build(end)), id=f"it ended {end}") for end in ENDS[1:]),
        pytest.param(Wanted(NEW, KEY, ASKED), [build("FAILED")], [], Start, id="it failed, and is tried again on request"),
        pytest.param(Wanted(NEW, KEY, ASKED), [build("FAILED", asked=ASKED)], [], Failed(build("FAILED", asked=ASKED)), id="once"),
        pytest.param(Wanted(NEW, KEY, mark("then")), [build("FAILED", asked=ASKED)], [], Start, id="and once for the next request"),
        pytest.param(Wanted("", KEY), [], [], Start, id="private: nothing was built"),
        pytest.param(Wanted("", KEY), [build(key="ffffffff")], [NEW], Start, id="private: only another spec's was built"),
        pytest.param(Wanted("", KEY), [build()], [NEW], Deploy(NEW, "shop:1"), id="private: the newest that was built"),
        pytest.param(Wanted("", KEY), [build("FAILED"), build(commit=OLD)], [OLD], Failed(build("FAILED")), id="private: the newest failed"),
        pytest.param(Wanted("", KEY, ASKED), [build()], [NEW], Start, id="private: a request looks at the ref"),
        pytest.param(Wanted("", KEY, ASKED), [build(asked=ASKED)], [NEW], Deploy(NEW, "shop:1"), id="private: and has looked"),
        pytest.param(Wanted("", KEY), [build(commit="")], [NEW], Empty(build(commit="")), id="private: no commit is known"),
    ],
)  # fmt: skip
def test_what_is_done(wanted, builds, pushed, decision):
    found = decide(wanted, builds, frozenset(pushed))
    assert isinstance(found, Start) if decision is Start else found == decision


COMMITS = st.sampled_from([NEW, OLD, ""])
BUILDS = st.lists(
    st.builds(
        BuildObservation,
        id=st.uuids().map(str),
        status=st.sampled_from([RUNNING, *ENDS]),
        commit=COMMITS,
        key=st.sampled_from([KEY, "ffffffff", ""]),
        asked=st.sampled_from(["", ASKED, mark("then")]),
    ),
    max_size=6,
)


@example(wanted=Wanted("", KEY, ""), builds=[BuildObservation(id="1", status=SUCCEEDED, key=KEY)], pushed=frozenset({""}))
@given(
    wanted=st.builds(Wanted, COMMITS, st.just(KEY), st.sampled_from(["", ASKED])), builds=BUILDS, pushed=st.frozensets(COMMITS)
)
def test_there_is_always_an_answer_and_never_two_builds_at_a_time(wanted, builds, pushed):
    found = decide(wanted, builds, pushed)
    if isinstance(found, Start):
        assert not [one for one in builds if one.status == RUNNING]
        assert wanted.asked or not [one for one in builds if one.key == KEY and wanted.commit in ("", one.commit)]
    if isinstance(found, Deploy):
        assert found.commit in pushed
        assert found.commit


@given(st.lists(st.sampled_from(["look", "lose", "end", "fail", "push", "move", "ask"]), max_size=40))
def test_whatever_happens_a_commit_is_built_once_and_once_more_for_a_request(events):
    """`lose`: what was started is not seen at the next look, and CodeBuild knows the token."""
    commit, commits, builds, pushed, tokens, request = 0, {0}, [], set(), {}, ""
    asked = set()
    for number, event in enumerate([*events, "look"]):
        running = next((one for one in builds if one.status == RUNNING), None)
        if event == "move":
            commit += 1
            commits.add(commit)
        elif event == "ask":
            request = mark(str(number))
            asked.add(request)
        elif event in {"end", "fail"} and running:
            builds[builds.index(running)] = build(
                SUCCEEDED if event == "end" else "FAILED", running.commit, asked=running.asked, id_=running.id
            )
        elif event == "push" and running:
            pushed.add(running.commit)
        elif event in {"look", "lose"}:
            seen = builds[1:] if event == "lose" and running and builds[0] == running else builds
            found = decide(Wanted(name(commit), KEY, request), seen, frozenset(pushed))
            if isinstance(found, Start) and found.token not in tokens:
                tokens[found.token] = number
                builds.insert(0, build(RUNNING, name(commit), asked=request, id_=str(number)))
    for one in commits:
        mine = [built for built in builds if built.commit == name(one)]
        assert len([built for built in mine if not built.asked]) <= 1
        for mark_ in asked:
            assert len([built for built in mine if built.asked == mark_]) <= 1


def name(number):
    return f"{number:040x}"
