"""Take from this process what a stranger's code must not have: memory, time, and other people's files."""

import ctypes
import os
import struct
import sys

# Linux's Landlock: a process gives up rights, and can never take them back. Its system calls, and the rights.
CREATE, ADD, RESTRICT, NO_NEW_PRIVILEGES = 444, 445, 446, 38
WRITE_FILE, REMOVE, MAKE, REFER, TRUNCATE = 1 << 1, 0b11 << 4, 0b1111111 << 6, 1 << 13, 1 << 14
TCP, SIGNALS_AND_SOCKETS = 0b11, 0b11


def limit(memory, seconds):
    """At most so many more GB of memory, so many seconds of the processor, and files of 200 MB."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_AS, _in_use() + int(memory * 1e9)),
        (resource.RLIMIT_CPU, int(sum(os.times()[:2]) + seconds)),
        (resource.RLIMIT_FSIZE, 200_000_000),
    ):
        resource.setrlimit(what, (most, most))


def write_only_in(folder):
    """From now on this process, and all that it starts, can write in `folder` alone, and has no network.

    Returns:
        whether the system can do that: Linux from 5.13 on, without a privilege. (The network from 6.7 on.)
    """
    if sys.platform != "linux":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(CREATE, None, 0, 1)
    if version < 1:
        return False
    files = WRITE_FILE | REMOVE | MAKE | REFER * (version >= 2) | TRUNCATE * (version >= 3)
    rights = [files, *[TCP] * (version >= 4), *[SIGNALS_AND_SOCKETS] * (version >= 6)]
    ruleset = struct.pack(f"{len(rights)}Q", *rights)
    rules = system.syscall(CREATE, ruleset, len(ruleset), 0)
    for path, allowed in ((folder, files), ("/dev/null", files & (WRITE_FILE | TRUNCATE))):
        handle = os.open(path, os.O_PATH)
        failed = system.syscall(ADD, rules, 1, struct.pack("=Qi", allowed, handle), 0)
        os.close(handle)
        if failed:
            return False
    system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return system.syscall(RESTRICT, rules, 0) == 0


def _in_use():
    """Bytes of address space that this process has."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # macOS, which does not keep this limit either
        return 1 << 40
