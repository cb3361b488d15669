"""The archive in places of others, by their own protocols: a WebDAV server, and one that speaks S3 if there is one."""

import csv
import hashlib
import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import Shop

from reconcile.archive.check import check
from reconcile.archive.place import NAME
from reconcile.archive.run import archive
from reconcile.archive.work import work
from reconcile.settings import Archive

FEW = 3
Read = Callable[[str], httpx.Response]


@contextmanager
def started(command: list[str], port: int, **more: Any) -> Iterator[str]:
    """Run a server until it is not needed; give its address."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 60
            while time.monotonic() < end:
                if process.poll() is not None:
                    assert command[0] != sys.executable, f"{command} ended with {process.returncode}"
                    pytest.skip(f"{command[0]} does not start here")
                try:
                    httpx.get(address, timeout=1)
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def webdav(folder: Path) -> Iterator[tuple[Archive, dict[str, str], Read]]:
    """A WebDAV server that asks for a password, as Nextcloud does."""
    port, users = free_port(), '{"*": {"cuadra": {"password": "right"}}}'
    (folder / "dav").mkdir()
    config = folder / "dav.yaml"
    config.write_text(
        f'host: 127.0.0.1\nport: {port}\nprovider_mapping: {{"/": "{folder / "dav"}"}}\nserver: cheroot\n'
        f"simple_dc: {{user_mapping: {users}}}\nhttp_authenticator: {{accept_digest: false}}\n"
    )
    with started([sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(config)], port) as url:
        said = Archive(scheme="webdav", options={"endpoint": url, "root": "/books/", "username": "cuadra"})
        yield said, {"password": "right"}, lambda path: httpx.get(f"{url}/books/{path}", auth=("cuadra", "right"))


@contextmanager
def s3(folder: Path) -> Iterator[tuple[Archive, dict[str, str], Read]]:
    """A server that speaks S3 and knows keys; moto's, where it is installed."""
    server = shutil.which("moto_server") or pytest.skip("needs moto_server on the path, to speak S3")
    port = free_port()
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261122/us-east-1/s3/aws4_request, "
                               "SignedHeaders=host, Signature=0"}  # fmt: skip
    with started([server, "-H", "127.0.0.1", "-p", str(port)], port) as url:
        httpx.put(f"{url}/cuadra-archive", headers=signed).raise_for_status()
        options = {"bucket": "cuadra-archive", "region": "us-east-1", "endpoint": url, "root": "/books/"}
        secrets = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "secret"}
        yield (
            Archive(scheme="s3", options=options),
            secrets,
            (lambda path: httpx.get(f"{url}/cuadra-archive/books/{path}", headers=signed)),
        )


@pytest.mark.capability("ARCH-2", "ARCH-3")
@pytest.mark.parametrize("begun", [webdav, s3])
def test_files_stand_once_in_a_place_of_others(shop: Shop, tmp_path: Path, begun: Any) -> None:
    """Stored by its protocol under Year/Month/Customer with the index; again nothing; harmed files are told; a wrong
    place or password is said with what to do, and what was to go there waits."""
    with begun(tmp_path) as (said, secrets, read):
        shop.store.keep_credentials(NAME, secrets, "ana")
        shop.set(archive=said)
        plans = work(shop.data).plans[-FEW:]
        for _ in range(2):
            done = archive(shop.data, "ana", plans)
            assert done.is_well and done.stored["files"] == FEW, done
        rows = list(csv.DictReader(io.StringIO(read("index.csv").content.decode("utf-8-sig"))))
        assert sorted(r["path"] for r in rows) == sorted(p.data["path"] for p in plans)
        for row in rows:
            content = read(row["path"]).content
            assert content.startswith(b"%PDF-") and hashlib.sha256(content).hexdigest() == row["sha256"]
        assert not {p.data["path"] for p in work(shop.data).plans} & {r["path"] for r in rows}
        assert check(shop.data) == (FEW, [])

        wrong, told = (
            ({"bucket": "cuadra-other"}, "The specified bucket does not exist. Enter it on the page Archive.")
            if said.scheme == "s3"
            else ({"username": "nobody"}, "401 Access not authorized): check user, password and rights")
        )
        shop.set(archive=said.model_copy(update={"options": said.options | wrong}))
        done = archive(shop.data, "ana", plans)
        assert not done.is_well and done.stored["files"] == 0
        assert {f.place for f in done.failed} == {"files"}
        assert all(told in f.error for f in done.failed), done.failed
