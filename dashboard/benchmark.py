"""`cuadra benchmark`: speed and quality measured here, in processes of their own, as ratios in one run."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent / "tests" / "benchmarks"
LABELLED = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"


class NotHere(Exception):
    """What was asked for cannot be measured here; the text says why."""


def run(what: str, folder: Path | None, size: int, peers: Path | None) -> None:
    """Measure one of them or all; print figures as they come. NotHere where that is not possible."""
    if what not in ("extract", "match", "report", "pages", "flows", "all"):
        raise NotHere(f"there is no benchmark {what!r}: say extract, match, report, pages, flows or all")
    if not SCRIPTS.exists():
        raise NotHere("benchmarks come with the repository, not with the installed package: run this in a clone")
    if what in ("extract", "all"):
        _script("extraction.py", "--deals", str(size), *(("--peer", str(peers)) if peers else ()))
    if what in ("flows", "all"):
        _script("flows.py")
    if what in ("extract", "flows"):
        return
    labelled = folder or LABELLED / "100k"
    if not labelled.exists():
        raise NotHere(f"{labelled} is not there: name a folder of labelled data with --folder")
    if what in ("match", "all"):
        transfers = labelled.parent.parent / "real" / "transactions"
        further = ["--transfers", str(transfers)] if transfers.exists() else []
        _script("match.py", str(labelled), *further, *(("--peer", str(peers)) if peers else ()))
    if what in ("report", "all"):
        _script("report.py", str(labelled))
    if what in ("pages", "all"):
        _script("pages.py", str(labelled))


def _script(name: str, *words: str) -> None:
    done = subprocess.run([sys.executable, str(SCRIPTS / name), *words], check=False)
    if done.returncode:
        raise NotHere(f"{name} ended with {done.returncode}")
