"""What somebody does on a page who has never seen it."""

from typing import Any

from streamlit.testing.v1 import AppTest


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button of a label; the page must survive it."""
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception, app.exception
    return app


def enter(app: AppTest, label: str, value: Any) -> None:
    """Type into the first text field of a label."""
    next(t for t in app.text_input if t.label == label).set_value(value)


def marks(app: AppTest) -> dict[str, bool]:
    """Return the steps of the page Set-up with whether they are ticked off."""
    found = [e.label for e in app.expander if ". " in e.label]
    return {label.split(". ", 1)[1].removesuffix("**"): "check_circle" in label for label in found}
