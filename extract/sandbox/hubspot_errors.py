"""HubSpot's refusals, in the shape of its error bodies."""

import uuid
from typing import Any

from extract.sandbox.wire import Refused, Reply


def refused(status: int, category: str, message: str, **more: Any) -> Refused:
    """Return a refusal with HubSpot's error body."""
    body = {"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category} | more
    return Refused(Reply(status, body))


def invalid(message: str, code: str = "INVALID_PARAMETER", **context: list[str]) -> Refused:
    """Return a 400 with one error."""
    error: dict[str, Any] = {"message": message, "code": code} | ({"context": context} if context else {})
    return refused(400, "VALIDATION_ERROR", message, errors=[error])


def invalid_properties(errors: list[tuple[str, str, str]]) -> Refused:
    """Return the 400 of property values that were not accepted: (property, code, message) of each."""
    rows = [{"message": text, "code": code, "context": {"propertyName": [name]}} for name, code, text in errors]
    listed = str([{"isValid": False, "message": text, "error": code, "name": name} for name, code, text in errors])
    return refused(400, "VALIDATION_ERROR", f"Property values were not valid: {listed}", errors=rows)


def not_found(message: str = "resource not found") -> Refused:
    """Return a 404."""
    return refused(404, "OBJECT_NOT_FOUND", message)


def unauthorized() -> Refused:
    """Return the 401 of a token that is not ours."""
    text = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details"
        " at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return refused(401, "INVALID_AUTHENTICATION", text)


def expired() -> Refused:
    """Return the 401 of an access token whose time is over."""
    text = "The OAuth token used to make this call expired. Use the refresh token to get a new one."
    return refused(401, "EXPIRED_AUTHENTICATION", text)


def missing_scope(scope: str) -> Refused:
    """Return the 403 that names the right a token lacks."""
    text = (
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        "https://developers.hubspot.com/scopes."
    )
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return refused(
        403, "MISSING_SCOPES", text, errors=[error], links={"scopes": "https://developers.hubspot.com/scopes"}
    )


def too_many(policy: str) -> Refused:
    """Return the 429 of a rate limit: `TEN_SECONDLY_ROLLING`, `SECONDLY` or `DAILY`."""
    text = {"TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
            "SECONDLY": "You have reached your"
            " secondly limit.", "DAILY": "You have reached your daily limit."}[policy]  # fmt: skip
    return refused(429, "RATE_LIMITS", text, errorType="RATE_LIMIT", policyName=policy)
