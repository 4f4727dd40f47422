"""Webhook receivers on the fake's port: they record what arrives and answer as told.

POST /_fake/webhook/NAME is what a sender uses. Modes: ok, status (status, retry_after, body), hang,
reset, close, drip (one byte each drip_s seconds), slow (seconds before the answer).
"""

import json
from collections import deque

from .clock import iso
from .errors import ControlError
from .http1 import Response

BODIES_MAX = 10_000
MODES = {"ok", "status", "hang", "reset", "close", "drip", "slow"}


class Receiver:
    def __init__(self):
        self.received = deque(maxlen=BODIES_MAX)
        self.script = []  # modes in order; one with times null stays
        self.total = 0


class Webhooks:
    def __init__(self, clock):
        self.clock = clock
        self.receivers = {}

    def _receiver(self, name):
        return self.receivers.setdefault(name, Receiver())

    def tell(self, name, spec):
        """spec: {"mode", "times" (1, null = ever), "status", "retry_after", "body", "seconds",
        "drip_s"}, added behind what was told before; {"mode": "ok", "clear": true} forgets it."""
        receiver = self._receiver(name)
        spec = dict(spec)
        if spec.pop("clear", False):
            receiver.script.clear()
        if spec.get("mode", "ok") not in MODES:
            raise ControlError(f"unknown webhook mode {spec.get('mode')!r}")
        if spec.get("mode", "ok") != "ok":
            receiver.script.append({"times": 1, **spec})

    def view(self, name):
        receiver = self._receiver(name)
        return {"total": receiver.total, "received": list(receiver.received),
                "script": receiver.script}

    def receive(self, name, request):
        receiver = self._receiver(name)
        mode = self._next_mode(receiver)
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        receiver.total += 1
        receiver.received.append({
            "seq": receiver.total, "time": iso(self.clock.wall()), "method": request.method,
            "headers": request.headers, "text": request.body.decode("utf-8", "replace"),
            "json": body, "mode": mode["mode"]})
        return self._answer(mode, request, body)

    @staticmethod
    def _next_mode(receiver):
        if not receiver.script:
            return {"mode": "ok"}
        mode = receiver.script[0]
        if mode["times"] is not None:
            mode["times"] -= 1
            if mode["times"] <= 0:
                receiver.script.pop(0)
        return mode

    @staticmethod
    def _answer(mode, request, body):
        kind = mode["mode"]
        if kind in ("hang", "reset", "close"):
            return Response(200, delivery=kind)
        if kind == "status":
            status = int(mode.get("status", 500))
            headers = {}
            if "retry_after" in mode:
                headers["Retry-After"] = str(mode["retry_after"])
            return Response(status, str(mode.get("body", "error")).encode(), "text/plain", headers)
        good = request.method == "POST" and isinstance(body, dict) and (
            "text" in body or "blocks" in body or "attachments" in body)
        answer = Response(200 if good else 400, b"ok" if good else b"invalid_payload",
                          "text/plain")
        if kind == "drip":
            answer.delivery, answer.drip_s = "drip", float(mode.get("drip_s", 1.0))
        if kind == "slow":
            answer.delay_s = float(mode.get("seconds", 1.0))
        return answer
