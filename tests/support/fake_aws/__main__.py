"""python3 -m fake_aws --port 0 --ready-file F [--state F] [--seed N] [--journal F] [--time-scale X]"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from .server import Server

DOCUMENTS = Path(__file__).resolve().parents[3] / "ssm-documents"


def _options():
    parser = argparse.ArgumentParser(prog="fake_aws", description="A stand-in for AWS on loopback")
    parser.add_argument("--port", type=int, default=0, help="0: chosen by the kernel")
    parser.add_argument("--ready-file", help="gets the port once the fake listens")
    parser.add_argument("--state", help="initial state (JSON, see README.md)")
    parser.add_argument("--seed", type=int, default=1, help="of ids and boot ids")
    parser.add_argument("--journal", help="append every request here, one JSON object a line")
    parser.add_argument("--time-scale", type=float, default=1.0, help="simulated delays divided by")
    parser.add_argument("--documents", default=str(DOCUMENTS), help="folder of SSM documents")
    return parser.parse_args()


async def _main(options):
    server = Server(options)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopping.set)
    await server.run()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_options())))
