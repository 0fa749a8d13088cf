"""Saved files: named arrays and a small header in one `.npz`. No pickle, checked on the way in.

The header carries a SHA-256 of itself and of all arrays. A reader first streams through the file to
compare it, and only then takes memory for the arrays: a damaged file cannot claim what was never there.
A checksum proves nothing about who wrote a file; what a stranger may do with one is bounded elsewhere: it is
unpacked to 128 MB or 64 times its size at most, and what it names outside is not opened (see `Index.load`).
"""

import contextlib
import glob
import hashlib
import json
import os
import platform
import secrets
import time
import zipfile
import zlib

import numpy as np

from simlib import checks
from simlib.checks import ArtifactError

VERSION = 3  # of what is written; files of version 2 have no names and no ids
READ = 2, 3
LARGEST_HEADER = 2**17  # bytes; a header has some hundred
CHUNK = 2**16
UNPACKED, TIMES = 2**27, 64  # bytes; or times a file's size: where there is more, it is a trap
HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # tells whose process an unfinished file is
PACKING = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED  # others may take a lot of memory to unpack


def write(path, kind, header, arrays):
    """Write `arrays` (name -> array) and `header` (what JSON can hold, and paths) to `path`.

    Killed at any moment, this leaves the old file or the new one, whole.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = json.loads(json.dumps({**header, "kind": kind, "version": VERSION}, default=os.fspath))
    parts = ((name, a.dtype, a.shape, [np.ascontiguousarray(a)]) for name, a in sorted(arrays.items()))
    text = json.dumps({**header, "sha256": _sha256(header, parts)}).encode()
    if len(text) > LARGEST_HEADER // 2:
        raise ValueError(f"there is too much to save beside the arrays: {len(text)} bytes.")
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, header=np.frombuffer(text, np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def replacing(path):
    """Give a temporary path beside `path`; put it in `path`'s place once the block has succeeded."""
    path = checks.path("path", path)
    if path.is_dir():
        raise IsADirectoryError(f"path: {path} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {path.parent}; make it first.")
    for left in path.parent.glob(f".{glob.escape(path.stem)}-{HOST}-*{glob.escape(path.suffix)}"):
        if _abandoned(left):  # by a process that was killed while it saved
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}-{HOST}-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield str(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)  # the one that the caller knows
        raise


def _abandoned(path):
    """Is the process that began to write this file no more? Where that cannot be asked: is it an hour old?"""
    try:
        if os.name != "posix":
            return time.time() - path.stat().st_mtime > 3600
        os.kill(int(path.stem.split("-")[-2]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except (ValueError, OSError):  # another's file, or another user's process
        pass
    return False


def read(path, kind):
    """Read what `write` wrote: (header, arrays).

    Raises ArtifactError for a file that is missing, damaged, foreign, of another kind or another format.
    """
    path = checks.path("path", path)
    try:
        with zipfile.ZipFile(path) as file:
            members = file.infolist()
            if not all(m.filename.endswith(".npy") and m.compress_type in PACKING for m in members):
                raise ValueError("simlib writes nothing of that kind")
            names = [member.filename.removesuffix(".npy") for member in members]
            if "header" not in names:
                what = f"It holds {', '.join(names[:5])}: read that with `numpy.load`."
                raise ArtifactError(f"{path.name} was not written by simlib. {what}")
            names.remove("header")
            if file.getinfo("header.npy").file_size > LARGEST_HEADER:
                raise ValueError("its header is too large")
            with contextlib.closing(_parts(file, ["header"])) as parts:
                header = json.loads(b"".join(next(parts)[-1]))
            if header["kind"] != kind:
                raise ArtifactError(f"{path.name} holds {header['kind']!r}, and {kind!r} was expected.")
            if (version := header["version"]) not in READ:
                older = "an earlier simlib wrote it: index again, or save it anew with a version in between"
                advice = older if version in range(READ[0]) else "update simlib"
                raise ArtifactError(f"{path.name} has format {version}; this simlib reads {READ}; {advice}.")
            size = sum(member.file_size for member in members)
            if size > max(UNPACKED, TIMES * path.stat().st_size):
                raise ArtifactError(f"{path.name} would unpack to {size:,} bytes, which no index does.")
            expected = header.pop("sha256")
            with contextlib.closing(_parts(file, sorted(names))) as parts:
                if expected != _sha256(header, parts):
                    raise ArtifactError(f"{path.name} is damaged: its checksum does not fit its content.")
            return header, {name: _read_array(file, name) for name in names}
    except ArtifactError:
        raise
    except FileNotFoundError as error:
        raise ArtifactError(f"{path.name}: there is no such file in {path.parent}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise ArtifactError(f"{path.name} cannot be read: {error.strerror}.") from error
    except Exception as error:  # zipfile, zlib, NumPy and json have many ways to say "damaged"
        raise ArtifactError(f"{path.name} is damaged or not a simlib file.") from error


def _read_array(file, name):
    with file.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _parts(file, names):
    """(name, dtype, shape, chunks of bytes) of each array; close it, or a traceback keeps the file open."""
    for name in names:
        with file.open(f"{name}.npy") as member:
            np.lib.format.read_magic(member)
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            yield name, dtype, shape, iter(lambda m=member: m.read(CHUNK), b"")


def _sha256(header, parts):
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, dtype, shape, chunks in parts:
        digest.update(f"{name} {dtype.str} {shape}".encode())
        for chunk in chunks:
            digest.update(chunk)
    return digest.hexdigest()
