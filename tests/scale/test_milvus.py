"""An index in Milvus is one index for every program: embedded file and real server, and what goes wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from milvus_places import Server, a_free_port, needs_server
from same import assert_same

import simlib
from simlib import ArtifactError, Index, NotReadyError
from simlib.scale import milvus_client

pytest.importorskip("milvus_lite")
rng = np.random.default_rng(0)
D = 8
X, Y = rng.normal(size=(900, D)).astype(np.float32), np.arange(900) % 7
NAMES = np.array(["cat", "dog", "eel", "fox"])[np.arange(900) % 4]
QUERIES = rng.normal(size=(5, D)).astype(np.float32)


def opened(milvus, index):
    """The index as another program sees it."""
    return Index.open(milvus["uri"], index._items.settings["search"]["collection"])


def soon(check, seconds=20):
    """Others' changes are seen within a stated time, ten seconds: asks until then."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "not seen in time"
        time.sleep(0.1)


def again_and_again(function, *args, **kwargs):
    """As the message says: call again."""
    for _ in range(240):
        try:
            return function(*args, **kwargs)
        except ConnectionError:
            time.sleep(0.25)
    return function(*args, **kwargs)


# One index for every program


def test_who_opens_it_sees_names_payloads_ids_and_the_distance(milvus):
    index = Index("euclidean", search=milvus).add(X[:60], NAMES[:60], payload=Y[:60])
    other = opened(milvus, index)
    assert other.distance == "euclidean"
    soon(lambda: len(other) == 60)
    assert repr(other) == repr(index)
    assert_same(other.lookup(QUERIES), index.lookup(QUERIES))
    other.add(X[60:70], ["gnu"] * 10, payload=Y[60:70])
    soon(lambda: len(index) == 70)
    found = index.lookup(X[60:70], k=1)
    assert found.classes.call(found.labels.ravel()) == ["gnu"] * 10
    np.testing.assert_array_equal(index.payload(found.ids).ravel(), Y[60:70])
    assert set(index.lookup(QUERIES, among=["gnu"]).labels.ravel()) == set(found.labels.ravel())
    assert len(set(index.ids.tolist())) == 70


def test_own_changes_are_seen_at_once(milvus):
    index = Index("euclidean", search=milvus).add(X[:50], NAMES[:50])
    for turn in range(5):
        index.add(X[100 + turn], "new", ids=[turn])
        assert index.lookup(X[100 + turn], k=1).ids.tolist() == [[turn]]
        index.replace([turn], X[200 + turn])
        assert index.lookup(X[200 + turn], k=1).ids.tolist() == [[turn]]
        index.remove([turn])
        assert len(index) == 50 and index.lookup(X[200 + turn], k=1).ids[0, 0] != turn


def test_the_calibration_travels_with_the_collection(milvus):
    index, noisy = Index("euclidean", search=milvus), X[:200] + rng.normal(0, 0.3, (200, D))
    near = Index("euclidean").add(X[:200], NAMES[:200]).lookup(noisy)
    with pytest.raises(NotReadyError, match="before you keep a calibration"):
        index.calibration = simlib.calibrate(near, NAMES[:200])
    index.add(X[:200], NAMES[:200])
    assert index.calibration is None
    for targets in (["precision >= 0.9"], ["recall >= 0.5"]):
        index.calibration = simlib.calibrate(index.lookup(noisy), NAMES[:200], targets=targets)
    with pytest.raises(ValueError, match="calibration must be a `Calibration`"):
        index.calibration = 0.5
    other = opened(milvus, index)
    assert (
        repr(other.calibration) == repr(index.calibration) and "recall >= 0.5" in other.calibration.cutpoints
    )
    cutpoint = other.calibration.distance("recall >= 0.5")
    soon(lambda: len(other) == 200)
    expected = simlib.match(index.lookup(QUERIES), cutpoint)
    np.testing.assert_array_equal(simlib.match(other.lookup(QUERIES), cutpoint), expected)
    assert len(index) == 200  # notes are no items


