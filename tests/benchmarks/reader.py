"""One measured reading in a process of its own, so that its memory is its own.

`python reader.py sync|modified|bare|rebuild URL FOLDER` prints seconds, rows and peak memory as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb
import httpx

from extract import store
from extract.vendors.hubspot import HubSpot


def bare(url: str) -> int:
    """Download every page one after the other with the same client and do nothing with it."""
    client, after, read = httpx.Client(timeout=30), None, 0
    while True:
        params = {"limit": 100} | ({"after": after} if after else {})
        page = client.get(f"{url}/crm/objects/2026-03/deals", params=params).json()
        read += len(page["results"])
        after = page.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return read


def main(what: str, url: str, folder: str) -> None:
    """Measure one of them."""
    data = Path(folder)
    pace = {} if what == "paced" else {"requests_per_10_seconds": "1000000000"}
    token = {"HUBSPOT_TOKEN": "pat-benchmark"}
    vendor = HubSpot(token, base_url=url, time_zone="Europe/Madrid", options=pace)
    start = time.perf_counter()
    if what == "bare":
        rows = bare(url)
    elif what == "rebuild":
        rows = sum(r.items for r in store.rebuild([vendor], data, zone="Europe/Madrid"))
    else:
        reading = store.sync(vendor, data, full=what != "modified", zone="Europe/Madrid")
        assert not reading.error and not reading.rejected, reading
        rows = reading.rows.get("deals", 0)
    took = time.perf_counter() - start
    if what != "bare":
        with duckdb.connect(data / "rows.duckdb", read_only=True) as db:
            (kept,) = db.execute("SELECT count(*) FROM deals").fetchone() or (0,)
            assert what == "modified" or kept == rows or what == "rebuild", (kept, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "rows": rows, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
