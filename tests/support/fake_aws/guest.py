"""A guest: the real processes that stand for one instance's operating system.

root/proc   for proc_path: links to the real /proc, own boot id, uptime and processes
root/run    pid files and what the processes put there; emptied at each boot, as /run is
root/log    output of each unit
root/bin    the only PATH of scripts that SSM runs: a stand-in systemctl, service, and links to a
            short list of harmless tools. The machine's own services are out of reach.
root/manager.sock  where the stand-in systemctl asks
"""

import asyncio
import json
import os
import re
import resource
import shlex
import shutil
import signal
import time
from dataclasses import dataclass

from .errors import ControlError
from .process import Process
from .proctree import ProcTree, recent_sessions, sessions
from .units import COMMAND_S_MAX, Units

TICK_S = 0.5            # uptime and process links are renewed so often (real seconds)
OUTPUT_BYTES_MAX = 1 << 20
REQUEST_BYTES_MAX = 64 * 1024
UNITS_MAX = 64
TOOLS = ("awk", "basename", "cat", "cut", "date", "df", "dirname", "echo", "env", "expr", "false",
         "free", "grep", "head", "id", "ls", "mkdir", "mktemp", "printf", "rm", "sed", "sh",
         "sleep", "sort", "tail", "timeout", "touch", "tr", "true", "uname", "wc")
HERE = os.path.dirname(os.path.abspath(__file__))
SHELL = "/usr/bin/dash"


@dataclass
class ScriptResult:
    code: int
    stdout: str
    stderr: str
    timed_out: bool


def _read_head(path):
    with open(path, "rb") as file:
        return file.read(OUTPUT_BYTES_MAX).decode("utf-8", "replace")