def test_a_long_calibration_is_kept_in_parts(milvus, monkeypatch):
    index = Index("euclidean", search=milvus).add(X[:200], NAMES[:200])
    calibration = simlib.calibrate(index.lookup(X[:200] + 0.1), NAMES[:200])
    monkeypatch.setattr(milvus_client, "LONGEST", 300)
    index.calibration = calibration
    assert repr(index.calibration) == repr(calibration)


STRANGE = [
    'a"b',
    "a'b",
    "a\\b",
    "a\nb",
    "ü😀",
    'a\\"',
    "\x01\t",
    "%_",
    "a" * 200,
    "{x}",
    "-1",
    " ",
    '"] or id in ["',
]


def test_strange_texts_as_ids_and_names(milvus):
    n = len(STRANGE)
    index = Index("euclidean", search=milvus).add(X[:n], STRANGE, payload=STRANGE, ids=STRANGE)
    found = index.lookup(X[:n], k=1)
    assert found.ids.ravel().tolist() == STRANGE == found.classes.call(found.labels.ravel())
    assert index.payload(STRANGE).tolist() == STRANGE
    for name in STRANGE:
        assert index.lookup(QUERIES[:1], among=[name]).ids.tolist() == [[name]]
    index.remove(STRANGE[:-1])
    assert index.ids.tolist() == STRANGE[-1:]


def test_no_item_takes_the_place_of_what_is_kept_about_the_items(milvus):
    """The keys of these rows begin with U+FDD0: such an id would overwrite them, and nobody could open it."""
    index = Index("euclidean", search=milvus).add(X[:3], NAMES[:3], ids=["a", "b", "c"])
    for text in ("\ufdd0-1", "\ufdd0", "\ufdd05", "x" * 65_536, "\u00e4" * 40_000):
        with pytest.raises(ValueError, match=r"^ids: .* has over 65,535 bytes, or begins with U"):
            index.add(X[3:4], NAMES[3:4], ids=[text])
    with pytest.raises(ValueError, match=r"^labels: .* has over 65,535 bytes"):
        index.add(X[3:4], ["n" * 70_000], ids=["d"])
    assert sorted(opened(milvus, index).ids) == ["a", "b", "c"]


WRONG = [
    ({"uri": 5}, "uri must be"), ({"uri": "milvus"}, "uri must be"), ({"timeout": "a"}, "timeout must be"),
    ({"timeout": 0}, "timeout must be"), ({"timeout": float("nan")}, "timeout must be"),
    ({"collection": "a b"}, "collection must be"), ({"collection": 5}, "collection must be"),
    ({"collection": "1a"}, "collection must be"), ({"collection": ""}, "collection must be"),
]  # fmt: skip


