"""The state store keeps what people said and what we did, on SQLite and on PostgreSQL."""

import csv
import datetime as dt
import io
import stat
import threading
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from reconcile import schema
from reconcile.state import Decision, Entry, State, engine
from reconcile.vault import Vault, VaultError, vault

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PAIR = {"left_table": "deals", "left_vendor": "hubspot", "left_id": "501", "right_table": "invoices",
        "right_vendor": "stripe", "right_id": "in_1"}  # fmt: skip


@pytest.mark.parametrize("verb", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_or_delete_the_audit_log(store: State, verb: str) -> None:
    """What was done stays said, whoever asks."""
    store.record(Entry(who="ana", action="send_invoice", outcome="done"))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.write() as db:
        db.execute(sa.text(verb))
    assert [e["who"] for e in store.entries()] == ["ana"]


def test_a_decision_replaces_the_one_before_and_both_are_in_the_audit_log(store: State) -> None:
    """One verdict stands for each pair; the log keeps what it was."""
    store.decide(
        Decision(kind="link", verdict="confirmed", amount=Decimal("0.10"), currency="EUR", **PAIR), "ana", NOON
    )
    store.decide(Decision(kind="link", verdict="rejected", reason="other project", **PAIR), "eva", NOON)
    (stands,) = store.decisions()
    assert (stands["verdict"], stands["decided_by"], stands["decided_at"]) == ("rejected", "eva", NOON)
    newest, oldest = store.entries()
    assert newest["before"]["verdict"] == oldest["after"]["verdict"] == "confirmed"
    assert newest["before"]["amount"] == "0.10"


def test_a_decision_can_be_taken_back(store: State) -> None:
    """Undo leaves no decision, and says who undid it."""
    store.decide(Decision(kind="finding", verdict="agreed", finding_id="f1"), "ana")
    assert store.undecide("finding:f1", "ana") and not store.undecide("finding:f1", "ana")
    assert store.decisions() == [] and store.entries()[0]["action"] == "undecide"


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "finding", "verdict": "agreed"}, {"kind": "link", "verdict": "confirmed", "left_id": "1"},
     {"kind": "finding", "verdict": "snoozed", "finding_id": "f1"}],
    ids=["finding without id", "link with one side", "snoozed for ever"],
)  # fmt: skip
def test_half_a_decision_is_refused(wrong: dict[str, str]) -> None:
    """A decision names what it is about and, when snoozed, until when."""
    with pytest.raises(ValueError):
        Decision.model_validate(wrong)


def test_money_survives_to_the_cent(store: State) -> None:
    """No float touches an amount on its way into the database and back."""
    amount = Decimal("123456789012.3457")
    store.decide(Decision(kind="link", verdict="confirmed", amount=amount, currency="EUR", **PAIR), "ana")
    assert store.decisions()[0]["amount"] == amount


def test_secrets_are_encrypted_at_rest_and_never_in_the_audit_log(store: State) -> None:
    """Neither the table nor the log holds a secret in the clear."""
    store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_very_secret"}, "ana")
    with store.read() as db:
        everything = str([list(db.execute(sa.select(t))) for t in schema.metadata.sorted_tables])
    assert "very_secret" not in everything
    assert store.credentials("stripe") == {"STRIPE_KEY": "sk_test_very_secret"}
    store.forget_credentials("stripe", "ana")
    assert store.credentials("stripe") == {}


def test_another_key_is_said_and_reads_nothing(store: State, url: str) -> None:
    """With the wrong key the message says what to do."""
    store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_very_secret"}, "ana")
    with pytest.raises(VaultError, match="CUADRA_KEY"):
        State(engine(url), Vault(Fernet.generate_key().decode())).credentials("stripe")


