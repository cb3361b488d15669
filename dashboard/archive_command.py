"""`cuadra archive` as it is typed; `dashboard.cli` registers it.

Exit codes as there: 1 a file came to harm, 2 wrong use, 3 something did not get to its place.
"""

from typing import Annotated

import typer
from rich.console import Console

from dashboard import show

HARMED, WRONG, FAILED = 1, 2, 3


def archive(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored; store nothing.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read every file and compare it with its checksum.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Keep the PDF of every issued invoice where section "archive" of the settings says, each once, with an index."""
    from dashboard import archiving

    try:
        if verify:
            read = archiving.examined(context.obj)
            show.one(read, json)
            if read["harmed"]:
                raise typer.Exit(HARMED)
            return
        found = archiving.due(context.obj)
        if dry_run or not json:
            show.plans(found.plans, json)
        if dry_run:
            return
        if found.plans and not yes and (json or not typer.confirm(f"Store exactly these {len(found.plans)}?")):
            raise archiving.Wrong("nothing was stored: add --yes to store, or --dry-run to look")
        ended = archiving.perform(context.obj, found.plans, "command line")
    except archiving.Wrong as error:
        Console(stderr=True).print(f"[bold red]✗[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from error
    show.one(ended, json)
    if ended["failed"] or ended["left"]:
        raise typer.Exit(FAILED)
