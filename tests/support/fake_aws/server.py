"""All state of the fake and its listener: AWS calls, the control API and webhooks on one port."""

import asyncio
import json
import os
import random
import traceback

from .clock import Clock
from .control import Control
from .documents import Documents
from .ec2 import Ec2
from .errors import ControlError
from .faults import Faults
from .front import Front, alarm
from .guest import Guest
from .http1 import BadRequest, HEAD_BYTES_MAX, Response, read_request, send
from .instances import Fleet
from .journal import Journal
from .notify import Sns
from .proctree import write_atomic
from .sigv4 import Credential
from .ssm import Ssm
from .webhook import Webhooks

REGION = "us-east-1"
ACCOUNT = "123456789012"
KEY_ID = "AKIAFAKEAWSEXAMPLE00"
SECRET = "fake-aws-secret-fake-aws-secret-fake-aws"
TOPIC = "ec2-auto-recovery-notifications"  # SPEC 58
CONNECTIONS_MAX = 2000


class State:
    """Everything that a reset throws away."""

    def __init__(self, options):
        self.region, self.account = REGION, ACCOUNT
        self.clock = Clock(options.time_scale)
        self.random = random.Random(options.seed)
        self.credentials = {KEY_ID: Credential(KEY_ID, SECRET)}
        self.faults = Faults(self.clock)
        self.journal = Journal(options.journal)
        self.forbidden = []
        self.fleet = Fleet(self.clock, self.random, self.region, Guest)
        self.ec2 = Ec2(self.fleet, self.account, self._forbidden)
        self.documents = Documents(options.documents)
        self.ssm = Ssm(self.fleet, self.documents, self.clock, self.random)
        self.sns = Sns(self.clock, self.random, self.region, self.account)
        self.sns.create_topic(TOPIC)
        self.webhooks = Webhooks(self.clock)

    def _forbidden(self, text):
        self.forbidden.append(text)
        alarm(text)

    async def close(self):
        await self.fleet.close()
        self.journal.close()


class Server:
    def __init__(self, options):
        self.options = options
        self.state = State(options)
        self.stopping = asyncio.Event()
        self.connections = set()
        self._wire()

    def _wire(self):
        self.front = Front(self.state)
        self.control = Control(self.state, self.reset, self.stopping.set)

    async def reset(self):
        await self.state.close()
        self.state = State(self.options)
        self._wire()

    async def run(self):
        """Serves until stopped; guests and connections are gone when it returns."""
        if self.options.state:
            with open(self.options.state, encoding="utf-8") as file:
                self.control.load(json.load(file))
        listener = await asyncio.start_server(self._connection, "127.0.0.1", self.options.port,
                                              limit=HEAD_BYTES_MAX, backlog=512)
        port = listener.sockets[0].getsockname()[1]
        if self.options.ready_file:
            write_atomic(os.path.abspath(self.options.ready_file), f"{port}\n")
        print(f"fake_aws: listening on 127.0.0.1:{port}", flush=True)
        try:
            await self.stopping.wait()
        finally:
            listener.close()
            for task in list(self.connections):
                task.cancel()
            await self.state.close()

    async def _connection(self, reader, writer):
        task = asyncio.current_task()
        if len(self.connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self.connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(task)
            writer.close()

    async def _one(self, reader, writer):
        try:
            request = await read_request(reader, writer)
        except BadRequest as error:
            await send(reader, writer, Response(400, str(error).encode(), "text/plain"), False)
            return False
        if request is None:
            return False
        response = await self._respond(request)
        keep = request.headers.get("connection", "").lower() != "close"
        return await send(reader, writer, response, keep)

    async def _respond(self, request):
        try:
            if not request.path.startswith("/_fake/"):
                return self.front.handle(request)
            return await self.control.handle(request)
        except ControlError as error:
            body = json.dumps({"error": str(error)}).encode()
            return Response(error.status, body)
        except Exception:  # a bug of the fake: said loudly, and not mistaken for a fault
            traceback.print_exc()
            return Response(599, b'{"error":"bug in fake_aws, see its stderr"}')