def test_findings_are_opened_fixed_and_reopened_once_each(store: State) -> None:
    """A run that sees the same again adds nothing."""
    found = [{"id": "a", "check": "overdue", "amount_at_stake": Decimal("1.50"), "currency": "EUR"},
             {"id": "b", "check": "overdue", "amount_at_stake": None, "currency": None}]  # fmt: skip
    later = NOON + dt.timedelta(days=1)
    assert store.saw(found, NOON) == {"opened": 2, "reopened": 0, "fixed": 0}
    assert store.saw(found, later) == {"opened": 0, "reopened": 0, "fixed": 0}
    assert store.saw(found[1:], later) == {"opened": 0, "reopened": 0, "fixed": 1}
    assert store.saw(found[1:], later) == {"opened": 0, "reopened": 0, "fixed": 0}
    assert store.saw(found, later) == {"opened": 0, "reopened": 1, "fixed": 0}
    assert store.first_seen() == {"a": NOON, "b": NOON}
    assert [h["event"] for h in store.history(later)] == ["fixed", "reopened"]


def test_a_level_of_an_invoice_is_reminded_once(store: State) -> None:
    """The database says no to the second, whoever sends it."""
    assert store.reminded("stripe", "in_1", 1, "a@b.example", "k", NOON)
    assert not store.reminded("stripe", "in_1", 1, "a@b.example", "k", NOON)
    assert store.reminded("stripe", "in_1", 2, "a@b.example", "k2", NOON)
    assert [r["level"] for r in store.reminders("stripe", "in_1")] == [1, 2]


def test_small_values_and_schedules_are_remembered(store: State, url: str) -> None:
    """Another process finds them."""
    store.keep("tour", {"seen": True})
    store.ran("sync", NOON, "page 3")
    other = State(engine(url), store._vault)
    assert other.value("tour") == {"seen": True} and other.value("none", 0) == 0
    assert other.schedule("sync") == {"name": "sync", "last_at": NOON, "cursor": "page 3"}


