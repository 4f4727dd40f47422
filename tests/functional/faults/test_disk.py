"""The state directory's disk: full, read-only, failing under writes and syncs (F3, F4, F5)."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import (EXIT_FAILED, MS_BIND, MS_RDONLY, MS_REMOUNT, FaultCase, Mounts,  # noqa: E402
                    rows_of)
from stories.crash import strace_works  # noqa: E402
from stories.world import Host  # noqa: E402

SOON = {"store_hold_time": "2s"}  # the store is tried again so often
DISK_BYTES = 24 * 1024 * 1024
WRITES = "write,pwrite64,writev,pwritev,ftruncate"
APPENDS = "write,pwrite64,writev,pwritev"  # cutting back works: the segment stays in use
SYNCS = "fsync,fdatasync"


class Disk(FaultCase):
    def world_on(self):
        world = self.world(Host("web-1", "web"), start=False)
        state = world.folder / "state"
        state.mkdir(mode=0o700, exist_ok=True)
        return world, world.hosts["web-1"], state

    def mount(self, *words, **more):
        Mounts.mount(*words, **more)
        self.addCleanup(self.unmount, words[1])

    @staticmethod
    def unmount(target):
        Mounts.unmount(target)

    def audit_holds(self, world):
        done = world.earctl("audit", "verify")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def nothing_acknowledged_is_lost(self, world, host):
        """The agent gets rid of what waited: each report was taken in the end."""
        world.wait(lambda: self.agent_status(host)["waiting"] <= 1, 20, "the agent's ring to empty")
        self.assertEqual(0, self.agent_status(host)["dropped"])

    @staticmethod
    def fill(path):
        with open(path, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass
        return path

    # -- full -----------------------------------------------------------------------------------

    def test_full_disk_stops_acting_keeps_watching_and_recovers_by_itself(self):
        self.need_mounts()
        world, host, state = self.world_on()
        self.mount("none", state, "tmpfs", data=f"size={DISK_BYTES},mode=700")
        world.start_aggregator(**SOON)
        world.wait_healthy(host)
        filler = self.fill(state / "filler")
        since = world.fake.journal_seq()
        # The journal's last page has room for some forty more reports.
        journal = self.one_event(world, "journal.cannot_be_written", str(state),
                                 "not acknowledged", timeout_s=60)
        self.assertEqual("no_space", journal["status"])
        world.fake.kill_unit(host.id, host.unit)
        self.one_event(world, "store.cannot_be_written", str(state / "store" / "intents.db"))
        self.nothing_called(world, host, since)
        acknowledged = self.agent_status(host)["acknowledged"]
        world.wait(lambda: self.agent_status(host)["waiting"] >= 2, 10, "reports to wait")
        self.assertEqual(acknowledged, self.agent_status(host)["acknowledged"])
        self.looks_at_aws(world)
        self.still_one(world, "store.cannot_be_written")
        self.still_one(world, "journal.cannot_be_written")
        filler.unlink()
        self.one_event(world, "journal.works_again")
        self.one_event(world, "store.works_again")
        self.acts_again(world, host, since, timeout_s=60)
        self.nothing_acknowledged_is_lost(world, host)
        self.audit_holds(world)

    def test_full_disk_at_the_start_refuses_it_with_the_place(self):
        self.need_mounts()
        world, _, state = self.world_on()
        self.mount("none", state, "tmpfs", data="size=64k,mode=700")
        self.fill(state / "filler")
        code, text = self.run_to_end(world)
        self.assertEqual(EXIT_FAILED, code, text)
        errors = [row for row in rows_of(text) if row["level"] == "error"]
        self.assertEqual(2, len(errors), text)
        self.assertIn(str(state), errors[0]["place"])
        self.assertEqual("no_space", errors[0]["status"])
        self.assertEqual("aggregator.not_started", errors[1]["event"])

    # -- read-only ------------------------------------------------------------------------------

    def test_read_only_state_directory_refuses_the_start(self):
        self.need_mounts()
        world, host, state = self.world_on()
        world.start_aggregator(**SOON)
        world.wait_healthy(host)
        self.assertEqual(0, world.stop_aggregator())
        self.mount(state, state, flags=MS_BIND)
        Mounts.mount(None, state, flags=MS_REMOUNT | MS_BIND | MS_RDONLY)
        since = world.fake.journal_seq()
        self.refused_start(world, "store.failed", str(state / "store"), "read-only")
        self.assertEqual([], world.changing_calls(host, since))
        self.unmount(state)
        self._cleanups = [row for row in self._cleanups if row[0] != self.unmount]
        world.start_aggregator(**world.settings)
        world.wait_healthy(host)
        self.nothing_acknowledged_is_lost(world, host)

    # -- errors under a running program -----------------------------------------------------------

    def inject(self, world, calls, error, files):
        """From now on these calls on these files fail; ends with the tracer, which it gives."""
        why = strace_works()
        if why:
            self.skipTest(why)
        words = ["strace", "-f", "-q", "-o", str(world.folder / "injected"), "-e",
                 f"trace={calls}", "-e", f"inject={calls}:error={error}"]
        for path in files:
            words += ["-P", str(path)]
        tracer = subprocess.Popen([*words, "-p", str(world.aggregator.pid)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, tracer)

        def attached():
            tasks = Path(f"/proc/{world.aggregator.pid}/task").iterdir()
            return all(not re.search(r"^TracerPid:\s+0$", (task / "status").read_text(), re.M)
                       for task in tasks)
        world.wait(attached, 15, "strace")
        return tracer

    @staticmethod
    def end(tracer):
        if tracer.poll() is None:
            tracer.terminate()
            tracer.wait(10)

    def broken_store(self, calls, error, status):
        """The store's files fail: nothing begins; once they work again, everything does."""
        world, host, state = self.world_on()
        world.start_aggregator(**SOON)
        world.wait_healthy(host)
        store = state / "store"
        tracer = self.inject(world, calls, error, [store / name for name in (
            "intents.db", "intents.db-wal", "history.db", "history.db-wal")])
        since = world.fake.journal_seq()
        world.fake.kill_unit(host.id, host.unit)
        self.one_event(world, "store.cannot_be_written", str(store / "intents.db"), status)
        self.nothing_called(world, host, since)
        self.watches(world, host)
        self.still_one(world, "store.cannot_be_written")
        self.still_one(world, "store.cannot_be_opened", 0)
        self.end(tracer)
        self.one_event(world, "store.works_again", timeout_s=30)
        self.acts_again(world, host, since, timeout_s=60)
        # What was believed durable is: one intent, begun and ended.
        intents = world.records("intents")
        self.assertEqual(["done"], [row["status"] for row in intents])
        self.audit_holds(world)

    def test_read_only_while_running_stops_acting_until_it_ends(self):
        self.broken_store(WRITES, "EROFS", "")

    def test_error_of_a_write_makes_the_store_suspect_until_it_ends(self):
        self.broken_store(WRITES, "EIO", "")

    def test_error_of_a_sync_is_never_taken_for_success(self):
        self.broken_store(SYNCS, "EIO", "")

    def test_journal_that_cannot_be_written_means_no_ack(self):
        world, host, state = self.world_on()
        world.start_aggregator(**SOON)
        world.wait_healthy(host)
        segments = sorted(state.rglob("journal-*"))
        self.assertTrue(segments, os.listdir(state))
        tracer = self.inject(world, APPENDS, "EROFS", segments)
        row = self.one_event(world, "journal.cannot_be_written", str(state), "not acknowledged")
        self.assertTrue(row["status"])
        world.wait(lambda: self.agent_status(host)["waiting"] >= 2, 10, "reports to wait")
        acknowledged = self.agent_status(host)["acknowledged"]
        self.looks_at_aws(world)
        self.assertEqual(acknowledged, self.agent_status(host)["acknowledged"])
        self.still_one(world, "journal.cannot_be_written")
        self.end(tracer)
        self.one_event(world, "journal.works_again")
        self.nothing_acknowledged_is_lost(world, host)


if __name__ == "__main__":
    unittest.main()
