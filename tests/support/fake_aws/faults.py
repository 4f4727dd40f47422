"""The fault script: what goes wrong, for which calls, how often.

A fault matches by operation ("ec2:RebootInstances", "ssm:*", "*") and, if it names one, by
instance id. `after` calls pass first, then `times` calls are hit (null = for ever), all within
for_s simulated seconds if it says so. Of the faults that replace an answer the first match wins;
faults that only shape it all apply.
"""

from dataclasses import dataclass

from .errors import INTERNAL, THROTTLE, ApiError, ControlError

# kind -> whether the call is executed when the fault does not say so itself.
REPLACING = {
    "throttle": False,    # 503 RequestLimitExceeded (EC2), 400 else
    "bucket": False,      # throttle once a token bucket (size, refill_per_s) is empty
    "error": False,       # code, status, message; 500 and the service's internal error by default
    "unavailable": False,  # 503 ServiceUnavailable
    "html": False,        # status (502) and a page of HTML, as a broken load balancer sends
    "close": False,       # connection closed without an answer, nothing done
    "reset": True,        # done, then RST instead of the answer
    "hang": False,        # no answer until the caller goes away
    "truncate": True,     # done, then half of the body and the end of the connection
    "wrong_length": True,  # done, Content-Length too small
}
SHAPING = {"slow", "page_size", "empty_page", "date_offset"}
HTML = (b"<html><head><title>502 Bad Gateway</title></head>"
        b"<body><center><h1>502 Bad Gateway</h1></center></body></html>\n")


@dataclass
class Fault:
    number: int
    op: str
    kind: str
    instance_id: str
    times: object  # int or None
    after: int
    executed: bool
    options: dict
    set_at: float
    hits: int = 0

    def view(self):
        return {"id": self.number, "op": self.op, "kind": self.kind, "hits": self.hits,
                "instance_id": self.instance_id, "times": self.times, "after": self.after,
                "executed": self.executed, **self.options}


OPTIONS = {"code": str, "status": int, "message": str, "seconds": (int, float), "value": int,
           "size": (int, float), "refill_per_s": (int, float), "for_s": (int, float)}


class Faults:
    def __init__(self, clock):
        self.clock = clock
        self.active = []
        self.number = 0

    def add(self, spec):
        spec = dict(spec)
        kind = spec.pop("kind", None)
        if kind not in REPLACING and kind not in SHAPING:
            raise ControlError(f"unknown fault kind {kind!r}")
        self.number += 1
        fault = Fault(self.number, spec.pop("op", "*"), kind, spec.pop("instance_id", ""),
                      spec.pop("times", 1), int(spec.pop("after", 0)),
                      bool(spec.pop("executed", REPLACING.get(kind, True))), spec,
                      self.clock.monotonic())
        for name, value in spec.items():
            if name not in OPTIONS or not isinstance(value, OPTIONS[name]):
                raise ControlError(f"fault option {name!r} is unknown or of the wrong type")
        if fault.times is not None and (not isinstance(fault.times, int) or fault.times < 1):
            raise ControlError("times must be null or a number above 0")
        if kind == "bucket":
            spec["tokens"], spec["at"] = float(spec.get("size", 1)), self.clock.monotonic()
        self.active.append(fault)
        return fault.view()

    def remove(self, number=None):
        self.active = [f for f in self.active if number is not None and f.number != number]

    def views(self):
        self._drop_expired()
        return [fault.view() for fault in self.active]

    def _drop_expired(self):
        now = self.clock.monotonic()
        self.active = [fault for fault in self.active if "for_s" not in fault.options
                       or now - fault.set_at < self.clock.real(fault.options["for_s"])]

    @staticmethod
    def _fits(fault, name, instance_ids):
        service = name.split(":", 1)[0]
        if fault.op not in ("*", name, service + ":*"):
            return False
        return not fault.instance_id or fault.instance_id in instance_ids

    def _bucket_passes(self, fault):
        options, now = fault.options, self.clock.monotonic()
        refill = options.get("refill_per_s", 1) * self.clock.time_scale
        options["tokens"] = min(float(options.get("size", 1)),
                                options["tokens"] + (now - options["at"]) * refill)
        options["at"] = now
        if options["tokens"] < 1.0:
            return False
        options["tokens"] -= 1.0
        return True

    def _spend(self, fault):
        """True if this call is hit; counts it down."""
        if fault.after > 0:
            fault.after -= 1
            return False
        if fault.kind == "bucket" and self._bucket_passes(fault):
            return False
        fault.hits += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.active.remove(fault)
        return True

    def match(self, name, instance_ids):
        """(the replacing fault or None, [shaping faults]) for one call; counts them down."""
        replacing, shaping = None, []
        self._drop_expired()
        for fault in list(self.active):
            if not self._fits(fault, name, instance_ids):
                continue
            if fault.kind in SHAPING:
                if self._spend(fault):
                    shaping.append(fault)
            elif replacing is None and self._spend(fault):
                replacing = fault
        return replacing, shaping


def shape_of(shaping):
    """What handlers need to know: page_size, empty_pages."""
    shape = {}
    for fault in shaping:
        if fault.kind == "page_size":
            shape["page_size"] = max(1, fault.options.get("value", 1))
        if fault.kind == "empty_page":
            shape["empty_pages"] = max(1, fault.options.get("value", 1))
    return shape


def error_of(fault, protocol):
    """The ApiError of a fault that answers with one, else None."""
    options = fault.options
    if fault.kind in ("throttle", "bucket"):
        code, status = THROTTLE[protocol]
        return ApiError(options.get("code", code), options.get("message", "Rate exceeded"),
                        options.get("status", status))
    if fault.kind == "error":
        return ApiError(options.get("code", INTERNAL[protocol]),
                        options.get("message", "An internal error has occurred"),
                        options.get("status", 500))
    if fault.kind == "unavailable":
        return ApiError(options.get("code", "ServiceUnavailable"),
                        options.get("message", "The service is unavailable"),
                        options.get("status", 503))
    return None