@pytest.mark.parametrize("options, message", WRONG)
def test_a_wrong_option_is_named_before_anything_is_opened(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Index(search={"name": "milvus", "uri": str(tmp_path / "a.db"), **options})
    with pytest.raises(ValueError, match=message):
        Index.open(**{"uri": str(tmp_path / "a.db"), "collection": "c", **options})
    with pytest.raises(ValueError, match="collection must be"):
        Index.open(str(tmp_path / "a.db"), None)
    assert not list(tmp_path.iterdir())


def test_payloads_of_every_kind(milvus):
    payloads = [Y[:5] > 2, X[:5] / 3, np.arange(20, dtype=np.uint8).reshape(5, 2, 2), np.array(list("abcde"))]
    for payload in payloads:
        index = Index("euclidean", search=milvus).add(X[:5], Y[:5], payload, ids=np.arange(5))
        back = index.payload([[4, 0], [1, 1]])
        np.testing.assert_array_equal(back, payload[[[4, 0], [1, 1]]])
        assert back.dtype == payload.dtype
        index.reset()
    index.add(X[:1], Y[:1], ["a"], ids=[0]).add(X[1:2], Y[1:2], ["longer than the first"], ids=[1])
    assert index.payload([0, 1]).tolist() == ["a", "longer than the first"]
    with pytest.raises(ValueError, match="an entry has 49,152 bytes, too long for Milvus; keep files"):
        Index(search=milvus | {"collection": "long"}).add(X[:1], Y[:1], np.zeros((1, 128, 128, 3), np.uint8))
    with pytest.raises(ValueError, match=r"one with every item or with none; .* have one"):
        index.add(X[:1], Y[:1])
    index.reset()
    index.add(X[:2], Y[:2], ids=[b"a", b"b"]).remove([b"a"])
    with pytest.raises(ValueError, match=r"one with every item or with none; .* have none"):
        index.replace(["b"], X[:1], payload=["a"])
    index.reset()
    index.add(X[:2], Y[:2], np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match="was begun with uint8; convert them"):
        index.add(X[:2], Y[:2], np.array([1, 2000], np.uint16))


def test_the_recall_is_measured(milvus):
    assert Index("euclidean", search=milvus).add(X[:300], Y[:300]).build().recall(5) > 0.9


def test_it_is_made_once_and_opened_otherwise(milvus, tmp_path):
    one = Index("euclidean", search=milvus).add(X[:9], Y[:9])
    wanted = one._items.settings["search"]
    with pytest.raises(FileExistsError, match=r"already. Open it with Index.open\(uri, collection\)"):
        Index("euclidean", search=wanted).add(X[:1], Y[:1])
    with pytest.raises(ValueError, match=r"holds no collection nobody. Is this the same Milvus"):
        Index.open(milvus["uri"], "nobody")
    one.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz", connect=milvus["uri"])
    assert_same(again.lookup(QUERIES), one.lookup(QUERIES))
    one.reset()
    with pytest.raises(ArtifactError, match=r"holds no collection"):
        Index.load(tmp_path / "index.npz", connect=milvus["uri"])


def test_a_keras_file_leads_to_the_collection_once_the_address_is_allowed(tmp_path, monkeypatch):
    import keras

    uri = str(tmp_path / "vectors.db")
    inputs = keras.Input((D,))
    model = simlib.SimilarityModel(inputs, keras.layers.UnitNormalization()(inputs))
    model.compile(search={"name": "milvus", "uri": uri, "collection": "pictures"})
    model.index(X[:50], NAMES[:50])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="would open"):
        keras.models.load_model(tmp_path / "model.keras")
    monkeypatch.setenv("SIMLIB_CONNECT", uri)
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_same(again.lookup(X[50:60]), model.lookup(X[50:60]))
    again.index(X[60:61], NAMES[60:61])
    assert len(model.get_index()) == 51


def test_a_reset_that_fails_can_be_repeated(milvus, monkeypatch):
    index = Index("euclidean", search=milvus).add(X[:9], Y[:9])

    def nobody(method, **options):
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(index._items._rows, "_ask", nobody)
        with pytest.raises(ConnectionError):
            index.reset()
    assert len(index) == 9
    index.reset()
    assert len(index.add(X[:3], Y[:3])) == 3


def test_a_collection_that_another_program_has_reset_is_named(milvus):
    index = Index("euclidean", search=milvus).add(X[:9], Y[:9])
    other = opened(milvus, index)
    index.reset()
    with pytest.raises(ConnectionError, match=r"Has another program reset it\? .* open it again"):
        other.lookup(QUERIES)


def test_another_programs_collection_is_named(milvus):
    from pymilvus import MilvusClient

    client = MilvusClient(milvus["uri"])
    client.create_collection("test_foreign", dimension=4)
    with pytest.raises(ValueError, match="no index of this simlib in the collection test_foreign"):
        Index.open(milvus["uri"], "test_foreign")
    client.drop_collection("test_foreign")


def test_a_store_beside_it_is_refused(milvus):
    for search, store in ((milvus, "disk"), (milvus, "milvus"), ("exact", "milvus"), ("exact", milvus)):
        with pytest.raises(ValueError, match="with search='milvus' they lie beside their vectors"):
            Index(search=search, store=store)


# An add that breaks off


class Broken(Exception):
    pass


def breaking(index, monkeypatch, after):
    """The index's writes fail from the one with this number on; what has been sent before has arrived."""
    rows, sent = index._items._rows, []
    ask = rows._ask

    def broken(method, **options):
        sent.append(method)
        if sent.count("upsert") + sent.count("delete") > after:
            raise Broken
        return ask(method, **options)

    monkeypatch.setattr(rows, "_ask", broken)


