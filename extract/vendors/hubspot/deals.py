"""Deals and their lines: read again and changed."""

from collections.abc import Mapping
from typing import Any

from extract.model import Written
from extract.vendors.hubspot.properties import Properties


class Deals(Properties):
    """What is written of deals and lines."""

    def deal(self, id: str) -> dict[str, Any]:
        """Return one deal as it is there now, as a typed row. Refused (404) where it does not exist."""
        self._look_around()
        _, item = next(self._framed([("deals", self._one("deals", id))]))
        return self.mapped("deals", "deals", item)

    def update_deal(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a deal; None clears. Properties that the account lacks are made first."""
        reply = self._update("deals", id, changes)
        p, names = reply["properties"], self.fields["deals"]
        return Written(
            id=reply["id"],
            url=reply.get("url"),
            number=p.get(names.get("invoice_number", "")),
            status=p.get(names.get("invoice_status", "")),
        )

    def line_sku(self, id: str) -> str | None:
        """Return the article number of a line as it is there now. Refused (404) where the line does not exist."""
        found: str | None = self._one("line_items", id)["properties"].get(self.fields["line_items"]["sku"])
        return found or None

    def update_line(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a line; None clears."""
        return Written(id=self._update("line_items", id, changes)["id"])
