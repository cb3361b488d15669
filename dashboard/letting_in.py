"""Setting up who gets in: the provider that vouches for people, and the roles they have."""

from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from dashboard import guard, signin
from extract import logs
from reconcile import access, settings
from reconcile.settings import Access, Role
from reconcile.state import Entry, state

ROLES: tuple[Role, ...] = get_args(Role)


class Wrong(ValueError):
    """It cannot be set up so; the text says why and what to do."""


class Silent(Exception):
    """The provider could not be asked, or is none; the text says what it answered."""


def set_up(data: Path, issuer: str, client_id: str, secret: str, address: str = "", who: str = "command line") -> None:
    """Keep a provider after it was asked what it is. Wrong, Silent, keeping nothing."""
    logs.hide([secret])
    if not secret:
        raise Wrong("No secret was given.")
    asked(issuer)
    known = settings.load(data)
    before = known.access
    chosen = before.model_copy(update={"issuer": issuer, "client_id": client_id})
    reports = known.reports.model_copy(update={"address": address or known.reports.address})
    made = known.model_copy(update={"access": chosen, "reports": reports})
    store = state(data)
    try:
        signin.check(made)
    except signin.NotReady as error:
        raise Wrong(f"{error}.") from error
    store.keep_credentials(signin.NAME, {signin.SECRET: secret}, who)
    settings.save(made, data)
    store.record(Entry(who=who, action="change_access", outcome="decided", subject="settings:access",
                       before=_told(before), after=_told(chosen)))  # fmt: skip


def close(data: Path, who: str = "command line") -> None:
    """Let nobody sign in any more; the roles stay written down."""
    known = settings.load(data)
    chosen = known.access.model_copy(update={"issuer": "", "client_id": ""})
    settings.save(known.model_copy(update={"access": chosen}), data)
    state(data).forget_credentials(signin.NAME, who)
    state(data).record(Entry(who=who, action="change_access", outcome="decided", subject="settings:access",
                             before=_told(known.access), after=_told(chosen)))  # fmt: skip


def standing(data: Path) -> dict[str, Any]:
    """Return how signing in is set up: without the secret."""
    known = settings.load(data)
    kept = state(data).credentials(signin.NAME)
    return _told(known.access) | {
        "address": known.reports.address, "secret": "kept" if kept.get(signin.SECRET) else "missing",
        "give_the_provider": known.reports.address.rstrip("/") + signin.CALLBACK if known.reports.address else "",
    }  # fmt: skip


def give(data: Path, whom: str, role: str, crm_email: str = "", who: str = "command line") -> None:
    """Give somebody a role, or take it away where it is empty. Wrong where there is no such role."""
    if role not in ("", *ROLES):
        raise Wrong(f"{role} is no role; there are {', '.join(ROLES)}")
    known = settings.load(data)
    part, name = _part(whom)
    held = dict(getattr(known.access, part))
    before = held.pop(name, "")
    if not role and not before:
        raise Wrong(f"{whom} has no role; to give one say --role {'|'.join(ROLES)}")
    emails = {key: value for key, value in known.access.crm_emails.items() if key != name}
    if crm_email and part == "people":
        emails[name] = crm_email.strip().lower()
    update = {part: held | ({name: role} if role else {}), "crm_emails": emails}
    try:
        chosen = Access.model_validate(known.access.model_dump() | update)
    except ValidationError as error:
        raise Wrong(str(error.errors()[0]["msg"])) from error
    if _admins(known.access) and not _admins(chosen):
        raise Wrong("nobody would be administrator any more: make somebody else one first")
    settings.save(known.model_copy(update={"access": chosen}), data)
    state(data).record(Entry(who=who, action="change_access", outcome="decided", subject=f"access:{name}",
                             before={"role": before}, after={"role": role}))  # fmt: skip


def listed(data: Path) -> list[dict[str, Any]]:
    """Return who has which role and may do what: people, then claims, then domains."""
    chosen = settings.load(data).access
    pairs = [*chosen.people.items(), *chosen.claims.items(), *((f"@{d}", r) for d, r in chosen.domains.items())]
    return [
        {"whom": whom, "role": role, "crm_email": chosen.crm_emails.get(whom, ""), "may": sorted(access.RIGHTS[role])}
        for whom, role in pairs
    ]


def _admins(chosen: Access) -> int:
    return sum(role == "admin" for held in (chosen.people, chosen.claims, chosen.domains) for role in held.values())


def _part(whom: str) -> tuple[str, str]:
    if "=" in whom:
        return "claims", whom.strip()
    local, at, domain = whom.strip().lower().partition("@")
    if not at or "." not in domain:
        raise Wrong(
            f"{whom} is neither an e-mail address, nor a claim like groups=finance, nor a domain like @example.com"
        )
    return ("people", whom.strip().lower()) if local else ("domains", domain)


def asked(issuer: str) -> None:
    """Ask the provider for its own description, so that a slip shows now and not when somebody signs in."""
    if urlsplit(issuer).scheme != "https" and not guard.is_loopback(urlsplit(issuer).hostname or ""):
        raise Wrong(f"{issuer} is no address of a provider: write it with https://.")
    url = signin.metadata(issuer)
    try:
        answer = httpx.get(url, timeout=15, follow_redirects=True)
        found = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Silent(f"{url} did not answer as an OpenID Connect provider does: {error}.") from error
    lacking = [n for n in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri") if not found.get(n)]
    if lacking:
        raise Silent(f"{url} does not say its {', '.join(lacking)}: it is no OpenID Connect provider.")


def _told(chosen: Access) -> dict[str, Any]:
    return {"issuer": chosen.issuer, "client_id": chosen.client_id}
