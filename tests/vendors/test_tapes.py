"""Every vendor's tape: what it asks and makes of the answers, how it takes a refusal, what it writes and how often.

A new vendor is one file in extract/vendors and one tape here; these tests run over whatever lies in this folder. The
shape of a tape is told in tests/tapes.py.
"""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import specs
import tapes

from extract import vendor as base
from extract.vendor import Refused, Unauthorised, Unsure, VendorError, registry

NAMES = sorted(path.stem for path in tapes.FOLDER.glob("*.json"))
RUNS = [(n, i) for n in NAMES for i in range(len(tapes.Tape(n).runs))]
WRITES = [(n, i) for n in NAMES for i in range(len(tapes.Tape(n).writes))]
REFUSALS = [(n, i) for n in NAMES for i in range(len(tapes.Tape(n).refusals))]
MISHAPS = {
    "429 with Retry-After": lambda r: httpx.Response(429, headers={"retry-after": "1"}, text="slow down"),
    "429 without": lambda r: httpx.Response(429, text="slow down"),
    "503": lambda r: httpx.Response(503, text="down"),
    "time-out": lambda r: _raise(httpx.ReadTimeout("no answer", request=r)),
    "cut": lambda r: _raise(httpx.RemoteProtocolError("peer closed connection", request=r)),
}


def _raise(error: Exception) -> httpx.Response:
    raise error


def _says(case: tuple[str, int], part: str) -> str:
    told = getattr(tapes.Tape(case[0]), part)[case[1]]
    return f"{case[0]}: {told.get('says') or told.get('call') or 'reading'}"


def over(cases: list[tuple[str, int]], part: str) -> Any:
    """Run a test over cases of the tapes, named by what they say."""
    return pytest.mark.parametrize(("name", "at"), cases, ids=[_says(case, part) for case in cases])


def test_every_vendor_has_a_tape() -> None:
    """A vendor without a tape is not proven: it does not belong in the folder."""
    assert set(registry()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.capability("CONN-9")
def test_facts_on_top(name: str) -> None:
    """A vendor says its name, how it signs, which version of the interface it speaks and what it reads and writes."""
    found = registry()[name]
    assert found.title and found.api_version and found.reads and found.evidence
    assert not found.base_url or found.base_url.startswith("https://"), "its own address, or none where each has one"
    assert found.auth_kind == "none" or found.needs
    assert all(option.says for option in found.options)
    made = tapes.Tape(name).vendor(lambda request: httpx.Response(200))
    assert set(made.credentials) >= set(found.needs), "the tape has no credentials for it"


@over(RUNS, "runs")
def test_rows(name: str, at: int) -> None:
    """The exchanges become exactly these rows; nothing is asked that the tape does not hold, nothing left unasked."""
    tape = tapes.Tape(name)
    run = tape.runs[at]
    replay = tapes.Replay(run["exchanges"])
    vendor = tape.vendor(replay)
    rows, rejects, silent = tapes.read(vendor, run.get("since"))
    assert not tapes.tables_of(run["rows"])
    for table in run["rows"].keys() | rows.keys():
        wanted, misfits = tapes.typed_rows(table, run["rows"].get(table, []), vendor)
        assert not misfits, f"the tape's own {table} do not fit: {misfits}"
        assert _sorted(rows.get(table, [])) == _sorted(wanted), table
    assert rejects == run.get("rejects", [])
    assert silent == run.get("silent", [])
    assert not replay.left, f"never asked: {[e['request'] for e in replay.left]}"


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["id"])


