"""What the tests of bad input share: running the aggregator to its end, its log lines, a mount namespace
of our own, and the check that nothing is called while something is wrong."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from stories.case import StoryCase
from stories.world import START_S, Host, wait_until

LINK = str(Path(__file__).resolve().parents[1] / "link")
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 0x4000, 0x40000
QUIET_S = 3.0  # a restart begins within half a second of a failing check
EXIT_FAILED, EXIT_CONFIG = 1, 78


def rows_of(text):
    """The JSON lines of a log."""
    rows = []
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


class Mounts:
    """Mounts that only this process and its children see, and that end with them."""

    libc = ctypes.CDLL(None, use_errno=True)
    ready = None

    @classmethod
    def why_not(cls):
        """Enters a namespace of our own at the first call; "" or why it cannot."""
        if cls.ready is None:
            cls.ready = ""
            inside = cls.libc.unshare(CLONE_NEWNS) == 0 or cls._enter_as_user()
            if not inside or cls.libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
                cls.ready = "mounting is not allowed here: " + os.strerror(ctypes.get_errno())
        return cls.ready

    @classmethod
    def _enter_as_user(cls):
        """Without root: in a user namespace in which we stay who we are."""
        user, group = os.getuid(), os.getgid()
        if cls.libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
            return False
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"),
                           ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
        return True

    @classmethod
    def mount(cls, source, target, kind=None, flags=0, data=None):
        words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
        if cls.libc.mount(*words, flags, None if data is None else data.encode()) != 0:
            raise OSError(ctypes.get_errno(), f"mount {target}")

    @classmethod
    def unmount(cls, target):
        if cls.libc.umount2(os.fsencode(target), 2) != 0:  # MNT_DETACH
            raise OSError(ctypes.get_errno(), f"umount {target}")


class FaultCase(StoryCase):
    def web_world(self, start=True, **settings):
        """One host with a web service, and its world."""
        world = self.world(Host("web-1", "web"), start=start, **settings)
        return world, world.hosts["web-1"]

    def bare_world(self, **settings):
        """No agent, and no aggregator yet."""
        return self.world(Host("quiet", agent=False), start=False, **settings)

    # -- a start that is refused ----------------------------------------------------------------

    def run_to_end(self, world, config=None, **settings):
        """Starts an aggregator that should refuse to: (exit code, what it printed)."""
        path = config or world.write_config(**settings)
        done = subprocess.run([world.program("ear-aggregator"), "-c", str(path)],
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                   **world.fake.environment()},
                              capture_output=True, text=True, timeout=START_S, check=False)
        for trace in ("AddressSanitizer", "runtime error:"):
            self.assertNotIn(trace, done.stderr)
        return done.returncode, done.stdout + done.stderr

    def refused_start(self, world, event, *words, **settings):
        """The start fails with one line of this event that holds all the words."""
        code, text = self.run_to_end(world, **settings)
        self.assertEqual(EXIT_FAILED, code, text)
        errors = [row for row in rows_of(text) if row["level"] == "error"]
        self.assertEqual([event, "aggregator.not_started"], [row["event"] for row in errors], text)
        for word in words:
            self.assertIn(word, json.dumps(errors[0]))
        return errors[0]

    # -- a running one --------------------------------------------------------------------------

    def events(self, world, event):
        return world.log_events(event)

    def one_event(self, world, event, *words, timeout_s=20.0, known=0):
        """Waits for a line of this kind beyond the known ones; it must be one, and hold the words."""
        world.wait(lambda: len(world.log_events(event)) > known, timeout_s, f"a line {event}")
        rows = world.log_events(event)[known:]
        self.assertEqual(1, len(rows), rows)
        for word in words:
            self.assertIn(word, json.dumps(rows[0]))
        return rows[0]

    def still_one(self, world, event, count=1):
        self.assertEqual(count, len(world.log_events(event)), world.log_events(event))

    def nothing_called(self, world, host, since, seconds=QUIET_S):
        """For so long nothing is called, and earctl is answered."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            calls = world.changing_calls(host, since)
            self.assertEqual([], [call["op"] for call in calls])
            self.assertEqual(0, world.earctl("status").returncode)
            time.sleep(0.2)

    def acts_again(self, world, host, since, timeout_s=40):
        """Exactly one restart through SSM, and the service runs."""
        world.wait(lambda: world.changing_calls(host, since), timeout_s, "a call")
        world.wait(lambda: any(row["status"] == "success" for row in world.recoveries(host)),
                   timeout_s, "the success of the recovery")
        calls = world.changing_calls(host, since)
        self.assertEqual(["SendCommand"], [call["op"] for call in calls])
        self.assertNotEqual(0, world.fake.unit_state(host.id, host.unit)["pid"])

    def watches(self, world, host):
        """Reports of the agent keep coming in: watching goes on."""
        def heard():
            member = world.member(host)
            return member and member["since_report_ms"] is not None \
                and member["since_report_ms"] < 2500
        world.wait(heard, 10, "a fresh report of the agent")

    def looks_at_aws(self, world):
        """EC2 is still read, and earctl answered."""
        seen = world.fake.count("ec2:DescribeInstanceStatus")
        world.wait(lambda: world.fake.count("ec2:DescribeInstanceStatus") > seen, 10,
                   "another read of EC2's checks")
        self.assertEqual(0, world.earctl("status").returncode)

    def agent_status(self, host):
        try:
            return json.loads((host.root / "agent-status.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def agent_events(self, host, event):
        path = host.root / "log" / "ear-agent.service.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return [row for row in rows_of(text) if row.get("event") == event]

    def reload(self, world):
        world.aggregator.send_signal(signal.SIGHUP)

    def need_mounts(self):
        why = Mounts.why_not()
        if why:
            self.skipTest(why)


__all__ = ["FaultCase", "Mounts", "Host", "LINK", "EXIT_CONFIG", "EXIT_FAILED", "rows_of", "sys",
           "wait_until"]
