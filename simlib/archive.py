"""Saved files: named arrays and a small header in one `.npz`. No pickle, checked on the way in.

The header lists every array with its dtype, shape and SHA-256, and carries a SHA-256 of itself. So a
reader knows what must come before it unpacks anything: a damaged file cannot make it take memory for
arrays that were never there.
"""

import contextlib
import hashlib
import json
import math
import os
import secrets
import zipfile

import numpy as np

from simlib import checks
from simlib.checks import ArtifactError

VERSION = 2
LARGEST_HEADER = 2**24  # bytes; a header is some hundred
DEFLATE_RATIO = 1032  # no deflated member can unpack to more than this many times its size


def write(path, kind, header, arrays):
    """Write `arrays` (name -> array) and `header` (what JSON can hold) to `path`, atomically.

    Killed at any moment, this leaves the old file or the new one, whole.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    listed = {n: [a.dtype.str, list(a.shape), _sha256(a)] for n, a in arrays.items()}
    header = {**header, "kind": kind, "version": VERSION, "arrays": listed}
    text = json.dumps({**header, "sha256": _header_sha256(header)}).encode()
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, header=np.frombuffer(text, np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def replacing(path):
    """Give a temporary path beside `path`; put it in `path`'s place once the block has succeeded."""
    path = checks.path("path", path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {path.parent}; make it first.")
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        yield str(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(path, kind):
    """Read what `write` wrote: (header, arrays).

    Raises:
        ArtifactError: no such file, damaged, of another kind, or by a newer simlib.
    """
    path = checks.path("path", path)
    try:
        with zipfile.ZipFile(path) as file:
            header = _read_header(file)
            _check_kind(path.name, header, kind)
            listed = header.pop("arrays", None)
            return header, _read_version_1(file, header) if listed is None else _read_arrays(file, listed)
    except ArtifactError:
        raise
    except FileNotFoundError as error:
        raise ArtifactError(f"{path.name}: there is no such file in {path.parent}.") from error
    except Exception as error:  # zipfile, zlib, NumPy and json have many ways to say "damaged"
        raise ArtifactError(
            f"{path.name} is damaged or not a simlib file ({type(error).__name__}: {error})."
        ) from error


def _read_header(file):
    if _member(file, "header").file_size > LARGEST_HEADER:
        raise ValueError("its header is too large")
    with file.open("header.npy") as member:
        header = json.loads(np.lib.format.read_array(member, allow_pickle=False).tobytes())
    if header["version"] != 1 and header.pop("sha256") != _header_sha256(header):
        raise ValueError("the checksum of its header does not fit")
    return header


def _check_kind(name, header, kind):
    if header["kind"] != kind:
        raise ArtifactError(f"{name} holds {header['kind']!r}, and {kind!r} was expected.")
    if header["version"] not in (1, VERSION):
        raise ArtifactError(
            f"{name} has format version {header['version']}, and this simlib reads up to {VERSION}; "
            "update simlib."
        )


def _read_arrays(file, listed):
    if sorted(file.namelist()) != sorted(f"{name}.npy" for name in ["header", *listed]):
        raise ValueError("its members are not those that its header lists")
    return {name: _read_array(file, name, *expected) for name, expected in listed.items()}


def _read_array(file, name, dtype, shape, sha256):
    _check_size(file, name, [dtype, shape])
    with file.open(f"{name}.npy") as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
    if [array.dtype.str, list(array.shape), _sha256(array)] != [dtype, shape, sha256]:
        raise ValueError(f"the checksum of {name!r} does not fit")
    return array


def _read_version_1(file, header):
    """Version 1 had one checksum for all arrays and no list. Drop this once no such file is kept."""
    digest, arrays = hashlib.sha256(), {}
    for name in sorted(member.removesuffix(".npy") for member in file.namelist()):
        if name != "header":
            _check_size(file, name)
            with file.open(f"{name}.npy") as member:
                a = arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
            digest.update(f"{name} {a.dtype.str} {a.shape}".encode())
            digest.update(np.ascontiguousarray(a))
    if header["sha256"] != digest.hexdigest():
        raise ValueError("its checksum does not fit its content")
    return arrays


def _check_size(file, name, expected=None):
    """What is declared, in the zip and in the array's own header, must fit together and what was saved."""
    with file.open(f"{name}.npy") as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        size = member.tell() + math.prod(shape) * dtype.itemsize
    info = _member(file, name)
    if expected not in (None, [dtype.str, list(shape)]) or info.file_size != size:
        raise ValueError(f"{name!r} is not of the shape and dtype that were saved")
    if size > DEFLATE_RATIO * info.compress_size + 100:
        raise ValueError(f"{name!r} claims more than it can hold")


def _member(file, name):
    info = file.getinfo(f"{name}.npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name!r} is packed in a way that simlib does not use")
    return info


def _sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def _header_sha256(header):
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
