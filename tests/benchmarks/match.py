"""Link a labelled folder, print how often it is right, how long it took and how much memory it needed.

python tests/benchmarks/match.py FOLDER [--out DIR]
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[2]))

from reconcile import links, quality


def main() -> None:
    """Load, link, score, print."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--out", type=Path, help="write deal_invoice.parquet and payment_invoice.parquet here")
    ap.add_argument("--memory", default="1GB", help="most that the database keeps in memory")
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(duckdb.connect(str(Path(folder) / "books.duckdb")), args)  # on disk, as the warehouse is


def _measure(db: duckdb.DuckDBPyConnection, args: argparse.Namespace) -> None:
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


def _write(db: duckdb.DuckDBPyConnection, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for left in ("deal", "payment"):
        rows = db.sql(
            f"SELECT left_id AS {left}_id, right_id AS invoice_id, CAST(amount AS DOUBLE) AS amount FROM links"
            f" WHERE left_table = '{left}s' AND right_table = 'invoices' AND status IN ('automatic', 'confirmed')"
        )
        rows.write_parquet(str(out / f"{left}_invoice.parquet"))


if __name__ == "__main__":
    main()