@pytest.mark.parametrize("after", [0, 1, 4, 9, 10])
def test_a_long_add_is_there_as_a_whole_or_not_at_all(milvus, monkeypatch, after):
    """It writes: a note, eight messages, and at last it deletes the note, which ends with a write, too."""
    monkeypatch.setattr(milvus_client, "MESSAGE", 100 * (100 + 4 * D + 10))  # 100 rows
    index = Index("euclidean", search=milvus).add(X[:100], NAMES[:100], ids=np.arange(100))
    other = opened(milvus, index)
    with monkeypatch.context() as patch:
        breaking(index, patch, after)
        with pytest.raises(Broken):
            index.add(X[100:], NAMES[100:], ids=np.arange(100, 900))
    there = 900 if after == 10 else 100  # the note is gone
    referee = Index("euclidean").add(X[:there], NAMES[:there]).lookup(QUERIES, k=900)
    for one in (index, other, opened(milvus, index)):
        soon(lambda one=one: len(one) == there)
        assert_same(one.lookup(QUERIES, k=900), referee)
        assert one.ids.tolist() == list(range(there))
    index.add(X[100:], NAMES[100:], ids=np.arange(100, 900))
    whole = Index("euclidean").add(X, NAMES).lookup(QUERIES, k=900)
    assert_same(index.lookup(QUERIES, k=900), whole)
    soon(lambda: other.lookup(QUERIES, k=900).k == 900)
    assert_same(other.lookup(QUERIES, k=900), whole)
    assert len(index) == 900


def test_what_a_dead_program_left_stays_hidden_and_its_ids_can_be_added(milvus, monkeypatch):
    monkeypatch.setattr(milvus_client, "MESSAGE", 100 * (100 + 4 * D + 10))  # 100 rows
    index = Index("euclidean", search=milvus).add(X[:100], NAMES[:100], ids=np.arange(100))
    with monkeypatch.context() as patch:
        breaking(index, patch, 4)
        with pytest.raises(Broken):
            index.add(X[100:], NAMES[100:], ids=np.arange(100, 900))
    other = opened(milvus, index)
    other.add(X[100:], NAMES[100:], ids=np.arange(100, 900))
    assert_same(other.lookup(QUERIES, k=900), Index("euclidean").add(X, NAMES).lookup(QUERIES, k=900))


@pytest.mark.parametrize("last", ["create_collection", "create_index", "load_collection", "upsert"])
def test_a_creation_that_broke_off_is_completed_by_the_next_add(milvus, monkeypatch, last):
    index = Index("euclidean", search=milvus)
    ask = index._items._rows._ask

    def broken(method, **options):
        answer = ask(method, **options)
        if method == last:
            raise Broken
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(index._items._rows, "_ask", broken)
        with pytest.raises(Broken):
            index.add(X[:50], Y[:50], ids=np.arange(50))
    assert len(index) == 0
    index.add(X[:50], Y[:50], ids=np.arange(50))
    assert_same(index.lookup(QUERIES), Index("euclidean").add(X[:50], Y[:50]).lookup(QUERIES))


# Failures of a service


@pytest.mark.parametrize("uri, message", [
    ("http://127.0.0.1:{}", "Is the server running, and is `uri` its address"),
    ("http://127.0.0.1:99999", r"uri must be .*65535 at most\); got 'http://127.0.0.1:99999'"),
    ("vectors.sqlite", "uri must be a file that ends in .db, or like http"),
    ("nowhere/vectors.db", "Does the folder of `uri` exist"),
])  # fmt: skip
def test_an_address_at_which_nobody_is(uri, message):
    with pytest.raises((ConnectionError, ValueError), match=message):
        Index(search={"name": "milvus", "uri": uri.format(a_free_port()), "timeout": 2.0}).add(X, Y)


