"""One real process in a session of its own, watched through a pidfd on the event loop."""

import asyncio
import ctypes
import os
import resource
import signal
import subprocess

from .proctree import sessions

_LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
KILL_ROUNDS = 50  # a session that forks faster than we kill is given up after so many rounds


def _before_exec(limits):
    """Runs in the child: dies with the fake, limits set."""
    def prepare():
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))
    return prepare


class Process:
    """Starts at once; `done` is set, and on_exit(self) called, when the main process has ended."""

    def __init__(self, argv, env, cwd, stdout, stderr, limits=(), on_exit=None):
        self.popen = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            start_new_session=True, close_fds=True, preexec_fn=_before_exec(limits))
        self.pid = self.popen.pid
        self.session = self.pid
        self.done = asyncio.Event()
        self.on_exit = on_exit
        self.pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self.pidfd, self._exited)

    def _exited(self):
        asyncio.get_running_loop().remove_reader(self.pidfd)
        os.close(self.pidfd)
        self.popen.wait()
        self.done.set()
        if self.on_exit:
            self.on_exit(self)

    @property
    def returncode(self):
        return self.popen.returncode

    def running(self):
        return not self.done.is_set()

    def members(self):
        """All living processes of the session, also those whose parent has ended."""
        return sessions().get(self.session, set())

    def signal_all(self, number):
        for pid in self.members():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        """SIGSTOP until a scan finds nobody who was not stopped before: children forked meanwhile
        are caught too."""
        stopped = set()
        for _ in range(KILL_ROUNDS):
            fresh = self.members() - stopped
            if not fresh:
                return
            for pid in fresh:
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:
                    pass
            stopped |= fresh

    def kill_all(self):
        """SIGKILL until nobody of the session is left."""
        for _ in range(KILL_ROUNDS):
            members = self.members()
            if not members:
                return
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    async def stop(self, grace_s):
        """SIGTERM, SIGKILL after grace_s; returns when the session is empty."""
        if self.running() and grace_s > 0:
            self.signal_all(signal.SIGTERM)
            self.signal_all(signal.SIGCONT)
            try:
                await asyncio.wait_for(self.done.wait(), grace_s)
            except asyncio.TimeoutError:
                pass
        self.kill_all()
        await self.done.wait()
