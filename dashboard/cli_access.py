"""`cuadra serve`, `sign-in` and `access`: serving the pages, to this machine or to those who sign in."""

import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from dashboard import show

REFUSED = 3  # exit code: somebody outside did not do what they were asked
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others may reach it only with sign-in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT")] = 8501,
    hooks_port: Annotated[int, typer.Option(help="Port for web hooks alone; else they come to that of the pages.")] = 0,
    hooks_host: Annotated[str, typer.Option(help="Address of that port; vendors must reach it.")] = "127.0.0.1",
) -> None:
    """Serve the page."""
    from dashboard.serve import NotSafe
    from dashboard.serve import serve as run
    from reconcile.settings import SettingsError
    from reconcile.vault import VaultError

    try:
        run(context.obj, host, port, (hooks_host, hooks_port) if hooks_port else None)
    except (NotSafe, SettingsError, VaultError) as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{hooks_host}:{hooks_port} cannot be listened on: {error.strerror}. Say another --hooks-port.")


def sign_in(
    context: typer.Context,
    issuer: Annotated[str, typer.Argument(help="The provider: https://accounts.google.com, https://login.…")] = "",
    client_id: Annotated[str, typer.Argument(help="The id that the provider gave this application.")] = "",
    address: Annotated[str, typer.Option(help="Where people open the page, https://….")] = "",
    off: Annotated[bool, typer.Option("--off", help="Nobody signs in any more: the page is for this machine.")] = False,
    json: Json = False,
) -> None:
    """Have people sign in by OpenID Connect: try the provider, then keep it. Its secret is asked for."""
    from dashboard import letting_in

    if off:
        letting_in.close(context.obj)
    elif issuer and client_id:
        asked = "the provider's client secret"
        secret = typer.prompt(asked, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        try:
            letting_in.set_up(context.obj, issuer, client_id, secret, address)
        except letting_in.Wrong as error:
            _stop(f"{error} Nothing was kept.")
        except letting_in.Silent as error:
            _stop(f"{error} Nothing was kept.", REFUSED)
    elif issuer:
        _stop("say the provider's address and the client id, or --off")
    show.one(letting_in.standing(context.obj), json)


def access(
    context: typer.Context,
    whom: Annotated[str, typer.Argument(help="An e-mail address, a claim like groups=finance, or @example.com.")] = "",
    role: Annotated[str, typer.Option(help="viewer, salesperson, operator, approver or admin.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take the role away.")] = False,
    crm: Annotated[
        str, typer.Option(help="The e-mail by which the CRM knows a salesperson, where it is another.")
    ] = "",
    json: Json = False,
) -> None:
    """List who may do what, or say it: for a person, for all with a claim, for everybody of a domain."""
    from dashboard import letting_in

    if whom:
        try:
            letting_in.give(context.obj, whom, "" if remove else role, crm, who="command line")
        except letting_in.Wrong as error:
            _stop(str(error))
    elif role or remove or crm:
        _stop("say whom: an e-mail address, a claim like groups=finance, or @example.com")
    show.rows(letting_in.listed(context.obj), json, ["whom", "role", "crm_email", "may"])


def _stop(message: str, code: int = 2) -> NoReturn:
    Console(stderr=True).print(f"[bold red]✗[/] {message}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)
