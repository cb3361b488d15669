"""Import: drop a file, answer what it does not tell, see what it would change, take it in."""

import hashlib
import json
from pathlib import Path

import streamlit as st

from dashboard import connecting, imports, labels, session
from dashboard.imports import Ask, Looked
from dashboard.parts import heading, link, plain
from dashboard.words import _, number, several
from extract.files import Difference, Question
from extract.model import TABLES

TYPES = ["csv", "txt", "tsv", "xlsx", "parquet", "xml", "sta", "mt940", "940", "ofx", "qfx", "n43", "q43", "aeb"]
SHOWN = 50  # changes listed before an import
SAMPLE = 5


def show() -> None:
    """Lay out the page."""
    heading(
        _("Import"),
        _("Drop exports of your CRM or billing (CSV, Excel, Parquet) or a bank statement (CAMT.053, MT940, OFX, "
          "Norma 43). Nothing leaves this machine."),
    )  # fmt: skip
    st.html(_uploader())
    dropped = st.file_uploader(
        _("Files"), type=TYPES, accept_multiple_files=True, label_visibility="collapsed", key="drop"
    )
    if not dropped:
        _help()
    for file in dropped or []:
        if file.file_id in st.session_state.get(connecting.TAKEN, ()):
            st.caption(f":green[:material/check:] {plain(file.name)}: {_('taken in')}")
            continue
        path = _kept(file)
        with st.container(border=True):
            st.markdown(f"#### :material/draft: {plain(file.name)}", anchors=False)
            try:
                _one(path, file.file_id)
            except Ask as error:
                st.error(plain(error), icon=":material/error:")


def _uploader() -> str:
    """Return the style that lets the field for files speak the reader's language: Streamlit's own words are English."""
    most = _("or drop them here, up to {size} MB each").format(size=number(st.get_option("server.maxUploadSize")))
    button = _instead('[data-testid="stFileUploaderDropzone"] button p', _("Choose files"))
    beside = _instead('[data-testid="stFileUploaderDropzoneInstructions"] span', most)
    return f"<style>{button} {beside}</style>"


def _instead(where: str, words: str) -> str:
    """Return the style that shows these words in place of those of the elements `where`."""
    shown = json.dumps(words, ensure_ascii=False)
    hidden = f"{where} {{ font-size: 0; white-space: normal; }}"
    return f"{hidden} {where}::after {{ content: {shown}; font-size: 0.875rem; }}"


def _kept(file: st.runtime.uploaded_file_manager.UploadedFile) -> Path:
    """Write what was dropped below the data folder, under a name of its content; return the path."""
    content = file.getvalue()
    folder = session.data() / "dropped" / hashlib.sha256(content).hexdigest()[:16]
    path = folder / (Path(file.name).name or "file")
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.replace(path)
    return path


def _one(path: Path, mark: str) -> None:
    answers = st.session_state.setdefault(f"answers-{mark}", {})
    looked = imports.look(session.data(), path, answers)
    _found(looked)
    if not looked.is_known:
        asked = [q for q in looked.questions if q.required or q.key in answers]
        if asked:
            _ask([*_table_of(looked, asked), *asked], mark, answers)
        if looked.profile or not asked:
            _how(looked, mark, answers)
    if not looked.is_ready:
        return
    with st.spinner(_("Comparing with what is there …")):
        changes = imports.preview(session.data(), path, looked.profile)
    _difference(changes)
    if st.button(_("Take it in"), key=f"take-{mark}", type="primary", icon=":material/download_done:"):
        connecting.take(path, dict(answers), mark)


def _found(looked: Looked) -> None:
    found = looked.found
    said = [labels.file_kind(found.kind)]
    if looked.profile:
        said.append(", ".join(labels.tables(t.table) for t in looked.profile.tables))
    if looked.is_known and looked.profile:
        said.append(_("read as before ({name})").format(name=looked.profile.name))
    st.caption(plain(" · ".join(said)))
    for note in found.notes:
        st.caption(f":material/info: {plain(note)}")
    if found.samples:
        with st.expander(_("First rows"), icon=":material/table_rows:"):
            st.dataframe(found.samples[:SAMPLE], hide_index=True, alt=_("First rows"))


