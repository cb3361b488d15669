"""One ASGI process: the pages, the durable chains, and web hooks beside them.

`streamlit run dashboard/app.py` starts it too.
CUADRA_DATA says which data folder it shows.
"""

import gc
import importlib
import os
import pkgutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard import forwarding, guard, hooks, rights, signin, unattended, views
from dashboard.notify import post
from dashboard.read import data_folder
from dashboard.report import schedule
from dashboard.serve import HOOKS_APART
from reconcile import workflows
from reconcile.settings import SettingsError, load
from reconcile.vault import VaultError

log = structlog.get_logger("cuadra.app")


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Go on with fixes that a crash interrupted; read and send reports when that is due, beside the pages."""
    stop = threading.Event()
    threading.Thread(target=_resume, args=(stop,), daemon=True, name="resume").start()
    yield
    stop.set()
    for bell in hooks.bells.values():
        bell.stop()
    workflows.shutdown()


def _warm() -> None:
    """Import what the first page would import while its reader waits, and keep it out of every later clean-up.

    Streamlit collects garbage after each run of a page, before it says that the run is over: looking through all that
    was ever imported took twice as long as the page itself.
    """
    importlib.import_module("pandas")
    for module in pkgutil.iter_modules(views.__path__, f"{views.__name__}."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _resume(stop: threading.Event) -> None:
    _warm()
    data = data_folder()
    if not data.is_dir():
        return
    try:
        workflows.launch(data)
    except Exception as error:  # noqa: BLE001 the pages must come up to say what is wrong; a fix launches again
        log.error("interrupted fixes were not resumed", error=repr(error))
        return
    threading.Thread(target=post.watch, args=(data, stop), daemon=True, name="web hooks and channels").start()
    watched = (data, hooks.bell(data).ring, stop)
    threading.Thread(target=unattended.watch, args=watched, daemon=True, name="reading by itself").start()
    schedule.watch(data, stop)


def _sign_in() -> dict[str, Any] | None:
    """Return what signing in needs. Without it nobody gets in: the page then says what is missing."""
    data = data_folder()
    try:
        said = signin.for_streamlit(data, load(data)) if data.is_dir() else None
    except (signin.NotReady, SettingsError, VaultError) as error:
        log.error("nobody can sign in", error=str(error))
        return None
    return {"auth": said} if said else None


asgi = st.App(
    Path(__file__).with_name("frame.py"),
    lifespan=lifespan,
    secrets=_sign_in(),
    routes=forwarding.ROUTES if os.environ.get(HOOKS_APART) else (*forwarding.ROUTES, *hooks.ROUTES),
    middleware=(Middleware(guard.Guard),),
    on_script_error=rights.refused,
)
hooks_only = Starlette(routes=hooks.ROUTES, middleware=(Middleware(guard.Guard),))