@over(RUNS, "runs")
@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_read_is_repeated(name: str, at: int, mishap: str) -> None:
    """A read that is held off, fails for a moment or is cut is asked again: the same rows in the end."""
    tape = tapes.Tape(name)
    replay, hit = tapes.Replay(tape.runs[at]["exchanges"]), set()

    def handler(request: httpx.Request) -> httpx.Response:
        mark = (request.method, str(request.url), request.content)
        if mark not in hit:
            hit.add(mark)
            return MISHAPS[mishap](request)
        return replay(request)

    held_off = tapes.read(tape.vendor(handler), tape.runs[at].get("since"))
    straight = tapes.read(tape.vendor(tapes.Replay(tape.runs[at]["exchanges"])), tape.runs[at].get("since"))
    assert {t: _sorted(r) for t, r in held_off.rows.items()} == {t: _sorted(r) for t, r in straight.rows.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.capability("CONN-8", "ERR-3")
def test_a_wrong_credential_stops(name: str) -> None:
    """A credential that is refused ends the reading at once, and the message does not show it."""
    tape, asked = tapes.Tape(name), []
    refused = tape.said.get("unauthorised", {"status": 401, "text": "who are you?"})

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return tapes.reply_of({"reply": refused}, request)

    with pytest.raises(Unauthorised) as error:
        tapes.read(tape.vendor(handler), None)
    assert len(asked) <= 10, "it went on asking"
    assert not [s for s in tape.said["credentials"].values() if s in str(error.value)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.capability("CONN-8")
def test_check(name: str) -> None:
    """The connection tells who we are there."""
    tape = tapes.Tape(name)
    if "check" not in tape.said:
        pytest.skip(f"the tape of {name} holds no check")
    replay = tapes.Replay(tape.said["check"]["exchanges"])
    told = tape.vendor(replay).check()._asdict()
    told["missing"], told["rights"] = list(told["missing"]), list(told["rights"])
    assert {k: v for k, v in told.items() if v or isinstance(v, bool)} == tape.said["check"]["connected"]
    assert not replay.left


@over(REFUSALS, "refusals")
def test_refusals(name: str, at: int) -> None:
    """A refusal becomes the right error, in words that name what is missing."""
    tape = tapes.Tape(name)
    case = tape.refusals[at]
    with pytest.raises(getattr(base, case["raises"])) as error:
        tapes.read(tape.vendor(tapes.Replay(case["exchanges"])), case.get("since"))
    assert case["text"] in str(error.value)


def _written(tape: tapes.Tape, case: dict[str, Any], handler: tapes.Handler) -> Any:
    vendor = tape.vendor(handler)
    answer = getattr(vendor, case["call"])(*map(tapes.draft_of, case.get("args", [])))
    return tapes.answer_of(answer, vendor)


@over(WRITES, "writes")
def test_writes(name: str, at: int) -> None:
    """A write sends exactly these requests and returns the vendor's answer in our words."""
    tape = tapes.Tape(name)
    case = tape.writes[at]
    replay = tapes.Replay(case["exchanges"])
    assert _written(tape, case, replay) == case.get("answer")
    assert not replay.left, f"never asked: {[e['request'] for e in replay.left]}"


READS = ("/search", "/batch/read", "/query", "/tokens/bearer")  # ends of paths whose POST changes nothing


def _is_write(exchange: dict[str, Any]) -> bool:
    request = exchange["request"]
    return request.get("method", "GET") != "GET" and not request["path"].endswith(READS)


FAILURES = {
    "time-out": (MISHAPS["time-out"], Unsure),
    "cut": (MISHAPS["cut"], Unsure),
    "500": (lambda r: httpx.Response(500, text="broken"), Unsure),
    "not JSON": (lambda r: httpx.Response(200, text="<html>"), Unsure),
    "400": (lambda r: httpx.Response(400, text="no"), Refused),
    "429": (lambda r: httpx.Response(429, text="later"), Refused),
}


@over([w for w in WRITES if any(map(_is_write, tapes.Tape(w[0]).writes[w[1]]["exchanges"]))], "writes")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_write_is_sent_once(name: str, at: int, failure: str) -> None:
    """A write that fails is not sent again by itself; it says whether that was a no or a doubt."""
    tape = tapes.Tape(name)
    case = tape.writes[at]
    last = tapes.wanted_of([e for e in case["exchanges"] if _is_write(e)][-1]["request"])
    replay, sent = tapes.Replay(case["exchanges"]), []
    fail, raised = FAILURES[failure]

    def handler(request: httpx.Request) -> httpx.Response:
        if tapes.asked_of(request) | {"headers": {}} == last:
            sent.append(request)
            return fail(request)
        return replay(request)

    with pytest.raises(VendorError) as error:
        _written(tape, case, handler)
    assert isinstance(error.value, raised)
    assert len(sent) == 1


@pytest.mark.parametrize("name", NAMES)
def test_against_the_description(name: str, shared: Path) -> None:
    """Every request we send and every reply of the tape is as the vendor's published description says."""
    tape = tapes.Tape(name)
    if tape.spec is None or not (shared / "vendors" / "specs" / tape.spec).exists():
        pytest.skip(f"{name} publishes no description")
    book = specs.spec(shared / "vendors" / "specs" / tape.spec)
    beyond = tape.said.get("unspecified", [])
    errors = []
    for exchange in tape.exchanges:
        request = _request(tape, exchange["request"])
        if any(request.url.path.startswith(path) for path in beyond):
            assert book.operation(request) is None, f"{request.url.path} is in the description after all"
            continue
        wrong = book.request_errors(request)
        if "json" in exchange["reply"]:
            wrong += book.reply_errors(request, tapes.reply_of(exchange, request))
        errors += [f"{request.method} {request.url.path}: {e}" for e in wrong]
    assert not errors, json.dumps(errors[:20], indent=1)


def _request(tape: tapes.Tape, said: dict[str, Any]) -> httpx.Request:
    said = tapes.wanted_of(said)
    body = {"json": said["json"]} if "json" in said else {"data": said["form"]} if "form" in said else {}
    return httpx.Request(said["method"], f"https://vendor.example{said['path']}", params=said["query"] or None, **body)
