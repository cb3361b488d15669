"""The one way to write from a page: preview exactly what would be sent, ask, start it, say what happened.

What is confirmed runs as durable workflows: closing the page or the machine does not stop half-way.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillAsking
from email.header import decode_header, make_header
from functools import lru_cache
from pathlib import Path

import streamlit as st

from dashboard import adding, choosing_account, jobs, labels, read, rights, said, session, working
from dashboard.parts import badge, plain, value
from dashboard.read import findings
from dashboard.words import _, several
from extract.model import InvoiceDraft
from extract.vendor import VendorError
from reconcile import access, approvals, gate, workflows
from reconcile.action import Caution, Need, Plan, Sentence, Subject
from reconcile.automations.flows import shut
from reconcile.connections import connections
from reconcile.facts import Ambiguous
from reconcile.mail import NAME as MAIL
from reconcile.settings import SettingsError
from reconcile.state import state
from reconcile.vault import VaultError
from reconcile.workflows import Run

LOOK = 0.3  # seconds between looks at what runs
LONGEST = 180.0  # seconds that a page watches; what runs goes on without it
SHORT = 5  # fields shown in one column; more are shown in two
SUMS = ("net", "tax", "gross")  # fields of a draft that are money in its currency
WHOLE = 3  # chains shown in full; more are folded
PATIENCE = 1.0  # seconds a page waits to hear whether the accounts are test accounts
# mended in the CRM, on another page or in the settings, not typed in here
_ELSEWHERE = (
    "customer",
    "currency",
    "amount",
    "mail.sender",
    "reminder",
    "products",
    "part",
    "quote",
    "nothing_left",
    "account",
)
_ASKER = ThreadPoolExecutor(1, thread_name_prefix="test accounts")


def preview(ids: tuple[str, ...]) -> None:
    """Open what would be written to mend these findings; nothing is written before it is confirmed there."""
    title = several("Preview of {count} fix", "Preview of {count} fixes", len(ids))
    for name in ("given", "choices", "choice-customer_id"):
        st.session_state.pop(name, None)
    choosing_account.forget()
    st.dialog(title, width="large", icon=":material/visibility:")(_opened)(ids)


def offered(action: str, subject: Subject, given: Mapping[str, str] | None = None) -> None:
    """Open what would be written that no finding asks for, such as a part of a deal's plan or a quote's pro-forma."""
    for name in ("choices", "choice-customer_id"):
        st.session_state.pop(name, None)
    choosing_account.forget()
    st.session_state["given"] = dict(given or {})
    title = several("Preview of {count} fix", "Preview of {count} fixes", 1)
    st.dialog(title, width="large", icon=":material/visibility:")(_opened)((), (action, subject))


def _opened(ids: tuple[str, ...], wish: tuple[str, Subject] | None = None) -> None:
    if not rights.sees_plans():
        return
    given: dict[str, str] = st.session_state.setdefault("given", {})
    if choosing_account.open_question(given):
        return
    try:
        plans = workflows.offer(session.data(), *wish, given) if wish else workflows.fix(session.data(), ids, given)
    except Ambiguous as error:
        choosing_account.open_question(given, error.among)
        return
    except (SettingsError, VaultError) as error:
        st.error(plain(error), icon=":material/error:")
        return
    chains = _chains(plans)
    if not chains:
        rows = findings.by_ids(session.data(), ids)
        why = {spelt(reason) for reason in shut(session.data(), rows)}
        nothing = _("Nothing can be sent for this: only a person can mend it, or it was mended meanwhile.")
        st.info(plain(" ".join(sorted(why))) or nothing)
        return
    ready = {key: parts for key, parts in chains.items() if all(plan.is_ready for plan in parts)}
    if len(chains) > 1 and len(ready) < len(chains):
        left = len(chains) - len(ready)
        st.warning(several("{count} needs an answer from you first: open it alone.",
                           "{count} need an answer from you first: open them alone.", left))  # fmt: skip
    if len(chains) == 1:
        _choose(next(iter(chains.values())), given)
    for at, parts in enumerate(chains.values()):
        with st.container(border=True) if at < WHOLE else st.expander(plain(spelt(parts[0].says))):
            _chain(parts)
    if len(chains) == 1:
        adding.offer(next(iter(chains.values())), given)
        _questions(next(iter(chains.values())), given)
    _ask([plan for parts in ready.values() for plan in parts])


def _chains(plans: Sequence[Plan]) -> dict[str, list[Plan]]:
    found: dict[str, list[Plan]] = {}
    for plan in plans:
        found.setdefault(plan.chain, []).append(plan)
    return found


def spelt(sentence: Sentence) -> str:
    """Return a plan's sentence in the reader's language."""
    values = {n: labels.vendor(v) if n in ("vendor", "crm") else value(v) for n, v in sentence.values.items()}
    return _(sentence.text).format(**values).replace("..", ".")


def _chain(parts: Sequence[Plan]) -> None:
    """Show the steps of a chain in order, each with exactly what it writes."""
    for at, plan in enumerate(parts, 1):
        where = _("by e-mail") if plan.vendor == MAIL else _("in {vendor}").format(vendor=labels.vendor(plan.vendor))
        says = spelt(plan.says)
        st.markdown(f"**{at}. {plain(says)}**" + ("" if where in says else f" :gray[{plain(where)}]"))
        for caution in plan.cautions:
            _caution(caution)
        for need in plan.needs:
            now = f" ({plain(need.value)})" if need.value else ""
            st.error(f"{plain(spelt(need.says))}{now}", icon=":material/edit:")
        if plan.preview:
            _changes(plan)


def _caution(caution: Caution) -> None:
    st.warning(plain(spelt(caution.says)), icon=":material/warning:")


def _changes(plan: Plan) -> None:
    """Show what a step writes: before and after, or only what it makes."""
    if any(change.before is not None for change in plan.preview):
        rows = [(labels.field(c.field), _value(c.before), _value(c.after)) for c in plan.preview]
        st.markdown(_table((_("Field"), _("Before"), _("After")), rows))
    else:
        _made(plan)


def _made(plan: Plan) -> None:
    """Show what a step makes: its fields in two columns where they are many, then lines, then long texts."""
    currency = plan.draft.currency if isinstance(plan.draft, InvoiceDraft) else ""
    fields, lines, texts = [], [], []
    for change in plan.preview:
        said = change.after or ""
        if "\n" in said:
            texts.append(said)
        elif change.field.startswith("line "):
            lines.append((labels.field(change.field), _value(said)))
        else:
            said = f"{said} {currency}" if currency and change.field in SUMS else said
            fields.append((labels.field(change.field), _value(said)))
    half = -(-len(fields) // 2) if len(fields) > SHORT else len(fields)
    for column, part in zip(st.columns(2, gap="medium"), (fields[:half], fields[half:]), strict=True):
        if part:
            column.markdown(_table(("", ""), part))
    if lines:
        st.markdown(_table(("", ""), lines))
    for said in texts:
        with st.container(border=True):
            st.text(said)


def _value(said: str | None) -> str:
    if not said:
        return "–"
    if "=?" in said:  # an address as it stands in a mail's head
        said = str(make_header(decode_header(said)))
    return labels.state_word(value(said))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in [head, *rows]]
    return "\n".join([lines[0], "|" + ":--|" * len(head), *lines[1:]])


def _choose(parts: Sequence[Plan], given: dict[str, str]) -> None:
    """Let another way be picked, such as a billing customer that is perhaps the same; the preview is made anew."""
    offered = [choice for plan in parts for choice in plan.choices]
    known: dict[str, dict[str, str]] = st.session_state.setdefault("choices", {})
    for choice in offered:
        known.setdefault(choice.name, {"": _("It is a new customer: create it.")})[choice.value] = plain(
            spelt(choice.says)
        )
    for name, words in known.items():
        before = given.get(name, "")
        alike = len(words) - 1
        title = several("{count} customer in billing is alike", "{count} customers in billing are alike", alike)
        with st.expander(title, icon=":material/group:", expanded=bool(before)):
            picked = st.radio(
                _("Which is it?"), list(words), format_func=words.__getitem__, key=f"choice-{name}",
                index=list(words).index(before) if before in words else 0,
            )  # fmt: skip
        if picked != before:
            given.pop(name, None)
            given.update({name: picked} if picked else {})
            st.rerun(scope="fragment")


def _questions(parts: Sequence[Plan], given: dict[str, str]) -> None:
    """Ask for what is missing, and let be changed what may be; the preview is made anew from the answers."""
    needs = {need.name: need for plan in parts for need in plan.needs}
    missing = set(needs)
    needs |= {offer.name: offer for plan in parts for offer in plan.offers if offer.name not in needs}
    asked = {name: need for name, need in needs.items() if name not in _ELSEWHERE}
    if not asked:
        return
    required = not missing.issubset(_ELSEWHERE)
    title = _("What is missing") if required else _("Change something")
    with st.expander(title, expanded=required, icon=":material/edit:"), st.form("given-form", border=False):
        typed = {n: _answer(need, given.get(n) or need.value or "", n in missing) for n, need in asked.items()}
        if st.form_submit_button(_("Show the preview anew"), type="primary" if required else "secondary"):
            for name in typed:
                given.pop(name, None)
            given.update({name: text.strip() for name, text in typed.items() if text.strip()})
            st.rerun(scope="fragment")


def _answer(need: Need, now: str, is_missing: bool) -> str:
    """Show the question of a need, a list where one of a few has to be picked; return what stands there."""
    if not need.options:
        return st.text_input(labels.field(need.name), value=now, key=f"given-{need.name}",
                             placeholder="2026-12-31" if need.name == "due_on" else None)  # fmt: skip
    codes = list(need.options)
    return st.selectbox(labels.field(need.name), codes, codes.index(now) if now in codes else None,
                        format_func=need.options.__getitem__, key=f"given-{need.name}",
                        placeholder=_("Pick one") if is_missing else _("As planned")) or ""  # fmt: skip


def _ask(plans: list[Plan]) -> None:
    """Ask for the confirmation, or say why there is nothing to confirm."""
    if not plans:
        return
    if not all(rights.offered(right) for right in access.to_write(action for plan in plans for action in plan.does)):
        return
    names = sorted({plan.vendor for plan in plans})
    if reasons := _refusals(names):
        for reason in reasons:
            st.error(plain(reason), icon=":material/lock:")
        return
    steps = several("{count} step", "{count} steps", len(plans))
    where = ", ".join(_("e-mail") if name == MAIL else labels.vendor(name) for name in names)
    told = _("Confirming does exactly what stands above: {steps} ({where}). Pressed twice, it happens once.")
    st.caption(told.format(steps=steps, where=plain(where)))
    if st.button(_("Confirm and write"), type="primary", icon=":material/check:", width="stretch", key="confirm"):
        _write(plans)


def _refusals(names: Sequence[str]) -> list[str]:
    """Return why nothing may be written at these connections, for each that may not."""
    settings, store, vendors = session.settings(), state(session.data()), connections(session.data())
    vendors[MAIL] = workflows.mailer(settings, store)  # type: ignore[assignment]
    found = []
    for name in names:
        try:
            if reason := gate.refusal(name, vendors.get(name), settings, store):
                found.append(reason)
        except VendorError as error:
            found.append(str(error))
    return found


def _write(plans: list[Plan]) -> None:
    """Start the chains, watch them to their end, then read back what changed so that mended findings go."""
    data = session.data()
    ids = workflows.confirm(data, plans, session.who())
    with st.status(_("Writing"), expanded=True) as status:
        place, end = st.empty(), time.monotonic() + LONGEST
        while True:
            runs = [workflows.status(data, run_id) for run_id in ids]
            place.markdown(progress(runs))
            if all(run.state != "running" for run in runs) or time.monotonic() > end:
                break
            time.sleep(LOOK)
        good = all(run.state == "done" for run in runs)
        status.update(label=_("Written") if good else _("Not all was written"), state="complete" if good else "error")
    _read_back(plans)
    _conclude(plans, runs)


def progress(runs: Sequence[Run]) -> str:
    """Return the steps of runs as lines of Markdown, each with its state."""
    lines = []
    for run in runs:
        for at, plan in enumerate(run.plans):
            tried = at < len(run.outcomes)
            waits = "waiting" if run.state != "running" or at > len(run.outcomes) else "running"
            outcome = run.outcomes[at] if tried else None
            mark = labels.outcome(outcome.state if outcome else waits)
            line = f"- {badge(mark)} {plain(spelt(plan.says))}"
            if outcome and outcome.data.get("number"):
                line += f" **{plain(outcome.data['number'])}**"
            if outcome and outcome.error:
                line += f"  \n  :gray[{plain(outcome.error)}]"
            lines.append(line)
    return "\n".join(lines)


def _read_back(plans: Sequence[Plan]) -> None:
    """Read what changed at the connections that were written to, and reconcile."""
    data = session.data()
    names = sorted({plan.vendor for plan in plans} & set(connections(data)))

    def job(told: working.Told) -> None:
        jobs.sync(data, names, progress=told)
        jobs.reconcile(data, progress=told)

    working.run(_("Reading back and comparing"), job)


def _conclude(plans: Sequence[Plan], runs: Sequence[Run]) -> None:
    """Say what became of the findings, on the page under the dialog, which closes."""
    ids = tuple(dict.fromkeys(finding for plan in plans for finding in plan.findings))
    still = [row for row in findings.by_ids(session.data(), ids) if row["state"] in ("open", "unchecked")]
    waits = [run for run in runs if run.state == "waiting"]
    bad = [run for run in runs if run.state not in ("done", "waiting")]
    made = _numbers(runs)
    for run in waits:
        said.say("info", f"{plain(spelt(run.plans[0].says))} {_('Waiting for approval')}: "
                         f"{plain(next(o.error for o in run.outcomes if o.error))}")  # fmt: skip
    if not bad and not waits:
        gone = several("{count} finding is gone.", "{count} findings are gone.", len(ids) - len(still))
        said.say("success", " ".join([_("Done.") if still or not ids else f"{_('Done.')} {gone}", made]))
    for run in bad:
        reason = next((outcome.error for outcome in run.outcomes if outcome.error), _("it still runs"))
        said.say("error", f"{plain(spelt(run.plans[0].says))} {plain(reason)}")
    if bad:
        said.say("info", _("Try again on the page Activity what did not end well; what was done is not done twice."))
    st.session_state["picked"] = st.session_state.get("picked", 0) + 1  # the ticks of the list belong to rows now gone
    st.rerun()


def _numbers(runs: Sequence[Run]) -> str:
    """Return the numbers of the invoices that runs made, as a sentence; empty where there are none."""
    numbers = dict.fromkeys(o.data["number"] for run in runs for o in run.outcomes if o.data.get("number"))
    return _("Invoice {numbers}.").format(numbers=f"**{plain(', '.join(numbers))}**") if numbers else ""


def unfinished() -> list[Run]:
    """Return runs that run, were refused or are in doubt, newest first, unless their chain ended well later."""
    seen: set[str] = set()
    found = []
    asked = {row["run_id"] for row in approvals.waiting(state(session.data()))}  # they have a list of their own
    for run in workflows.runs(session.data(), 200):
        if run.chain not in seen and run.state != "done" and run.id not in asked:
            found.append(run)
        seen.add(run.chain)
    return found


def again(run: Run) -> None:
    """Start a run again; what was done before is found, not done twice."""
    watch(workflows.retry(session.data(), run.id, session.who()))


def watch(run_id: str) -> None:
    """Watch a run to its end, then read back what it changed and say what became of it."""
    data = session.data()
    run = workflows.status(data, run_id)
    with st.spinner(_("Working")):
        end = time.monotonic() + LONGEST
        while workflows.status(data, run_id).state == "running" and time.monotonic() < end:
            time.sleep(LOOK)
    _read_back(run.plans)
    _conclude(run.plans, [workflows.status(data, run_id)])


def only_test_accounts() -> bool:
    """Return whether every connection is to a test account; False while they have not answered."""
    data = session.data()
    if not session.settings().connections:
        return False
    try:
        return _asked(data, read.ready(data), int(time.monotonic() // 600)).result(PATIENCE)
    except (StillAsking, SettingsError, VaultError):
        return False


@lru_cache(maxsize=4)
def _asked(data: Path, ready: bool, now: int) -> "Future[bool]":
    """Ask beside the page, at most every ten minutes: a vendor that is down must not hold the page up."""

    def ask() -> bool:
        vendors = connections(data)
        return bool(vendors) and all(gate.tests(vendors).values())

    return _ASKER.submit(ask)
