"""Lets the tests of this folder import `ledger_books`, which makes small warehouses of a case's rows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
