"""The vendors that are connected: built from the settings, with credentials from the environment or the state store."""

import os
from pathlib import Path

from extract.pacing import Pace
from extract.vendor import Vendor, registry
from reconcile.keyring import Kept
from reconcile.pace import shared
from reconcile.settings import Connection, Settings, SettingsError, load
from reconcile.state import State, state


def connections(data: Path) -> dict[str, Vendor]:
    """Return the connected vendors by the name of their connection, those without credentials left out.

    SettingsError if a connection names a vendor that does not exist.
    """
    settings, store = load(data), state(data)
    made = {name: connection(name, said, settings, store, shared(data)) for name, said in settings.connections.items()}
    return {name: vendor for name, vendor in made.items() if not missing(vendor)}


def unconnected(data: Path) -> dict[str, tuple[str, ...]]:
    """Return which credentials each connection of the settings still lacks, for those that lack any."""
    settings, store = load(data), state(data)
    made = {name: connection(name, said, settings, store) for name, said in settings.connections.items()}
    return {name: lacks for name, vendor in made.items() if (lacks := missing(vendor))}


def connection(name: str, said: Connection, settings: Settings, store: State, pace: Pace | None = None) -> Vendor:
    """Return one vendor as the settings say it, that keeps its limit by `pace`. SettingsError if there is none such."""
    found = registry().get(said.vendor)
    if found is None:
        known = ", ".join(sorted(registry()))
        raise SettingsError(f'connections.{name}.vendor: "{said.vendor}" is no vendor; there are: {known}')
    options = {key: str(value) for key, value in (preset(found, settings) | said.options).items()}
    return found(
        credentials(name, found, store),
        name=name,
        options={k: v for k, v in options.items() if k not in ("base_url", "currency")},
        base_url=options.get("base_url"),
        currency=options.get("currency"),
        time_zone=settings.company.time_zone,
        pace=pace,
        keyring=Kept(store, name),
    )


def preset(vendor: type[Vendor], settings: Settings) -> dict[str, str]:
    """Return the options of a CRM that the billing system beside it brings, where nobody chose others.

    With several billing systems it is the chosen one's; where none is chosen and they differ, none.
    """
    if vendor.kind != "crm":
        return {}
    among = {
        n: v for n, said in settings.connections.items() if (v := registry().get(said.vendor)) and v.kind == "billing"
    }
    billing = [among[settings.invoicing.billing]] if settings.invoicing.billing in among else list(among.values())
    if not billing or any(other.presets != billing[0].presets for other in billing):
        return {}
    names = {option.name for option in vendor.options}
    return {name: value for name, value in billing[0].presets.items() if name in names}


def credentials(name: str, vendor: type[Vendor], store: State) -> dict[str, str]:
    """Return the secrets of a connection; the environment wins, so that a server needs no stored ones.

    A variable counts for the connection that is named like its vendor, or prefixed with the connection's own name
    (STRIPE_FR__STRIPE_KEY) where a vendor is connected twice. A refresh token that is kept wins: it is the newer one.
    """
    kept = store.credentials(name)
    prefix = name.upper().replace("-", "_")
    plain = vendor.__module__.rsplit(".", 1)[-1] == name
    given = {need: os.environ.get(f"{prefix}__{need}") or (os.environ.get(need) if plain else None)
             for need in vendor.needs}  # fmt: skip
    changes = vendor.login.needs[2] if vendor.login else ""
    return kept | {need: value for need, value in given.items() if value and not (need == changes and kept.get(need))}


def missing(vendor: Vendor) -> tuple[str, ...]:
    """Return the credentials a vendor needs and has not."""
    return vendor.lacks()
