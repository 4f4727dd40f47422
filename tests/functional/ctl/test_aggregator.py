"""earctl against a real aggregator, a fake AWS and a real agent."""
import html.parser
import json
import os
import pwd
import sqlite3
import subprocess
import unittest

from stories.case import StoryCase
from stories.world import Host

VOID = ("meta",)  # elements without an end tag that the page uses


class Balance(html.parser.HTMLParser):
    """Fails on an end tag that closes something else, and keeps what is open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing at {self.getpos()}")


TOTALS = ("recoveries", "automatic", "by_person", "succeeded", "failed", "predictions", "refusals")


class Aggregator(StoryCase):
    def code(self, world, expected, *words):
        done = world.earctl(*words)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return done

    def one(self, **settings):
        """A world of one healthy web host."""
        host = Host("web-1", "web")
        world = self.world(host, **settings)
        world.wait_healthy(host)
        return world, host

    def test_status_instances_and_show_agree(self):
        world, host = self.one(dry_run=True)
        out = self.code(world, 0, "status", "--all").stdout
        self.assertTrue(out.startswith("AUTOMATIC RECOVERY: DRY RUN   budget 0/"), out)
        self.assertRegex(out, r"Fleet 1   healthy 1 .* us-east-1 1a:1\n")
        self.assertRegex(out, rf"  {host.id}  web-1  1a  HEALTHY ")
        hidden = self.code(world, 0, "status").stdout
        self.assertNotIn(host.id, hidden)
        self.assertIn("1 healthy instances hidden (--all)", hidden)
        self.code(world, 0, "status", "--exit-code")
        row = world.ask("instances")["rows"][0]
        self.assertEqual((row["instance_id"], row["name"], row["az"], row["state"]),
                         (host.id, "web-1", "us-east-1a", "HEALTHY"))
        csv = self.code(world, 0, "instances", "--output", "csv").stdout
        self.assertEqual(len(csv.splitlines()), 2)
        world.wait(lambda: world.ask("instance", "show", "web-1", "--since", "10m")["series"],
                   20, "history of the host")
        shown = world.ask("instance", "show", host.id)
        self.assertEqual(shown["schema"], "ear.instance/1")
        self.assertEqual(shown["checks"][0]["unit"], host.unit)
        self.assertIsNotNone(shown["since_report_ms"])
        text = self.code(world, 0, "instance", "show", "web-1", "--since", "10m").stdout
        self.assertIn(f"web-1  {host.id}", text)
        self.assertIn("State HEALTHY since ", text)
        self.assertRegex(text, r"\n  mem_used_percent +[^ ]* *\d")

    def test_unknown_things_are_5_and_name_the_nearest(self):
        world, _ = self.one(dry_run=True)
        done = self.code(world, 5, "instance", "show", "wbe-1")
        self.assertEqual(done.stderr, "earctl: no such instance: wbe-1: did you mean web-1?\n")
        self.code(world, 5, "recover", "wbe-1", "--action", "reboot")
        self.code(world, 5, "recoveries", "show", "INC-none")
        self.code(world, 5, "recoveries", "ack", "INC-none")

    def test_a_dry_run_lists_every_check_and_says_6_when_refused(self):
        world, host = self.one(dry_run=True)
        world.wait(lambda: "WAIT" not in world.earctl("recover", "web-1", "--action",
                                                      "stop-start").stdout, 20, "the warm-up's end")
        done = self.code(world, 6, "recover", "web-1", "--action", "stop-start")
        self.assertTrue(done.stdout.startswith("DRY RUN (give --reason to do it)\n"), done.stdout)
        self.assertIn(f"  would   stop and start {host.id} (web-1)\n", done.stdout)
        self.assertIn("  calls   ec2:DescribeInstances, ec2:StopInstances, ec2:StartInstances\n",
                      done.stdout)
        self.assertRegex(done.stdout, r"\n +FAIL dry_run")
        self.assertIn("\noverride: dry_run = false in the configuration\n", done.stdout)
        self.assertEqual(world.changing_calls(), [])
        answer = world.earctl("recover", "web-1", "--action", "reboot", "--output", "json")
        self.assertEqual(answer.returncode, 6)
        self.assertEqual(json.loads(answer.stdout)["exit"], 6)

    def test_a_person_restarts_a_service_and_the_books_agree(self):
        world, host = self.one(enabled_rungs_health=[], enabled_rungs_prediction=[])
        world.wait(lambda: world.earctl("recover", "web-1", "--action", "restart-service",
                                        "--unit", host.unit).returncode == 0,
                   30, "a pre-flight without objection")
        self.code(world, 0, "recover", "web-1", "--action", "restart-service", "--unit", host.unit,
                  "--reason", "stuck <worker>")
        world.wait(lambda: [r for r in world.recoveries(host) if r["status"] == "success"], 40,
                   "a proven restart")
        row = world.recoveries(host)[0]
        self.assertEqual((row["action"], row["event_type"], row["actor"]),
                         ("restart-service", "manual", self.user()))
        self.assertIn("stuck <worker>", row["cause"])
        self.assertGreater(row["took_s"], 0)
        shown = self.code(world, 0, "recoveries", "show", row["workflow_id"]).stdout
        self.assertRegex(shown, rf"^{row['workflow_id']}  {host.id}  manual  ")
        self.assertRegex(shown, r"in_progress +restart-service +start")
        self.assertRegex(shown, r"success +restart-service +result")
        listed = self.code(world, 0, "recoveries", "--status", "failed").stdout
        self.assertEqual(listed, "no recoveries\n")
        audit = self.code(world, 0, "audit", "--output", "csv").stdout
        self.assertRegex(audit, rf"{self.user()},operator,")
        self.reports_agree(world, recoveries=1, by_person=1, automatic=0, succeeded=1, failed=0)

    @staticmethod
    def user():
        return pwd.getpwuid(os.geteuid()).pw_name

    def reports_agree(self, world, **wanted):
        """The totals of the week in JSON, CSV, text and HTML; `wanted` of them are known."""
        totals = json.loads(self.code(world, 0, "report", "--format", "json").stdout)["totals"]
        for key, value in wanted.items():
            self.assertEqual(totals[key], value, key)
        csv = self.code(world, 0, "report", "--format", "csv").stdout
        text = self.code(world, 0, "report").stdout
        target = world.folder / "week.html"
        done = self.code(world, 0, "report", "--format", "html", "--out", str(target))
        self.assertEqual((done.stdout, done.stderr), ("", f"earctl: wrote {target}\n"))
        page = target.read_text(encoding="utf-8")
        self.assertTrue(page.startswith("<!doctype html>"))
        self.assertNotIn("<worker>", page)
        self.assertNotIn("<script", page)
        self.assertIn("<polyline", page)  # the agent's own history
        balance = Balance()
        balance.feed(page)
        balance.close()
        self.assertEqual(balance.open, [])
        for key in TOTALS:
            self.assertRegex(csv, rf"\ntotal,{key},,,{totals[key]},\d*,")
        self.assertRegex(text, rf"\n  recoveries +{totals['recoveries']} +\d+\n")
        self.assertRegex(page, rf"<b>{totals['recoveries']}</b>recoveries<small>")

    def test_a_pause_survives_kill_and_restart_until_resumed(self):
        world, _ = self.one()
        self.assertIn("--reason is needed", self.code(world, 2, "pause").stderr)
        self.code(world, 0, "pause", "--reason", "deploy of 14:00")
        world.kill_aggregator()
        world.start_aggregator()
        out = self.code(world, 0, "status").stdout
        self.assertTrue(out.startswith("AUTOMATIC RECOVERY: PAUSED "), out)
        self.assertRegex(out, rf"\nPAUSED: .*by {self.user()}.*deploy of 14:00")
        done = self.code(world, 6, "recover", "web-1", "--action", "reboot", "--reason", "now")
        self.assertIn("paused", done.stdout)
        self.assertIn("override: earctl resume", done.stdout)
        self.code(world, 0, "resume", "--reason", "deploy is through")
        self.code(world, 0, "resume")
        world.stop_aggregator()
        world.start_aggregator()
        self.assertNotIn("PAUSED", self.code(world, 0, "status").stdout)

    def test_a_pause_with_a_time_ends_by_itself(self):
        world, _ = self.one()
        self.code(world, 0, "pause", "--reason", "short", "--for", "2s")
        self.assertIn("PAUSED", self.code(world, 0, "status").stdout)
        world.wait(lambda: "PAUSED" not in world.earctl("status").stdout, 20, "the pause's end")

    def test_the_audit_is_intact_until_somebody_changes_it(self):
        world, _ = self.one()
        self.code(world, 0, "pause", "--reason", "x")
        self.code(world, 0, "resume")
        world.wait(lambda: world.earctl("audit", "verify").returncode == 0, 20, "a signed head")
        answer = world.ask("audit", "verify")
        self.assertTrue(answer["intact"] and answer["rows"] >= 2, answer)
        lines = self.code(world, 0, "audit", "--output", "json").stdout.splitlines()
        kinds = {json.loads(line)["kind"] for line in lines}
        self.assertIn("pause", kinds)
        world.stop_aggregator()
        database = world.folder / "state" / "store" / "intents.db"
        with sqlite3.connect(database) as store:
            store.execute("UPDATE audit SET item = replace(item, '\"resumed\"', '\"nothing\"')")
        store.close()
        world.start_aggregator()
        done = self.code(world, 1, "audit", "verify")
        self.assertTrue(done.stdout.startswith("NOT INTACT: "), done.stdout)

    def test_the_configuration_is_shown_with_its_origins_and_no_secret(self):
        world, _ = self.one(slack=True)
        out = self.code(world, 0, "config", "show").stdout
        self.assertIn("prediction_day", out)
        self.assertIn("aggregator.json", out)  # where it comes from
        self.assertNotIn("webhook/ops", out)

    def as_user(self, world, name, *words):
        """earctl run by another user of the base system, with that user's groups."""
        user = pwd.getpwnam(name)
        groups = os.getgrouplist(name, user.pw_gid)
        return subprocess.run(
            [world.program("earctl"), *words, "--socket", world.socket_path], user=user.pw_uid,
            group=user.pw_gid, extra_groups=groups, capture_output=True, text=True, timeout=40,
            check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, cwd="/")

    def test_groups_decide_who_connects_who_reads_and_who_acts(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to become other users")
        world, host = self.one(control_group="daemon", operators_group="bin")
        try:
            reader = self.as_user(world, "daemon", "status", "--all")
        except PermissionError:
            self.skipTest("other users may not run the programs of this build folder")
        self.assertEqual(reader.returncode, 0, reader.stderr)
        self.assertIn(host.id, reader.stdout)
        for words in (("pause", "--reason", "x"), ("resume",), ("recoveries", "ack", "INC-1"),
                      ("recover", "web-1", "--action", "reboot", "--reason", "x")):
            done = self.as_user(world, "daemon", *words)
            self.assertEqual((done.returncode, done.stdout), (4, ""), words)
            self.assertIn("may read but not act; who acts is in the group: bin", done.stderr)
        # A dry run only reads.
        self.assertIn(self.as_user(world, "daemon", "recover", "web-1", "--action",
                                   "reboot").returncode, (0, 6))
        stranger = self.as_user(world, "nobody", "status")
        self.assertEqual(stranger.returncode, 4)
        self.assertIn("members of group `daemon` may", stranger.stderr)
        self.assertEqual(os.stat(world.socket_path).st_mode & 0o7777, 0o660)
        # Even where the file lets a stranger in, the kernel's word for who it is decides.
        os.chmod(world.socket_path, 0o666)
        stranger = self.as_user(world, "nobody", "status")
        self.assertEqual(stranger.returncode, 4)
        self.assertIn("not in the group that may read, daemon", stranger.stderr)
        actor = self.as_user(world, "bin", "pause", "--reason", "by bin")
        self.assertEqual(actor.returncode, 0, actor.stderr)
        self.assertRegex(self.code(world, 0, "status").stdout, r"\nPAUSED: .*by bin")
        self.assertEqual(world.changing_calls(), [])

    def test_two_aggregators_do_not_share_a_socket(self):
        world, _ = self.one()
        second = world.folder / "second.json"
        config = dict(world.settings_in_force, state_directory=str(world.folder / "state2"),
                      listen_address="127.0.0.1:0")
        second.write_text(json.dumps(config), encoding="utf-8")
        second.chmod(0o600)
        done = subprocess.run(
            [world.program("ear-aggregator"), "-c", str(second)], capture_output=True, text=True,
            timeout=30, check=False,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **world.fake.environment()})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("another aggregator answers there", done.stdout + done.stderr)
        self.code(world, 0, "status")


if __name__ == "__main__":
    unittest.main()
