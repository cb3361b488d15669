"""Serving the page: one ASGI process, on this machine only unless people have to sign in."""

import ipaddress
import os
import socket
from pathlib import Path

import uvicorn

SIGN_IN = Path.home() / ".streamlit" / "secrets.toml"


class NotSafe(Exception):
    """The page would be open to others without sign-in; the text says what to do."""


def serve(data: Path, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the page of a data folder until stopped. NotSafe on an address that others reach, without sign-in."""
    refuse_open_house(host, data)
    os.environ["CUADRA_DATA"] = str(data.resolve())
    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
    from dashboard.app import asgi

    config = uvicorn.Config(asgi, host=host, port=port, log_level="warning", ws_max_size=256 * 1024 * 1024)
    uvicorn.Server(config).run()


def refuse_open_house(host: str, data: Path) -> None:
    """Raise NotSafe where others could reach the page and nobody has to sign in."""
    if is_this_machine(host) or signs_in(data):
        return
    raise NotSafe(
        f"{host} can be reached by others, and nobody would have to sign in. Stay on 127.0.0.1, or set up sign-in "
        "first: an [auth] section in .streamlit/secrets.toml (OpenID Connect; see README, “Let others in”)."
    )


def is_this_machine(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def signs_in(data: Path) -> bool:
    """Return whether sign-in is configured."""
    places = (Path(".streamlit") / "secrets.toml", data / "secrets.toml", SIGN_IN)
    return any(p.exists() and "[auth]" in p.read_text() for p in places)


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
