"""Serving the page: one ASGI process, on this machine only unless people have to sign in.

Web hooks may have a port of their own, so that vendors reach them and not the pages.
"""

import os
import socket
import threading
from pathlib import Path

import uvicorn

from dashboard import guard, signin
from reconcile.settings import load

HOOKS_APART = "CUADRA_HOOKS_APART"  # set: the port of the pages answers no web hooks


class NotSafe(Exception):
    """The page would be open to others without sign-in; the text says what to do."""


def serve(
    data: Path, host: str = "127.0.0.1", port: int = 8501, hooks: tuple[str, int] | None = None
) -> None:  # fmt: skip
    """Serve the page of a data folder until stopped; web hooks at their own address if one is given.

    NotSafe on an address that others reach without sign-in, or where sign-in is wanted and cannot work; SettingsError
    if the settings are wrong; OSError if the address of the hooks is taken.
    """
    refuse_open_house(host, data)
    os.environ["CUADRA_DATA"] = str(data.resolve())
    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
    if hooks:
        os.environ[HOOKS_APART] = "1"
    from dashboard.app import asgi

    apart = _hooks(*hooks) if hooks else None
    config = uvicorn.Config(
        asgi, host=host, port=port, log_level="warning", ws_max_size=256 * 1024 * 1024,
        ws_per_message_deflate=False,  # a page is a hundred small messages: packing each costs more than it saves
    )  # fmt: skip
    try:
        uvicorn.Server(config).run()
    finally:
        if apart:
            apart.should_exit = True


def _hooks(host: str, port: int) -> uvicorn.Server:
    """Begin to answer web hooks, and nothing else, at an address of their own."""
    from dashboard.app import hooks_only

    heard = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = uvicorn.Server(uvicorn.Config(hooks_only, log_level="warning"))
    threading.Thread(target=server.run, args=([heard],), daemon=True, name="web hooks' own port").start()
    return server


def refuse_open_house(host: str, data: Path) -> None:
    """Raise NotSafe where others could reach the page and nobody has to sign in, or sign-in lacks something."""
    settings = load(data)
    try:
        if signin.for_streamlit(data, settings) or guard.is_loopback(host):
            return
    except signin.NotReady as error:
        raise NotSafe(f"{error}. Nothing was started.") from error
    raise NotSafe(
        f"{host} can be reached by others, and nobody would have to sign in. Stay on 127.0.0.1, or set up sign-in "
        "first: `cuadra sign-in ISSUER CLIENT_ID --address https://…` (OpenID Connect; see README, “Let others in”)."
    )


def free_port(wanted: int) -> int:
    """Return the wanted port, or the next free one."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {wanted} to {wanted + 49}")
