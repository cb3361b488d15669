"""What can be wrong with a file, and with one row of it, in words that say what to do."""

from pathlib import Path


class FileError(Exception):
    """A file cannot be taken in, as a whole. The text names the file, what is wrong and what to do."""

    def __init__(self, path: str | Path, message: str) -> None:
        super().__init__(f"{Path(path).name}: {message}")
        self.path, self.message = Path(path), message


class RowError(ValueError):
    """One row cannot be mapped; the others can. `field` is the heading in the file, `value` what stood there."""

    def __init__(self, row: int, field: str, value: str, reason: str) -> None:
        super().__init__(f"row {row}, {field}: {value!r} {reason}")
        self.row, self.field, self.value, self.reason = row, field, value, reason
