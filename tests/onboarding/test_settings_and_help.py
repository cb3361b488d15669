"""Settings are checked, kept with their comments and logged; Help lists every workflow and whom to ask."""

import socket
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword
from newcomer import enter, press
from pydantic import ValidationError
from small_company import words
from streamlit.testing.v1 import AppTest

from dashboard import choosing
from dashboard.views import manual, tolerating
from reconcile import gate
from reconcile.mail import NAME, SECRET
from reconcile.settings import FLOWS, Tolerance, load
from reconcile.state import state

FILE = """# ours
[company]
name = "Old"   # to be changed

[choices]
grace_days = 3 # three
"""


@pytest.fixture
def kept(empty: Path) -> Path:
    """A data folder with a settings file that has comments."""
    empty.mkdir()
    (empty / "settings.toml").write_text(FILE)
    return empty


@pytest.fixture
def server() -> Iterator[Controller]:
    """A mail server that knows one user and one password."""

    def known(server: object, session: object, envelope: object, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.login == b"ana" and data.password == b"right-one", handled=False)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Controller(Sink(), hostname="127.0.0.1", port=port, authenticator=known, auth_required=True,
                      auth_require_tls=False)  # fmt: skip
    made.start()
    yield made
    made.stop()


@pytest.mark.capability("CONN-12")
def test_help_lists_each_workflow_its_trigger_its_effects_and_whom_to_ask(kept: Path, page) -> None:
    """Every flow that can run by itself is there with all three; the person named in the settings stands with each."""
    choosing.keep(kept, {"company": {"contact": "Ana Ruiz, ext. 12"}}, "ana")
    text = words(page("help")).replace("\\", "")
    told = manual.workflows()
    assert len(told) >= len(FLOWS) + 3
    for flow in told:
        assert flow.name in text and flow.trigger in text and flow.never in text, flow.name
        assert flow.effects and all(effect in text for effect in flow.effects), flow.name
    assert text.count("Ana Ruiz, ext. 12") >= len(told)
    assert len(page("help", part="questions").expander) == len(manual.questions())
    assert "Any deal with its quotes" in words(page("help", part="pages", about="deals"))


def test_a_setting_is_checked_kept_with_comments_and_logged(kept: Path, page) -> None:
    """Only what changed is written; a wrong value is said with its name and nothing is kept."""
    app = page("settings", part="counts")
    app.number_input(key="set-choices-grace_days").set_value(5)
    app.text_input(key="set-choices-amount_tolerance_rate").set_value("0,7")
    press(app, "Save")
    text = (kept / "settings.toml").read_text()
    assert "grace_days = 5 # three" in text and "# ours" in text and "dso_days" not in text
    assert load(kept).choices.amount_tolerance_rate == Decimal("0.007")
    entry = state(kept).entries()[0]
    assert entry["action"] == "change_settings" and entry["before"] == {
        "choices.grace_days": "3", "choices.amount_tolerance_rate": "0.005"}  # fmt: skip
    app = page("settings", part="counts")
    app.text_input(key="set-choices-fee_tolerance").set_value("-4")
    press(app, "Save")
    assert "Most that a bank keeps" in app.error[0].value and "Nothing was saved" in app.error[0].value
    app.text_input(key="set-choices-fee_tolerance").set_value("many")
    press(app, "Save")
    assert "not an amount" in app.error[0].value
    assert (kept / "settings.toml").read_text() == text


def test_checks_are_switched_on_their_page(kept: Path, page) -> None:
    """A check that is switched off stands in the settings, and can be switched on again."""
    app = page("settings", part="checks")
    app.toggle(key="check-overdue").set_value(False)
    press(app, "Save")
    assert load(kept).choices.checks_off == ["overdue"]
    app = page("settings", part="checks")
    assert app.toggle(key="check-overdue").value is False
    app.toggle(key="check-overdue").set_value(True)
    press(app, "Save")
    assert load(kept).choices.checks_off == []


