"""`cuadra …`: what the pages can do, for people at a prompt and for programs.

Exit codes: 0 done · 1 findings of the kind asked to fail on, or something to look at · 2 wrong use or configuration ·
3 a vendor refused or could not be reached. `--json` prints one JSON document on standard output and nothing else there.
"""

import dataclasses
import sys
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dashboard import archive_command, cli_access, show
from extract import logs
from extract.vendor import VendorError, registry

app = typer.Typer(
    name="cuadra",
    help="Everything you sell is invoiced, and everything you invoice is paid.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
screen = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class Exit(IntEnum):
    """What the command ends with."""

    DONE = 0
    FOUND = 1
    WRONG = 2
    REFUSED = 3


@app.callback()
def main(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(envvar="CUADRA_DATA", help="Folder of raw files, warehouse and settings.")
    ] = Path("data"),
    lang: Annotated[str, typer.Option(envvar="CUADRA_LANG", help="en, es, fr or pl.")] = "en",
) -> None:
    """Reconcile what was sold, invoiced and paid."""
    context.obj = data
    if context.invoked_subcommand not in ("capabilities", "vendors"):
        logs.configure(data)
        from dashboard import words

        words.choose_by(lambda: lang)


def stop(message: str, code: Exit = Exit.WRONG) -> NoReturn:
    """End with a message for the user."""
    screen.print(f"[bold red]✗[/] {message}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def working() -> Progress:
    """Return a progress display on standard error."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[count]}"), TimeElapsedColumn(),
        console=screen, transient=True,
    )  # fmt: skip


@app.command()
def init(context: typer.Context) -> None:
    """Make a data folder with a commented settings file."""
    from dashboard.setup import make

    for line in make(context.obj):
        print(line)


@app.command()
def demo(
    context: typer.Context,
    port: Annotated[int, typer.Option(envvar="PORT", help="Port of the page.")] = 8501,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open one.")] = False,
) -> None:
    """Run the main job on a small invented company, and open the page. Needs no account."""
    from dashboard import demo as demonstration

    demonstration.run(
        context.obj / "demo", port, browser=not no_browser, say=lambda text: screen.print(text, highlight=False)
    )


@app.command()
def vendors(json: Json = False) -> None:
    """List every system, channel and file format, with what proves that it works."""
    from dashboard.catalogue import catalogue

    rows = [entry._asdict() for entry in catalogue()]
    show.rows(rows, json, ["name", "title", "kind", "auth", "reads", "writes", "evidence"])


@app.command()
def connect(
    context: typer.Context,
    vendor: str,
    name: Annotated[str, typer.Option(help="Name of the connection, where a vendor is connected twice.")] = "",
    option: Annotated[list[str] | None, typer.Option("--set", help="An option of the vendor, name=value.")] = None,
) -> None:
    """Enter the credentials of a vendor, try them, and keep them if they are right."""
    from dashboard import setup

    if vendor not in registry():
        stop(f"there is no vendor {vendor!r}; see `cuadra vendors`")
    given = {}
    for need in registry()[vendor].needs:
        given[need] = typer.prompt(need, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        options = dict(pair.split("=", 1) for pair in option or [])
    except ValueError:
        stop("--set wants name=value")
    try:
        who = setup.connect(context.obj, vendor, name or vendor, given, options)
    except VendorError as error:
        stop(f"{error} Nothing was kept.", Exit.REFUSED)
    print(f"{name or vendor} is connected to {who.account}" + (" (TEST)" if who.is_test else ""))
    if who.missing:
        print(f"Rights still missing: {', '.join(who.missing)}")


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Try credentials, rights, clock, mail and browser, and say what to do about each."""
    from dashboard.doctor import examine

    found = [c._asdict() for c in examine(context.obj)]
    show.rows(found, json, ["what", "state", "says"])
    if any(c["state"] == "refused" for c in found):
        raise typer.Exit(Exit.REFUSED)


@app.command()
def sync(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Connections; all where none is named.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not only what changed.")] = False,
    json: Json = False,
) -> None:
    """Read what vendors say, then reconcile, then let the automatic flows do what is due."""
    from dashboard import jobs

    with working() as progress:
        tasks: dict[str, Any] = {}

        def told(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=None, count="")
            progress.update(tasks[what], count=f"{count:,}" if count else "")

        try:
            readings = jobs.sync(context.obj, names or (), full=full, progress=told)
        except jobs.Unknown as error:
            stop(str(error))
        if not readings:
            stop("nothing is connected yet: `cuadra connect VENDOR`, or `cuadra demo` to look around first")
        jobs.reconcile(context.obj, progress=told)
        done = jobs.automate(context.obj, progress=told)
        jobs.tell(context.obj)
    for run in done.runs:
        screen.print(f"{run.who}: {run.plans[0].says} {run.state}", highlight=False)
    rows = [r._asdict() | {"rows": dict(r.rows)} for r in readings]
    show.rows(rows, json, ["vendor", "mode", "items", "rejected", "seconds", "error"])
    if any(r.error for r in readings):
        raise typer.Exit(Exit.REFUSED)


@app.command("import")
def import_(
    context: typer.Context,
    files: list[Path],
    table: Annotated[str, typer.Option("--as", help="Canonical table, where the file does not tell.")] = "",
    profile: Annotated[str, typer.Option(help="A profile kept from an earlier import.")] = "",
    column: Annotated[
        list[str] | None, typer.Option("--column", help="HEADING=column, for what was not recognised.")
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option("--set", help="column=value for every row, e.g. currency=EUR.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in CSV, XLSX, Parquet and bank statements, then reconcile. The same file twice changes nothing."""
    from dashboard import imports, jobs

    done = []
    for path in files:
        try:
            done.append(
                imports.take(context.obj, path, table=table, profile=profile, column=column or [], value=value or [])
            )
        except imports.Ask as error:
            stop(str(error))
    jobs.reconcile(context.obj)
    rows = [d._asdict() | {"changes": [c._asdict() for c in d.changes]} for d in done]
    show.rows(rows, json, ["file", "kind", "rows", "new", "changed", "same", "rejected", "note"])
    if not json:
        for change in [c for d in done for c in d.changes][:40]:
            print(f"  {change.id}: {change.field} {show.plain(change.before)} → {show.plain(change.after)}")


@app.command()
def rates(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="The ECB's file: eurofxref-hist.zip, CSV or XML.")] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Get it from the ECB.")] = False,
    url: Annotated[str, typer.Option(help="Where to get it instead.")] = "",
    json: Json = False,
) -> None:
    """Take in the exchange rates of the European Central Bank, then reconcile. Totals are converted with them."""
    from dashboard import jobs
    from reconcile import ecb

    if bool(file) == bool(fetch or url):
        stop(f"say either a file or --fetch; the file is at {ecb.URL}")
    try:
        kept = ecb.fetch(context.obj, url or ecb.URL) if file is None else ecb.take_file(context.obj, file)
    except ecb.RatesError as error:
        stop(str(error), Exit.WRONG if file else Exit.REFUSED)
    jobs.reconcile(context.obj)
    show.one(kept._asdict(), json)


@app.command()
def reconcile(context: typer.Context, json: Json = False) -> None:
    """Link, check and count what has been read."""
    from dashboard import jobs

    summary = jobs.reconcile(context.obj)
    show.one(dataclasses.asdict(summary), json)


@app.command()
def findings(
    context: typer.Context,
    check: Annotated[str, typer.Option(help="Only this check.")] = "",
    severity: Annotated[str, typer.Option(help="Only high, medium or low.")] = "",
    state: Annotated[str, typer.Option(help="open, agreed, snoozed, unchecked, fixed or all.")] = "open",
    fail_on: Annotated[str, typer.Option("--fail-on", help="Exit 1 where one of this severity or worse is open.")] = "",
    json: Json = False,
) -> None:
    """List what does not add up."""
    from dashboard import fixes

    try:
        rows = fixes.listed(context.obj, check, severity, state)
    except fixes.NoFix as error:
        stop(str(error))
    show.rows(rows, json, ["id", "severity", "check", "amount_at_stake", "currency", "since_on", "detail"])
    worse = {"low": ("low", "medium", "high"), "medium": ("medium", "high"), "high": ("high",)}.get(fail_on, ())
    if fail_on and not worse:
        stop(f"--fail-on {fail_on!r}: say high, medium or low")
    if any(r["severity"] in worse and r["state"] == "open" for r in rows):
        raise typer.Exit(Exit.FOUND)


@app.command()
def fix(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="Findings, by id or its beginning.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")] = False,
    billing: Annotated[str, typer.Option(help="Billing account, where several are connected.")] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Mend findings: preview, ask, send once."""
    from dashboard import fixes

    try:
        offers = fixes.offers(context.obj, ids, billing)
    except fixes.NoFix as error:
        stop(str(error))
    if dry_run or not json:
        show.plans(offers, json)
    if dry_run:
        return
    if json and not yes:
        stop("--json cannot ask: add --yes to send, or --dry-run to look")
    if any(not plan.is_ready for plan in offers):
        stop("something is missing (see above); nothing was sent")
    if not yes and not typer.confirm("Send exactly this?"):
        stop("nothing was sent")
    outcomes = fixes.send(context.obj, offers, who="command line")
    show.rows([o.model_dump(mode="json") for o in outcomes], json, ["action", "state", "error", "key"])
    if not all(o.is_done for o in outcomes):
        raise typer.Exit(Exit.REFUSED)


@app.command()
def automations(
    context: typer.Context,
    flow: Annotated[str, typer.Argument(help="The flow to switch; all are listed where none is named.")] = "",
    mode: Annotated[str, typer.Option(help="off, suggest or automatic.")] = "",
    owner: Annotated[
        list[str] | None, typer.Option(help="Only for this salesperson, by id or e-mail; may be given again.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="For all salespeople.")] = False,
    cap: Annotated[int, typer.Option(help="Most that it starts by itself in a day.")] = -1,
    reason: Annotated[str, typer.Option(help="Why it may, before the flow in front of it has proven itself.")] = "",
    run: Annotated[bool, typer.Option("--run", help="Do now what is due.")] = False,
    json: Json = False,
) -> None:
    """Show what runs by itself and what is due, or switch it."""
    from dashboard import automatic, jobs

    try:
        if flow:
            automatic.switch(context.obj, flow, mode, owner or [], everybody, cap, reason, who="command line")
        if run:
            done = jobs.automate(context.obj)
            show.rows(automatic.ended(done), json, ["flow", "says", "state", "error"])
            if any(r.state != "done" for r in done.runs):
                raise typer.Exit(Exit.REFUSED)
            return
        rows = automatic.listed(context.obj)
    except (ValueError, FileNotFoundError) as error:
        stop(str(error))
    show.rows(rows, json, ["flow", "mode", "owners", "daily_cap", "switched_by", "due", "waiting"])


@app.command()
def hook(context: typer.Context, connection: str) -> None:
    """Keep the secret of a connection's web hook, and say at which address it is to be called.

    For Make, Zapier, n8n and the like say `carrier`: its secret is made here, and shown this once.
    """
    from dashboard import hooks, jobs
    from extract.hooks import SECRET
    from reconcile.state import state

    if connection == hooks.CARRIER:
        print(f"Sign with this secret, which is shown only now: {hooks.carrier_secret(context.obj, 'command line')}")
        print("Have it call /hooks/carrier at the address of the page, as Standard Webhooks says.")
        return
    if connection not in jobs.ready(context.obj):
        stop(f"{connection} is not connected; see `cuadra connect`")
    given = typer.prompt(SECRET, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not given:
        stop("no secret was given; nothing was kept")
    logs.hide([given])
    state(context.obj).keep_credentials(connection, {SECRET: given}, "command line")
    print(f"Kept. Have it call /hooks/{connection} at the address of the page, which must be reachable from there.")


@app.command("link")
def link_(
    context: typer.Context,
    left: Annotated[str, typer.Argument(help="What it is, whose, its id: payments:bank:b1 or deals:hubspot:501.")],
    right: Annotated[str, typer.Argument(help="What belongs to it: invoices:stripe:in_1.")],
    amount: Annotated[str, typer.Option(help="How much of a payment is for the invoice; what fits if left out.")] = "",
    later: Annotated[bool, typer.Option("--later", help="Do not reconcile now.")] = False,
    json: Json = False,
) -> None:
    """Say that two records belong together. It wins over every rule."""
    _decide(context.obj, left, right, "confirmed", amount, later, json)


@app.command()
def unlink(
    context: typer.Context,
    left: Annotated[str, typer.Argument(help="As in `cuadra link`.")],
    right: Annotated[str, typer.Argument(help="As in `cuadra link`.")],
    undo: Annotated[bool, typer.Option("--undo", help="Forget what was decided; the rules decide again.")] = False,
    later: Annotated[bool, typer.Option("--later", help="Do not reconcile now.")] = False,
    json: Json = False,
) -> None:
    """Say that two records do not belong together: the pair never comes back. Or take a decision back."""
    _decide(context.obj, left, right, "undo" if undo else "rejected", "", later, json)


def _decide(data: Path, left: str, right: str, verdict: str, amount: str, later: bool, json: bool) -> None:
    from dashboard import jobs, verdicts

    try:
        said = verdicts.from_command(data, left, right, verdict, amount)
    except verdicts.Wrong as error:
        stop(str(error))
    if not later:
        jobs.reconcile(data)
    show.one(said, json)


@app.command("quality")
def quality_(context: typer.Context, json: Json = False) -> None:
    """Show how often links were right, by what your own people confirmed and declined."""
    from dashboard import verdicts

    found = verdicts.quality(context.obj)
    if json:
        show.document(found)
        return
    show.rows(verdicts.table(found), False, ["pair", "what", "judged", "confirmed", "declined", "precision", "recall"])


@app.command("report")
def report_(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="week or month.")],
    to: Annotated[str, typer.Option(help="email, pdf, xlsx, csv, sheets, notion, slack; apart by commas.")] = "",
    date: Annotated[str, typer.Option(help="A day of the week or month; the last one that is over if left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for files; reports/ of the data folder if left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make everything, send nothing.")] = False,
    json: Json = False,
) -> None:
    """Send the weekly or monthly report, or write it to files. Without --to: show its figures."""
    from dashboard.report import command

    try:
        ended = command.run(context.obj, kind, to, date, out, dry_run, json)
    except command.Wrong as error:
        stop(str(error))
    if not all(d.is_well for d in ended):
        raise typer.Exit(Exit.REFUSED)


@app.command()
def query(
    context: typer.Context,
    sql: str,
    csv: Annotated[bool, typer.Option("--csv", help="CSV with a header (as without an option).")] = False,
    json: Json = False,
    parquet: Annotated[Path | None, typer.Option(help="Write a Parquet file.")] = None,
) -> None:
    """Ask the warehouse, read-only."""
    from dashboard import ask

    try:
        ask.ask(context.obj, sql, "parquet" if parquet else "json" if json else "csv", parquet)
    except ask.Wrong as error:
        stop(str(error))


@app.command()
def guided(context: typer.Context, json: Json = False) -> None:
    """Try the six steps from a test customer to a sent invoice against the invented company; leaves nothing behind."""
    from reconcile.guided import guided as run

    steps = [s._asdict() for s in run()]
    show.rows(steps, json, ["step", "passed", "says"])
    if not all(s["passed"] for s in steps):
        raise typer.Exit(Exit.FOUND)


@app.command()
def rebuild(context: typer.Context) -> None:
    """Make rows and warehouse again from the raw files."""
    from dashboard import jobs

    for reading in jobs.rebuild(context.obj):
        print(f"{reading.vendor} {reading.mode}: {reading.items:,} items, {reading.rejected:,} rejected")


@app.command()
def benchmark(
    what: Annotated[str, typer.Argument(help="extract, match, report, pages, flows, or all.")] = "all",
    folder: Annotated[Path | None, typer.Option(help="Labelled data for match, report and pages.")] = None,
    size: Annotated[int, typer.Option(help="Deals for extract.")] = 200_000,
    peers: Annotated[Path | None, typer.Option(help="Python of an environment with the peers (dlt, splink).")] = None,
) -> None:
    """Measure speed and quality here, as ratios in one run against the named peers."""
    from dashboard import benchmark as bench

    try:
        bench.run(what, folder, size, peers)
    except bench.NotHere as error:
        stop(str(error))


@app.command()
def capabilities(
    json: Json = False,
    run_tests: Annotated[
        bool, typer.Option("--run", help="Run the tests first instead of reading the last run.")
    ] = False,
) -> None:
    """List which capability rows a test proves."""
    from dashboard import capabilities as rows

    show.rows([r._asdict() for r in rows.capabilities(run_tests)], json, ["id", "passed", "tests"])


app.command("archive")(archive_command.archive)
app.command()(cli_access.serve)
app.command("sign-in")(cli_access.sign_in)
app.command()(cli_access.access)

if __name__ == "__main__":
    app()
