"""Kills a running aggregator at the Nth write, sync or send of one of its threads, by strace, while it
restarts a service; starts it again and looks whether anything was done twice or lost (SAFETY F1)."""

import re
import subprocess
from collections import Counter
from pathlib import Path

from .storybook import StoryFailed, equal, intent_of, must
from .world import World

SYSCALLS = "write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,ftruncate,rename,unlink"
THREADS = ("ear-store", "engine", "ear-aws", "ear-journal", "ear-notify", "ingest", "ear-scores",
           "ear-poller")
ATTACH_S = 15.0
WORKFLOW_S = 40.0
RECOVERY_S = 45.0
LATE_KILL_S = 0.5
# Shorter than in the stories: what matters is the order of steps.
CRASH = {"healthy_time": "1s", "warmup": "1s", "signature_window": "1s", "settle_time": "1s",
         "rest_after_success": "1s", "service_restarts_max": 1000}


def strace_works():
    """Why it does not, or ""."""
    try:
        done = subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=write", "-e",
                               "inject=write:signal=SIGKILL:when=1", "/bin/echo", "x"],
                              capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"strace cannot run: {error}"
    return "" if done.returncode in (-9, 137) else f"strace cannot inject: {done.stderr.decode()}"


class CrashWorld(World):
    """One host; each try has a state of its own."""

    tries = 0

    def fresh_state(self):
        self.tries += 1
        self.state_name = f"state-{self.tries:04d}"
        return {"state_directory": str(self.folder / self.state_name),
                "slack_webhook_url": self.fake.webhook_url("ops"), **CRASH}

    def begin(self, host):
        if self.fake.unit_state(host.id, host.unit)["pid"] == 0:
            self.fake.unit(host.id, host.unit, "start")  # a bad try left it dead
        self.start_aggregator(**self.fresh_state())
        self.wait_healthy(host)

    def threads(self):
        """[(name, number among its namesakes, thread id)] of the aggregator."""
        seen, rows = Counter(), []
        for path in sorted(Path(f"/proc/{self.aggregator.pid}/task").iterdir(),
                           key=lambda path: int(path.name)):
            name = (path / "comm").read_text().strip()
            if name in THREADS:
                rows.append((name, seen[name], int(path.name)))
                seen[name] += 1
        return rows

    def attach(self, thread_ids, output, *inject):
        words = ["strace", "-q", "-o", str(output), "-e", f"trace={SYSCALLS}", *inject]
        for thread_id in thread_ids:
            words += ["-p", str(thread_id)]
        tracer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)

        def attached():
            must(tracer.poll() is None, "strace must attach")
            return all(not re.search(r"^TracerPid:\s+0$", Path(
                f"/proc/{self.aggregator.pid}/task/{thread_id}/status").read_text(), re.M)
                for thread_id in thread_ids)
        self.wait(attached, ATTACH_S, "strace")
        return tracer

    def recovered(self):
        rows = [row for row in self.records("recovery-events") if row["step"] == "result"]
        return bool(rows) and rows[-1]["status"] == "success"


def count_calls(world, host):
    """{(thread, number): traced calls} of one workflow without a kill."""
    world.begin(host)
    threads = world.threads()
    output = world.folder / "calls"
    # With -ff each thread gets a file of its own.
    tracer = world.attach([row[2] for row in threads], output, "-ff")
    world.fake.kill_unit(host.id, host.unit)
    world.wait(world.recovered, WORKFLOW_S, "the workflow without a kill")
    tracer.terminate()
    tracer.wait(10)
    counts = {}
    for name, number, thread_id in threads:
        path = world.folder / f"calls.{thread_id}"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        counts[name, number] = sum("(" in line for line in lines)
    world.stop_aggregator()
    return counts


def kill_at(world, host, thread, number, when):
    """One try: (whether it was killed before the workflow was through, commands executed)."""
    world.begin(host)
    thread_id = next((row[2] for row in world.threads() if row[:2] == (thread, number)), None)
    must(thread_id is not None, f"thread {thread} {number} must exist", world.threads())
    since = world.fake.journal_seq()
    before = world.fake.unit_state(host.id, host.unit)["pid"]
    tracer = world.attach([thread_id], world.folder / "killed",
                          "-e", f"inject={SYSCALLS}:signal=SIGKILL:when={when}")
    world.fake.kill_unit(host.id, host.unit)
    process = world.aggregator
    world.wait(lambda: process.poll() is not None or world.recovered(), WORKFLOW_S,
               f"a kill or the end of the workflow ({thread} {number}, call {when})")
    killed = process.poll() is not None
    tracer.terminate()
    tracer.wait(10)
    if ended_soon(process):  # perhaps only after the workflow was through
        equal(-9, process.returncode, "how the aggregator ended")
        world.aggregator = None
        world.start_aggregator(**world.settings)
    world.wait(lambda: closed(world, host), RECOVERY_S, "the end of the recovery after the kill")
    verify(world, host, since, before)
    world.stop_aggregator()
    return killed


def ended_soon(process):
    """A kill that is under way takes a moment to show."""
    try:
        process.wait(LATE_KILL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def closed(world, host):
    """The service runs again, and every incident is closed or visibly handed to a person."""
    rows = world.incidents(host)
    return bool(rows) and all(not row["open"] or row["asked"] for row in rows) \
        and world.fake.unit_state(host.id, host.unit)["pid"] != 0


def verify(world, host, since, before):
    calls = world.changing_calls(host, since)
    comments = Counter(call["params"].get("Comment", "") for call in calls)
    must(all(count == 1 for count in comments.values()), "no action may be carried out twice",
         comments)
    equal(1, len(calls), f"commands in all ({comments})")
    must(world.fake.unit_state(host.id, host.unit)["pid"] not in (0, before),
         "the service must run again")
    intents = world.records("intents")
    must(all(row["status"] != "open" for row in intents), "no intent may stay open", intents)
    named = [row for row in intents if row["action_id"] in calls[0]["params"]["Comment"]]
    must(named and intent_of(world, named[0]["action_id"], named[0]["status"]),
         "the command's intent must be in the store", intents)
    outcomes = [row["outcome"] for row in world.incidents(host)]
    must(set(outcomes) <= {"success", "failed", "resolved"} or
         any(row["asked"] for row in world.incidents(host)), "nothing may be lost", outcomes)
    begun = {row["workflow_id"] for row in world.records("recovery-events")
             if row["step"] == "start"}
    done = {row["workflow_id"] for row in world.records("recovery-events")
            if row["step"] == "result"}
    equal(begun, done, "recoveries begun and ended")
    audit = world.earctl("audit", "verify")
    equal(0, audit.returncode, f"status of earctl audit verify ({audit.stdout.strip()})")


__all__ = ["CrashWorld", "StoryFailed", "count_calls", "kill_at", "strace_works"]
