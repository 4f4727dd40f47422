"""Configuration that is wrong: at the start and on reload (F36)."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import EXIT_CONFIG, FaultCase  # noqa: E402


class Config(FaultCase):
    def refused(self, world, line, key, *words):
        """The exit code says configuration; one line names file, line and key."""
        code, text = self.run_to_end(world, config=world.folder / "aggregator.json")
        self.assertEqual(EXIT_CONFIG, code, text)
        place = str(world.folder / "aggregator.json")
        lines = [row for row in text.splitlines() if place in row]
        self.assertEqual(1, len(lines), text)
        self.assertIn(f"{place}:{line}: ", lines[0])
        for word in (key, *words):
            self.assertIn(word, lines[0])

    @staticmethod
    def line_of(path, word):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if word in line:
                return number
        raise AssertionError(f"no {word} in {path}")

    def test_unknown_key_is_refused_with_its_line_and_the_nearest_name(self):
        world = self.bare_world()
        path = world.write_config(breaker_cuont=5)
        self.refused(world, self.line_of(path, "breaker_cuont"), "breaker_cuont", "breaker_count")

    def test_value_out_of_range_is_refused_with_what_is_allowed(self):
        world = self.bare_world()
        path = world.write_config(breaker_percent=300)
        self.refused(world, self.line_of(path, "breaker_percent"), "breaker_percent", "300",
                     "allowed")

    def test_file_that_others_may_write_is_refused(self):
        world = self.bare_world()
        path = world.write_config()
        path.chmod(0o666)
        code, text = self.run_to_end(world, config=path)
        self.assertEqual(EXIT_CONFIG, code, text)
        lines = [row for row in text.splitlines() if str(path) in row]
        self.assertEqual(1, len(lines), text)
        self.assertIn("writ", lines[0])

    def test_bad_reload_changes_nothing_and_clears_no_pause(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        self.assertEqual(0, world.earctl("pause", "--reason", "deploy").returncode)
        good = world.folder / "aggregator.json"
        config = json.loads(good.read_text(encoding="utf-8"))
        config.update(dry_run=True, recovery_enabled=True, breaker_percent=300)
        good.write_text(json.dumps(config, indent=1), encoding="utf-8")
        self.reload(world)
        refused = self.one_event(world, "config.reload_refused")
        self.assertIn("stays", refused["instead"])
        line = self.line_of(good, "breaker_percent")
        named = [row for row in world.aggregator_log().splitlines()
                 if f"{good}:{line}: " in row and "breaker_percent" in row]
        self.assertEqual(1, len(named), world.aggregator_log()[-2000:])
        shown = world.earctl("config", "show").stdout
        self.assertRegex(shown, r'"dry_run":false')
        self.assertTrue(world.ask("status")["paused"]["on"])
        since = world.fake.journal_seq()
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.assertEqual(0, world.earctl("resume", "--reason", "done").returncode)
        self.acts_again(world, host, since)  # dry_run of the bad file did not come in

    def test_reload_of_what_needs_a_restart_is_refused_as_a_whole(self):
        world = self.bare_world()
        world.start_aggregator()
        good = world.folder / "aggregator.json"
        config = json.loads(good.read_text(encoding="utf-8"))
        config.update(dry_run=True, listen_address="127.0.0.1:1")
        good.write_text(json.dumps(config, indent=1), encoding="utf-8")
        self.reload(world)
        self.one_event(world, "config.reload_refused")
        self.assertIn("listen_address", world.aggregator_log())
        self.assertRegex(world.earctl("config", "show").stdout, r'"dry_run":false')


if __name__ == "__main__":
    unittest.main()
