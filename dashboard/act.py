"""Starting fixes and decisions from a page: preview, ask, start, say what happened."""


def preview(ids: tuple[str, ...]) -> None:
    """Show exactly what would be written to mend these findings."""


def only_test_keys() -> bool:
    """Return whether every connection is to a test account."""
    return False