def test_the_audit_log_is_exported_without_formulas(store: State) -> None:
    """A cell that begins like a formula is text in the spreadsheet."""
    store.record(Entry(who="=cmd()", action="update_deal", outcome="done", before={"a": "1"}))
    file = io.StringIO()
    assert store.export_audit(file) == 1
    (row,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert row["who"] == "'=cmd()" and row["before"] == '{"a": "1"}'


def test_an_older_database_is_brought_forward_and_a_newer_one_refused(store: State) -> None:
    """Each step runs once; a program that is too old changes nothing."""

    def add(db: sa.Connection) -> None:
        db.execute(sa.text("ALTER TABLE kv ADD COLUMN note TEXT"))

    for _ in range(2):
        with store.write() as db:
            schema.prepare(db, (*schema.STEPS, add))
    with store.read() as db:
        assert "note" in {c["name"] for c in sa.inspect(db).get_columns("kv")}
    with pytest.raises(ValueError, match="newer"), store.write() as db:
        schema.prepare(db)


def test_decisions_of_the_first_version_stay_when_exceptions_get_an_approver(store: State, url: str) -> None:
    """A store made before there were approvers and assignments opens with its decisions, and takes new ones."""
    store.decide(Decision(kind="link", verdict="confirmed", **PAIR), "ana", NOON)
    with store.write() as db:
        db.execute(sa.text("DROP TABLE assignments"))
        db.execute(sa.text("DROP INDEX ix_audit_subject"))
        for column in ("approved_by", "rule", "was", "evidence"):
            db.execute(sa.text(f"ALTER TABLE decisions DROP COLUMN {column}"))
        db.execute(schema.version.update().values(version=1))
    again = State(engine(url), Vault(Fernet.generate_key().decode()))
    assert [(d["left_id"], d["approved_by"], d["rule"]) for d in again.decisions()] == [("501", "", "")]
    again.decide(Decision(kind="finding", verdict="agreed", finding_id="f1", approved_by="eva"), "ana")
    again.assign(["f1"], "eva", "ana")
    assert again.decisions()[1]["approved_by"] == "eva" and again.assignments() == {"f1": "eva"}


def test_several_decisions_are_kept_together_or_not_at_all(store: State) -> None:
    """A split of a payment is one act: half of it would be wrong."""
    good = Decision(kind="link", verdict="confirmed", amount=Decimal("1"), currency="EUR", **PAIR)
    bad = good.model_copy(update={"verdict": None, "right_id": "in_2"})
    with pytest.raises(sa.exc.IntegrityError):
        store.decide_all([good, bad], "ana")
    assert store.decisions() == [] and store.entries() == []


def test_what_was_decided_since_is_told_undone_ones_too(store: State) -> None:
    """Whoever compares next must hear both; what was said before is not news."""
    pair = Decision(kind="link", verdict="confirmed", **PAIR)
    store.decide(pair, "ana")
    between = dt.datetime.now(dt.UTC)
    assert store.said_since(between) == []
    store.undecide(pair.subject, "ana")
    assert store.said_since(between) == [pair.subject]


def test_decisions_are_found_by_person_reason_and_record_a_page_at_a_time(store: State) -> None:
    """Newest first, counted apart, so that no page reads all."""
    for n in range(5):
        pair = PAIR | {"right_id": f"in_{n}"}
        store.decide(
            Decision(kind="link", verdict="rejected", reason="other 100% project", **pair), "ana",
            NOON + dt.timedelta(minutes=n),
        )  # fmt: skip
    assert [d["right_id"] for d in store.decided("link", limit=2, offset=1)] == ["in_3", "in_2"]
    assert store.count_decided("link") == 5 and store.count_decided("link", "IN_3") == 1
    assert store.count_decided("link", "100%") == 5 and store.count_decided("link", "100_") == 0
    assert store.count_decided("finding") == 0


def test_many_subjects_are_looked_up_at_once(store: State) -> None:
    """More than a database takes in one question; those without a decision are left out."""
    subjects = [f"finding:f{n}" for n in range(1200)]
    store.decide_all(
        [Decision(kind="finding", verdict="agreed", finding_id=f"f{n}") for n in range(0, 1200, 2)], "ana"
    )  # fmt: skip
    assert set(store.standing(subjects)) == set(subjects[::2])
    assert store.decision("finding:f1") is None


def test_a_finding_has_one_person_and_many_comments_all_in_the_audit_log(store: State) -> None:
    """Who looks after it is one name, before and after are kept; what was said stays in order."""
    store.assign(["f1", "f2"], "eva", "ana")
    store.assign(["f1"], "luc", "eva")
    store.assign(["f2"], "", "eva")
    assert store.assignments() == {"f1": "luc"}
    newest = store.entries(action="assign", subject="finding:f1")[0]
    assert (newest["who"], newest["before"], newest["after"]) == ("eva", {"person": "eva"}, {"person": "luc"})
    store.comment("f1", "Called them.", "ana")
    store.comment("f1", "They pay on Monday.", "eva")
    assert [(c["who"], c["says"]) for c in store.comments("f1")] == [
        ("ana", "Called them."), ("eva", "They pay on Monday."),
    ]  # fmt: skip


def test_several_that_start_at_once_set_the_database_up_once(url: str) -> None:
    """No start fails because another one is creating the tables."""
    errors: list[Exception] = []

    def start() -> None:
        try:
            State(engine(url), Vault(Fernet.generate_key().decode())).record(
                Entry(who="x", action="start", outcome="done")
            )
        except sa.exc.SQLAlchemyError as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(State(engine(url), Vault(Fernet.generate_key().decode())).entries()) == 6


def test_the_key_file_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made once, readable by nobody else, the same the next time."""
    monkeypatch.delenv("CUADRA_KEY", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    locked = vault(tmp_path).lock("secret")
    assert stat.S_IMODE((tmp_path / ".key").stat().st_mode) == 0o600
    assert vault(tmp_path).unlock(locked) == "secret"


def test_a_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to make one."""
    monkeypatch.setenv("CUADRA_KEY", "hunter2")
    with pytest.raises(VaultError, match="generate_key") as error:
        vault(tmp_path)
    assert "hunter2" not in str(error.value)
