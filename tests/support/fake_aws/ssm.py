"""SSM Run Command: SendCommand, GetCommandInvocation, ListCommands.

A command to a guest runs the document's real script there. The control API can put a scripted
sequence of statuses in its place (or beside it), for answers that come late, wrong or never.
"""

import asyncio
import re
import uuid

from .clock import iso, parse_time
from .errors import ApiError, ControlError
from .wire import Pager

STDOUT_MAX, STDERR_MAX = 24_000, 8_000
TRUNCATED = "--output truncated--"
INSTANCES_MAX = 50
COMMENT_MAX = 100
COMMANDS_MAX = 20_000
FINAL = {"Success", "Failed", "TimedOut", "Cancelled"}
MEMBERS = {
    "SendCommand": {"DocumentName", "DocumentVersion", "DocumentHash", "DocumentHashType",
                    "InstanceIds", "Parameters", "TimeoutSeconds", "Comment", "MaxConcurrency",
                    "MaxErrors", "CloudWatchOutputConfig", "OutputS3BucketName",
                    "OutputS3KeyPrefix", "OutputS3Region"},
    "GetCommandInvocation": {"CommandId", "InstanceId", "PluginName"},
    "ListCommands": {"CommandId", "InstanceId", "MaxResults", "NextToken", "Filters"},
}
POLL_S = 0.05  # real seconds between looks at a guest that cannot be reached


def _settings():
    return {"delivery_s": 0.5,       # simulated seconds from SendCommand to the agent
            "hidden_calls": 0,       # so many first GetCommandInvocation calls: InvocationDoesNotExist
            "hidden_s": 0.0,         # the same by time
            "list_lag_s": 0.0}       # ListCommands does not show younger commands


class Invocation:
    def __init__(self, command, instance_id):
        self.command = command
        self.instance_id = instance_id
        self.status, self.details = "Pending", "Pending"
        self.code = -1
        self.stdout = self.stderr = ""
        self.started = self.ended = None
        self.reads = 0

    def set(self, status, details, now):
        if status != "Pending" and self.started is None:
            self.started = now
        if status in FINAL:
            self.ended = now
        self.status, self.details = status, details

    def view(self):
        return {"instance_id": self.instance_id, "status": self.status, "details": self.details,
                "code": self.code, "stdout": self.stdout, "stderr": self.stderr}


class Command:
    def __init__(self, command_id, document, values, request, now, at):
        self.id = command_id
        self.document = document
        self.values = values
        self.request = request
        self.requested_at = now        # wall time
        self.at = at                   # monotonic time
        self.timeout_s = float(request.get("TimeoutSeconds", 3600))
        self.invocations = {}

    def status(self):
        parts = list(self.invocations.values())
        if all(part.status in FINAL for part in parts):
            for part in parts:
                if part.status != "Success":
                    return part.status, part.details
            return "Success", "Success"
        started = any(part.status != "Pending" for part in parts)
        return ("InProgress",) * 2 if started else ("Pending",) * 2

    def view(self):
        return {"id": self.id, "document": self.document.name, "parameters": self.values,
                "comment": self.request.get("Comment", ""), "requested_at": self.requested_at,
                "invocations": [part.view() for part in self.invocations.values()]}