def test_the_red_button_stops_all_writing_and_every_page_says_so(kept: Path, page) -> None:
    """Stopped with a reason: the gate refuses, each page says who and why, until it is allowed again."""
    app = page("settings", part="writing")
    enter(app, "Why", "wrong prices")
    press(app, "Stop all writing")
    assert gate.stopped(state(kept))["reason"] == "wrong prices"
    assert any("wrong prices" in e.value for e in page("connections").error)
    app = page("settings", part="writing")
    app.button(key="allow-writing").click().run()
    assert not gate.is_stopped(state(kept)) and not page("connections").error


def test_writing_is_switched_on_for_each_account_and_the_mail_server(kept: Path, page) -> None:
    """Both are off until their switch is on; what stands in the file of a connection that is gone stays."""
    choosing.keep(kept, {"mail": {"host": "smtp.acme.example"}, "": {"writes": {"gone": False}}}, "ana")
    with (kept / "settings.toml").open("a") as file:
        file.write('\n[connections.stripe]\nvendor = "stripe"\n')
    app = page("settings", part="writing")
    assert app.toggle(key="write-mail").value is False and not load(kept).may_write("mail")
    app.toggle(key="write-mail").set_value(True)
    app.toggle(key="write-stripe").set_value(True)
    press(app, "Save")
    assert load(kept).writes == {"gone": False, "mail": True, "stripe": True}
    assert state(kept).entries()[0]["after"] == {"writes": "gone = off, stripe = on, mail = on"}


@pytest.mark.capability("CONN-8")
def test_a_user_and_password_activate_themselves_if_they_are_right(kept: Path, page, server: Controller) -> None:
    """Wrong: inactive, the server's message, nothing kept. Right: active at once; the password is never seen again."""

    def tried(password: str) -> AppTest:
        app = page("settings", part="mail")
        for name, value in (("host", "127.0.0.1"), ("user", "ana"), ("sender", "Acme <a@acme.example>")):
            app.text_input(key=f"set-mail-{name}").set_value(value)
        app.number_input(key="set-mail-port").set_value(server.port)
        app.selectbox(key="set-mail-security").set_value("none")
        enter(app, "Password", password)
        return press(app, "Test and save")

    app = tried("wrong")
    assert "refused the user or the password" in app.error[0].value and "Nothing was saved" in app.error[0].value
    assert not load(kept).mail.host and not state(kept).credentials(NAME) and "Inactive" in words(app)
    app = tried("right-one")
    assert "e-mail is active" in app.success[0].value and "Active" in words(page("settings", part="mail"))
    assert load(kept).mail.host == "127.0.0.1" and state(kept).credentials(NAME) == {SECRET: "right-one"}
    seen = words(app) + (kept / "settings.toml").read_text() + str([t.value for t in app.text_input])
    assert "right-one" not in seen
    app = tried("wrong")
    assert state(kept).credentials(NAME) == {SECRET: "right-one"} and "Active" in words(page("settings", part="mail"))


def test_a_customers_own_tolerance_is_checked_and_logged(kept: Path, page) -> None:
    """A row of the table becomes a setting; half a percent stays half a percent; a word is refused."""
    row = {"customer": "Acme SL", "amount": "2,5", "share": "0.5", "days": 10}
    assert tolerating.tolerance(row) == Tolerance(amount=Decimal("2.5"), rate=Decimal("0.005"), days=10)
    for bad in ({"amount": "much"}, {"share": "150"}, {"amount": "-1"}):
        with pytest.raises((InvalidOperation, ValidationError)):
            tolerating.tolerance(row | bad)
    choosing.keep(kept, {"": {"tolerances": {"Acme SL": tolerating.tolerance(row)}}}, "ana")
    assert load(kept).tolerances["Acme SL"].days == 10
    assert not choosing.keep(kept, {"": {"tolerances": dict(load(kept).tolerances)}}, "ana"), "nothing changed"
    app = page("settings", part="counts")
    app.button(key="FormSubmitter:tolerances-Save").click().run()
    assert not app.exception and "Nothing was changed" in app.info[0].value, "as it stands it is read back the same"
