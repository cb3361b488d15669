"""Who is told what happened: web hooks of programs, channels of people, flows to import, and what went out."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import said, session
from dashboard.hooks import CARRIER, CARRIER_SECRETS, carrier_secret
from dashboard.notify import chat, events, post, texts, webhook
from dashboard.parts import badge, plain, tall
from dashboard.read import ready
from dashboard.read.salespeople import salespeople
from dashboard.theme import Mark
from dashboard.words import _, moment
from reconcile import settings as choices
from reconcile.settings import EVENTS, Channel, Listener, Settings, WebHook
from reconcile.state import Entry, State, state

FLOWS = Path(__file__).resolve().parents[2] / "data" / "flows"
NOWHERE = "https://cuadra.example.com"  # what stands in the flows for the address of whoever imports them
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_SHOWN = "hook-secret"  # the secret of a hook that was just made: shown once
_TESTED = "hook-tested"


def show() -> None:
    """Lay out web hooks, channels, and the flows to import."""
    known, store = session.settings(), state(session.data())
    st.subheader(_("Programs that are called"), anchor=False)
    st.caption(_("When something happens, the address is called with what happened, signed as Standard Webhooks say. "
                 "What fails is tried again for three days under the same id."))  # fmt: skip
    _secret([*known.hooks])
    for name, hook in known.hooks.items():
        with st.container(border=True):
            _listener(known, store, f"hook:{name}", hook)
    with st.expander(_("Add a web hook"), icon=":material/add:"):
        _add_hook(known, store)
    st.subheader(_("Where people read it"), anchor=False)
    st.caption(_("One message for each event, or one for all of an hour or a day; more than ten at once are one."))
    for name, channel in known.channels.items():
        with st.container(border=True):
            _listener(known, store, f"channel:{name}", channel)
    with st.expander(_("Add a channel"), icon=":material/add:"):
        _add_channel(known, store)
    st.subheader(_("Flows for n8n and Make"), anchor=False)
    _flows(known)
    st.subheader(_("Programs that call us"), anchor=False)
    _carrier(known, store)


def _secret(names: Collection[str]) -> None:
    """Show the secret that was just made for one of `names`, until the page is left."""
    made = st.session_state.get(_SHOWN)
    if not made or made[0] not in names:
        return
    with st.container(border=True):
        st.markdown(f"**{_('The secret of {name}: copy it now, it is not shown again').format(name=plain(made[0]))}**")
        st.code(made[1], language=None)
        st.caption(_("Where a tool wants the key as plain text, as n8n and Make do:"))
        st.code(webhook.key_as_text(made[1]), language=None)


def _listener(known: Settings, store: State, target: str, one: Listener) -> None:
    sort, _colon, name = target.partition(":")
    st.markdown(f"#### {plain(name)} {badge(_mark(one))}")
    where = one.url if isinstance(one, WebHook) else _kinds()[getattr(one, "kind", "slack")]
    st.caption(plain(where) + (" · " + _digests()[one.digest] if isinstance(one, Channel) else ""))
    with st.form(f"told-{target}", border=False):
        chosen = _choices(target, one)
        with st.container(horizontal=True):
            if st.form_submit_button(_("Save"), icon=":material/save:", key=f"save-{target}"):
                _keep(known, store, target, one.model_copy(update=chosen), one)
    with st.container(horizontal=True):
        if st.button(_("Send a test"), key=f"test-{target}", icon=":material/send:"):
            st.session_state[_TESTED] = (target, post.test(session.data(), target, session.who()))
        if sort == "hook" and st.button(_("New secret"), key=f"secret-{target}", icon=":material/key:"):
            _new_secret(store, name)
            st.rerun()
        if st.button(_("Remove"), key=f"remove-{target}", icon=":material/delete:"):
            _remove(known, store, target, one)
    tested = st.session_state.get(_TESTED)
    if tested and tested[0] == target:
        if tested[1].sort == "done":
            st.success(_("The test arrived."), icon=":material/check_circle:")
        else:
            st.error(_("The test did not arrive: {reason}").format(reason=plain(tested[1].says)),
                     icon=":material/error:")  # fmt: skip
    _deliveries(store, target)


def _mark(one: Listener) -> Mark:
    if not one.is_on:
        return Mark("gray", ":material/block:", "○", _("Off"))
    if not one.events:
        return Mark("orange", ":material/warning:", "◆", _("Nothing chosen"))
    return Mark("green", ":material/check_circle:", "●", _("On"))


def _choices(target: str, one: Listener) -> dict[str, Any]:
    """Show what a listener is told of; return what stands there."""
    names = texts.names()
    found: dict[str, Any] = {
        "events": st.multiselect(_("Told of"), EVENTS, one.events, format_func=names.__getitem__,
                                 key=f"events-{target}", placeholder=_("Pick what it is told of")),
    }  # fmt: skip
    if isinstance(one, Channel):
        people = {row["id"]: row["name"] or row["email"] or row["id"] for row in _people()}
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        found["owners"] = left.multiselect(
            _("Only of these salespeople's deals"), list(dict.fromkeys([*people, *one.owners])), one.owners,
            format_func=lambda id: people.get(id, id), placeholder=_("All"), key=f"owners-{target}")  # fmt: skip
        found["digest"] = right.selectbox(
            _("How often"), list(_digests()), list(_digests()).index(one.digest), format_func=_digests().__getitem__,
            key=f"digest-{target}")  # fmt: skip
    with st.container(horizontal=True):
        found["is_on"] = st.checkbox(_("On"), one.is_on, key=f"on-{target}")
        found["private"] = st.checkbox(
            _("It may be on this machine or inside this network"),
            one.private,
            key=f"private-{target}",
            help=_("Leave it off for addresses on the internet: nobody can then make us call your own machines."),
        )
    return found


def _keep(known: Settings, store: State, target: str, made: Listener, before: Listener | None) -> None:
    """Check, keep and log a listener. What it was told of is not told again."""
    sort, _colon, name = target.partition(":")
    try:
        if isinstance(made, WebHook):
            webhook.checked(made.url, made.private)
    except webhook.Blocked as error:
        st.error(plain(error), icon=":material/error:")
        return
    except LookupError as error:
        said.say("warning", plain(error))  # it may be there tomorrow
    part = "hooks" if sort == "hook" else "channels"
    _save(known, part, getattr(known, part) | {name: made})
    store.record(Entry(who=session.who(), action="change_listener", outcome="decided", subject=target,
                       before=before.model_dump() if before else None, after=made.model_dump()))  # fmt: skip
    events.collect(session.data())  # from here on it is told
    said.say("success", _("Saved."))
    st.rerun()


def _save(known: Settings, part: str, made: Mapping[str, Listener]) -> None:
    choices.save(known.model_copy(update={part: dict(made)}), session.data())


def _add_hook(known: Settings, store: State) -> None:
    with st.form("hook-new", border=False, clear_on_submit=False):
        name = st.text_input(_("Name"), key="hook-name", placeholder="n8n").strip().lower()
        url = st.text_input(_("Address"), key="hook-url", placeholder="https://n8n.example.com/webhook/cuadra").strip()
        chosen = _choices("hook:", WebHook())
        if st.form_submit_button(_("Add"), type="primary", icon=":material/add:", key="hook-add"):
            if not _is_free(name, known.hooks):
                return
            made = WebHook.model_validate(chosen | {"url": url})
            try:
                webhook.checked(url, made.private)
            except webhook.Blocked as error:
                st.error(plain(error), icon=":material/error:")
                return
            except LookupError:
                pass  # said when it is kept
            _new_secret(store, name)
            _keep(known, store, f"hook:{name}", made, None)


def _add_channel(known: Settings, store: State) -> None:
    with st.form("channel-new", border=False):
        left, right = st.columns([1, 2], vertical_alignment="bottom")
        name = left.text_input(_("Name"), key="channel-name", placeholder="sales").strip().lower()
        kind = right.radio(_("Kind"), list(_kinds()), format_func=_kinds().__getitem__, horizontal=True,
                           key="channel-kind")  # fmt: skip
        address = st.text_input(_("Address"), key="channel-address", type="password", help=_(
            "Slack: the incoming web hook, https://hooks.slack.com/services/… Others: an address as Apprise writes it, "
            "such as workflows://… for Teams or mailtos://… for mail.")).strip()  # fmt: skip
        chosen = _choices("channel:", Channel())
        if st.form_submit_button(_("Add"), type="primary", icon=":material/add:", key="channel-add"):
            if not _is_free(name, known.channels):
                return
            made = Channel.model_validate(chosen | {"kind": kind})
            try:
                chat.checked(kind, address, made.private)
            except (chat.NoChannel, webhook.Blocked) as error:
                st.error(plain(error), icon=":material/error:")
                return
            store.keep_credentials(f"channel:{name}", {chat.ADDRESS: address}, session.who())
            _keep(known, store, f"channel:{name}", made, None)


def _is_free(name: str, there: Mapping[str, Listener]) -> bool:
    if not _NAME.fullmatch(name):
        st.error(_("Give it a name of small letters and digits, such as n8n."), icon=":material/error:")
        return False
    if name in there:
        st.error(_("There is one of this name already."), icon=":material/error:")
        return False
    return True


def _new_secret(store: State, name: str) -> None:
    made = webhook.secret()
    store.keep_credentials(f"hook:{name}", {webhook.SECRET: made}, session.who())
    st.session_state[_SHOWN] = (name, made)


def _remove(known: Settings, store: State, target: str, one: Listener) -> None:
    sort, _colon, name = target.partition(":")
    part = "hooks" if sort == "hook" else "channels"
    _save(known, part, {n: o for n, o in getattr(known, part).items() if n != name})
    store.forget_credentials(target, session.who())
    store.record(Entry(who=session.who(), action="change_listener", outcome="decided", subject=target,
                       before=one.model_dump()))  # fmt: skip
    said.say("info", _("{name} was removed; what waited for it is not sent.").format(name=plain(name)))
    st.rerun()


def _deliveries(store: State, target: str) -> None:
    """Show what went out last, and offer to send again what did not end well."""
    rows = post.history(store, target)
    if not rows:
        st.caption(_("Nothing went out yet."))
        return
    words = {"done": _("arrived"), "waiting": _("waits"), "refused": _("given up"), "doubt": _("not certain")}
    zone, names = session.zone(), texts.names()
    with st.expander(_("What went out last")):
        st.dataframe(
            {_("When"): [moment(r["at"], zone) for r in rows],
             _("What"): [names.get(r["type"], r["type"]) for r in rows],
             _("Outcome"): [words[r["state"]] for r in rows], _("Tries"): [r["tries"] for r in rows],
             _("Next"): [moment(r["next_at"], zone) if r["state"] == "waiting" else "" for r in rows],
             _("Answer"): [r["says"] for r in rows], _("Id"): [r["event_id"] for r in rows]},
            hide_index=True, key=f"went-{target}", height=tall(len(rows), 400),
        )  # fmt: skip
        bad = [r["event_id"] for r in rows if r["state"] in ("refused", "doubt")]
        if bad and st.button(_("Send again what did not arrive"), key=f"again-{target}", icon=":material/refresh:"):
            post.again(store, target, bad, session.who())
            post.bring(session.data())
            st.rerun()


def _carrier(known: Settings, store: State) -> None:
    """Say where tools that carry news between systems call us, and make the secret that they sign with."""
    address = f"{known.reports.address.rstrip('/') or 'https://…'}/hooks/{CARRIER}"
    st.markdown(_("A tool that saw a change calls {address}, signed with the secret: everything is read again.").format(
        address=f"`{address}`"))  # fmt: skip
    is_known = bool(store.credentials(CARRIER_SECRETS).get(webhook.SECRET))
    if st.button(_("New secret") if is_known else _("Make a secret"), key="carrier-secret", icon=":material/key:"):
        st.session_state[_SHOWN] = (CARRIER, carrier_secret(session.data(), session.who()))
        st.rerun()
    _secret([CARRIER])


def flow_for(path: Path, address: str) -> bytes:
    """Return a flow to import that calls Cuadra at `address`, where that is known."""
    text = path.read_text("utf-8")
    return (text.replace(NOWHERE, address.rstrip("/")) if address else text).encode()


def _flows(known: Settings) -> None:
    st.caption(_("Import the file there, enter the secret and the address, and switch it on. The README says what is "
                 "sent and how it is signed."))  # fmt: skip
    titles = {
        "n8n-from-cuadra.json": _("n8n: when a deal is first paid, start the onboarding"),
        "n8n-to-cuadra.json": _("n8n: have Cuadra read again, signed"),
        "make-from-cuadra.json": _("Make: take what Cuadra tells, if its signature is right"),
        "make-to-cuadra.json": _("Make: have Cuadra read again, signed"),
    }
    with st.container(horizontal=True):
        for path in sorted(FLOWS.glob("*.json")):
            st.download_button(titles.get(path.name, path.stem), flow_for(path, known.reports.address), path.name,
                               "application/json", icon=":material/download:", key=f"flow-{path.stem}",
                               on_click="ignore")  # fmt: skip


def _kinds() -> dict[str, str]:
    return {"slack": "Slack", "apprise": _("Teams and others (Apprise)")}


def _digests() -> dict[str, str]:
    return {"": _("At once"), "hour": _("Once an hour"), "day": _("Once a day, at eight")}


def _people() -> list[dict[str, Any]]:
    return list(salespeople(session.data())) if ready(session.data()) else []
