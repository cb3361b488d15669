"""Keep the PDF of an issued document in the archive, under the path that it has for good, with its checksum."""

import hashlib
from typing import Any

from extract.vendor import Refused
from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject
from reconcile.archive import kept
from reconcile.archive.place import NAME
from reconcile.facts import Record
from reconcile.state import State


class ArchiveFile(Action):
    """What stands there with the checksum we know is never written again; a file that went missing is."""

    title = "Keep the PDF in the archive"
    repeats = True

    def plan(self, document: Record, path: str, checksum: str = "") -> Plan:
        """Return the plan for a document. `checksum`: of the file as it was stored before, where it was."""
        key = f"archive_file:{document['vendor']}:{document['id']}"
        values = {"number": document["number"], "customer": document["customer"] or "", "path": path}
        return Plan(
            key=key, chain=key, action="archive_file", vendor=NAME,
            subject=Subject(table="invoices", vendor=document["vendor"], id=document["id"]),
            says=Sentence(text="Keep {number} of {customer} as {path}.", values=values),
            data={"path": path, "checksum": checksum}, preview=(Change(field="path", after=path),),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the file if it stands there as it was stored. Refused where somebody changed it: it is evidence."""
        content = vendor.to.get(plan.data["path"])
        if content is None:
            return None
        known = plan.data["checksum"]
        if known and checksum(content) != known:
            raise Refused(
                NAME, f"{plan.data['path']} was changed since it was stored: put it aside, then archive again", 409
            )
        return _answer(plan, content) if known or content == vendor.pdf() else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write it."""
        content = vendor.pdf()
        vendor.to.put(plan.data["path"], content)
        made = _answer(plan, content)
        return made.model_copy(update={"after": {"path": plan.data["path"], "checksum": made.data["checksum"]}})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember path, checksum and size."""
        kept.stored(store, plan.subject.vendor, plan.subject.id, "files", answer.data["path"],
                    answer.data["checksum"], answer.data["size"])  # fmt: skip


def checksum(content: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()


def _answer(plan: Plan, content: bytes) -> Answer:
    return Answer(data={"path": plan.data["path"], "checksum": checksum(content), "size": len(content)})
