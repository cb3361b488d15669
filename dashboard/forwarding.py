"""Addresses that people type, remember or guess, and the page that each means: no reader is told that it is not there.

A page is called by its key. These are what it is called in the menu, and what else it might be called.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

MEANT = {
    "": ("week", "this-week", "home", "index", "index.html", "dashboard"),
    "to-fix": ("tofix", "fix", "findings", "problems"),
    "deals": ("deal",),
    "quotes": ("quote",),
    "reconciliation": ("reconcile", "match", "matching"),
    "quality": ("data-quality",),
    "receivables": ("overdue", "invoices"),
    "customer": ("customers",),
    "value": ("proof-of-value",),
    "reports": ("report",),
    "automations": ("automation",),
    "connections": ("connection", "connect"),
    "activity": ("log",),
    "setup": ("set-up", "start"),
    "settings": ("setting",),
}


def _route(name: str, page: str) -> Route:
    """Return what leads from a name to its page, with what the address asks of it."""

    async def forward(request: Request) -> RedirectResponse:
        asked = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{page}{asked}")

    return Route(f"/{name}", forward)


ROUTES = tuple(_route(name, page) for page, names in MEANT.items() for name in names)
