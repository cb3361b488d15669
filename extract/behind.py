"""One piece of work at a time in a thread behind the caller: compressing, inserting, while the next items come."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Behind:
    """A thread that does what it is given, one thing after the other; the caller is at most one thing ahead."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._doing: Future[Any] | None = None

    def do(self, work: Callable[..., Any], *given: Any) -> None:
        """Wait for what was given before, raising its error, and begin this."""
        self.done()
        self._doing = self._thread.submit(work, *given)

    def done(self) -> None:
        """Wait until all is done. Raises what went wrong, once."""
        doing, self._doing = self._doing, None
        if doing:
            doing.result()

    def close(self) -> None:
        """Wait until all is done, and end the thread. Raises what went wrong."""
        try:
            self.done()
        finally:
            self._thread.shutdown()
