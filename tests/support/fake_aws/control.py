"""The control API under /_fake/: JSON in, JSON out (README.md lists the calls)."""

import json
import os
import signal
from urllib.parse import parse_qs, unquote

from .errors import ApiError, ControlError
from .http1 import Response
from .instances import STATE_CODES
from .sigv4 import Credential

EVENT_KEYS = {"instanceEventId", "code", "description", "notBefore", "notAfter",
              "notBeforeDeadline"}
SETTINGS = {"time_scale", "clock_offset_s", "ssm"}
CREATE_MAX = 1000


def _only(spec, allowed, what):
    unknown = sorted(set(spec) - set(allowed))
    if unknown:
        raise ControlError(f"{what}: unknown keys {', '.join(unknown)}")


def _refuse_browsers(request):
    """The API starts programs: no web page may talk a browser on this machine into calling it."""
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    if "origin" in request.headers or host not in ("127.0.0.1", "localhost"):
        raise ControlError("not from a browser, and only by 127.0.0.1 or localhost", 403)
    if request.body and request.headers.get("content-type") != "application/json":
        raise ControlError("Content-Type must be application/json", 403)


class Control:
    def __init__(self, state, reset, stop):
        self.state = state
        self.reset = reset
        self.stop = stop

    async def handle(self, request):
        parts = [unquote(part) for part in request.path.split("/")[2:]]
        if parts[0] == "webhook" and len(parts) == 2:
            return self.state.webhooks.receive(parts[1], request)
        _refuse_browsers(request)
        try:
            body = json.loads(request.body) if request.body else {}
        except ValueError as error:
            raise ControlError(f"not JSON: {error}") from error
        if not isinstance(body, dict):
            raise ControlError("a control call takes one JSON object")
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        handler = getattr(self, "_at_" + parts[0].replace("-", "_"), None)
        if handler is None:
            raise ControlError(f"no control call {request.path}", 404)
        try:
            result = handler(request.method, parts[1:], body, query)
            if hasattr(result, "__await__"):
                result = await result
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ControlError(f"bad control call: {type(error).__name__}: {error}") from error
        if result is None:
            raise ControlError(f"no control call {request.method} {request.path}", 404)
        return Response(200, json.dumps(result).encode())

    def load(self, spec):
        """The initial state of --state."""
        _only(spec, ("instances", "credentials", "topics", "faults", "settings", "documents",
                     "ssm_results"), "state")
        for name, value in spec.get("settings", {}).items():
            self._at_settings("POST", [], {name: value}, {})
        for row in spec.get("credentials", []):
            self._at_credentials("POST", [], row, {})
        for name in spec.get("topics", []):
            self._at_sns("POST", ["topics"], {"name": name}, {})
        for row in spec.get("documents", []):
            self._at_documents("POST", [], row, {})
        for row in spec.get("instances", []):
            self.state.fleet.create(row)
        for row in spec.get("faults", []):
            self.state.faults.add(row)
        for row in spec.get("ssm_results", []):
            self.state.ssm.script(row)

    # -- the process ----------------------------------------------------------------------------

    def _at_ready(self, method, _parts, _body, _query):
        return {"ok": True, "pid": os.getpid()} if method == "GET" else None

    async def _at_reset(self, method, _parts, _body, _query):
        if method != "POST":
            return None
        await self.reset()
        return {"ok": True}

    def _at_stop(self, method, _parts, _body, _query):
        if method != "POST":
            return None
        self.stop()
        return {"ok": True}

    def _at_settings(self, method, _parts, body, _query):
        clock = self.state.clock
        if method == "POST":
            _only(body, SETTINGS, "settings")
            try:
                if "time_scale" in body:
                    clock.set_scale(body["time_scale"])
                if "clock_offset_s" in body:
                    clock.offset_s = float(body["clock_offset_s"])
            except (TypeError, ValueError) as error:
                raise ControlError(str(error)) from error
            self.state.ssm.configure(body.get("ssm", {}))
        return {"time_scale": clock.time_scale, "clock_offset_s": clock.offset_s,
                "ssm": self.state.ssm.settings}

    def _at_credentials(self, method, parts, body, _query):
        credentials = self.state.credentials
        if method == "DELETE" and parts:
            credentials.pop(parts[0], None)
            return {"ok": True}
        if method != "POST":
            return None
        _only(body, ("key_id", "secret", "token", "expires_in_s"), "credential")
        expires = body.get("expires_in_s")
        row = Credential(body["key_id"], body["secret"], body.get("token", ""),
                         self.state.clock.wall() + expires if expires is not None else 0.0)
        credentials[row.key_id] = row
        return {"ok": True}

    # -- instances ------------------------------------------------------------------------------

    def _at_instances(self, method, parts, body, _query):
        fleet = self.state.fleet
        if not parts:
            if method == "POST":
                return self._create(body)
            return {"instances": [row.view() for row in fleet.instances.values()]}
        instance = fleet.get(parts[0])
        if len(parts) == 1:
            if method == "POST":
                fleet.configure(instance, body)
            return instance.view()
        return self._instance_verb(instance, method, parts[1:], body)

    def _create(self, body):
        if "instances" in body:
            _only(body, ("instances",), "create")
            specs = body["instances"]
        else:
            specs = [body]
        if not isinstance(specs, list) or len(specs) > CREATE_MAX:
            raise ControlError(f"instances is a list of at most {CREATE_MAX}")
        made = [self.state.fleet.create(spec) for spec in specs]
        return {"ids": [row.id for row in made], "instances": [row.view() for row in made]}

    def _instance_verb(self, instance, method, parts, body):
        fleet, verb = self.state.fleet, parts[0]
        if method == "DELETE" and verb == "events":
            instance.events = []
        elif method != "POST":
            return None
        elif verb == "events":
            _only(body, EVENT_KEYS, "event")
            instance.events.append({"instanceEventId": f"instance-event-0{len(instance.events)}",
                                    **body})
        elif verb == "hang":
            fleet.hang(instance)
        elif verb == "resume":
            fleet.resume(instance)
        elif verb == "state":
            if body.get("state") not in STATE_CODES:
                raise ControlError("unknown state")
            instance.state = body["state"]
            instance.state_reason = body.get("state_reason")
        elif verb == "units" and len(parts) == 3:
            return self._unit_verb(instance, parts[1], parts[2], body)
        else:
            return None
        fleet.publish(instance)
        return instance.view()

    async def _unit_verb(self, instance, name, verb, body):
        guest = instance.guest
        if guest is None:
            raise ControlError(f"{instance.id} has no guest", 409)
        if verb == "kill":
            number = getattr(signal, "SIG" + str(body.get("signal", "KILL")), None)
            if number is None:
                raise ControlError("unknown signal")
            return {"killed": guest.kill_unit(name, number)}
        unit = guest.units.get(name)
        if verb == "start":
            await guest.units.start(unit)
        elif verb == "stop":
            await guest.units.stop(unit)
        elif verb == "restart":
            await guest.units.stop(unit)
            await guest.units.start(unit)
        elif verb == "configure":
            _only(body, ("start_failures",), "unit")
            unit.start_failures = int(body["start_failures"])
        else:
            return None
        return unit.view()

    def _ids(self, body):
        ids = body.pop("instance_ids", None)
        if ids == "*":
            ids = list(self.state.fleet.instances)
        if not isinstance(ids, list):
            raise ControlError('instance_ids is a list, or "*"')
        return [self.state.fleet.get(instance_id) for instance_id in ids]

    def _at_checks(self, method, _parts, body, _query):
        if method != "POST":
            return None
        targets, clears_on = self._ids(body), body.pop("clears_on", None)
        for instance in targets:
            self.state.fleet.pin_checks(instance, body, clears_on)
        return {"changed": len(targets)}

    def _at_hang(self, method, _parts, body, _query):
        if method != "POST":
            return None
        targets = self._ids(body)
        for instance in targets:
            self.state.fleet.hang(instance)
        return {"changed": len(targets)}

    # -- faults, journal ------------------------------------------------------------------------

    def _at_faults(self, method, parts, body, _query):
        faults = self.state.faults
        if method == "POST":
            return faults.add(body)
        if method == "DELETE":
            faults.remove(int(parts[0]) if parts else None)
        return {"faults": faults.views()}

    def _at_journal(self, method, parts, _body, query):
        journal = self.state.journal
        if method == "DELETE":
            journal.clear()
            return {"ok": True}
        _only(query, ("service", "op", "instance_id", "since", "outcome", "executed", "limit"),
              "journal")
        chosen = dict(query)
        for name in ("since", "limit"):
            if name in chosen:
                chosen[name] = int(chosen[name])
        if "executed" in chosen:
            chosen["executed"] = chosen["executed"] == "true"
        if parts == ["counts"]:
            return {"counts": journal.counts(**chosen), "seq": journal.seq,
                    "forbidden": self.state.forbidden}
        return {"entries": journal.select(**chosen), "seq": journal.seq,
                "forbidden": self.state.forbidden}

    # -- SSM, SNS, webhooks ---------------------------------------------------------------------

    def _at_ssm(self, method, parts, body, _query):
        ssm = self.state.ssm
        if parts == ["results"] and method == "POST":
            ssm.script(body)
            return {"ok": True}
        if parts == ["results"] and method == "DELETE":
            ssm.scripted.clear()
            return {"ok": True}
        if parts == ["commands"] and method == "GET":
            return {"commands": [command.view() for command in ssm.commands.values()]}
        return None

    def _at_documents(self, method, _parts, body, _query):
        if method != "POST":
            return None
        _only(body, ("name", "content"), "document")
        self.state.documents.register(body["name"], body["content"])
        return {"ok": True}

    def _at_sns(self, method, parts, body, _query):
        sns = self.state.sns
        if parts == ["topics"] and method == "POST":
            try:
                return {"arn": sns.create_topic(body.get("name"))}
            except ApiError as error:
                raise ControlError(str(error)) from error
        if parts == ["topics"]:
            return {"topics": sorted(sns.topics)}
        if parts == ["messages"]:
            return {"messages": list(sns.messages)}
        return None

    def _at_webhooks(self, method, parts, body, _query):
        if len(parts) != 1:
            return None
        if method == "POST":
            self.state.webhooks.tell(parts[0], body)
        return self.state.webhooks.view(parts[0])