def test_a_listener_that_never_answers_ends_within_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = Index(
            search={"name": "milvus", "uri": f"http://127.0.0.1:{silent.getsockname()[1]}", "timeout": 1.0}
        )
        for call in (lambda: index.add(X, Y), lambda: Index.open(index._items._rows.uri, "x", timeout=1.0)):
            with pytest.raises(ConnectionError, match="Is the server running, and is `uri` its address"):
                call()
        assert len(index) == 0


def test_a_file_that_another_program_holds(tmp_path):
    uri = str(tmp_path / "held.db")
    index = Index(search={"name": "milvus", "uri": uri}).add(X, Y)
    script = f"""
from simlib import Index
try:
    Index.open({uri!r}, {index._items._rows.name!r})
except ConnectionError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    ).stdout
    assert "Is it open in another notebook" in told and "server running" not in told


@pytest.fixture
def own_server(tmp_path):
    """One that the test may kill."""
    one = Server(tmp_path)
    yield one
    one.kill()


@needs_server
def test_a_server_killed_while_adding_and_looking_up_then_started_again(own_server, monkeypatch):
    monkeypatch.setattr(milvus_client, "MESSAGE", 100 * (100 + 4 * D + 10))  # 100 rows
    wanted = {"name": "milvus", "uri": own_server.start().uri, "timeout": 10.0}
    index = Index("euclidean", search=wanted).add(X[:200], NAMES[:200], Y[:200], ids=np.arange(200))
    impatient = Index.open(own_server.uri, index._items._rows.name, timeout=3.0)
    own_server.process.send_signal(signal.SIGSTOP)  # it accepts, and answers no more
    with pytest.raises(ConnectionError, match="Is the server running"):
        impatient.lookup(QUERIES)
    own_server.process.send_signal(signal.SIGCONT)
    client, sent = index._items._rows._client, []
    upsert = client.upsert

    def killed_after_three(*args, **kwargs):
        sent.append(1)
        if len(sent) == 4:
            own_server.kill()
        return upsert(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(client, "upsert", killed_after_three)
        with pytest.raises(ConnectionError, match="Is the server running, and is `uri` its address"):
            index.add(X[200:], NAMES[200:], Y[200:], ids=np.arange(200, 900))
    with pytest.raises(ConnectionError, match="Is the server running"):
        index.lookup(QUERIES)
    own_server.start()
    part = Index("euclidean").add(X[:200], NAMES[:200]).lookup(QUERIES, k=900)
    assert_same(again_and_again(index.lookup, QUERIES, k=900), part)
    assert_same(again_and_again(opened(wanted, index).lookup, QUERIES, k=900), part)
    again_and_again(index.add, X[200:], NAMES[200:], Y[200:], ids=np.arange(200, 900))
    assert_same(index.lookup(QUERIES, k=900), Index("euclidean").add(X, NAMES).lookup(QUERIES, k=900))
    np.testing.assert_array_equal(index.payload(np.arange(900)), Y)
    assert len(index) == 900


@needs_server
def test_a_server_killed_between_creating_and_loading(own_server, monkeypatch):
    wanted = {"name": "milvus", "uri": own_server.start().uri, "timeout": 10.0}
    index = Index("euclidean", search=wanted)
    ask = index._items._rows._ask

    def killed(method, **options):
        if method == "load_collection":
            own_server.kill()
        return ask(method, **options)

    with monkeypatch.context() as patch:
        patch.setattr(index._items._rows, "_ask", killed)
        with pytest.raises(ConnectionError, match="Is the server running"):
            index.add(X[:100], Y[:100], ids=np.arange(100))
    assert len(index) == 0
    own_server.start()
    again_and_again(index.add, X[:100], Y[:100], ids=np.arange(100))
    assert_same(index.lookup(QUERIES), Index("euclidean").add(X[:100], Y[:100]).lookup(QUERIES))


@needs_server
def test_a_server_that_refuses_the_token_says_where_it_is_set(tmp_path, monkeypatch):
    own_server = Server(tmp_path, "authorised").start(token="root:Milvus")
    try:
        index = Index("euclidean", search={"name": "milvus", "uri": own_server.uri, "timeout": 10.0})
        for token in ("", "root:wrong", "nobody"):
            monkeypatch.setenv("MILVUS_TOKEN", token)
            with pytest.raises(ConnectionError, match="MILVUS_TOKEN to 'user:password' of this server"):
                index.add(X[:9], Y[:9])
        monkeypatch.setenv("MILVUS_TOKEN", "root:Milvus")
        assert len(index.add(X[:9], Y[:9])) == 9
    finally:
        own_server.kill()


# Several programs at once

WORKER = """
import json, sys
import numpy as np
from simlib import Index
from simlib.scale import milvus_client

