"""Reconcile a labelled folder and print how often its findings are right, and how many of the true ones are found.

python tests/benchmarks/findings.py FOLDER
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[2]))

import books

from reconcile import quality


def main() -> None:
    """Reconcile, score, print."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("folder", type=Path)
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as data:
        books.make(args.folder, Path(data))
        with duckdb.connect(str(Path(data) / "warehouse.duckdb"), read_only=True) as db:
            told = quality.findings(db, args.folder)
    print(f"{'':22}precision  recall   found   truth  waiting (right)")
    for code, m in told.items():
        print(f"{code:22}{m['precision']:9.3f}{m['recall']:8.3f}{m['found']:8}{m['truth']:8}"
              f"{m['waiting']:9} ({m['waiting_right']})")  # fmt: skip


if __name__ == "__main__":
    main()
