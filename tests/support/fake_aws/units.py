"""The service manager of a guest: its unit table, and what the stand-in systemctl may ask.

Behaves as systemd does for services of Type=simple: a start succeeds once the program has been
executed, a clean exit makes the unit inactive, anything else failed, Restart=always starts again.
"""

import asyncio
import os
import resource
import time

from .errors import ControlError
from .process import Process

UNIT_KEYS = {"unit": str, "argv": list, "env": dict, "cwd": str, "restart": bool,
             "restart_s": (int, float), "stop_s": (int, float), "autostart": bool,
             "start_s": (int, float), "start_failures": int, "rlimit_as_bytes": int,
             "rlimit_nofile": int}
LOG_BYTES_MAX = 64 * 1024 * 1024
COMMAND_S_MAX = 300.0
SHOWN = ("Id", "LoadState", "ActiveState", "SubState", "MainPID", "NRestarts", "ExecMainStatus",
         "ExecMainPID", "Result", "Type", "Restart", "UnitFileState",
         "ActiveEnterTimestampMonotonic", "InactiveEnterTimestampMonotonic")


def full_name(name):
    return name if "." in name and name.rsplit(".", 1)[1] in (
        "service", "target", "socket", "timer", "mount", "slice") else name + ".service"


class Unit:
    def __init__(self, spec):
        for key, value in spec.items():
            if key not in UNIT_KEYS or not isinstance(value, UNIT_KEYS[key]):
                raise ControlError(f"unit key {key!r} is unknown or of the wrong type")
        if not spec.get("unit") or not spec.get("argv"):
            raise ControlError("a unit needs unit and argv")
        self.name = full_name(spec["unit"])
        self.spec = spec
        self.start_failures = spec.get("start_failures", 0)
        self.clear()

    def clear(self):
        """As after a boot."""
        self.process = None
        self.active, self.sub, self.result = "inactive", "dead", "success"
        self.restarts = 0
        self.exit_status = 0
        self.entered_us = self.left_us = 0
        self.wanted = False  # someone has started it and nobody has stopped it

    def view(self):
        running = self.process is not None and self.process.running()
        return {"unit": self.name, "active": self.active, "sub": self.sub,
                "pid": self.process.pid if running else 0, "restarts": self.restarts,
                "result": self.result, "exit_status": self.exit_status}

    def properties(self):
        row = self.view()
        return {
            "Id": self.name, "LoadState": "loaded", "ActiveState": self.active,
            "SubState": self.sub, "MainPID": row["pid"], "NRestarts": self.restarts,
            "ExecMainStatus": self.exit_status,
            "ExecMainPID": self.process.pid if self.process else 0, "Result": self.result,
            "Type": "simple", "Restart": "always" if self.spec.get("restart") else "no",
            "UnitFileState": "enabled" if self.spec.get("autostart", True) else "disabled",
            "ActiveEnterTimestampMonotonic": self.entered_us,
            "InactiveEnterTimestampMonotonic": self.left_us}


