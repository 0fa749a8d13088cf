"""Saved files: named arrays and a small header in one `.npz`. No pickle, checked on the way in."""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from simlib.checks import ArtifactError

VERSION = 1


def write(path, kind, header, arrays):
    """Write `arrays` (name -> array) and `header` (what JSON can hold) to `path`, atomically.

    Killed at any moment, this leaves the old file or the new one, whole.
    """
    path = Path(path)
    header = {**header, "kind": kind, "version": VERSION, "sha256": _digest(arrays)}
    encoded = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, header=encoded, **arrays)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def replacing(path):
    """Give a temporary path beside `path`; put it in `path`'s place once the block has succeeded."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's 0600 would hide the file from others
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def read(path, kind):
    """Read what `write` wrote: (header, arrays).

    Raises:
        ArtifactError: no such file, damaged, of another kind, or by a newer simlib.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        found, version, digest = header["kind"], header["version"], header["sha256"]
    except FileNotFoundError as error:
        raise ArtifactError(f"{path.name}: there is no such file in {path.parent}.") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile,
            NotImplementedError, RuntimeError, MemoryError) as error:  # fmt: skip
        raise ArtifactError(f"{path.name} is damaged or not a simlib file ({error}).") from error
    except Exception as error:  # zlib.error and whatever else a damaged stream provokes
        raise ArtifactError(f"{path.name} is damaged ({type(error).__name__}: {error}).") from error
    if found != kind:
        raise ArtifactError(f"{path.name} holds {found!r}, and {kind!r} was expected.")
    if not isinstance(version, int) or version > VERSION:
        raise ArtifactError(
            f"{path.name} has format version {version}, and this simlib reads up to {VERSION}; update simlib."
        )
    if digest != _digest(arrays):
        raise ArtifactError(f"{path.name} is damaged: its checksum does not fit its content.")
    return header, arrays


def _digest(arrays):
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
