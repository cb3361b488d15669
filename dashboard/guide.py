"""The set-up guide on paper, with its check marks as they stand, and how each system is connected."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typst

from dashboard import labels
from dashboard.onboarding import Step
from dashboard.words import _, language
from extract.vendor import registry
from reconcile.settings import Settings

TEMPLATE = Path(__file__).with_name("guide.typ")


def pdf(steps: Sequence[Step], settings: Settings) -> bytes:
    """Return the guide as PDF, in the language that is spoken."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copy(TEMPLATE, place / "guide.typ")
        (place / "data.json").write_text(json.dumps(document(steps, settings), ensure_ascii=False), "utf-8")
        made = typst.compile(place / "guide.typ", root=place, ignore_system_fonts=True, format="pdf")
        assert isinstance(made, bytes), "one document is asked for"
        return made


def document(steps: Sequence[Step], settings: Settings) -> dict[str, Any]:
    """Return the words of the guide: the steps, then how each system is connected."""
    company, joined = settings.company, {one.vendor for one in settings.connections.values()}
    way = [{"title": f"{at}. {s.title}", "why": s.why, "how": list(s.how), "done": s.done}
           for at, s in enumerate(steps, 1)]  # fmt: skip
    systems = [
        {"title": vendor.title, "why": labels.auth(vendor.auth_kind), "how": [_(how) for how in vendor.steps],
         "done": name in joined}
        for name, vendor in sorted(registry().items())
        if vendor.steps
    ]  # fmt: skip
    asked = _("Questions: {contact}").format(contact=company.contact) if company.contact else ""
    return {
        "language": language(), "company": company.name or "Cuadra", "title": _("Set-up guide"),
        "intro": _("Tick off each step. The first reconciliation on your own files takes a quarter of an hour, the "
                   "first invoice in a test account an hour or two."),
        "footer": asked or _("The same steps, with what is done already, stand on the page Set-up."),
        "sections": [{"title": _("Steps"), "steps": way}, {"title": _("Connecting a system"), "steps": systems}],
    }  # fmt: skip
