"""The little that the theme file cannot say: signs of severity and state, and colours of charts in light and dark.

Severity and state are told by a sign, a word and a colour, so that no reader depends on the colour.
"""

from typing import NamedTuple

import streamlit as st

from dashboard.words import _, said_of


class Mark(NamedTuple):
    """How a state is shown: Streamlit's colour name, Material icon, plain sign for tables, and its word."""

    colour: str
    icon: str
    sign: str
    word: str


def severity(value: str | None) -> Mark:
    """Return the mark of a finding's severity."""
    return {
        "high": Mark("red", ":material/error:", "▲", _("High")),
        "medium": Mark("orange", ":material/warning:", "◆", _("Medium")),
        "low": Mark("blue", ":material/info:", "●", _("Low")),
    }.get(value or "", Mark("gray", ":material/help:", "○", value or ""))


def invoice_state(value: str | None) -> Mark:
    """Return the mark of an invoice's state."""
    return {
        "waiting": Mark("gray", ":material/outbox:", "○", said_of("invoice", "Waiting to be sent")),
        "sent": Mark("blue", ":material/mail:", "●", said_of("invoice", "Sent")),
        "partly_paid": Mark("orange", ":material/timelapse:", "◐", said_of("invoice", "Partly paid")),
        "paid": Mark("green", ":material/check_circle:", "✓", said_of("invoice", "Paid")),
        "overdue": Mark("red", ":material/schedule:", "▲", said_of("invoice", "Overdue")),
        "draft": Mark("gray", ":material/edit_note:", "○", _("Draft")),
        "credit_note": Mark("gray", ":material/undo:", "−", _("Credit note")),
        "void": Mark("gray", ":material/block:", "×", said_of("invoice", "Void")),
        "uncollectible": Mark("red", ":material/money_off:", "×", said_of("invoice", "Uncollectible")),
    }.get(value or "", Mark("gray", ":material/help:", "○", value or ""))


def source_state(value: str) -> Mark:
    """Return the mark of how a source is doing."""
    return {
        "fresh": Mark("green", ":material/check_circle:", "✓", _("Up to date")),
        "old": Mark("orange", ":material/schedule:", "◆", _("Old")),
        "failed": Mark("red", ":material/error:", "▲", _("Stopped")),
        "off": Mark("gray", ":material/link_off:", "○", _("Not connected")),
        "never": Mark("gray", ":material/pending:", "○", _("Not read yet")),
    }[value]


class Palette(NamedTuple):
    """Colours of charts."""

    text: str
    muted: str
    line: str
    surface: str
    accent: str
    accent_soft: str
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    ages: tuple[str, str, str, str, str]  # not due, then later and later: ever darker, so that the order is seen too
    ground: str  # a field with nothing in it
    shades: tuple[tuple[str, str], ...]  # fill and ink of a field, for a little to a lot: 4.5 : 1 at least


LIGHT = Palette(
    "#1B2036", "#555C75", "#E2E5EE", "#FFFFFF", "#3D43C6", "#DEDFF7", "#009E73", "#CFEDE3",
    "#E69F00", "#FBE9C6", "#D55E00", "#F8DCC8", ("#9DA2E6", "#F3CB63", "#E69F00", "#D55E00", "#8A3200"),
    "#F6F7FB", (("#E4E5F8", "#1B2036"), ("#BDC0F0", "#1B2036"), ("#666CD4", "#FFFFFF"), ("#3D43C6", "#FFFFFF")),
)  # fmt: skip
DARK = Palette(
    "#E7E9F3", "#A4AAC2", "#2C3147", "#10131F", "#9AA0FF", "#2A2E58", "#4CC79F", "#153C32",
    "#E9B44C", "#40331A", "#F08A4B", "#45281A", ("#6E75CF", "#F7E2AE", "#E9B44C", "#F08A4B", "#C4511F"),
    "#181C2B", (("#2A2E58", "#E7E9F3"), ("#414892", "#FFFFFF"), ("#868DE8", "#10131F"), ("#B9BDFF", "#10131F")),
)  # fmt: skip


def palette() -> Palette:
    """Return the colours of the theme the reader sees."""
    return DARK if st.context.theme.type == "dark" else LIGHT
