"""The earctl program by itself: words, codes, streams, files."""
import json
import os
import pty
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

EARCTL = os.path.join(os.environ["EAR_BIN"], "earctl")
SOURCE = Path(os.environ["EAR_SOURCE"])


def earctl(*words, env=None, **options):
    merged = dict(os.environ)
    merged.update(env or {})
    return subprocess.run([EARCTL, *words], capture_output=True, text=True, timeout=30,
                          check=False, env=merged, **options)


class Answer:
    """One answer of a played aggregator; keeps the request."""

    def __init__(self, head, document=b"", read=True, times=1):
        self.folder = tempfile.TemporaryDirectory(prefix="ear-ctl-")
        self.path = os.path.join(self.folder.name, "control.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.listener.settimeout(20)
        self.answer = (json.dumps(head).encode() + b"\n" if isinstance(head, dict) else head)
        self.answer += document
        self.read, self.times, self.request = read, times, None
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        for _ in range(self.times):
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                if self.read:
                    line = peer.makefile("rb").readline()
                    self.request = json.loads(line) if line else None
                peer.sendall(self.answer)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.thread.join(30)
        self.listener.close()
        self.folder.cleanup()


class Words(unittest.TestCase):
    def test_version_is_said_on_stdout(self):
        for words in (["version"], ["--version"]):
            done = earctl(*words)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^earctl \d+\.\d+\.\d+\n$")
            self.assertEqual(done.stderr, "")

    def test_help_starts_with_examples(self):
        for words in (["--help"], ["-h"], ["help"]):
            done = earctl(*words)
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.startswith("Examples:\n  earctl "), done.stdout[:80])

    def test_each_verb_has_its_help(self):
        overview = earctl("--help").stdout
        self.assertIn("(CSV or CSV.gz) through the predictor; clock from the data\n", overview)
        for verb in ("status", "instance show", "recover", "report", "config validate", "replay",
                     "pki", "audit verify"):
            self.assertIn(f"  {verb}", overview)
            done = earctl(*verb.split(), "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("earctl " + verb.split()[0], done.stdout)
        self.assertEqual(earctl("help", "recover").stdout, earctl("recover", "--help").stdout)

    def test_without_words_the_help_is_on_stderr(self):
        done = earctl()
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("Usage: earctl VERB", done.stderr)

    def test_an_unknown_verb_offers_the_nearest(self):
        done = earctl("stauts")
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean `earctl status`?", done.stderr)
        done = earctl("config", "validat", "x")
        self.assertIn("did you mean `earctl config validate`?", done.stderr)
        done = earctl("\x1b[31mfrobnicate")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("\x1b", done.stderr)
        self.assertNotIn("did you mean", done.stderr)

    def test_an_unknown_option_offers_the_nearest(self):
        done = earctl("status", "--outptu", "json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean --output?", done.stderr)

    def test_an_aggregator_that_is_not_there_is_7(self):
        done = earctl("status", "--socket", "/nonexistent/control.sock")
        self.assertEqual(done.returncode, 7)
        self.assertEqual(done.stdout, "")
        self.assertIn("/nonexistent/control.sock", done.stderr)
        done = earctl("status", env={"EAR_CONTROL_SOCKET": "/nonexistent/by-environment.sock"})
        self.assertEqual(done.returncode, 7)
        self.assertIn("by-environment.sock", done.stderr)

    def test_what_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([EARCTL, "version"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)


class Asking(unittest.TestCase):
    def test_the_request_is_made_of_the_words(self):
        with Answer({"exit": 0, "bytes": 3, "message": ""}, b"ok\n") as server:
            done = earctl("recover", "web-7", "--action=reboot", "--reason", 'a "b"', "--socket",
                          server.path, "--output", "json", env={"TZ": "UTC-2"})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))
        self.assertEqual(server.request, {
            "verb": "recover", "positional": ["web-7"], "output": "json", "utc_offset": 120,
            "ascii": False, "options": {"action": "reboot", "reason": 'a "b"'}})

    def test_a_plain_locale_asks_for_ascii(self):
        with Answer({"exit": 0, "bytes": 0, "message": ""}) as server:
            earctl("status", "--socket", server.path, env={"LC_ALL": "C"})
        self.assertTrue(server.request["ascii"])

    def test_exit_code_and_message_pass_through(self):
        with Answer({"exit": 6, "bytes": 8, "message": "paused by ann"}, b"DRY RUN\n") as server:
            done = earctl("recover", "web-7", "--action", "reboot", "--socket", server.path)
        self.assertEqual(done.returncode, 6)
        self.assertEqual(done.stdout, "DRY RUN\n")
        self.assertEqual(done.stderr, "earctl: paused by ann\n")

    def test_a_refusal_before_the_request_is_read_is_seen(self):
        for _ in range(5):
            with Answer({"exit": 4, "bytes": 0, "message": "not permitted"}, read=False) as server:
                done = earctl("status", "--socket", server.path)
            self.assertEqual((done.returncode, done.stderr), (4, "earctl: not permitted\n"))

    def test_messages_cannot_drive_the_terminal(self):
        with Answer({"exit": 1, "bytes": 0, "message": "a\x1b[2Jb\nforged"}) as server:
            done = earctl("status", "--socket", server.path)
        self.assertEqual(done.stderr, "earctl: a?[2Jb?forged\n")

    def test_answers_that_are_none_are_refused(self):
        for head in (b"hello\n", b"{}\n", b'{"exit":0,"bytes":99999999999,"message":""}\n',
                     b'{"exit":999,"bytes":0,"message":""}\n', b"x" * 5000, b'{"exit":0,"by'):
            with Answer(head) as server:
                done = earctl("status", "--socket", server.path)
            self.assertIn(done.returncode, (1, 7), head)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr.startswith("earctl: "))

    def test_a_cut_document_is_not_printed(self):
        with Answer({"exit": 0, "bytes": 100, "message": ""}, b"half") as server:
            done = earctl("status", "--socket", server.path)
        self.assertEqual((done.returncode, done.stdout), (7, ""))

    def test_out_writes_the_file_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "week.html"
            with Answer({"exit": 0, "bytes": 6, "message": ""}, b"<html>") as server:
                done = earctl("report", "--format", "html", "--out", str(target), "--socket",
                              server.path)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            self.assertEqual(done.stderr, f"earctl: wrote {target}\n")
            self.assertEqual(target.read_bytes(), b"<html>")
            self.assertEqual(server.request["output"], "html")
            with Answer({"exit": 0, "bytes": 1, "message": ""}, b"x") as server:
                done = earctl("report", "--out", str(target), "--quiet", "--socket", server.path)
            self.assertEqual((done.stderr, target.read_bytes()), ("", b"x"))

    def test_a_refusal_leaves_the_file_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "week.html"
            target.write_text("last week", encoding="utf-8")
            with Answer({"exit": 7, "bytes": 0, "message": "busy"}) as server:
                done = earctl("report", "--out", str(target), "--socket", server.path)
            self.assertEqual(done.returncode, 7)
            self.assertEqual(target.read_text(encoding="utf-8"), "last week")

    def test_out_where_nothing_can_be_written_is_named(self):
        with Answer({"exit": 0, "bytes": 1, "message": ""}, b"x") as server:
            done = earctl("report", "--out", "/nonexistent/week.html", "--socket", server.path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/week.html", done.stderr)


class Terminal(unittest.TestCase):
    def watch(self, env):
        """What --watch prints on a terminal, until the played aggregator is gone."""
        server = Answer({"exit": 0, "bytes": 6, "message": ""}, b"Fleet\n")
        leader, follower = pty.openpty()
        merged = {k: v for k, v in os.environ.items() if k != "TERM"}
        merged.update(env)
        with server:
            process = subprocess.Popen(
                [EARCTL, "status", "--watch=1", "--socket", server.path], stdout=follower,
                stderr=subprocess.DEVNULL, env=merged)
            server.thread.join(20)
            server.listener.close()
            os.unlink(server.path)
            code = process.wait(20)
        os.close(follower)
        output = os.read(leader, 4096)
        os.close(leader)
        return code, output

    def test_watch_clears_a_terminal_and_ends_with_the_aggregator(self):
        code, output = self.watch({"TERM": "xterm"})
        self.assertEqual(code, 7)
        self.assertTrue(output.startswith(b"\x1b[H\x1b[2JFleet"), output)

    def test_no_colour_and_dumb_terminals_see_plain_text(self):
        for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
            code, output = self.watch(env)
            self.assertEqual(code, 7)
            self.assertNotIn(b"\x1b", output)

    def test_watch_wants_seconds(self):
        for word in ("--watch=soon", "--watch=-1", "--watch=0", "--watch=1e9"):
            self.assertEqual(earctl("status", word).returncode, 2, word)


class Configuration(unittest.TestCase):
    def check(self, text, *words):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "aggregator.json"
            path.write_text(text, encoding="utf-8")
            done = earctl("config", "validate", *words, str(path))
        return done, str(path)

    def test_a_right_file_is_said_to_be(self):
        done, _ = self.check('{\n  // the region\n  "aws_region": "eu-west-1"\n}\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is right", done.stdout)

    def test_faults_name_file_line_and_key(self):
        done, path = self.check('{\n  "aws_region": "eu-west-1",\n  "dry_rum": true\n}\n')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn(f"{path}:3", done.stderr)
        self.assertIn("dry_rum", done.stderr)
        self.assertIn("dry_run", done.stderr)

    def test_a_value_out_of_range_is_named(self):
        done, path = self.check('{"high_confidence_threshold": 7}\n')
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:1", done.stderr)
        self.assertIn("high_confidence_threshold", done.stderr)

    def test_agent_files_are_checked_by_the_agents_table(self):
        done, _ = self.check('{"sample_interval": "10s"}\n', "--agent")
        self.assertNotIn("unknown", done.stderr)
        done, _ = self.check('{"high_confidence_threshold": 0.8}\n', "--agent")
        self.assertEqual(done.returncode, 1)

    def test_a_missing_file_is_an_error(self):
        done = earctl("config", "validate", "/nonexistent/aggregator.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/aggregator.json", done.stderr)
        self.assertEqual(earctl("config", "validate").returncode, 2)


class Replay(unittest.TestCase):
    METRICS = SOURCE / "tests" / "vectors"

    def test_without_files_it_is_a_usage_error(self):
        done = earctl("replay")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")

    def test_a_broken_line_is_named_with_file_and_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "metrics.csv"
            path.write_text("instance_id,timestamp,metric,value\nnonsense\n", encoding="utf-8")
            done = earctl("replay", str(path))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:2", done.stderr)

    def test_a_file_becomes_predictions(self):
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / "metrics.csv", Path(folder) / "out.csv"
            rows = ["instance_id,timestamp,metric,value"]
            for minute in range(180):
                rows.append(f"i-0123456789abcdef0,2026-03-03T{minute // 60:02}:{minute % 60:02}:00Z,"
                            f"mem_used_percent,{20 + minute / 10}")
            path.write_text("\n".join(rows) + "\n", encoding="utf-8")
            done = earctl("replay", "--out", str(out), str(path))
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            lines = out.read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[0], "instance_id,time,confidence,kind,predicted_failure_time")
        self.assertGreaterEqual(len(lines), 4)  # a row an hour
