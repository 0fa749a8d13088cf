"""Saved files are untrusted: thousands of damaged ones, and saving that is killed at every point."""

import functools
import io
import itertools
import json
import os
import tracemalloc
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simlib import ArtifactError, Index, archive

MODEL = Path(__file__).parents[1] / "notebooks" / "models" / "digits.keras"
MUTANTS = 520  # of each of two files
ONCE = 2**20  # bytes: modules that Python itself imports for its first errors (0.4 MB in 3.13)


def small_index():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 28, 28), dtype=np.uint8)
    return Index("euclidean").add(rng.normal(size=(40, 6)), np.repeat(np.arange(4), 10), images)


def saved(tmp_path):
    small_index().save(tmp_path / "saved.npz")
    return (tmp_path / "saved.npz").read_bytes()


def from_the_reference_model(_):
    with zipfile.ZipFile(MODEL) as model:
        return model.read("assets/index.npz")


# mutants: each takes the good bytes and a random generator, and gives damaged bytes


def members_of(data):
    return dict(_members_of(data))


@functools.lru_cache(4)
def _members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(members, packing=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing, compresslevel=1) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


def flip(data, rng):
    out = bytearray(data)
    for i in rng.integers(0, len(out), rng.choice([1, 1, 1, 4, 40])):
        out[i] ^= int(rng.integers(1, 256))
    return bytes(out)


def flip_directory(data, rng):
    """The zip's own directory stands at the end: names, sizes, offsets, flags."""
    out, start = bytearray(data), data.index(b"PK\x01\x02")
    for i in rng.integers(start, len(out), rng.choice([1, 1, 3])):
        out[i] ^= int(rng.integers(1, 256))
    return bytes(out)


def cut_or_insert(data, rng):
    start, length = int(rng.integers(0, len(data))), int(rng.choice([100, 10_000_000]))
    return data[:start] + rng.choice([b"", rng.bytes(50)]) + data[start + int(rng.integers(0, length)) :]


def flip_inside(data, rng):
    """As if written so: the zip's own checksums are right."""
    members = members_of(data)
    name = rng.choice(list(members))
    members[name] = flip(members[name], rng)
    return zipped(members.items())


def drop_rename_or_double(data, rng):
    members = list(members_of(data).items())
    i = int(rng.integers(len(members)))
    name, content = members[i]
    strangers = ("../" + name, "/tmp/" + name, name.upper(), "stranger.npy", name[:-4], "payload.npy", " ")
    other, rest = str(rng.choice(strangers)), [*members[:i], *members[i + 1 :]]
    changes = [
        rest,
        [*rest, (other, content)],
        [*members, (other, content)],
        [*members, (other, rng.bytes(50))],
    ]
    swapped = [(name, members[i - 1][1]), *members[:i], *members[i + 1 :]]
    return zipped([*changes, swapped, members[::-1]][rng.integers(6)])  # another order is the same content