class Guest:
    """Spec: {"root": folder, "processes": [unit, ...]}. All methods run on the loop's thread."""

    def __init__(self, instance_id, spec, private_ip):
        root = spec.get("root")
        if not isinstance(root, str) or not os.path.isabs(root) or set(spec) - {"root",
                                                                               "processes"}:
            raise ControlError("a guest has root (an absolute path) and processes")
        processes = spec.get("processes", [])
        if not isinstance(processes, list) or len(processes) > UNITS_MAX:
            raise ControlError(f"processes is a list of at most {UNITS_MAX}")
        self.id = instance_id
        self.private_ip = private_ip
        self.root = root
        self.folders = {name: os.path.join(root, name)
                        for name in ("run", "log", "bin", "tmp", "proc", "ssm")}
        self.folders["root"] = root
        self.proc = ProcTree(self.folders["proc"])
        self.units = Units(processes, self.folders, self.expand, self._show_processes)
        self.boot_id = ""
        self.booted_at = 0.0
        self.ready = False
        self.hung = False
        self.jobs = set()       # scripts that run now
        self.server = None
        self.ticker = None
        self.root_fd = -1
        self.lock = asyncio.Lock()  # a boot waits until the shutdown before it has ended

    def expand(self, text):
        """Fills {root}, {run}, {log}, {bin}, {tmp}, {proc}, {boot_id_file}, {instance_id},
        {boot_id}, {private_ip}; other braces stay."""
        values = {name: self.folders[name] for name in ("root", "run", "log", "bin", "tmp",
                                                        "proc")}
        values.update(boot_id_file=self.proc.boot_id_file, instance_id=self.id,
                      boot_id=self.boot_id, private_ip=self.private_ip)
        return re.sub(r"\{([a-z_]+)\}", lambda m: values.get(m.group(1), m.group(0)), text)

    def view(self):
        return {"root": self.root, "boot_id": self.boot_id, "ready": self.ready,
                "hung": self.hung, "proc": self.folders["proc"],
                "boot_id_file": self.proc.boot_id_file, "scripts_running": len(self.jobs),
                "units": {name: unit.view() for name, unit in self.units.units.items()}}

    # -- life -----------------------------------------------------------------------------------

    async def boot(self, boot_id):
        async with self.lock:
            self.boot_id = boot_id
            self._folders()
            self.proc.boot(boot_id)
            self.booted_at = time.monotonic()
            self.hung = False
            await self._listen()
            await self.units.boot()
            self._show_processes()
            if self.ticker is None:
                self.ticker = asyncio.get_running_loop().create_task(self._tick())
            self.ready = True

    def _folders(self):
        shutil.rmtree(self.folders["run"], ignore_errors=True)
        for path in self.folders.values():
            os.makedirs(path, exist_ok=True)
        bin_folder = self.folders["bin"]
        for tool in TOOLS:
            real, link = shutil.which(tool, path="/usr/bin:/bin"), os.path.join(bin_folder, tool)
            if real and not os.path.lexists(link):
                os.symlink(real, link)
        program = os.path.join(HERE, "guest_bin", "systemctl")
        self._program("systemctl", f"exec /usr/bin/python3 -I -S -B {shlex.quote(program)} "
                      f'{shlex.quote(self.root)} "$@"')
        self._program("service", 'echo "$1: unrecognized service" >&2; exit 1')

    def _program(self, name, line):
        path = os.path.join(self.folders["bin"], name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{line}\n")
        os.chmod(path, 0o755)

    async def _listen(self):
        if self.server is not None:
            return
        # Through the folder's descriptor: a socket's path is at most 107 bytes long.
        self.root_fd = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
        path = f"/proc/self/fd/{self.root_fd}/manager.sock"
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        self.server = await asyncio.start_unix_server(self._systemctl, path,
                                                      limit=REQUEST_BYTES_MAX)

    async def _systemctl(self, reader, writer):
        """One request, one answer: {"argv": [...]} -> {"exit", "stdout", "stderr"}."""
        try:
            line = await asyncio.wait_for(reader.readline(), 10)
            argv = json.loads(line)["argv"]
            code, out, err = await asyncio.wait_for(self.units.systemctl(argv), COMMAND_S_MAX)
            if not self.hung:
                answer = {"exit": code, "stdout": out, "stderr": err}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ValueError, KeyError, TypeError, ConnectionError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    async def _tick(self):
        while True:
            await asyncio.sleep(TICK_S)
            if self.ready and not self.hung:
                self.proc.uptime(time.monotonic() - self.booted_at)
                self._show_processes(recent_sessions(TICK_S / 2))

    def _show_processes(self, living=None):
        wanted = self.units.sessions() | {job.session for job in self.jobs}
        living = sessions() if living is None else living
        pids = set()
        for session in wanted:
            pids |= living.get(session, set())
        self.proc.show(pids)

    async def shutdown(self, grace_s, power_cut=False):
        """Ends every process of the guest; a power cut gives no time."""
        async with self.lock:
            self.ready = False
            jobs = list(self.jobs)
            if not power_cut and not self.hung:
                await self.units.halt(grace_s)
            else:
                await self.units.halt(0.0)
            for job in jobs:
                await job.stop(0.0)
            self.hung = False
            self.proc.show(set())

    async def close(self):
        await self.shutdown(0.0, power_cut=True)
        if self.ticker:
            self.ticker.cancel()
        if self.server:
            self.server.close()
        if self.root_fd >= 0:
            os.close(self.root_fd)
            self.root_fd = -1

    # -- what the world does to it --------------------------------------------------------------

    def _processes(self):
        return [unit.process for unit in self.units.units.values()
                if unit.process and unit.process.running()] + list(self.jobs)

    def hang(self):
        """Every process stops where it is, as on a guest whose kernel hangs."""
        self.hung = True
        for process in self._processes():
            process.freeze()

    def resume(self):
        self.hung = False
        for process in self._processes():
            process.signal_all(signal.SIGCONT)

    def kill_unit(self, name, number):
        unit = self.units.get(name)
        if not unit.process or not unit.process.running():
            raise ControlError(f"{unit.name} does not run", 409)
        pid = unit.process.pid
        unit.process.signal_all(number)
        return pid

    # -- scripts --------------------------------------------------------------------------------

    async def run_script(self, name, text, environment, limit_s):
        """Runs text under dash; None if the guest went away meanwhile."""
        folder = os.path.join(self.folders["ssm"], name)
        os.makedirs(folder, exist_ok=True)
        script = os.path.join(folder, "_script.sh")
        with open(script, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        out, err = os.path.join(folder, "stdout"), os.path.join(folder, "stderr")
        boot_id = self.boot_id
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            job = Process([SHELL, script], {"PATH": self.folders["bin"], **environment},
                          self.folders["tmp"], out_file, err_file,
                          [(resource.RLIMIT_FSIZE, OUTPUT_BYTES_MAX * 4)])
        self.jobs.add(job)
        timed_out = False
        try:
            await asyncio.wait_for(job.done.wait(), limit_s)
        except asyncio.TimeoutError:
            timed_out = True
            await job.stop(1.0)
        finally:
            job.kill_all()
            self.jobs.discard(job)
        if self.hung or not self.ready or self.boot_id != boot_id:
            return None
        return ScriptResult(job.returncode, _read_head(out), _read_head(err), timed_out)
