"""A real n8n on this machine: started with nothing of anybody's, driven as a person does in its editor."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

BINARY = os.environ.get("CUADRA_N8N") or shutil.which("n8n") or ""
OWNER = {"email": "ana@example.com", "firstName": "Ana", "lastName": "Ruiz", "password": "Only-for-a-test-1"}


def until(there: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is there, and return it."""
    end = time.monotonic() + seconds
    while not (found := there()) and time.monotonic() < end:
        time.sleep(0.1)
    assert found, f"not there after {seconds:.0f} s"
    return found


class N8n:
    """n8n with a folder of its own, in which the files of a folder were imported."""

    def __init__(self, folder: Path, flows: Path) -> None:
        # nothing of an n8n that this machine has otherwise: neither its database nor its folder
        ports = [free_port() for _ in range(2)]
        self._env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {
            "HOME": str(folder), "N8N_USER_FOLDER": str(folder), "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PORT": str(ports[0]), "N8N_RUNNERS_BROKER_PORT": str(ports[1]), "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false", "N8N_TEMPLATES_ENABLED": "false",
            "N8N_COMMUNITY_PACKAGES_ENABLED": "false", "EXTERNAL_FRONTEND_HOOKS_URLS": ""}  # fmt: skip
        self._log = folder / "n8n.log"
        self._run("import:workflow", "--separate", f"--input={flows}")
        with self._log.open("a") as log:
            self._process = subprocess.Popen([BINARY, "start"], env=self._env, stdout=log, stderr=log)
        self.address = f"http://127.0.0.1:{ports[0]}"
        self.web = httpx.Client(base_url=self.address, timeout=60, trust_env=False)
        self.web.headers["browser-id"] = "test"
        until(self._is_up, 180)
        setup = self.web.post("/rest/owner/setup", json=OWNER)
        assert setup.is_success, setup.text
        self.web.headers["cookie"] = setup.headers["set-cookie"].split(";")[0]  # meant for https

    def _run(self, *words: str) -> None:
        done = subprocess.run([BINARY, *words], env=self._env, capture_output=True, text=True, timeout=300)
        self._log.write_text(done.stdout + done.stderr, "utf-8")
        assert done.returncode == 0 and "Successfully imported" in done.stdout, self._log.read_text()[-2000:]

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            return self.web.get("/healthz/readiness").is_success and self.web.get("/rest/settings").is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it."""
        self.web.close()
        self._process.terminate()
        self._process.wait(60)

    def workflow(self, name: str) -> dict[str, Any]:
        """Return an imported workflow."""
        found: dict[str, Any] = self.web.get(f"/rest/workflows/{name}").json()["data"]
        return found

    def key(self, name: str, key: str) -> None:
        """Enter a key as a credential, and choose it in the nodes of a workflow that sign."""
        made = self.web.post("/rest/credentials", json={"name": key, "type": "crypto", "data": {"hmacSecret": key}})
        assert made.is_success, made.text
        chosen = {"crypto": {"id": made.json()["data"]["id"], "name": key}}
        workflow = self.workflow(name)
        for node in workflow["nodes"]:
            if node["type"].endswith(".crypto"):
                node["credentials"] = chosen
        self.save(workflow)

    def save(self, workflow: dict[str, Any]) -> None:
        """Save what was changed in a workflow."""
        parts = {part: workflow[part] for part in ("nodes", "connections", "versionId")}
        saved = self.web.patch(f"/rest/workflows/{workflow['id']}", json=parts)
        assert saved.is_success, saved.text

    def publish(self, name: str) -> httpx.Response:
        """Publish a workflow, so that it is run when it is called."""
        version = self.workflow(name)["versionId"]
        return self.web.post(f"/rest/workflows/{name}/activate", json={"versionId": version})

    def execute(self, name: str) -> tuple[str, str]:
        """Press "Execute workflow" and return how it ended: success or error, and what was kept of it."""
        workflow = self.workflow(name)
        begin = next(node["name"] for node in workflow["nodes"] if re.search("(?i)trigger$", node["type"]))
        begun = self.web.post(f"/rest/workflows/{name}/run",
                              json={"workflowData": workflow, "triggerToStartFrom": {"name": begin}})  # fmt: skip
        assert begun.is_success, begun.text
        address = f"/rest/executions/{begun.json()['data']['executionId']}"

        def ended() -> dict[str, Any] | None:
            run: dict[str, Any] = self.web.get(address).json()["data"]
            return run if run["status"] in ("success", "error", "crashed") else None

        run = until(ended)
        return run["status"], run["data"]


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
