"""Which process we are, and whether another one still lives: a claim of a dead process may be taken over at once.

A process is told from a later one of the same number by its start, and from one in another container by its namespace.
"""

import os
import socket
from functools import cache
from pathlib import Path


def me() -> str:
    """Return this process as text: machine, number, start."""
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid())}"


def lives(owner: str) -> bool | None:
    """Return whether the process `owner` (from `me`) still runs; None if it is of another machine."""
    machine, number, started = owner.split("|")[:3]
    if machine != _machine():
        return None
    found = _started(int(number))
    return found is not None and str(found) == started


@cache
def _machine() -> str:
    """Return what tells this machine, its boot and its container from others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return f"{socket.gethostname()}/{boot.read_text().strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux: the name must do
        return socket.gethostname()


def _started(number: int) -> str | None:
    """Return when a process started, by the kernel's own clock; None if it is gone."""
    try:
        # The name in parentheses may hold spaces; the state is the first field after it, the start the twentieth.
        fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
        return None if fields[0] in "ZX" else fields[19]
    except OSError:
        pass
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(number, 0)
        return "unknown"
    except PermissionError:
        return "unknown"
    except OSError:
        return None
