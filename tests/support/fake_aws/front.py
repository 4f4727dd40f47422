"""The AWS side of the port: one request in, signature, faults, handler, journal, one answer out."""

import json
import sys

from . import faults as fault_script
from .clock import http_date, iso
from .errors import THROTTLE, ApiError, render_error
from .http1 import Response
from .notify import SNS_NAMESPACE, STS_NAMESPACE, get_caller_identity
from .sigv4 import parse_scope, verify
from .wire import ec2_answer, form_params, query_answer

VERSIONS = {"2016-11-15": "ec2", "2010-03-31": "sns", "2011-06-15": "sts"}
PROTOCOLS = {"ec2": "ec2", "sns": "query", "sts": "query", "ssm": "json"}
TARGETS = {"AmazonSSM": "ssm"}
JSON_TYPE = "application/x-amz-json-1.1"
FORM_TYPE = "application/x-www-form-urlencoded"


class Call:
    """What a request asks for, once it has been read."""

    def __init__(self, service, op, params, protocol):
        self.service, self.op, self.params, self.protocol = service, op, params, protocol

    @property
    def name(self):
        return f"{self.service}:{self.op}"

    def instance_ids(self):
        if self.protocol == "json":
            ids = self.params.get("InstanceIds", [])
            one = self.params.get("InstanceId")
            ids = [part for part in ids if isinstance(part, str)] if isinstance(ids, list) else []
            return ids + ([one] if isinstance(one, str) else [])
        return [value for key, value in self.params.items() if key.startswith("InstanceId.")]


def read_call(request):
    """The call behind a request. The service is what the request itself says; that the signature's
    scope names the same one is checked later. Raises ApiError, with .protocol set."""
    target = request.headers.get("x-amz-target")
    if target is not None:
        prefix, _, op = target.partition(".")
        try:
            params = json.loads(request.body or b"{}")
        except ValueError:
            params = None
        if prefix not in TARGETS or not op or not isinstance(params, dict):
            return Call(TARGETS.get(prefix, "unknown"), op or "?", {}, "json"), ApiError(
                "SerializationException" if prefix in TARGETS else "UnknownOperationException",
                "The request could not be read")
        if request.headers.get("content-type", "").split(";")[0] != JSON_TYPE:
            return Call(TARGETS[prefix], op, params, "json"), ApiError(
                "UnknownOperationException", f"Content-Type must be {JSON_TYPE}")
        return Call(TARGETS[prefix], op, params, "json"), None
    return _read_query(request)


def _read_query(request):
    text = request.query if request.method == "GET" else request.body.decode("utf-8", "replace")
    scope = parse_scope(request.headers.get("authorization"))
    guess = scope.service if scope and scope.service in PROTOCOLS else "ec2"
    try:
        params = form_params(text)
    except (ApiError, ValueError):
        return Call(guess, "?", {}, PROTOCOLS[guess]), ApiError(
            "MalformedQueryString", "The query string could not be read")
    service = VERSIONS.get(params.get("Version"), guess)
    call = Call(service, params.get("Action", "?"), params, PROTOCOLS[service])
    if "Action" not in params:
        return call, ApiError("MissingAction", "The request must contain the parameter Action")
    if request.method == "POST" and \
            request.headers.get("content-type", "").split(";")[0] != FORM_TYPE:
        return call, ApiError("MalformedInput", f"Content-Type must be {FORM_TYPE}")
    return call, None