uri, collection, who, n, milvus_client.MESSAGE = *sys.argv[1:3], *map(int, sys.argv[3:])
index = Index.open(uri, collection)
name = f"program {who}"
centre = np.zeros(8)
centre[who] = 100.0  # each program's items lie at a place of their own
mine, rng, wrong = {}, np.random.default_rng(who), []
for turn in range(6):
    ids = np.arange(n) + 10_000 * who + n * turn
    payload = ids * 2
    index.add(centre + rng.normal(size=(n, 8)), [name] * n, payload, ids=ids)
    index.remove(ids[: n // 5])
    index.replace(ids[-3:], centre + rng.normal(size=(3, 8)))
    mine |= dict(zip(ids[n // 5 :].tolist(), payload[n // 5 :].tolist()))
    found = index.lookup(centre, k=2000, among=[name])  # all of ours, at once
    if sorted(found.ids[0].tolist()) != sorted(mine):
        wrong.append(f"turn {turn}: {len(mine)} of ours, found {found.k}")
    around = index.lookup(np.eye(8)[:4] * 100.0, k=5)  # of whomever: the label belongs to the place
    for place, (labels, distances) in enumerate(zip(around.labels, around.distances)):
        near = around.classes.call(labels[distances < 50])
        if set(near) - {f"program {place}"}:
            wrong.append(f"turn {turn}: {near} at the place of {place}")
print(json.dumps([mine, wrong]))
"""


@needs_server
@pytest.mark.parametrize("programs, message", [(2, 2**22), (4, 2_000)])
def test_programs_that_add_remove_replace_and_look_up_at_once(milvus_server, programs, message):
    """Each `add` is one message, or several."""
    name = f"test_{programs}_programs"
    index = Index("euclidean", search={"name": "milvus", "uri": milvus_server, "collection": name})
    index.add(np.full((1, D), -50.0), ["nobody's"], [0], ids=[99_999])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", WORKER, milvus_server, name, str(who), "40", str(message)],
                         env=environment, stdout=subprocess.PIPE, text=True)
        for who in range(programs)
    ]  # fmt: skip
    answers = [json.loads(process.communicate(timeout=240)[0]) for process in running]
    assert [wrong for _, wrong in answers] == [[]] * programs
    expected = {int(i): payload for mine, _ in answers for i, payload in mine.items()} | {99_999: 0}
    soon(lambda: len(index) == len(expected))
    ids = index.ids
    assert len(set(ids.tolist())) == len(ids) and set(ids.tolist()) == set(
        expected
    )  # nothing lost or doubled
    assert dict(zip(ids.tolist(), index.payload(ids).tolist())) == expected
    names = dict(zip(ids.tolist(), index.labels.tolist())) | {99_999: "program 9"}
    assert {i: f"program {i // 10_000}" for i in names} == names
    index.reset()


@needs_server
def test_ids_that_programs_draw_do_not_collide(milvus_server):
    index = Index("euclidean", search={"name": "milvus", "uri": milvus_server, "collection": "test_drawn"})
    index.add(X[:1], ["none"])
    script = """
import sys
import numpy as np
from simlib import Index
index = Index.open(sys.argv[1], "test_drawn")
for turn in range(4):
    index.add(np.random.default_rng().normal(size=(100, 8)), [sys.argv[2]] * 100)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, milvus_server]
    running = [subprocess.Popen([*command, f"program {i}"], env=environment) for i in range(3)]
    assert [process.wait(240) for process in running] == [0, 0, 0]
    soon(lambda: len(index) == 1201)
    assert index.class_sizes() == {"none": 1} | {f"program {i}": 400 for i in range(3)}
    index.reset()
