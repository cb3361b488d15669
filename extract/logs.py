"""Structured logs: one JSON line an event in `data/logs/cuadra.jsonl`, warnings also on the screen, secrets never.

A secret is recognised three ways: by the name of its field, by its shape (the vendors' key prefixes), and by being
one of the credentials in use.
"""

import logging
import logging.handlers
import re
import sys
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any

import structlog

HIDDEN = "•••"
_NAMES = re.compile(r"(?i)(token|secret|password|passwd|api_?key|authorization|credential|cookie|whsec)")
_SHAPES = re.compile(
    r"\b(?:pat-[a-z0-9]+-[\w-]{6,}|(?:sk|rk|pk)_(?:live|test)_\w{4,}|whsec_\w{6,}|xox[abp]-[\w-]{8,}|ghp_\w{20,})"
    r"|(?i:(?<=bearer )[\w.~+/=-]{8,}|(?<=basic )[\w+/=]{8,})"
)
_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Never write these values, wherever they stand."""
    _known.update(s for s in secrets if len(s) >= 6)


def redacted(value: Any, name: str = "") -> Any:
    """Return a value with secrets hidden, whatever it is nested in."""
    if name and _NAMES.search(name) and value:
        return HIDDEN
    if isinstance(value, MutableMapping):
        return {k: redacted(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(v) for v in value]
    if isinstance(value, str):
        for secret in _known:
            value = value.replace(secret, HIDDEN)
        return _SHAPES.sub(HIDDEN, value)
    return value


def _redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {k: v if k.startswith("_") else redacted(v, k) for k, v in event.items()}


def configure(data: Path, *, level: int = logging.INFO) -> None:
    """Write events to the data folder's log; call once a process."""
    folder = data / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    finish = structlog.stdlib.ProcessorFormatter
    file = logging.handlers.RotatingFileHandler(
        folder / "cuadra.jsonl", maxBytes=5_000_000, backupCount=5, encoding="utf-8"
    )
    file.setFormatter(
        finish(
            processors=[finish.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
            foreign_pre_chain=shared,
        )
    )
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.WARNING)
    screen.setFormatter(
        finish(
            processors=[finish.remove_processors_meta, structlog.dev.ConsoleRenderer(colors=False)],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if (h.name or "").startswith("cuadra ")]:
        root.removeHandler(old)
        old.close()
    file.name, screen.name = "cuadra file", "cuadra screen"
    root.addHandler(file)
    root.addHandler(screen)
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines carry whole addresses
    structlog.configure(
        processors=[*shared, finish.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
