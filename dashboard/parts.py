"""Pieces of layout that several pages share: headings, money of several currencies, marks, empty states, evidence."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow
import streamlit as st

from dashboard.theme import Mark, palette
from dashboard.words import _, day, money, number

Amounts = Iterable[tuple[str, Decimal]]
ROW = 33  # pixels of a table's heading and of each of its rows: Streamlit's 2.1875 rem at our `baseFontSize`
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-!|<>$:~])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CENTS = re.compile(r"-?\d+\.\d{2}")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")

# Streamlit has no narrow-screen switch: tighter margins on a phone, where tabs and what is ticked go on in the next
# line, not beyond the edge; tabular figures everywhere, no line of its own for the running man. Links in captions are
# told by more than their colour.
STYLE = """
<style>
[data-testid="stMetricValue"], [data-testid="stDataFrame"], table { font-variant-numeric: tabular-nums; }
[data-testid="stMetricLabel"] p { font-size: 0.82rem; opacity: 0.85; white-space: normal; }
[data-testid="stVerticalBlock"] hr { margin: 0.1rem 0; }
[data-testid="stCaptionContainer"] a { text-decoration: underline; }
[data-testid="stMainBlockContainer"] { max-width: 1320px; padding-inline: 2.2rem; }
[data-testid="stMarkdownContainer"] table { width: 100%; font-size: 0.88rem; border-collapse: collapse; }
[data-testid="stMarkdownContainer"] table :is(th, td) {
  border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  padding: 0.35rem 0.5rem 0.35rem 0; overflow-wrap: anywhere; vertical-align: top;
}
[data-testid="stMarkdownContainer"] table :is(th, td:first-child) { overflow-wrap: normal; }
[data-testid="stMarkdownContainer"] table td[style*="right"] { white-space: nowrap; }
[data-testid="stMarkdownContainer"] table th { font-weight: 600; opacity: 0.75; }
[data-testid="stTable"] :is(th, td):not(:first-child) { text-align: right !important; }
[data-testid="stMarkdownContainer"] thead:not(:has(th:not(:empty))) { display: none; }
.st-key-red-stop [data-testid="stBaseButton-primaryFormSubmit"] { background: #B3261E; border-color: #B3261E; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 4.2rem 0.9rem 3rem; }
  [data-testid="stMetricValue"] { font-size: 1.25rem; }
  [data-testid="stButtonGroup"] [role="radiogroup"] { flex-wrap: wrap; }
  [data-testid="stTabs"] [role="tablist"] { flex-wrap: wrap; row-gap: 0; }
  [data-testid="stCheckbox"] :is([data-testid="stMarkdownContainer"], p) { white-space: normal; }
}
</style>
"""
# White on the light accent of the dark theme is 2.4 : 1; the page's own ground on it is 7 : 1.
DARK_STYLE = """
<style>
[data-testid^="stBaseButton-primary"] { color: #10131F; }
[data-testid^="stBaseButton-primary"]:hover { color: #10131F; }
.st-key-red-stop [data-testid="stBaseButton-primaryFormSubmit"] { color: #FFFFFF; }
</style>
"""


def style() -> str:
    """Return what the theme file cannot say of how pages look, for the theme the reader sees."""
    # captions are 60 % of the text's colour otherwise: 4.3 : 1, where 4.5 is the least that is easily read
    captions = f'<style>[data-testid="stCaptionContainer"] {{ opacity: 1; color: {palette().muted}; }}</style>'
    return STYLE + captions + (DARK_STYLE if st.context.theme.type == "dark" else "")


def plain(text: Any) -> str:
    """Return a text so that Markdown shows it as it is: names hold stars, dollars and brackets."""
    return _MARKUP.sub(r"\\\1", str(text if text is not None else ""))


def value(text: Any) -> str:
    """Return a stored text as people read it: a date, an amount with or without its currency, or itself."""
    said = str(text if text is not None else "")
    if _DAY.fullmatch(said):
        return day(dt.date.fromisoformat(said))
    if found := _AMOUNT.fullmatch(said):
        return money(Decimal(found[1]), found[2])
    if _CENTS.fullmatch(said):
        return number(Decimal(said), 2)
    return said


def heading(title: str, says: str = "") -> None:
    """Show a page's title and one line under it."""
    st.title(title, anchor=False)
    if says:
        st.caption(says)


def sums(amounts: Amounts, whole: bool = True, most: int = 3) -> str:
    """Return money of several currencies side by side, never added."""
    shown = [money(amount, currency, whole=whole) for currency, amount in amounts]
    rest = len(shown) - most
    return (
        " · ".join(shown[:most]) + (f" · +{rest}" if rest > 0 else "")
        if shown
        else money(Decimal(0), "EUR", whole=True)
    )


def mark(shown: Mark) -> None:
    """Show a state by its icon, colour and word."""
    st.badge(shown.word, icon=shown.icon, color=shown.colour)  # type: ignore[arg-type]


def badge(shown: Mark) -> str:
    """Return a state as a Markdown badge, to stand inside a line."""
    return f":{shown.colour}-badge[{shown.icon} {shown.word}]"


def nothing(title: str, says: str, icon: str = ":material/done_all:") -> None:
    """Show that there is nothing to show, and what that means."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("xsmall")
        st.markdown(f"### {icon} {title}", width="content", anchors=False)
        st.caption(says, width="content", text_alignment="center")
        st.space("xsmall")


def tall(rows: int, most: int | None = None) -> int:
    """Return the height in pixels of a table with so many rows, at most `most`: no strip is left empty under it."""
    height = ROW * (max(1, rows) + 1) + 2  # its heading, and a line above and below
    return height if most is None else min(most, height)


def behind(chart: str, columns: Callable[[], Mapping[str, Sequence[str]]]) -> None:
    """Offer the small table behind a chart: its columns by heading, the first of names, the others of numbers.

    It is made once somebody opens it: most do not, and would wait for it at each click.
    """
    box = st.expander(_("The table behind"), key=f"behind-{chart}", on_change="rerun")
    if not box.open:
        return
    with box:
        told = {name: [plain(value) for value in values] for name, values in columns().items()}
        # an Arrow table goes out as it is; from anything else Streamlit makes one, which takes thirty times as long
        st.table(pyarrow.table(told), border="horizontal", hide_index=True)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Show names and values as two quiet columns; values are Markdown."""
    rows = "\n".join(f"| :gray[{name}] | {value} |" for name, value in pairs)
    st.markdown(f"| | |\n|:--|:--|\n{rows}")


def first_run() -> None:
    """Show somebody who has nothing here yet what to do, in order."""
    nothing(
        _("Nothing to show yet"),
        _("Connect a system or drop a file: then this page says which money is stuck, where, and what to click."),
        ":material/waving_hand:",
    )
    steps = (
        (
            "connections",
            ":material/cable:",
            _("Connect your CRM and billing"),
            _("A key is enough; nothing is written."),
        ),
        (
            "import",
            ":material/upload_file:",
            _("Or drop exports and a bank statement"),
            _("CSV, XLSX, CAMT, MT940, OFX…"),
        ),
        (
            "setup",
            ":material/checklist_rtl:",
            _("Go through the set-up"),
            _("Step by step, or look around with sample data first."),
        ),
    )
    for column, (page, icon, title, says) in zip(st.columns(3), steps, strict=True):
        with column.container(border=True):
            st.markdown(f"**{title}**")
            st.caption(says)
            if st.button(title, key=f"first-{page}", icon=icon, type="primary", width="stretch"):
                go(page)


def go(page: str, **query: str | list[str]) -> None:
    """Open another page, if the reader has it."""
    if page in st.session_state["pages"]:
        st.switch_page(st.session_state["pages"][page], query_params=query)


def link(page: str, label: str, icon: str | None = None, **query: str | list[str]) -> None:
    """Show a link to another page, if the reader has it."""
    if page in st.session_state["pages"]:
        st.page_link(st.session_state["pages"][page], label=label, icon=icon, query_params=query)
