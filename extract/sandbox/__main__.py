"""`python -m extract.sandbox`: the sandbox as a process of its own."""

import argparse
import time
from datetime import date

from extract.sandbox.server import serve


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m extract.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8580)
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="the day on which the books stand")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--deals", type=int, default=1500)
    options = parser.parse_args()
    running = serve(options.port, options.today, options.seed, options.deals)
    print(f"sandbox on {running.url}", flush=True)
    try:
        while running.thread.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt:
        running.stop()


if __name__ == "__main__":
    main()
