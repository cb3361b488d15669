"""People who click on a page at once, without their browsers: each speaks Streamlit's own protocol over a websocket."""

import asyncio
import itertools
import random
import statistics
import time
from typing import Any, NamedTuple

from served import Server
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ButtonGroup_pb2 import ButtonGroup
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

CLICKS = 8  # of each person


class Told(NamedTuple):
    """Seconds of the median rerun, errors that a page showed, and MB that each session added."""

    median: float
    errors: int
    megabytes: float


class Person:
    """One open page and the choice of it that they click on."""

    def __init__(self, wire: ClientConnection, label: str, at: int) -> None:
        self.wire, self.label, self.at = wire, label, at
        self.choice: ButtonGroup | None = None
        self.page, self.errors = "", 0

    async def rerun(self, chosen: str = "") -> float:
        """Run the page, with something chosen; return the seconds until the server said that all was sent."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.page
        asked.rerun_script.context_info.locale = "en-GB"
        asked.rerun_script.context_info.timezone = "Europe/Madrid"
        if self.choice and chosen:
            state = asked.rerun_script.widget_states.widgets.add(id=self.choice.id)
            state.string_array_value.data.append(chosen)
        begun = time.perf_counter()
        await self.wire.send(asked.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(await asyncio.wait_for(self.wire.recv(decode=False), 120))
            kind = said.WhichOneof("type")
            if kind == "new_session":
                self.page = said.new_session.page_script_hash
            elif kind == "delta":
                self._look(said)
            elif kind == "script_finished" and said.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.errors += said.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY
                return time.perf_counter() - begun

    def _look(self, said: ForwardMsg) -> None:
        element = said.delta.new_element
        kind = element.WhichOneof("type")
        self.errors += kind == "exception"
        if kind == "button_group" and element.button_group.label == self.label:
            self.choice = element.button_group

    async def clicks(self, pause: float) -> list[float]:
        """Choose one after the other, after a pause each time; return the seconds that each took."""
        assert self.choice, f"no choice called {self.label!r} on the page"
        options = [option.content for option in self.choice.options]
        took = []
        for chosen in itertools.islice(itertools.cycle(options[self.at % len(options) :] + options), CLICKS):
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            took.append(await self.rerun(chosen))
        return took


def click(server: Server, people: int, pause: float, label: str) -> Told:
    """Let so many people open the first page and click the choice named `label`, `pause` seconds after each answer."""
    return asyncio.run(_click(server, people, pause, label))


async def _click(server: Server, people: int, pause: float, label: str) -> Told:
    url = server.url.replace("http://", "ws://") + "/_stcore/stream"
    wires: list[Any] = []
    try:
        before = 0.0
        everybody = []
        for n in range(people):
            wires.append(await connect(url, max_size=None, compression=None))
            person = Person(wires[-1], label, n)
            await person.rerun()
            everybody.append(person)
            before = before or server.memory()
        took = await asyncio.gather(*(person.clicks(pause) for person in everybody))
        grown = (server.memory() - before) / max(1, people - 1)
    finally:
        for wire in wires:
            await wire.close()
    return Told(statistics.median(t for each in took for t in each), sum(p.errors for p in everybody), grown)
