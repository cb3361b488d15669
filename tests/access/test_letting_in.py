"""`cuadra sign-in` and `cuadra access`: what cannot be is said with what to do, and nothing is kept."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard import cli, signin
from reconcile import settings
from reconcile.state import state


def run(data: Path, *words: str, typed: str = "secret\n") -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["--data", str(data), *words], input=typed)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("words", "typed", "code", "said"),
    [
        (("https://id.example",), "s\n", 2, "client id"),
        (("http://id.example", "c"), "s\n", 2, "https://"),
        (("http://127.0.0.1:9", "c"), "\n", 2, "No secret"),
        (("http://127.0.0.1:9", "c", "--address", "https://a.example"), "s\n", 3, "did not answer"),
    ],
)
def test_a_provider_that_cannot_be_is_not_kept(
    tmp_path: Path, words: tuple[str, ...], typed: str, code: int, said: str
) -> None:
    """No id, no encryption, no secret, nobody there: told, and the page stays for this machine."""
    ended, told = run(tmp_path, "sign-in", *words, typed=typed)
    assert ended == code and said in told
    assert not settings.load(tmp_path).access.is_on and not state(tmp_path).credentials(signin.NAME)


def test_roles_are_given_listed_and_taken(tmp_path: Path) -> None:
    """A person, a claim, a domain; a slip is refused; closing the door keeps the roles."""
    for whom, role, more in (("Ana@Example.com", "admin", ()), ("groups=finance", "approver", ()),
                             ("@example.com", "viewer", ()),
                             ("sam@home.example", "salesperson", ("--crm", "S@Example.com"))):  # fmt: skip
        assert run(tmp_path, "access", whom, "--role", role, *more)[0] == 0
    known = settings.load(tmp_path).access
    assert known.people == {"ana@example.com": "admin", "sam@home.example": "salesperson"}
    assert known.claims == {"groups=finance": "approver"} and known.domains == {"example.com": "viewer"}
    assert known.crm_emails == {"sam@home.example": "s@example.com"}
    for words, said in ((("bob", "--role", "viewer"), "neither"), (("bob@example.com", "--role", "boss"), "no role"),
                        (("bob@example.com", "--remove"), "has no role"), (("--role", "viewer"), "say whom"),
                        (("ana@example.com", "--remove"), "make somebody else")):  # fmt: skip
        ended, told = run(tmp_path, "access", *words)
        assert ended == 2 and said in told
    assert settings.load(tmp_path).access == known
    assert run(tmp_path, "access", "sam@home.example", "--remove")[0] == 0
    assert run(tmp_path, "sign-in", "--off")[0] == 0
    left = settings.load(tmp_path).access
    assert left.people == {"ana@example.com": "admin"} and left.crm_emails == {} and not left.is_on
    listed = run(tmp_path, "access", "--json")[1]
    assert '"groups=finance"' in listed and '"@example.com"' in listed and '"administer"' in listed
