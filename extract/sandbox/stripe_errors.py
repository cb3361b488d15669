"""Stripe's refusals, in the shape of its error bodies."""

from typing import Any

from extract.sandbox.wire import Refused, Reply


def refused(
    status: int, message: str, code: str | None = None, param: str | None = None, kind: str = "invalid_request_error"
) -> Refused:
    """Return a refusal with Stripe's error body."""
    error: dict[str, Any] = {"message": message, "type": kind}
    if code:
        error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
    if param:
        error["param"] = param
    return Refused(Reply(status, {"error": error}))


def missing(what: str, object_id: str, param: str = "id") -> Refused:
    """Return the 404 of an object that does not exist."""
    return refused(404, f"No such {what}: '{object_id}'", "resource_missing", param)


def no_such(what: str, object_id: str, param: str) -> Refused:
    """Return the 400 of a parameter that names an object which does not exist."""
    return refused(400, f"No such {what}: '{object_id}'", "resource_missing", param)


def required(param: str) -> Refused:
    """Return the 400 of a parameter left out."""
    return refused(400, f"Missing required param: {param}.", "parameter_missing", param)


def unknown(param: str) -> Refused:
    """Return the 400 of a parameter that does not exist."""
    return refused(400, f"Received unknown parameter: {param}", "parameter_unknown", param)


def invalid(param: str, message: str, code: str | None = None) -> Refused:
    """Return the 400 of a value that cannot be."""
    return refused(400, message, code, param)


def unauthorized(token: str) -> Refused:
    """Return the 401 of a key that is not ours."""
    if not token:
        text = "You did not provide an API key. Provide it in the Authorization header, using Bearer auth."
        return refused(401, text)
    return refused(401, f"Invalid API Key provided: {token[:7]}{'*' * max(0, len(token) - 11)}{token[-4:]}")


def forbidden(token: str, right: str) -> Refused:
    """Return the 403 that names the right a restricted key lacks."""
    text = (
        f"The provided key '{token[:7]}***{token[-4:]}' does not have the required permissions for this endpoint on"
        f" account 'acct_1RFaroNorteSandbox'. Having the '{right}' permission would allow this request to continue."
    )
    return refused(403, text)
