"""Several streams read at the same time, each in a thread of its own."""

import queue
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
CHUNK = 100  # items handed from a reading thread at a time


def together(*streams: Iterable[T]) -> Iterator[T]:
    """Yield from several streams at once, as `chunked` reads them."""
    for chunk in chunked(*streams):
        yield from chunk


def chunked(*streams: Iterable[T], ahead: int = 16) -> Iterator[list[T]]:
    """Yield chunks of several streams, each read in a thread of its own, at most `ahead` chunks in front.

    The first error ends all of them: a reading is complete or it is not one.
    """
    done: list[T] = []
    errors: list[BaseException] = []
    stop = threading.Event()
    waiting: queue.Queue[list[T]] = queue.Queue(maxsize=ahead)

    def put(value: list[T]) -> None:
        while not stop.is_set():
            try:
                return waiting.put(value, timeout=0.5)
            except queue.Full:
                continue

    def pump(stream: Iterable[T]) -> None:
        try:
            values = iter(stream)
            while not stop.is_set() and (chunk := list(islice(values, CHUNK))):
                put(chunk)
        except BaseException as error:  # noqa: BLE001 handed to the reader below, which raises it
            errors.append(error)
        finally:
            put(done)

    threads = [threading.Thread(target=pump, args=(s,), daemon=True) for s in streams]
    for thread in threads:
        thread.start()
    left = len(threads)
    try:
        while left:
            value = waiting.get()
            if value is not done:
                yield value
                continue
            left -= 1
            if errors:
                raise errors[0]
    finally:
        stop.set()