class Ssm:
    def __init__(self, fleet, documents, clock, random):
        self.fleet = fleet
        self.documents = documents
        self.clock = clock
        self.random = random
        self.settings = _settings()
        self.commands = {}
        self.scripted = []

    # -- control --------------------------------------------------------------------------------

    def configure(self, spec):
        for name, value in spec.items():
            if name not in self.settings or isinstance(value, bool) \
                    or not isinstance(value, (int, float)):
                raise ControlError(f"unknown SSM setting {name!r}")
            self.settings[name] = value

    def script(self, spec):
        """spec: instance_id ("*"), times (1, null = ever), run (false: the real script does not
        run), sequence of {status, details, after_s, code, stdout, stderr}."""
        sequence = spec.get("sequence")
        if not isinstance(sequence, list) or set(spec) - {"instance_id", "times", "run",
                                                          "sequence"}:
            raise ControlError("a scripted result has instance_id, times, run and sequence")
        for step in sequence:
            if not isinstance(step, dict) or set(step) - {"status", "details", "after_s", "code",
                                                          "stdout", "stderr"}:
                raise ControlError("bad step in sequence")
        self.scripted.append({"instance_id": spec.get("instance_id", "*"),
                              "times": spec.get("times", 1), "run": bool(spec.get("run", False)),
                              "sequence": sequence})

    def _take_script(self, instance_id):
        for row in self.scripted:
            if row["instance_id"] in ("*", instance_id):
                if row["times"] is not None:
                    row["times"] -= 1
                    if row["times"] <= 0:
                        self.scripted.remove(row)
                return row
        return None

    # -- API ------------------------------------------------------------------------------------

    def call(self, op, params, shape):
        if op not in MEMBERS:
            raise ApiError("UnknownOperationException", op)
        unknown = sorted(set(params) - MEMBERS[op])
        if unknown:
            raise ApiError("ValidationException", f"unknown members: {', '.join(unknown)}")
        if op == "SendCommand":
            return self._send(params)
        if op == "GetCommandInvocation":
            return self._get(params)
        return self._list(params, shape)

    def _send(self, params):
        ids = params.get("InstanceIds")
        if not isinstance(ids, list) or not 1 <= len(ids) <= INSTANCES_MAX \
                or not all(isinstance(part, str) for part in ids) or len(set(ids)) != len(ids):
            raise ApiError("ValidationException", "InstanceIds must name 1 to 50 instances once")
        document = self._document(params)
        comment = params.get("Comment", "")
        if not isinstance(comment, str) or len(comment) > COMMENT_MAX:
            raise ApiError("ValidationException", "Comment is at most 100 characters")
        timeout = params.get("TimeoutSeconds", 3600)
        if isinstance(timeout, bool) or not isinstance(timeout, int) \
                or not 30 <= timeout <= 2_592_000:
            raise ApiError("ValidationException", "TimeoutSeconds is from 30 to 2592000")
        given = params.get("Parameters", {})
        if not isinstance(given, dict):
            raise ApiError("ValidationException", "Parameters is a map")
        values = document.resolve(given)
        for instance_id in ids:
            self._require_managed(instance_id)
        return self._accept(ids, document, values, params), True

    def _document(self, params):
        name = params.get("DocumentName")
        if not isinstance(name, str) or not name:
            raise ApiError("ValidationException", "DocumentName is required")
        document = self.documents.find(name)
        if params.get("DocumentVersion", "$DEFAULT") not in ("$DEFAULT", "$LATEST", "1"):
            raise ApiError("InvalidDocumentVersion", "the document has version 1 only")
        if "DocumentHash" in params and params["DocumentHash"] != document.sha256:
            raise ApiError("InvalidDocument", "DocumentHash does not match")
        return document

    def _require_managed(self, instance_id):
        instance = self.fleet.instances.get(instance_id)
        if instance is None or instance.state != "running" \
                or instance.settings["ssm"] == "unmanaged":
            raise ApiError("InvalidInstanceId", f"Instances [[{instance_id}]] not in a valid "
                           "state for account")

    def _accept(self, ids, document, values, params):
        if len(self.commands) >= COMMANDS_MAX:
            raise ApiError("ThrottlingException", "the fake keeps no more commands")
        command_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        command = Command(command_id, document, values, params, self.clock.wall(),
                          self.clock.monotonic())
        self.commands[command_id] = command
        for instance_id in ids:
            invocation = Invocation(command, instance_id)
            command.invocations[instance_id] = invocation
            self.fleet.spawn(self._carry(invocation, self._take_script(instance_id)))
        return {"Command": self._command_item(command)}

    def _get(self, params):
        command_id, instance_id = params.get("CommandId"), params.get("InstanceId")
        if not isinstance(command_id, str) or not re.fullmatch(r"[0-9a-f-]{36}", command_id):
            raise ApiError("InvalidCommandId", "CommandId is not valid")
        command = self.commands.get(command_id)
        invocation = command.invocations.get(instance_id) if command else None
        if invocation is None:
            raise ApiError("InvocationDoesNotExist", "")
        invocation.reads += 1
        age = self.clock.monotonic() - command.at
        if invocation.reads <= self.settings["hidden_calls"] \
                or age < self.clock.real(self.settings["hidden_s"]):
            raise ApiError("InvocationDoesNotExist", "")
        step = command.document.step["name"]
        if params.get("PluginName", step) != step:
            raise ApiError("InvalidPluginName", "The plugin name isn't valid.")
        return self._invocation_item(command, invocation, step), True

    def _invocation_item(self, command, invocation, step):
        elapsed = ""
        if invocation.started and invocation.ended:
            elapsed = f"PT{invocation.ended - invocation.started:.3f}S"
        return {
            "CommandId": command.id, "InstanceId": invocation.instance_id,
            "Comment": command.request.get("Comment", ""), "DocumentName": command.document.name,
            "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
            "PluginName": step, "ResponseCode": invocation.code,
            "ExecutionStartDateTime": iso(invocation.started) if invocation.started else "",
            "ExecutionElapsedTime": elapsed,
            "ExecutionEndDateTime": iso(invocation.ended) if invocation.ended else "",
            "Status": invocation.status, "StatusDetails": invocation.details,
            "StandardOutputContent": _cut(invocation.stdout, STDOUT_MAX),
            "StandardOutputUrl": "",
            "StandardErrorContent": _cut(invocation.stderr, STDERR_MAX), "StandardErrorUrl": "",
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "",
                                       "CloudWatchOutputEnabled": False}}

    def _list(self, params, shape):
        size = params.get("MaxResults", 50)
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 50:
            raise ApiError("ValidationException", "MaxResults is from 1 to 50")
        conditions = params.get("Filters", [])
        if not isinstance(conditions, list) or len(conditions) > 5:
            raise ApiError("ValidationException", "Filters is a list of at most 5")
        seen_until = self.clock.monotonic() - self.clock.real(self.settings["list_lag_s"])
        found = [command for command in reversed(self.commands.values())
                 if command.at <= seen_until
                 and params.get("CommandId", command.id) == command.id
                 and (not params.get("InstanceId")
                      or params["InstanceId"] in command.invocations)
                 and all(_list_filter(command, row) for row in conditions)]
        question = {key: value for key, value in params.items()
                    if key not in ("NextToken", "MaxResults")}
        page, token = Pager("ListCommands", question, "InvalidNextToken").page(
            found, size, params.get("NextToken"), shape)
        answer = {"Commands": [self._command_item(command) for command in page]}
        if token:
            answer["NextToken"] = token
        return answer, True

    @staticmethod
    def _command_item(command):
        request, parts = command.request, list(command.invocations.values())
        status, details = command.status()
        return {
            "CommandId": command.id, "DocumentName": command.document.name,
            "DocumentVersion": request.get("DocumentVersion", "$DEFAULT"),
            "Comment": request.get("Comment", ""),
            "ExpiresAfter": command.requested_at + command.timeout_s + command.document.timeout_s,
            "Parameters": request.get("Parameters", {}),
            "InstanceIds": list(command.invocations), "Targets": [],
            "RequestedDateTime": command.requested_at, "Status": status, "StatusDetails": details,
            "OutputS3BucketName": request.get("OutputS3BucketName", ""),
            "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
            "MaxConcurrency": request.get("MaxConcurrency", "50"),
            "MaxErrors": request.get("MaxErrors", "0"), "TargetCount": len(parts),
            "CompletedCount": sum(part.status in FINAL for part in parts),
            "ErrorCount": sum(part.status in ("Failed", "TimedOut")
                              and part.details != "DeliveryTimedOut" for part in parts),
            "DeliveryTimedOutCount": sum(part.details == "DeliveryTimedOut" for part in parts),
            "ServiceRole": "", "TimeoutSeconds": int(command.timeout_s),
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [],
                                   "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "",
                                       "CloudWatchOutputEnabled": False}}

    # -- delivery -------------------------------------------------------------------------------

    async def _carry(self, invocation, script):
        """One command on one instance, from Pending to its end."""
        await asyncio.sleep(self.clock.real(self.settings["delivery_s"]))
        run = self._deliver_and_run(invocation, report=script is None)
        if script is None:
            await run
            return
        if script["run"]:
            self.fleet.spawn(run)
        else:
            run.close()
        for step in script["sequence"]:
            await asyncio.sleep(self.clock.real(step.get("after_s", 0)))
            invocation.code = step.get("code", invocation.code)
            invocation.stdout = step.get("stdout", invocation.stdout)
            invocation.stderr = step.get("stderr", invocation.stderr)
            status = step.get("status", invocation.status)
            invocation.set(status, step.get("details", status), self.clock.wall())

    def _reachable(self, instance):
        guest = instance.guest
        return (instance.state == "running" and instance.settings["ssm"] == "online"
                and guest is not None and guest.ready and not guest.hung)

    async def _deliver_and_run(self, invocation, report):
        instance = self.fleet.instances.get(invocation.instance_id)
        command = invocation.command
        deadline = command.at + self.clock.real(command.timeout_s)
        while instance is None or not self._reachable(instance):
            if self.clock.monotonic() >= deadline:
                if report:
                    invocation.set("TimedOut", "DeliveryTimedOut", self.clock.wall())
                return
            await asyncio.sleep(POLL_S)
        if report:
            invocation.set("InProgress", "InProgress", self.clock.wall())
        text, environment = command.document.script(command.values,
                                                    instance.settings["ssm_agent"])
        # The limit of a real script counts in real seconds, whatever the time scale.
        limit = command.document.timeout_s
        result = await instance.guest.run_script(command.id, text, environment, limit)
        if not report:
            return
        if result is None:
            # The guest went away under the script: nobody reports, the total time runs out.
            await asyncio.sleep(max(0.0, deadline + self.clock.real(limit)
                                    - self.clock.monotonic()))
            invocation.set("TimedOut", "ExecutionTimedOut", self.clock.wall())
            return
        invocation.stdout, invocation.stderr = result.stdout, result.stderr
        if result.timed_out:
            invocation.set("TimedOut", "ExecutionTimedOut", self.clock.wall())
            return
        invocation.code = result.code
        status = "Success" if result.code == 0 else "Failed"
        invocation.set(status, status, self.clock.wall())


def _cut(text, limit):
    return text if len(text) <= limit else text[:limit - len(TRUNCATED)] + TRUNCATED


def _list_filter(command, row):
    """ListCommands filters have small letters: key, value."""
    if not isinstance(row, dict) or set(row) != {"key", "value"}:
        raise ApiError("InvalidFilterKey", "a filter has key and value")
    key, value = row["key"], row["value"]
    if key == "DocumentName":
        return command.document.name == value
    if key in ("Status", "ExecutionStage"):
        status = command.status()[0]
        return value == (status if key == "Status"
                         else "Complete" if status in FINAL else "Executing")
    if key in ("InvokedAfter", "InvokedBefore"):
        try:
            limit = parse_time(value)
        except ValueError as error:
            raise ApiError("ValidationException", f"{key} is not a time") from error
        late = command.requested_at >= limit
        return late if key == "InvokedAfter" else not late
    raise ApiError("InvalidFilterKey", f"The specified key {key} is not valid.")
