"""`python -m extract.sandbox`: the sandbox as a process of its own."""

import argparse
import signal
import threading
from datetime import date
from pathlib import Path

from extract.sandbox.server import serve


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m extract.sandbox", description="A company that answers like HubSpot and Stripe."
    )
    parser.add_argument("--port", type=int, default=8580, help="of HTTP; 0 takes any free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="of SMTP; 0 takes any free one")
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="the day on which the books stand")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--deals", type=int, default=1500)
    parser.add_argument("--state", type=Path, default=None, help="file that keeps the books over a restart")
    options = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    running = serve(options.port, options.smtp_port, options.today, options.seed, options.deals, options.state)
    print(f"sandbox: {running.url} (HubSpot and Stripe), smtp://127.0.0.1:{running.smtp_port}", flush=True)
    while running.thread.is_alive() and not over.wait(0.2):
        pass
    running.stop()


if __name__ == "__main__":
    main()