def _ask(asked: list[Question], mark: str, answers: dict[str, str]) -> None:
    """Ask once what the file does not tell; the answers are kept as a profile when it is taken in."""
    st.markdown(f"**{_('One question first')}**" if len(asked) == 1 else f"**{_('A few questions first')}**")
    st.caption(_("You are asked once: the answers are kept for the next file of this kind."))
    _form(asked, mark, answers)


def _form(asked: list[Question], mark: str, answers: dict[str, str]) -> None:
    with st.form(f"ask-{mark}", border=False):
        given = {}
        for question in asked:
            key, before = f"ask-{mark}-{question.key}", answers.get(question.key) or question.suggestion
            if question.choices:
                options = list(question.choices)
                given[question.key] = st.selectbox(
                    plain(question.text), options, index=options.index(before) if before in options else None,
                    format_func=_choice, key=key, placeholder=_("Choose"),
                )  # fmt: skip
            else:
                given[question.key] = st.text_input(plain(question.text), value=before, key=key)
        if st.form_submit_button(_("Go on"), type="primary"):
            answers.update({key: value for key, value in given.items() if value})
            st.rerun()


def _how(looked: Looked, mark: str, answers: dict[str, str]) -> None:
    """Show which column is taken for what, and let that be changed before the file is taken in."""
    if not looked.profile:
        return
    with st.expander(_("How it is read"), icon=":material/swap_horiz:"):
        for target in looked.profile.tables:
            lines = [
                f"| {plain(heading_)} | {plain(labels.field(column))} |" for column, heading_ in target.columns.items()
            ]
            head = f"| {_('Column of the file')} | {labels.tables(target.table)} |\n|:--|:--|\n"
            st.markdown(head + "\n".join(lines))
        optional = [q for q in looked.questions if not q.required and q.key not in answers]
        _form([*_table_of(looked, optional), *optional], f"{mark}-how", answers)


def _table_of(looked: Looked, asked: list[Question]) -> list[Question]:
    """Return the question what is in a file, answered as it seems, unless it is asked anyway."""
    if any(question.key == "table" for question in asked):
        return []
    guess = looked.found.candidate()
    seems = looked.profile.kind if looked.profile else guess.table if guess else ""
    return [Question("table", _("What is in this file?"), tuple(TABLES), seems, False)]


def _choice(value: str) -> str:
    return labels.tables(value) if value in TABLES else value


def _difference(changes: dict[str, Difference]) -> None:
    if not changes:
        st.info(_("There is nothing in it that could be taken in."), icon=":material/inbox:")
        return
    for table, found in changes.items():
        changed = len({change.id for change in found.changed})
        st.markdown(
            f"**{labels.tables(table)}**: "
            + " · ".join([
                several("{count} new", "{count} new", len(found.new)),
                several("{count} changed", "{count} changed", changed),
                several("{count} as before", "{count} as before", len(found.same)),
            ])
        )  # fmt: skip
        if found.alike:
            st.warning(several("{count} looks like a movement that is already there from another file.",
                               "{count} look like movements that are already there from another file.",
                               len(found.alike)), icon=":material/content_copy:")  # fmt: skip
        if found.changed:
            shown = found.changed[:SHOWN]
            st.dataframe(
                {
                    _("Record"): [c.id for c in shown],
                    _("Field"): [labels.field(c.field) for c in shown],
                    _("Before"): [str(c.before if c.before is not None else "") for c in shown],
                    _("After"): [str(c.after if c.after is not None else "") for c in shown],
                },
                hide_index=True, alt=_("Changes"),
            )  # fmt: skip
            if len(found.changed) > SHOWN:
                st.caption(_("and {count} more").format(count=number(len(found.changed) - SHOWN)))


def _help() -> None:
    with st.container(border=True):
        st.markdown(
            "\n".join([
                f"1. {_('Export deals from your CRM and invoices from your billing, as CSV or Excel.')}",
                f"2. {_('Download the statement of your bank account.')}",
                f"3. {_('Drop all of them here: headings in English, Spanish, French and Polish are understood.')}",
            ])
        )  # fmt: skip
        st.caption(_("The same file twice changes nothing. Files over 500 MB: use the command `cuadra import`."))
        link("connections", _("Or connect a system"), ":material/cable:")