class Units:
    """expand(text) fills the placeholders of argv and env; folders holds root, run, log."""

    def __init__(self, specs, folders, expand, changed):
        self.units = {}
        for spec in specs:
            unit = Unit(spec)
            if unit.name in self.units:
                raise ControlError(f"unit {unit.name} is given twice")
            self.units[unit.name] = unit
        self.folders = folders
        self.expand = expand
        self.changed = changed  # called when processes have come or gone
        self.booted_at = time.monotonic()
        self.tasks = set()

    def get(self, name):
        unit = self.units.get(full_name(name))
        if unit is None:
            raise ControlError(f"no unit {name}", 404)
        return unit

    def sessions(self):
        return {unit.process.session for unit in self.units.values() if unit.process}

    def _now_us(self):
        return int((time.monotonic() - self.booted_at) * 1e6)

    async def boot(self):
        self.booted_at = time.monotonic()
        for unit in self.units.values():
            unit.clear()
            if unit.spec.get("autostart", True):
                await self.start(unit)

    def _set(self, unit, active, sub):
        if active == "active" and unit.active != "active":
            unit.entered_us = self._now_us()
        if active in ("inactive", "failed") and unit.active not in ("inactive", "failed"):
            unit.left_us = self._now_us()
        unit.active, unit.sub = active, sub

    async def start(self, unit):
        """True once its program runs."""
        if unit.process and unit.process.running():
            return True
        unit.wanted = True
        unit.result = "success"
        if unit.spec.get("start_s"):
            self._set(unit, "activating", "start")
            await asyncio.sleep(unit.spec["start_s"])
        if unit.start_failures:
            unit.start_failures -= 1 if unit.start_failures > 0 else 0
            return self._failed(unit, "exit-code")
        spec = unit.spec
        argv = [self.expand(part) for part in spec["argv"]]
        env = {name: self.expand(value) for name, value in spec.get("env", {}).items()}
        env.setdefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        limits = [(resource.RLIMIT_FSIZE, LOG_BYTES_MAX)]
        if "rlimit_as_bytes" in spec:
            limits.append((resource.RLIMIT_AS, spec["rlimit_as_bytes"]))
        if "rlimit_nofile" in spec:
            limits.append((resource.RLIMIT_NOFILE, spec["rlimit_nofile"]))
        cwd = self.expand(spec["cwd"]) if "cwd" in spec else self.folders["root"]
        log_path = os.path.join(self.folders["log"], unit.name + ".log")
        try:
            with open(log_path, "ab") as log:
                unit.process = Process(argv, env, cwd, log, log, limits,
                                       lambda process: self._exited(unit, process))
        except (OSError, ValueError) as error:
            with open(log_path, "a", encoding="utf-8") as log:
                log.write(f"fake_aws: cannot start: {error}\n")
            return self._failed(unit, "resources")
        self._set(unit, "active", "running")
        self._pid_file(unit)
        self.changed()
        return True

    def _failed(self, unit, result):
        unit.wanted, unit.result = False, result
        self._set(unit, "failed", "failed")
        return False

    def _pid_file(self, unit):
        path = os.path.join(self.folders["run"], unit.name + ".pid")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(f"{unit.process.pid}\n")
        os.replace(path + ".new", path)

    def _exited(self, unit, process):
        if unit.process is not process:
            return
        process.kill_all()
        code = process.returncode
        unit.exit_status = code if code >= 0 else -code
        try:
            os.unlink(os.path.join(self.folders["run"], unit.name + ".pid"))
        except FileNotFoundError:
            pass
        self.changed()
        if not unit.wanted:
            self._set(unit, "inactive", "dead")
            return
        unit.result = "success" if code == 0 else "exit-code" if code > 0 else "signal"
        if unit.spec.get("restart"):
            self._set(unit, "activating", "auto-restart")
            self._spawn(self._restart_later(unit))
            return
        unit.wanted = False
        clean = code == 0
        self._set(unit, "inactive" if clean else "failed", "dead" if clean else "failed")

    def _spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _restart_later(self, unit):
        await asyncio.sleep(unit.spec.get("restart_s", 0.1))
        if unit.wanted and unit.sub == "auto-restart":
            unit.restarts += 1
            await self.start(unit)

    async def stop(self, unit, grace_s=None):
        unit.wanted = False
        if unit.process and unit.process.running():
            self._set(unit, "deactivating", "stop-sigterm")
            await unit.process.stop(unit.spec.get("stop_s", 5.0) if grace_s is None else grace_s)
        if unit.active != "failed":
            self._set(unit, "inactive", "dead")
        return True

    async def halt(self, grace_s):
        """All units down at the same time."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*(self.stop(unit, grace_s) for unit in self.units.values()))

    # -- systemctl ------------------------------------------------------------------------------

    async def systemctl(self, argv):
        """(exit code, stdout, stderr) of a systemctl call; only what the scripts need."""
        verb, names, wanted, value_only = None, [], [], False
        words = list(argv)
        while words:
            word = words.pop(0)
            if word in ("--no-pager", "--no-ask-password", "--quiet", "-q", "--system", "--"):
                continue
            if word == "--value":
                value_only = True
            elif word in ("-p", "--property") and words:
                wanted += words.pop(0).split(",")
            elif word.startswith("--property="):
                wanted += word.split("=", 1)[1].split(",")
            elif word.startswith("-"):
                return 1, "", f"stand-in systemctl: unrecognized option '{word}'\n"
            elif verb is None:
                verb = word
            else:
                names.append(full_name(word))
        if verb == "show":
            return self._show(names, wanted, value_only)
        if verb in ("is-active", "is-failed"):
            return self._is(verb[3:], names)
        if verb in ("start", "stop", "restart", "try-restart", "reset-failed"):
            return await self._change(verb, names)
        return 1, "", f"stand-in systemctl: unknown operation {verb}\n"

    def _show(self, names, wanted, value_only):
        blocks = []
        for name in names:
            row = (self.units[name].properties() if name in self.units else
                   {"Id": name, "LoadState": "not-found", "ActiveState": "inactive",
                    "SubState": "dead", "MainPID": 0})
            blocks.append("".join((f"{row[key]}\n" if value_only else f"{key}={row[key]}\n")
                                  for key in (wanted or SHOWN) if key in row))
        return 0, "\n".join(blocks), ""

    def _is(self, state, names):
        rows = [self.units[name].active if name in self.units else "inactive" for name in names]
        good = state in rows
        code = 0 if good else 1 if state == "failed" else 3
        return code, "".join(row + "\n" for row in rows), ""

    async def _change(self, verb, names):
        for name in names:
            unit = self.units.get(name)
            if unit is None:
                return 5, "", f"Failed to {verb} {name}: Unit {name} not found.\n"
            running = unit.process is not None and unit.process.running()
            if verb == "reset-failed":
                if unit.active == "failed":
                    self._set(unit, "inactive", "dead")
                continue
            if verb in ("stop", "restart", "try-restart"):
                await self.stop(unit)
            if verb in ("start", "restart") or (verb == "try-restart" and running):
                if not await self.start(unit):
                    return 1, "", (f"Job for {name} failed because the control process exited "
                                   "with error code.\n")
        return 0, "", ""
