"""EC2 instances as state machines over real time (scaled), with lagging reads.

All changes happen on the event loop thread. Each change publishes a snapshot; reads see the newest
snapshot that is older than the instance's lag. Status checks follow the guest's truth (booting,
hung, failed boot) unless the control API has pinned them.
"""

import asyncio
import copy
import itertools
from collections import deque

from .clock import iso
from .errors import ApiError, ControlError

STATE_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
               "stopped": 80}
CHECKS = ("system", "instance", "attached_ebs", "application")
CHECK_STATES = ("ok", "impaired", "insufficient-data", "not-applicable", "initializing")
SNAPSHOTS_MAX = 256
INSTANCES_MAX = 5000

# name -> (default, type). Durations are simulated seconds, divided by the time scale.
SETTINGS = {
    "pending_s": (5.0, float), "stopping_s": (10.0, float), "reboot_s": (5.0, float),
    "hard_reboot_s": (240.0, float), "initializing_s": (60.0, float),
    "impaired_after_s": (60.0, float), "lag_s": (0.0, float),
    "visible_after_s": (0.0, float),
    "stuck_stopping": (False, bool),
    "boot_failures": (0, int),      # so many next boots come up without a guest; -1 = all
    "swallow_reboots": (0, int),    # so many next reboots are accepted and lost; -1 = all
    "swallow_when_hung": (False, bool),
    "disable_api_stop": (False, bool),
    "shutdown_grace_s": (2.0, float),
    "ssm": (None, str),             # online, offline, unmanaged; by default as the guest
    "ssm_agent": ("new", str),      # old: an agent that does not set SSM_x variables
}
ATTRIBUTES = {
    "type": "m5.large", "az": None, "private_ip": None, "public_ip": None, "image_id": "ami-0123456789abcdef0",
    "subnet_id": "subnet-0123456789abcdef0", "vpc_id": "vpc-0123456789abcdef0", "lifecycle": None,
    "root_device_type": "ebs", "root_device_name": "/dev/xvda", "tenancy": "default",
    "group_name": "", "operator_managed": False, "auto_recovery": "default", "volumes": None,
    "security_groups": None, "profile_arn": None,
}


def check_type(name, value, kind):
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ControlError(f"{name} is of the wrong type")


class Instance:
    """One instance: facts, state, checks. Fleet moves it."""

    def __init__(self, instance_id, attributes, tags, settings):
        self.id = instance_id
        self.attributes = attributes
        self.tags = tags
        self.settings = settings
        self.state = "pending"
        self.state_reason = None
        self.launch_time = 0.0
        self.boot_count = 0
        self.boot_id = ""
        self.boot_failed = False
        self.reboots_accepted = 0
        self.start_failures = []  # [{"code", "times"}]
        self.life = 0             # grows with each start and stop; old timers see it and give up
        self.derived = {name: ["not-applicable", None] for name in CHECKS}
        self.pinned = {}          # check -> [status, since, clears_on]
        self.events = []
        self.guest = None
        self.history = deque(maxlen=SNAPSHOTS_MAX)

    def check(self, name):
        """(status, impaired since or None)"""
        if name in self.pinned and self.state == "running":
            return self.pinned[name][0], self.pinned[name][1]
        return tuple(self.derived[name])

    def snapshot(self):
        return {
            "id": self.id, "state": self.state, "state_reason": self.state_reason,
            "launch_time": self.launch_time, "tags": dict(self.tags),
            "attributes": copy.deepcopy(self.attributes), "events": copy.deepcopy(self.events),
            "checks": {name: self.check(name) for name in CHECKS},
        }

    def hung(self):
        return self.guest is not None and self.guest.hung

    def view(self):
        """For the control API: the truth, without lag."""
        return {
            "id": self.id, "state": self.state, "state_reason": self.state_reason,
            "launch_time": iso(self.launch_time), "tags": self.tags, **self.attributes,
            "boot_id": self.boot_id, "boot_count": self.boot_count,
            "boot_failed": self.boot_failed, "reboots_accepted": self.reboots_accepted,
            "checks": {name: self.check(name)[0] for name in CHECKS}, "events": self.events,
            "settings": self.settings, "start_failures": self.start_failures,
            "guest": self.guest.view() if self.guest else None,
        }