def npy(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def replace_array(data, rng):
    """A sound array of another length, shape, type or content in a member's place; or a pickle."""
    members = members_of(data)
    name = str(rng.choice([n for n in members if n != "header.npy"]))
    array = np.load(io.BytesIO(members[name]))
    others = [array[:-1], array[None], array.astype(float), array[::-1], np.concatenate([array, array]),
              np.full_like(array, 1), np.array([{"a": 1}], object), array.astype(">i4"), [3]]  # fmt: skip
    members[name] = npy(others[rng.integers(9)])
    return zipped(members.items())


def change_header(data, rng):
    members = members_of(data)
    header = json.loads(np.load(io.BytesIO(members["header.npy"])).tobytes())
    key = str(rng.choice(list(header)))
    values = [None, -1, 0, 99, True, "", "cosine", "manhattan", "index", [], {}, [[]], 1e300, "x" * 1000]
    change = rng.integers(3)
    if change == 0:
        header[key] = values[rng.integers(len(values))]
    elif change == 1:
        del header[key]
    else:
        header["stranger"] = values[rng.integers(len(values))]
    text = json.dumps(header).encode()
    text = [text, text[:-3], b"[" * 10_000, b"[" * 10_000_000][min(rng.integers(12), 3)]
    members["header.npy"] = npy(np.frombuffer(text, np.uint8))
    return zipped(members.items())


def claim_a_huge_shape(data, rng):
    """The array's own header claims up to exabytes; the bytes are those of before."""
    members = members_of(data)
    name = str(rng.choice(list(members)))
    array = np.load(io.BytesIO(members[name]))
    shape = [(2**40,), (10**9, 64), (2**62, 2**62), (-1,), (0,), (2**31, 1, 1)][rng.integers(6)]
    out = io.BytesIO()
    description = {"descr": array.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, description)
    members[name] = out.getvalue() + array.tobytes()
    return zipped(members.items())


def bomb(data, rng):
    """64 MB of zeros, packed into 64 kB, as an array or as the header."""
    members = members_of(data)
    name = str(rng.choice([*members, "stranger.npy"]))
    zeros = np.zeros(2**26, np.uint8)
    packed = BOMBS.setdefault(name, npy(zeros))
    rest = [(n, c) for n, c in members.items() if n != name]
    return zipped([*rest, (name, packed)], zipfile.ZIP_DEFLATED)


BOMBS = {}


def other_packing(data, rng):
    packing = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA][rng.choice([0, 0, 0, 0, 1, 2])]
    return zipped(members_of(data).items(), packing)


def foreign(data, rng):
    return [
        b"",
        rng.bytes(300),
        npy(np.arange(3)),
        zipped([]),
        zipped([("a.txt", b"hello")]),
        zipped([("header.npy", npy(np.frombuffer(b"[]", np.uint8)))]),
        zipped([("header.npy", b"{}")]),
        data + rng.bytes(10),
        rng.bytes(10) + data,
    ][rng.integers(9)]


KINDS = [flip, flip_directory, cut_or_insert, flip_inside, drop_rename_or_double, replace_array,
         change_header, claim_a_huge_shape, other_packing, foreign]  # fmt: skip


def answers(index):
    """Everything that an index can be asked for."""
    dim = int(repr(index).split(" of ")[2].split()[0])
    found = index.lookup(np.random.default_rng(1).normal(size=(4, dim)), k=len(index))
    payload = index.payload(found.ids)
    parts = (found.labels, found.distances, found.ids, payload)
    return repr(index), [(p.dtype, p.shape, p.tobytes()) for p in parts]