class Front:
    """state is server.State. handle() never raises for what a caller sends."""

    def __init__(self, state):
        self.state = state

    def handle(self, request):
        call, problem = read_call(request)
        request_id = self._request_id()
        shaping, outcome = [], {"executed": False, "fault": None}
        response = None
        try:
            credential = self._authenticate(call, request)
            if problem:
                raise problem
            replacing, shaping = self.state.faults.match(call.name, call.instance_ids())
            response = self._with_fault(call, credential, replacing, shaping, request_id, outcome)
        except ApiError as error:
            outcome.setdefault("code", error.code)
            kind, body = render_error(call.protocol, error, request_id)
            response = Response(error.status, body, kind)
        self._journal(call, request, request_id, response, outcome, shaping)
        return self._finish(response, request_id, shaping)

    def _request_id(self):
        text = f"{self.state.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _authenticate(self, call, request):
        if call.service not in PROTOCOLS:
            raise ApiError("UnknownOperationException", "The service is not played here")
        state = self.state
        return verify(call.protocol, request, state.credentials, state.region, call.service,
                      state.clock.wall())

    def _with_fault(self, call, credential, fault, shaping, request_id, outcome):
        shape = fault_script.shape_of(shaping)
        if fault is None:
            return self._execute(call, credential, shape, request_id, outcome)
        outcome["fault"] = fault.kind
        if fault.executed:
            try:
                response = self._execute(call, credential, shape, request_id, outcome)
            except ApiError as error:
                # The call itself was refused; the fault still decides how the answer travels.
                outcome["code"] = error.code
                kind, body = render_error(call.protocol, error, request_id)
                response = Response(error.status, body, kind)
        else:
            response = Response(200)
        error = fault_script.error_of(fault, call.protocol)
        if error:
            outcome["code"] = error.code
            raise error
        if fault.kind == "html":
            outcome["code"] = "html"
            return Response(fault.options.get("status", 502), fault_script.HTML, "text/html")
        outcome["code"] = outcome.get("code", fault.kind)
        response.delivery = fault.kind
        return response

    def _execute(self, call, credential, shape, request_id, outcome):
        state = self.state
        if call.service == "ec2":
            result, outcome["executed"] = state.ec2.call(call.op, call.params, shape)
            return Response(200, ec2_answer(call.op, result, request_id), "text/xml;charset=UTF-8")
        if call.service == "ssm":
            result, outcome["executed"] = state.ssm.call(call.op, call.params, shape)
            return Response(200, json.dumps(result).encode(), JSON_TYPE)
        if call.service == "sns":
            result = state.sns.call(call.op, call.params)
            outcome["executed"] = True
            return Response(200, query_answer(call.op, SNS_NAMESPACE, result, request_id),
                            "text/xml")
        if call.op != "GetCallerIdentity":
            raise ApiError("InvalidAction", f"Could not find operation {call.op}")
        outcome["executed"] = True
        result = get_caller_identity(state.account, credential)
        return Response(200, query_answer(call.op, STS_NAMESPACE, result, request_id), "text/xml")

    def _journal(self, call, request, request_id, response, outcome, shaping):
        scope = parse_scope(request.headers.get("authorization"))
        params = {key: value for key, value in call.params.items()
                  if key not in ("Action", "Version")}
        self.state.journal.add({
            "time": iso(self.state.clock.wall()), "received_at": request.received_at,
            "service": call.service, "op": call.op,
            "params": params, "instance_ids": call.instance_ids(),
            "comment": call.params.get("Comment"), "outcome": outcome.get("code", "ok"),
            "status": response.status if response.delivery in (
                "none", "truncate", "wrong_length") else 0,
            "executed": outcome["executed"], "fault": outcome["fault"],
            "shaped": [fault.kind for fault in shaping],
            "dry_run": call.params.get("DryRun") == "true",
            "key_id": scope.key_id if scope else None, "request_id": request_id,
            "user_agent": request.headers.get("user-agent", ""), "peer": request.peer})

    def _finish(self, response, request_id, shaping):
        wall = self.state.clock.wall()
        for fault in shaping:
            if fault.kind == "slow":
                response.delay_s += self.state.clock.real(fault.options.get("seconds", 1.0))
            if fault.kind == "date_offset":
                wall += fault.options.get("seconds", 0.0)
        response.headers = {"x-amzn-RequestId": request_id, "Date": http_date(wall), "Server": "fake-aws",
                            **response.headers}
        return response


def alarm(text):
    print(f"fake_aws: FORBIDDEN: {text}", file=sys.stderr, flush=True)


assert set(THROTTLE) == set(PROTOCOLS.values())
