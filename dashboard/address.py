"""The page's address carries what is chosen on it, so that a view can be sent to a colleague.

Values in the address are stable codes, the same in every language. A page opened with other values than it showed (a
link, the browser's back button) takes those; what is unknown there is ignored.
"""

import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st


def bound(
    widget: Callable[..., Any],
    label: str,
    *args: Any,
    name: str,
    scope: str,
    default: Any = None,
    allowed: Collection[str] | None = None,
    **said: Any,
) -> Any:
    """Show a widget whose value stands in the address under `name`, left out where it is `default`; return the value.

    `scope` tells pages apart. A list as `default` means a widget of several values. `allowed` (by default the first of
    `args`) are the values that may come from the address; any text may where neither is given.
    """
    key = f"{scope}:{name}"
    _pull(key, name, default, allowed if allowed is not None else (args[0] if args else None))
    value = widget(label, *args, key=key, **said)
    _push(key, name, value, default)
    return value


def page(pages: int, scope: str, of: object) -> int:
    """Show page numbers and return the chosen one; it is 1 again when `of`, what is listed, changes."""
    told, seen = repr((of, pages)), st.session_state.get(f"{scope}:listed")
    if seen is not None and seen != told:
        st.query_params.pop("page", None)
    st.session_state[f"{scope}:listed"] = told
    key = f"{scope}:page:{zlib.crc32(told.encode())}"  # other rows are another widget, which begins at its default
    asked = st.query_params.get("page", "1")
    first = int(asked) if asked.isdecimal() and 1 <= int(asked) <= pages else 1
    begin = st.session_state.setdefault(f"{key}:default", first)
    if pages <= 1:
        return 1
    value = st.pagination(pages, default=begin, key=key, max_visible_pages=5)
    _push(key, "page", value, 1)
    return value


def _pull(key: str, name: str, default: Any, allowed: Collection[str] | None, kind: Callable[[str], Any] = str) -> None:
    """Take what the address says into the widget's state, if that is news."""
    told, last = st.query_params.get_all(name), st.session_state.get(f"{key}:address")
    if allowed is not None and isinstance(held := st.session_state.get(key), list):
        st.session_state[key] = [value for value in held if value in allowed]  # an option may have gone meanwhile
    if key in st.session_state and told == (last or []):
        return
    good = [value for value in told if allowed is None or value in allowed]
    if key not in st.session_state or last is not None or good:
        several = isinstance(default, list)
        st.session_state[key] = good or list(default) if several else (good[0] if good else default)
    st.session_state[f"{key}:address"] = list(told)


def _push(key: str, name: str, value: Any, default: Any) -> None:
    """Write the widget's value into the address, if it is not there."""
    values: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    wanted = [] if value in (None, "", default) else [str(v) for v in values]
    if wanted != st.query_params.get_all(name):
        if wanted:
            st.query_params[name] = wanted
        else:
            st.query_params.pop(name, None)
    st.session_state[f"{key}:address"] = wanted