def peak(function):
    """(what it gave or the ArtifactError it raised, bytes at the worst moment)."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    except ArtifactError as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("source", [saved, from_the_reference_model])
def test_damaged_files_load_to_the_identical_index_or_end_in_our_error(source, tmp_path, measured):
    good, path = source(tmp_path), tmp_path / "mutant.npz"
    path.write_bytes(good)
    Index.load(path)  # warm, so that imports do not count
    index, allowed = peak(lambda: Index.load(path))
    wanted, results, most = answers(index), Counter(), 0
    bombs = [bomb] * 5
    for i, mutate in zip(range(MUTANTS), itertools.cycle(KINDS)):
        kind = bombs.pop() if i % 240 == 1 else mutate
        path.write_bytes(kind(good, np.random.default_rng(i)))
        given, memory = peak(lambda: Index.load(path))
        if isinstance(given, ArtifactError):
            assert str(given).startswith("mutant.npz"), (kind.__name__, i, given)
            results["refused"] += 1
        else:
            assert answers(given) == wanted, (kind.__name__, i)
            results["identical"] += 1
        most = max(most, memory)
        assert memory < 2 * allowed + ONCE, (kind.__name__, i, memory, allowed)
    measured(
        f"damaged index files ({source.__name__}): {sum(results.values())} tried, {results['identical']} "
        f"identical, {results['refused']} refused, at most {most / allowed:.2f} x the memory of a good load"
    )
    assert results["refused"] > MUTANTS / 2 and results["identical"] > 10


@pytest.mark.parametrize("place", ["labels", "vectors", "payload", "stranger"])
def test_nothing_is_unpickled_even_where_the_checksum_is_right(place, tmp_path, monkeypatch):
    class Bad:
        def __reduce__(self):
            return open, (str(tmp_path / "owned"), "w")

    with monkeypatch.context() as patch:  # what is hashed and written is what this array pickles to
        patch.setattr(np, "savez", functools.partial(np.savez, allow_pickle=True))
        patch.setattr(archive, "_sha256", lambda *_: "0" * 64)
        arrays = {"labels": [0], "vectors": [[1.0]], place: np.array([Bad()], object)}
        header = {"distance": "euclidean", "search": "exact", "store": "memory"}
        archive.write(tmp_path / "bad.npz", "index", header, arrays)
        with pytest.raises(ArtifactError, match=r"bad\.npz is damaged or not a simlib file"):
            Index.load(tmp_path / "bad.npz")
    assert not (tmp_path / "owned").exists()


# round trip, kinds and versions


ARRAYS = {
    "numbers": np.arange(12.0).reshape(3, 4)[:, ::2],
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "empty": np.empty((0, 5), np.float16),
    "scalar": np.array(7),
    "words": np.array(["a", "ä \u2713"]),
    "truth": np.array([True, False]),
    "days": np.array(["2020-01-01"], "datetime64[D]"),
    "swapped": np.arange(3, dtype=">i4"),
}


def test_round_trip(tmp_path):
    archive.write(tmp_path / "a.npz", "thing", {"k": 3, "name": "ä", "list": [1.5, None]}, ARRAYS)
    header, arrays = archive.read(tmp_path / "a.npz", "thing")
    assert (header["k"], header["name"], header["list"]) == (3, "ä", [1.5, None])
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_another_kind_is_named(tmp_path):
    archive.write(tmp_path / "a.npz", "calibration", {}, {})
    with pytest.raises(ArtifactError, match=r"a\.npz holds 'calibration', and 'index' was expected"):
        Index.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "version, advice",
    [
        *((version, "update simlib") for version in (4, 99, "2", None, -1, 2.5)),
        *((version, "an earlier simlib wrote it: index again") for version in (0, 1)),
    ],
)
def test_a_format_that_is_not_read_says_what_to_do(version, advice, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "VERSION", version)
    archive.write(tmp_path / "a.npz", "index", {}, {})
    monkeypatch.undo()
    why = rf"^a\.npz has format {version}; this simlib reads \(2, 3\); {advice}.*\.$"
    with pytest.raises(ArtifactError, match=why) as told:
        Index.load(tmp_path / "a.npz")
    assert ("update" in str(told.value)) != ("earlier" in str(told.value))


def test_no_file_and_no_folder(tmp_path):
    with pytest.raises(ArtifactError, match=r"a\.npz: there is no such file in"):
        Index.load(tmp_path / "a.npz")
    with pytest.raises(ArtifactError, match=r"cannot be read: Is a directory"):
        Index.load(tmp_path)
    with pytest.raises(IsADirectoryError, match="is a folder; name a file in it"):
        Index().save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"path: there is no folder .*nowhere; make it first"):
        Index().save(tmp_path / "nowhere" / "a.npz")


def test_arrays_that_somebody_else_saved_are_named(tmp_path):
    np.savez(tmp_path / "mine.npz", embeddings=np.eye(3), y=[1, 2, 3])
    with pytest.raises(
        ArtifactError, match=r"mine\.npz was not written by simlib. It holds embeddings, y: read"
    ):
        Index.load(tmp_path / "mine.npz")
    np.save(tmp_path / "mine.npy", np.eye(3))
    with pytest.raises(ArtifactError, match=r"^mine\.npy is damaged or not a simlib file\.$"):
        Index.load(tmp_path / "mine.npy")


def test_a_compressed_file_of_an_earlier_version_is_read(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", np.savez_compressed)
        small_index().save(tmp_path / "old.npz")
    small_index().save(tmp_path / "new.npz")
    sizes = [(tmp_path / name).stat().st_size for name in ("old.npz", "new.npz")]
    assert sizes[0] < sizes[1]
    assert answers(Index.load(tmp_path / "old.npz")) == answers(Index.load(tmp_path / "new.npz"))


@pytest.mark.parametrize(
    "change, why",
    [
        ("distance", "distance: 'strange' is unknown"),
        ("search", "search: 'strange' is unknown"),
        ("store", "store: 'strange' is unknown"),
        ("labels", r"labels has \d+ entries, but there are \d+ vectors"),
        ("payload", r"\d+ payloads for \d+ vectors"),
        ("vectors", r"\d+ payloads for \d+ vectors"),
        ("NaN in vectors", "vectors: 40 of 40 vectors hold NaN"),
        ("cosine of longer vectors", "vectors that are not of length 1, as they are under cosine"),
        ("a class without a name", "labels that are no class ids"),
        ("-1 for a class", "labels that are no class ids"),
    ],
)
def test_what_is_sound_as_a_file_but_wrong_as_an_index_is_refused(change, why, tmp_path):
    small_index().save(tmp_path / "a.npz")
    header, arrays = archive.read(tmp_path / "a.npz", "index")
    if change in header:
        header[change] = "strange"
    elif change == "NaN in vectors":
        arrays["vectors"] *= np.nan
    elif change == "cosine of longer vectors":
        header["distance"] = "cosine"
    elif change == "a class without a name":
        arrays["names"] = np.array(["ant", "bee", "cat"])
    elif change == "-1 for a class":
        arrays["labels"] -= 1
    else:
        arrays[change] = arrays[change][:-1]
    archive.write(tmp_path / "a.npz", "index", header, arrays)
    with pytest.raises(ArtifactError, match="the saved index is not consistent: " + why):
        Index.load(tmp_path / "a.npz")


# atomic saving


def version_of(path):
    """0 for the old file, 1 for the new one; anything else is an error."""
    n = len(Index.load(path))
    assert n in (10, 50)
    return int(n == 50)


def index_of(n):
    rng = np.random.default_rng(n)
    return Index().add(rng.normal(size=(n, 16)), np.zeros(n, int), rng.integers(0, 255, (n, 9, 9)))


def die_at(n):
    """In a child: die, without any clean-up, just before the n-th call that touches a file."""
    calls = itertools.count()

    def before(function):
        def counted(*arguments, **options):
            if next(calls) == n:
                os._exit(9)
            return function(*arguments, **options)

        return counted

    class Torn(io.FileIO):
        """Dies in the middle of a write, with half of it done."""

        def write(self, data):
            if next(calls) == n:
                super().write(memoryview(data).cast("B")[: len(data) // 2])
                os._exit(9)
            return super().write(data)

        close = before(io.FileIO.close)
        seek = before(io.FileIO.seek)

    def opened(path, mode="r"):
        if next(calls) == n:
            os._exit(9)
        return Torn(path, mode)

    archive.open = opened
    for name in ("replace", "fsync"):
        setattr(os, name, before(getattr(os, name)))
    return calls


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork beside BLAS threads
def test_saving_that_dies_before_any_file_call_leaves_the_old_or_the_new_file(tmp_path, measured):
    path, new, seen = tmp_path / "index.npz", index_of(50), []
    for n in itertools.count():
        index_of(10).save(path)
        child = os.fork()
        if child == 0:
            die_at(n)
            new.save(path)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seen.append(version_of(path))
        assert status in (0, 9)
        if status == 0:
            break
    measured(f"saving died before each of {n} file calls: {seen.count(0)} times the old file was whole")
    assert n > 20 and seen == sorted(seen) and seen[-1] == 1  # once new, always new


def test_a_failing_save_keeps_the_old_file_and_tidies_up(tmp_path, monkeypatch):
    index_of(10).save(tmp_path / "index.npz")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        index_of(50).save(tmp_path / "index.npz")
    assert version_of(tmp_path / "index.npz") == 0
    assert [p.name for p in tmp_path.iterdir()] == ["index.npz"]


def test_a_saved_file_can_be_read_by_those_whom_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        index_of(10).save(tmp_path / "index.npz")
    finally:
        os.umask(before)
    assert (tmp_path / "index.npz").stat().st_mode & 0o777 == 0o640
