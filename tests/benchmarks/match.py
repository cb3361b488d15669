"""Link a labelled folder, print how often it is right, how long it took and how much memory it needed.

python tests/benchmarks/match.py FOLDER [--without SHARE] [--slips SHARE] [--out DIR] [--peer PYTHON]
  [--transfers FOLDER]

Without a share of its clues, or with slips in a share of what is written by hand, the same labels hold. With the Python
of an environment that has splink, its model of the same books and of the transfers runs beside ours.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

import poorer

from reconcile import links, quality, run, transfers


def main() -> None:
    """Load, link, score, print."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--out", type=Path, help="write deal_invoice.parquet and payment_invoice.parquet here")
    ap.add_argument("--memory", default="1GB", help="most that the database keeps in memory")
    ap.add_argument("--peer", type=Path, help="Python of an environment with splink")
    ap.add_argument("--transfers", type=Path, help="folder with origin.parquet and destination.parquet")
    ap.add_argument("--without", type=float, default=0, help="leave out this share of each clue: 0.5")
    ap.add_argument("--slips", type=float, default=0, help="write this share of what is written by hand wrongly: 0.25")
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        if args.without:
            args.folder = poorer.without(args.folder, Path(folder) / "without", args.without)
        if args.slips:
            args.folder = poorer.with_slips(args.folder, Path(folder) / "slips", args.slips)
        run.write_to(db, Path(folder) / "books.duckdb")  # as the warehouse is made
        seconds = _measure(db, args)
    if args.peer:
        told = _peer(args.peer, "books", args.folder)
        for pair in ("deal_invoice", "payment_invoice"):
            print("splink", pair, {k: round(v, 4) for k, v in told[pair].items()})
        print(
            f"splink {told['seconds']:.2f} s, peak {told['peak_mb']:.0f} MB: {told['seconds'] / seconds:.2f} × our time"
        )
    if args.transfers:
        _transfers(args.transfers, args.peer)


def _peer(python: Path, what: str, folder: Path) -> dict[str, Any]:
    script = str(Path(__file__).parent / "peer_splink.py")
    done = subprocess.run([str(python), script, what, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def _transfers(folder: Path, peer: Path | None) -> None:
    """Print how many transfers between two banks are found, beside the peer's worked example on the same data."""
    sides = [pl.read_parquet(folder / f"{side}.parquet") for side in ("origin", "destination")]
    amount = (pl.col("amount") * 10_000).round().cast(pl.Int64)
    lines = [s.select(n="ground_truth", on_date="transaction_date", amount=amount, text="memo") for s in sides]
    start = time.perf_counter()
    found = transfers.sure(transfers.same_money(*lines))
    seconds = time.perf_counter() - start
    right = int((found["sent_n"] == found["received_n"]).sum())
    print(f"transfers: precision {right / len(found):.4f}, recall {right / len(lines[0]):.4f}, {seconds:.2f} s")
    if peer:
        told = _peer(peer, "transfers", folder)
        print(f"splink:    precision {told['precision']:.4f}, recall {told['recall']:.4f}, {told['seconds']:.2f} s")


def _measure(db: duckdb.DuckDBPyConnection, args: argparse.Namespace) -> float:
    db.execute("SET threads = 2")
    db.execute(f"SET memory_limit = '{args.memory}'")
    quality.load(db, args.folder)
    start, cpu = time.perf_counter(), time.process_time()
    linked = links.link(db)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        {step: round(s, 2) for step, s in linked.seconds.items()},
        f"total {seconds:.2f} s, processor {cpu:.2f} s, peak {peak:.0f} MB",
    )
    print(*linked.notes, sep="\n")
    for pair, measures in quality.score(db, args.folder).items():
        for how in ("automatic", "with_suggested"):
            m = measures[how]
            shown = {k: round(v, 4) for k, v in m.items() if isinstance(v, int | float)}
            print(pair, how, shown)
        m = measures["automatic"]
        print("  abstained", measures["abstained"], "wrong by rule", m["wrong_by_rule"])
        for by, values in m["recall_by"].items():
            print("  recall by", by, {k: round(v, 3) for k, v in values.items()})
    if args.out:
        _write(db, args.out)
    return seconds


def _write(db: duckdb.DuckDBPyConnection, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for left in ("deal", "payment"):
        rows = db.sql(
            f"SELECT left_id AS {left}_id, right_id AS invoice_id, CAST(amount + coalesce(kept, 0) AS DOUBLE) AS amount"
            f" FROM links WHERE left_table = '{left}s' AND right_table = 'invoices'"
            " AND status IN ('automatic', 'confirmed')"
        )
        rows.write_parquet(str(out / f"{left}_invoice.parquet"))


if __name__ == "__main__":
    main()
