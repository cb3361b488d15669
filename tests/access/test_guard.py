"""Between the network and the pages: who may ask, how often, and what the browser is told."""

from pathlib import Path

import pytest
from pyrate_limiter import Duration, Rate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from typer.testing import CliRunner, Result

from dashboard import cli, guard, signin
from dashboard.guard import Guard
from dashboard.serve import NotSafe, refuse_open_house
from reconcile import settings
from reconcile.settings import Access, Reports, Settings
from reconcile.state import state

PEOPLE = Access(issuer="https://id.example", client_id="c", people={"ana@example.com": "admin"})


async def answer(request: Request) -> PlainTextResponse:
    reply = PlainTextResponse("here")
    reply.set_cookie("a", "1", httponly=True)
    reply.set_cookie("b", "2", secure=True)
    return reply


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


ROUTES = [Route("/{path:path}", answer, methods=["GET", "POST"]), WebSocketRoute("/_stcore/stream", talk)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    guard._bucket.cache_clear()
    return tmp_path


def client(caller: str = "127.0.0.1", host: str = "127.0.0.1:8501", scheme: str = "http") -> TestClient:
    app = Guard(Starlette(routes=ROUTES))
    return TestClient(app, base_url=f"{scheme}://{host}", client=(caller, 4000), follow_redirects=False)


def sign_in_on(data: Path, address: str = "https://cuadra.example") -> None:
    settings.save(Settings(access=PEOPLE, reports=Reports(address=address)), data)


@pytest.mark.parametrize(
    ("caller", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8501", 200),
        ("127.0.0.1", "localhost", 200),
        ("::1", "[::1]:8501", 200),
        ("192.168.1.9", "127.0.0.1:8501", 403),  # says that it calls itself
        ("127.0.0.1", "cuadra.example", 403),  # a tunnel, or somebody's page that makes the browser here call us
        ("127.0.0.1", "127.0.0.1.evil.example", 403),
        ("127.0.0.1", "[::1", 403),
    ],
)
def test_without_sign_in_it_answers_this_machine_alone(data: Path, caller: str, host: str, status: int) -> None:
    """Pages and their connection; the answer says what to do. With sign-in anybody may knock."""
    headers = {"host": host}
    reply = client(caller).get("/to-fix", headers=headers)
    assert reply.status_code == status and ("cuadra sign-in" in reply.text) == (status == 403)
    if status == 403:
        with pytest.raises(WebSocketDisconnect), client(caller).websocket_connect("/_stcore/stream", headers=headers):
            pass
        assert client(caller).post("/hooks/stripe", headers=headers).status_code == 200  # signed, and needs no session
        sign_in_on(data)
        assert client(caller).get("/to-fix", headers=headers).status_code == 200
    (data / settings.FILE).write_text("[access]\nnobody_knows = 1\n")
    assert client(caller).get("/", headers=headers).status_code == status  # settings that cannot be read open nothing


def test_every_answer_carries_the_headers(data: Path) -> None:
    """Pages, errors, refusals and hooks; over HTTPS also that it stays so, and cookies that go nowhere else."""
    sign_in_on(data, "http://127.0.0.1:8501")
    for path in ("/", "/missing", "/hooks/stripe", "/media/x.pdf"):
        found = client().get(path).headers
        assert found["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in found["content-security-policy"]
        assert found["x-content-type-options"] == "nosniff" and found["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in found
    assert client().get("/media/x.pdf").headers["cache-control"] == "private, no-store"
    assert [c for c in client().get("/").headers.get_list("set-cookie") if "a=1" in c and "Secure" in c] == []
    sign_in_on(data)
    safe = client().get("/").headers
    assert safe["strict-transport-security"].startswith("max-age=3")
    assert [c.count("ecure") for c in safe.get_list("set-cookie")] == [1, 1]
    (data / settings.FILE).unlink()
    assert client("9.9.9.9").get("/").headers["x-frame-options"] == "DENY"


def test_nobody_tries_the_door_or_the_bell_too_often(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each caller has a pace of their own; pages have none; who waits gets in again."""
    sign_in_on(data)
    monkeypatch.setattr(guard, "LIMITS", {"sign-in": Rate(3, Duration.MINUTE), "hook": Rate(5, Duration.MINUTE)})
    for path, most in (("/auth/login", 3), ("/hooks/stripe", 5)):
        codes = [client("203.0.113.7").get(path).status_code for _ in range(most + 2)]
        assert codes == [200] * most + [429] * 2
        refused = client("203.0.113.7").get(path)
        assert 1 <= int(refused.headers["retry-after"]) <= 60 and "again in" in refused.json()["says"]
        assert client("203.0.113.8").get(path).status_code == 200
    assert client("203.0.113.7").get("/oauth2callback").status_code == 429
    assert client("203.0.113.7").get("/to-fix").status_code == 200


def test_serving_others_is_refused_until_people_sign_in(tmp_path: Path) -> None:
    """`cuadra serve --host 0.0.0.0`: refused with what to do, also while the sign-in lacks something."""

    def serve() -> Result:
        return CliRunner().invoke(cli.app, ["--data", str(tmp_path), "serve", "--host", "0.0.0.0"])

    said = serve()
    assert said.exit_code == 2 and "cuadra sign-in" in said.stderr
    refuse_open_house("127.0.0.1", tmp_path)
    for host in ("0.0.0.0", "::", "192.168.1.4", "cuadra.example", ""):
        with pytest.raises(NotSafe, match="sign-in"):
            refuse_open_house(host, tmp_path)
    sign_in_on(tmp_path)
    for host in ("127.0.0.1", "0.0.0.0"):  # half a sign-in opens nothing
        with pytest.raises(NotSafe, match="secret"):
            refuse_open_house(host, tmp_path)
    assert serve().exit_code == 2
    state(tmp_path).keep_credentials(signin.NAME, {signin.SECRET: "s"}, "test")
    refuse_open_house("0.0.0.0", tmp_path)
    sign_in_on(tmp_path, "http://cuadra.example")
    with pytest.raises(NotSafe, match="HTTPS"):
        refuse_open_house("0.0.0.0", tmp_path)
