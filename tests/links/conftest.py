"""Lets the tests of this folder import `link_books`, which makes small books of a case's rows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
