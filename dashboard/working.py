"""Long jobs on a page: run beside it, say how far they are, and go on when the reader leaves."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import streamlit as st

from dashboard import labels
from dashboard.words import _, number
from reconcile import access

Told = Callable[[str, int], None]
T = TypeVar("T")
LOOK = 0.25  # seconds between looks at a job
SHOWN = 6  # lines of progress on the page


def run(title: str, job: Callable[[Told], T]) -> T:
    """Run a job, which is given a function to say (what, how many) with, and show that on the page until it ends.

    The job's error is raised here. A page may only be written from its own thread, so what the job says is collected.
    """
    said: dict[str, int] = {}
    begun = time.monotonic()
    with ThreadPoolExecutor(1, thread_name_prefix="job") as pool, st.status(title, expanded=True) as status:
        lines = st.empty()
        running = pool.submit(access.carried(job), lambda what, count: said.__setitem__(what, count))
        while not running.done():
            _say(lines, said, time.monotonic() - begun)
            time.sleep(LOOK)
        try:
            result = running.result()
        except BaseException:
            status.update(label=title, state="error")
            raise
        _say(lines, said, time.monotonic() - begun)
        status.update(label=_("{what}: done").format(what=title), state="complete", expanded=False)
    return result


def _say(lines: st.delta_generator.DeltaGenerator, said: dict[str, int], seconds: float) -> None:
    last = list({labels.step(what): count for what, count in list(said.items())}.items())[-SHOWN:]
    told = "\n".join(f"- {what}{': ' + number(count) if count else ''}" for what, count in last)
    lines.markdown(f"{told or '- …'}\n\n:gray[{_('{count} s').format(count=number(round(seconds)))}]")
