"""Store files that are not as they should be: newer, corrupt, held by another (F44, F45)."""

import os
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import EXIT_FAILED, FaultCase, rows_of  # noqa: E402

PAGE = 4096


def flip(path, offset, count=64):
    """Turns bytes over in place."""
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(count)
        file.seek(offset)
        file.write(bytes(byte ^ 0x5A for byte in old))


class Store(FaultCase):
    def stopped_world(self):
        """A host, and a store with rows that a clean stop left behind."""
        world, host = self.web_world()
        world.wait_healthy(host)
        self.assertEqual(0, world.stop_aggregator())
        store = world.folder / "state" / "store"
        for name in ("intents.db", "history.db"):
            with sqlite3.connect(store / name) as database:  # no WAL beside it: one file each
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
        return world, host, store

    def test_store_of_a_newer_version_refuses_the_start_and_stays_as_it_is(self):
        for name in ("intents.db", "history.db"):
            with self.subTest(name):
                world = self.bare_world()
                world.start_aggregator()
                self.assertEqual(0, world.stop_aggregator())
                path = world.folder / "state" / "store" / name
                with sqlite3.connect(path) as database:
                    database.execute("PRAGMA user_version = 99")
                database.close()
                before = path.read_bytes()
                self.refused_start(world, "store.failed", str(path), "newer")
                self.assertEqual(before, path.read_bytes())
                self.assertEqual([], list(path.parent.glob("*.corrupt-*")))

    def test_journal_of_a_newer_version_refuses_the_start_and_stays_as_it_is(self):
        world = self.bare_world()
        world.start_aggregator()
        self.assertEqual(0, world.stop_aggregator())
        state = world.folder / "state"
        folder = next(path.parent for path in [*state.rglob("journal-*"), state / "history" / "x"])
        segment = folder / "journal-77"
        segment.write_bytes(b"EARJ" + bytes([99, 0, 0, 0]))
        code, text = self.run_to_end(world)
        self.assertEqual(EXIT_FAILED, code, text)
        named = [row for row in rows_of(text) if row["event"] == "journal.cannot_be_read"]
        self.assertEqual([(str(folder), 77, "newer")],
                         [(row["folder"], row["segment"], row["status"]) for row in named], text)
        self.assertEqual(b"EARJ" + bytes([99, 0, 0, 0]), segment.read_bytes())

    def corrupt(self, name, damage, restart=False):
        world, host, store = self.stopped_world()
        damage(store / name)
        since = world.fake.journal_seq()
        seen = len(world.log_events("store.corrupt"))
        world.start_aggregator(**world.settings)
        row = self.one_event(world, "store.corrupt", str(store / name), known=seen)
        self.assertIn("set aside", row["instead"])
        self.assertTrue(list(store.glob(name + ".corrupt-*")), os.listdir(store))
        self.watches(world, host)
        self.assertTrue(world.ask("status")["paused"]["on"])
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        if restart:  # the pause outlives it: only a person ends it
            self.assertEqual(0, world.stop_aggregator())
            world.start_aggregator(**world.settings)
            self.assertTrue(world.ask("status")["paused"]["on"])
            self.nothing_called(world, host, since)
        self.still_one(world, "store.corrupt", seen + 1)
        self.assertEqual(0, world.earctl("resume", "--reason", "looked at it").returncode)
        self.acts_again(world, host, since)

    def test_flipped_bits_of_a_page_set_the_store_aside_and_pause(self):
        def damage(path):
            size = path.stat().st_size
            self.assertGreater(size, 4 * PAGE)
            for page in range(1, size // PAGE):
                flip(path, page * PAGE)
        self.corrupt("intents.db", damage, restart=True)

    def test_file_that_is_no_database_is_set_aside_and_pauses(self):
        self.corrupt("history.db", lambda path: path.write_bytes(b"not a database\n" * 400))

    def test_truncated_database_is_set_aside_and_pauses(self):
        self.corrupt("intents.db", lambda path: os.truncate(path, path.stat().st_size // 2))

    def test_second_aggregator_on_one_store_refuses_and_the_first_goes_on(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        other = world.new_port()
        lock = world.folder / "state" / "store" / "store.lock"
        self.refused_start(world, "store.failed", str(lock), "another aggregator",
                           listen_address=f"127.0.0.1:{other.number}",
                           control_socket=str(world.folder / "other.sock"))
        since = world.fake.journal_seq()
        self.watches(world, host)
        world.fake.kill_unit(host.id, host.unit)
        self.acts_again(world, host, since)


if __name__ == "__main__":
    unittest.main()