class Fleet:
    """All instances. make_guest(instance_id, spec) builds a guest; ids come from random."""

    def __init__(self, clock, random, region, make_guest):
        self.clock = clock
        self.random = random
        self.region = region
        self.make_guest = make_guest
        self.instances = {}
        self.tasks = set()
        self.ip = itertools.count(10)

    # -- time -----------------------------------------------------------------------------------

    def later(self, instance, delay_s, step):
        """Runs step(instance) after delay_s unless the instance has begun another life."""
        life = instance.life

        async def run():
            await asyncio.sleep(self.clock.real(delay_s))
            if instance.life == life and self.instances.get(instance.id) is instance:
                result = step(instance)
                if asyncio.iscoroutine(result):
                    await result
                self.publish(instance)

        self.spawn(run())

    def spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            asyncio.get_running_loop().call_exception_handler(
                {"message": "fake_aws: a state machine step failed",
                 "exception": task.exception()})

    def publish(self, instance):
        instance.history.append((self.clock.monotonic(), instance.snapshot()))

    def read(self, instance):
        """The snapshot a reader sees now, None while the instance is not visible yet."""
        seen_until = self.clock.monotonic() - self.clock.real(instance.settings["lag_s"])
        for at, snapshot in reversed(instance.history):
            if at <= seen_until:
                return snapshot
        return None

    # -- creation -------------------------------------------------------------------------------

    def _new_id(self):
        return f"i-{self.random.getrandbits(68):017x}"

    def create(self, spec):
        spec = dict(spec)
        instance_id = spec.pop("id", None) or self._new_id()
        if instance_id in self.instances or len(self.instances) >= INSTANCES_MAX:
            raise ControlError(f"instance {instance_id} exists, or too many instances", 409)
        attributes = {name: spec.pop(name, default) for name, default in ATTRIBUTES.items()}
        attributes["az"] = attributes["az"] or self.region + "a"
        if not attributes["private_ip"]:
            number = next(self.ip)
            attributes["private_ip"] = f"10.0.{number // 250}.{number % 250 + 1}"
        settings = {name: check_type(name, spec.pop(name), kind) if name in spec else default
                    for name, (default, kind) in SETTINGS.items()}
        tags = {str(key): str(value) for key, value in spec.pop("tags", {}).items()}
        if spec.get("asg"):
            tags["aws:autoscaling:groupName"] = spec["asg"]
        spec.pop("asg", None)
        state, guest = spec.pop("state", "running"), spec.pop("guest", None)
        start_failures = spec.pop("start_failures", [])
        launch_time = spec.pop("launch_time", None)
        if spec:
            raise ControlError(f"unknown instance attributes: {', '.join(sorted(spec))}")
        if state not in STATE_CODES:
            raise ControlError(f"unknown state {state!r}")
        instance = Instance(instance_id, attributes, tags, settings)
        instance.start_failures = start_failures
        instance.launch_time = float(launch_time or int(self.clock.wall()))
        if guest is not None:
            instance.guest = self.make_guest(instance_id, guest, attributes["private_ip"])
        if settings["ssm"] is None:
            settings["ssm"] = "online" if guest is not None else "unmanaged"
        self.instances[instance_id] = instance
        self._first_state(instance, state)
        return instance

    def _first_state(self, instance, state):
        instance.state = state
        visible = self.clock.real(instance.settings["visible_after_s"])
        if state == "pending":
            self.later(instance, instance.settings["pending_s"], self._running)
        elif state == "running":
            # A fleet that is already up: no initializing phase, unless the guest has to boot.
            self._boot(instance, "start", settled=True)
        at = self.clock.monotonic() + visible if visible else float("-inf")
        instance.history.append((at, instance.snapshot()))

    def configure(self, instance, spec):
        for name, value in spec.items():
            if name in SETTINGS:
                instance.settings[name] = check_type(name, value, SETTINGS[name][1])
            elif name == "tags":
                instance.tags = {str(key): str(part) for key, part in value.items()}
            elif name == "start_failures":
                instance.start_failures = list(value)
            elif name in ATTRIBUTES:
                instance.attributes[name] = value
            else:
                raise ControlError(f"unknown instance attribute {name!r}")
        self.publish(instance)

    def get(self, instance_id):
        if instance_id not in self.instances:
            raise ControlError(f"no instance {instance_id}", 404)
        return self.instances[instance_id]

    # -- boots and checks -----------------------------------------------------------------------

    def _running(self, instance):
        instance.state = "running"
        instance.state_reason = None
        self._boot(instance, "start")

    def _boot(self, instance, kind, settled=False):
        """kind: reboot, or start (which also clears what only a new host clears)."""
        settings = instance.settings
        instance.boot_count += 1
        instance.boot_id = self._boot_uuid()
        instance.boot_failed = settings["boot_failures"] != 0
        if settings["boot_failures"] > 0:
            settings["boot_failures"] -= 1
        for name in list(instance.pinned):
            if instance.pinned[name][2] in (("reboot",) if kind == "reboot"
                                            else ("reboot", "start")):
                del instance.pinned[name]
        for name in CHECKS:
            instance.derived[name] = ["ok" if settled else "initializing", None]
        if not settled:
            count = instance.boot_count
            self.later(instance, settings["initializing_s"],
                       lambda i: self._first_checks(i, count))
        if instance.guest and not instance.boot_failed:
            self.spawn(instance.guest.boot(instance.boot_id))

    def _boot_uuid(self):
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def _first_checks(self, instance, boot_count):
        if instance.boot_count != boot_count:
            return
        for name in CHECKS:
            if instance.derived[name][0] == "initializing":
                instance.derived[name] = ["ok", None]
        if instance.boot_failed:
            instance.derived["instance"] = ["impaired", self.clock.wall()]

    def hang(self, instance):
        """Freezes the guest; its instance check turns impaired after impaired_after_s."""
        if instance.state != "running":
            raise ControlError(f"{instance.id} is {instance.state}", 409)
        if instance.guest:
            instance.guest.hang()
        boot_count = instance.boot_count

        def impaired(i):
            if i.boot_count == boot_count and (i.guest is None or i.guest.hung):
                i.derived["instance"] = ["impaired", self.clock.wall()]

        self.later(instance, instance.settings["impaired_after_s"], impaired)
        self.publish(instance)

    def resume(self, instance):
        if instance.guest:
            instance.guest.resume()
        if instance.state == "running":
            instance.derived["instance"] = ["ok", None]
        self.publish(instance)

    def pin_checks(self, instance, values, clears_on):
        if clears_on not in (None, "reboot", "start"):
            raise ControlError("clears_on must be null, reboot or start")
        for name, status in values.items():
            if name not in CHECKS or (status is not None and status not in CHECK_STATES):
                raise ControlError(f"unknown check or status: {name}={status!r}")
            instance.pinned.pop(name, None)
            if status is not None:
                since = self.clock.wall() if status == "impaired" else None
                instance.pinned[name] = [status, since, clears_on]
        self.publish(instance)

    # -- what the API does ----------------------------------------------------------------------

    def stop(self, instance, force):
        if instance.state == "stopping":
            if force and instance.settings["stuck_stopping"]:
                self._begin_stop(instance, force)
            return
        if instance.state == "stopped":
            return
        self._begin_stop(instance, force)

    def _begin_stop(self, instance, force):
        instance.life += 1
        instance.state = "stopping"
        instance.state_reason = {
            "code": "Client.UserInitiatedShutdown",
            "message": "Client.UserInitiatedShutdown: User initiated shutdown"}
        instance.derived = {name: ["not-applicable", None] for name in CHECKS}
        self.publish(instance)
        if instance.guest:
            grace = instance.settings["shutdown_grace_s"]
            self.spawn(instance.guest.shutdown(grace, power_cut=instance.guest.hung))
        if force or not instance.settings["stuck_stopping"]:
            self.later(instance, instance.settings["stopping_s"], self._stopped)

    async def _stopped(self, instance):
        if instance.guest:
            await instance.guest.shutdown(0.0, power_cut=True)
        instance.state = "stopped"

    def start_failure(self, instance):
        """The code that this start fails with, None if it may go on; counts it down."""
        for failure in instance.start_failures:
            if failure.get("times", 1) != 0:
                failure["times"] = failure.get("times", 1) - (1 if failure.get("times", 1) > 0
                                                              else 0)
                return failure.get("code", "InsufficientInstanceCapacity")
        return None

    def start(self, instance):
        if instance.state in ("running", "pending"):
            return
        instance.life += 1
        instance.state = "pending"
        instance.state_reason = None
        instance.launch_time = float(int(self.clock.wall()))
        self.publish(instance)
        self.later(instance, instance.settings["pending_s"], self._running)

    def reboot(self, instance):
        settings = instance.settings
        instance.reboots_accepted += 1
        if settings["swallow_reboots"] != 0:
            if settings["swallow_reboots"] > 0:
                settings["swallow_reboots"] -= 1
            return
        hung = instance.hung()
        if hung and settings["swallow_when_hung"]:
            return
        self.later(instance, settings["hard_reboot_s"] if hung else settings["reboot_s"],
                   self._rebooted)

    async def _rebooted(self, instance):
        life = instance.life
        if instance.state != "running":
            return
        if instance.guest:
            await instance.guest.shutdown(instance.settings["shutdown_grace_s"],
                                          power_cut=instance.guest.hung)
        if instance.life == life and instance.state == "running":
            self._boot(instance, "reboot")

    async def close(self):
        for task in list(self.tasks):
            task.cancel()
        for instance in self.instances.values():
            instance.life += 1
            if instance.guest:
                await instance.guest.close()
        self.instances.clear()


def require_state(instance, states, verb):
    if instance.state not in states:
        raise ApiError("IncorrectInstanceState", f"The instance '{instance.id}' is not in a state "
                       f"from which it can be {verb}.")
