"""The program ear-agent as people and systemd meet it: once, -t, status, reload, stop, notify."""
import http.server
import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["EAR_SOURCE"], "tests", "functional", "link"))
import rig  # noqa: E402

AGENT = os.path.join(os.environ["EAR_BIN"], "ear-agent")
CAPTURES = os.path.join(os.environ["EAR_SOURCE"], "tests/vectors/proc")
PATIENCE_S = 20
ENVIRONMENT = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}


def wait_until(condition, what):
    """Polls; the condition gives a value that is true when it holds."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("never: " + what)


class Server:
    """A small HTTP server whose status can be changed."""

    def __init__(self, identity=None):
        self.status = 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*identity)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = ("https" if identity else "http") + "://127.0.0.1:%d/ready" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class AgentTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ear_agent_")
        self.addCleanup(self.folder.cleanup)
        self.config_path = os.path.join(self.folder.name, "agent.json")
        self.status_path = os.path.join(self.folder.name, "status.json")
        self.log_path = os.path.join(self.folder.name, "log")
        self.process = None

    def configure(self, **options):
        options.setdefault("status_file", self.status_path)
        with open(self.config_path, "w") as file:
            json.dump(options, file, indent=1)

    def run_agent(self, *arguments, environment=None):
        return subprocess.run(
            [AGENT, *arguments], env=dict(ENVIRONMENT, **(environment or {})),
            capture_output=True, text=True, timeout=60)

    def start(self, environment=None):
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [AGENT, "-c", self.config_path], env=dict(ENVIRONMENT, **(environment or {})),
                stderr=log, stdout=subprocess.DEVNULL)
        self.addCleanup(self.end)
        wait_until(self.status, "a status file")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_S)

    def status(self):
        self.assertIsNone(self.process.poll(), self.log_text())
        try:
            with open(self.status_path) as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def log_text(self):
        with open(self.log_path) as file:
            return file.read()

    def events(self, name):
        lines = [json.loads(line) for line in self.log_text().splitlines(keepends=True)
                 if line.endswith("\n") and line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def wait_event(self, name, count=1):
        return wait_until(lambda: len(self.events(name)) >= count and self.events(name), name)

    def check_state(self, name):
        for check in self.status()["checks"]:
            if check["name"] == name:
                return check["state"]
        return None

    # One look.

    def test_once_prints_the_machine_for_people(self):
        self.configure()
        result = self.run_agent("-c", self.config_path, "--once")
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in ("cpu_usage_user", "mem_used_percent", "swap_used_percent", "uptime_s"):
            self.assertRegex(result.stdout, r"(?m)^%s +[0-9.]+" % name)

    def test_once_json_holds_the_named_metrics_with_sane_values(self):
        self.configure(instance_id="i-0123456789abcdef0")
        result = self.run_agent("-c", self.config_path, "--once", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        self.assertEqual(answer["schema"], 1)
        self.assertEqual(answer["instance"], "i-0123456789abcdef0")
        with open("/proc/sys/kernel/random/boot_id") as file:
            self.assertEqual(answer["boot_id"], file.read().strip())
        metrics = answer["metrics"]
        shares = [metrics["cpu_usage_" + kind] for kind in
                  ("user", "system", "iowait", "steal", "nice", "softirq")]
        self.assertLessEqual(sum(shares), 100.5)
        self.assertTrue(all(0 <= share <= 100 for share in shares), shares)
        with open("/proc/meminfo") as file:
            memory = {line.split(":")[0]: int(line.split()[1]) for line in file}
        used = 100 * (1 - memory["MemAvailable"] / memory["MemTotal"])
        self.assertAlmostEqual(metrics["mem_used_percent"], used, delta=10)
        self.assertGreaterEqual(answer["interval_s"], 0.9)

    def test_once_shows_the_space_of_the_root_as_df_does(self):
        self.configure()
        answer = json.loads(self.run_agent("-c", self.config_path, "--once", "--json").stdout)
        root = os.statvfs("/")
        used = root.f_blocks - root.f_bfree
        wanted = 100 * used / (used + root.f_bavail)
        shown = [m["value"] for m in answer["members"]
                 if m["name"] == "disk_used_percent" and m["member"] == "/"]
        if not shown:
            self.skipTest("the root of this machine is not on a disk")
        self.assertAlmostEqual(shown[0], wanted, delta=2)

    def test_once_without_most_of_proc_drops_metrics_and_names_the_files(self):
        self.configure(proc_path=CAPTURES + "/container/proc", sys_path=CAPTURES + "/container/sys")
        result = self.run_agent("-c", self.config_path, "--once", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        self.assertIn("mem_used_percent", answer["metrics"])
        self.assertNotIn("load1", answer["metrics"])
        self.assertNotIn("uptime_s", answer["metrics"])
        self.assertIn("loadavg", answer["missing"])
        self.assertIn("net/snmp", answer["missing"])
        self.assertEqual(len(answer["missing"]), len(set(answer["missing"])))

    def test_once_takes_an_empty_proc(self):
        empty = os.path.join(self.folder.name, "empty")
        os.mkdir(empty)
        self.configure(proc_path=empty, sys_path=empty)
        result = self.run_agent("-c", self.config_path, "--once", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(list(json.loads(result.stdout)["metrics"]), ["agent_cpu_percent"])

    def test_once_runs_each_check_once_and_its_exit_code_tells(self):
        server = Server()
        self.addCleanup(server.close)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            refused = "127.0.0.1:%d" % closed.getsockname()[1]
            self.configure(checks=[
                {"name": "web", "type": "http", "target": server.url},
                {"name": "db", "type": "tcp", "target": refused, "unit": "db.service"}])
            result = self.run_agent("-c", self.config_path, "--once", "--json", "--exit-code")
        self.assertEqual(result.returncode, 3, result.stderr)
        checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
        self.assertEqual(checks["web"]["state"], "passing")
        self.assertEqual(checks["db"]["state"], "failing")
        self.assertEqual(checks["db"]["detail"], "connection refused")
        self.assertEqual(checks["db"]["unit"], "db.service")

    def test_once_checks_https_without_asking_for_a_name(self):
        pki = rig.Pki()
        self.addCleanup(pki.close)
        server = Server(pki.server)
        self.addCleanup(server.close)
        plain = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(plain.close)

        def talk_plain():
            peer = plain.accept()[0]
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()
        threading.Thread(target=talk_plain, daemon=True).start()
        self.configure(checks=[
            {"name": "good", "type": "http", "target": server.url},
            {"name": "plain", "type": "http",
             "target": "https://127.0.0.1:%d/" % plain.getsockname()[1]}])
        result = self.run_agent("-c", self.config_path, "--once", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
        self.assertEqual(checks["good"]["state"], "passing", checks)
        self.assertEqual((checks["plain"]["state"], checks["plain"]["detail"]),
                         ("failing", "TLS handshake failed"))

    def test_once_holds_a_watched_service_against_its_own_limits(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        worker = subprocess.Popen(
            [sys.executable, "-c",
             "import sys; b = bytearray(600 << 20); f = [open('/dev/null') for _ in range(28)];"
             "print('up', flush=True); sys.stdin.read()"],
            preexec_fn=limit, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        self.assertEqual(worker.stdout.readline(), b"up\n")
        pid_file = os.path.join(self.folder.name, "worker.pid")
        with open(pid_file, "w") as file:
            file.write("%d\n" % worker.pid)
        self.configure(services=[{"name": "worker", "pid_file": pid_file}])
        result = self.run_agent("-c", self.config_path, "--once", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        members = {m["name"]: m["value"] for m in answer["members"] if m["family"] == "service"}
        with open("/proc/%d/stat" % worker.pid) as file:
            size = int(file.read().rsplit(")", 1)[1].split()[20])
        self.assertAlmostEqual(members["service_memory_used_percent"], 100 * size / (1 << 30),
                               delta=1)
        descriptors = len(os.listdir("/proc/%d/fd" % worker.pid))
        self.assertAlmostEqual(members["service_fd_used_percent"], 100 * descriptors / 64, delta=0.1)
        worker.stdin.close()
        worker.stdout.close()

    # The command line and the configuration.

    def test_check_accepts_a_right_configuration(self):
        self.configure(sample_interval="5s")
        result = self.run_agent("-t", "-c", self.config_path)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)

    def test_check_names_file_line_and_key_of_every_fault(self):
        with open(self.config_path, "w") as file:
            file.write('{\n  "sample_interval": "1ms",\n  "sample_intervall": "5s"\n}\n')
        result = self.run_agent("-t", "-c", self.config_path)
        self.assertEqual(result.returncode, 1)
        for line, key in ((2, "sample_interval"), (3, "sample_intervall")):
            self.assertRegex(result.stderr, r"(?m)%s:%d: .*%s" % (
                re.escape(self.config_path), line, key))

    def test_check_names_the_check_whose_target_is_wrong(self):
        with open(self.config_path, "w") as file:
            file.write('{\n  "checks": [\n    {"name": "a", "type": "tcp", "target": "x"}\n  ]\n}\n')
        result = self.run_agent("-t", "-c", self.config_path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, re.escape(self.config_path) + r":2: checks: object 1: target: ")

    def test_check_refuses_addresses_that_a_check_must_not_touch(self):
        self.configure(checks=[{"name": "imds", "type": "http",
                                "target": "http://169.254.169.254/latest/meta-data/"}])
        result = self.run_agent("-t", "-c", self.config_path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, re.escape(self.config_path) + r":\d+: checks: object 1: target: ")

    def test_check_refuses_a_pace_that_no_report_can_say(self):
        self.configure(sample_interval="6m")
        result = self.run_agent("-t", "-c", self.config_path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, re.escape(self.config_path) + r":\d+: sample_interval: ")

    def test_a_daemon_refuses_a_wrong_configuration_with_its_own_code(self):
        with open(self.config_path, "w") as file:
            file.write("{ nonsense }")
        result = self.run_agent("-c", self.config_path)
        self.assertEqual(result.returncode, 78)
        self.assertIn(self.config_path + ":1:", result.stderr)

    def test_a_configuration_that_is_named_must_exist(self):
        result = self.run_agent("-t", "-c", "/nonexistent/agent.json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/agent.json", result.stderr)

    def test_usage_help_and_version(self):
        self.assertEqual(self.run_agent("--nonsense").returncode, 2)
        self.assertEqual(self.run_agent("stray").returncode, 2)
        self.assertEqual(self.run_agent("-t", "--once").returncode, 2)
        help_text = self.run_agent("--help")
        self.assertEqual(help_text.returncode, 0)
        self.assertTrue(help_text.stdout.startswith("Examples:\n"))
        self.assertRegex(self.run_agent("--version").stdout, r"^ear-agent \d+\.\d+\.\d+\n$")

    def test_output_to_a_full_disk_is_a_failure(self):
        self.configure()
        with open("/dev/full", "w") as full:
            result = subprocess.run([AGENT, "-c", self.config_path, "--once"], env=ENVIRONMENT,
                                    stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write", result.stderr)

    def test_show_config_prints_what_holds_and_can_be_read_back(self):
        self.configure(sample_interval="7s")
        shown = self.run_agent("--show-config", "-c", self.config_path)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn('"7s"', shown.stdout)
        with open(self.config_path, "w") as file:
            file.write(shown.stdout)
        self.assertEqual(self.run_agent("-t", "-c", self.config_path).returncode, 0)

    # The daemon.

    def test_unconfigured_it_stays_up_and_says_so(self):
        self.configure()
        self.start()
        status = self.status()
        self.assertEqual(status["status"], "running")
        self.assertEqual(status["configstatus"], "not configured")
        self.assertIn("aggregator_address", status["reason"])
        shown = self.run_agent("-c", self.config_path, "--status")
        self.assertEqual(shown.returncode, 0)
        answer = json.loads(shown.stdout)
        self.assertEqual([answer[key] for key in ("status", "configstatus")],
                         ["running", "not configured"])
        self.assertRegex(answer["starttime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(answer["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(self.run_agent("-c", self.config_path, "--status",
                                        "--exit-code").returncode, 3)
        self.assertEqual(len(self.events("agent.not_configured")), 1)

    def test_term_ends_it_cleanly_and_status_says_stopped(self):
        self.configure()
        self.start()
        self.assertEqual(self.stop(), 0, self.log_text())
        self.assertEqual(len(self.events("agent.stopped")), 1)
        shown = json.loads(self.run_agent("-c", self.config_path, "--status").stdout)
        self.assertEqual(shown["status"], "stopped")

    def test_status_without_a_file_says_stopped(self):
        self.configure()
        shown = json.loads(self.run_agent("-c", self.config_path, "--status").stdout)
        self.assertEqual((shown["status"], shown["configstatus"]), ("stopped", "unknown"))

    def test_status_of_an_agent_that_hangs_says_stalled(self):
        self.configure(sample_interval="1s")
        self.start()
        self.process.send_signal(signal.SIGSTOP)
        try:
            def stalled():
                shown = self.run_agent("-c", self.config_path, "--status")
                return json.loads(shown.stdout)["status"] == "stalled"
            wait_until(stalled, "stalled")
        finally:
            self.process.send_signal(signal.SIGCONT)

    def test_broken_status_file_says_stopped(self):
        self.configure()
        for text in ("", "{", "[]", '{"pid": "x"}', '{"pid": 1, "pid": 2}', "\0" * 100):
            with open(self.status_path, "w") as file:
                file.write(text)
            shown = self.run_agent("-c", self.config_path, "--status")
            self.assertEqual(json.loads(shown.stdout)["status"], "stopped", text)

    def test_a_good_reload_changes_checks_and_pace_without_a_restart(self):
        server = Server()
        self.addCleanup(server.close)
        self.configure(sample_interval="1s")
        self.start()
        self.configure(sample_interval="2s", checks=[
            {"name": "web", "type": "http", "target": server.url, "interval": "1s",
             "timeout": "1s", "rise": 1, "fall": 1, "grace": 0}])
        self.process.send_signal(signal.SIGHUP)
        self.wait_event("config.reloaded")
        wait_until(lambda: self.check_state("web") == "passing", "web passing")
        self.assertEqual(self.status()["interval_ms"], 2000)
        server.status = 500
        wait_until(lambda: self.check_state("web") == "failing", "web failing")
        change = self.wait_event("check.changed", 2)[-1]
        self.assertEqual((change["from"], change["to"], change["detail"]),
                         ("passing", "failing", "status 500, wanted 200"))

    def test_a_bad_reload_names_its_fault_and_changes_nothing(self):
        self.configure(sample_interval="1s")
        self.start()
        with open(self.config_path, "w") as file:
            file.write('{\n"sample_interval": "2s",\n"log_level": "loud"\n}\n')
        self.process.send_signal(signal.SIGHUP)
        self.wait_event("config.reload_refused")
        fault = json.dumps(self.events("config.fault"))
        self.assertIn("agent.json:3: log_level", fault)
        self.assertEqual(self.status()["interval_ms"], 1000)
        self.assertEqual(self.stop(), 0)

    def test_a_reload_of_what_needs_a_restart_is_refused_as_a_whole(self):
        self.configure(sample_interval="1s")
        self.start()
        self.configure(sample_interval="3s", proc_path=CAPTURES + "/container/proc")
        self.process.send_signal(signal.SIGHUP)
        self.wait_event("config.reload_refused")
        self.assertEqual(self.status()["interval_ms"], 1000)

    def test_systemd_is_told_ready_status_watchdog_reload_and_stop(self):
        path = os.path.join(self.folder.name, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(PATIENCE_S)
            messages = []

            def wait_for(word):
                while not any(word in message for message in messages):
                    messages.append(listener.recv(4096).decode())
            self.configure(sample_interval="1s")
            self.start({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
            wait_for("READY=1")
            wait_for("STATUS=not configured")
            wait_for("WATCHDOG=1")
            messages.clear()
            wait_for("WATCHDOG=1")
            messages.clear()
            self.process.send_signal(signal.SIGHUP)
            wait_for("RELOADING=1")
            wait_for("READY=1")
            self.process.send_signal(signal.SIGTERM)
            wait_for("STOPPING=1")
        self.assertEqual(self.process.wait(timeout=PATIENCE_S), 0)

    def test_missing_files_are_said_once_while_it_runs(self):
        self.configure(proc_path=CAPTURES + "/container/proc", sys_path=CAPTURES + "/container/sys",
                       sample_interval="1s")
        self.start()
        first = self.status()["updated_ms"]
        wait_until(lambda: self.status()["updated_ms"] >= first + 2000, "three cycles")
        files = [event["file"] for event in self.events("sample.missing")]
        self.assertIn("vmstat", files)
        self.assertEqual(len(files), len(set(files)))

    def test_an_aggregator_that_is_away_costs_one_line_and_reports_wait(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.configure(aggregator_address="tcp://127.0.0.1:%d" % closed.getsockname()[1],
                           instance_id="i-0123456789abcdef0", sample_interval="1s",
                           redial_min="100ms", redial_max="200ms", replay_ring_reports=2)
            self.start()
            wait_until(lambda: self.status()["dropped"] >= 1, "a full ring")
        status = self.status()
        self.assertEqual(status["configstatus"], "configured")
        self.assertEqual(status["waiting"], 2)
        self.assertEqual(status["acknowledged"], 0)
        self.assertIn("connecting", status["connection"])
        self.assertEqual(len(self.events("link.dial_failed")), 1)
        self.assertEqual(len(self.events("ring.full")), 1)
        began = time.monotonic()
        self.assertEqual(self.stop(), 0, self.log_text())
        self.assertLess(time.monotonic() - began, 5)

    def test_missing_key_files_do_not_end_it(self):
        self.configure(aggregator_address="tls+tcp://127.0.0.1:1", instance_id="i-0123456789abcdef0",
                       certificate_file="/nonexistent/c.pem", key_file="/nonexistent/k.pem",
                       ca_file="/nonexistent/ca.pem", sample_interval="1s")
        self.start()
        self.assertIn("/nonexistent/", self.wait_event("link.not_made")[0]["problem"])
        wait_until(lambda: "no link" in self.status()["connection"], "no link")

    def test_it_listens_on_nothing(self):
        self.configure(aggregator_address="tcp://127.0.0.1:1", instance_id="i-0123456789abcdef0",
                       sample_interval="1s")
        self.start()
        folder = "/proc/%d/fd" % self.process.pid
        sockets = set()
        for name in os.listdir(folder):
            try:
                sockets.add(os.readlink(os.path.join(folder, name)))
            except FileNotFoundError:
                pass
        for table in ("tcp", "tcp6"):
            with open("/proc/%d/net/%s" % (self.process.pid, table)) as file:
                for line in file.readlines()[1:]:
                    columns = line.split()
                    if columns[3] == "0A":  # LISTEN
                        self.assertNotIn("socket:[%s]" % columns[9], sockets)

    def test_descriptors_do_not_grow_over_cycles_and_reloads(self):
        server = Server()
        self.addCleanup(server.close)
        self.configure(sample_interval="1s", checks=[
            {"name": "web", "type": "http", "target": server.url, "interval": "1s",
             "timeout": "1s"}])
        self.start()
        folder = "/proc/%d/fd" % self.process.pid
        wait_until(lambda: self.status()["checks"], "checks")

        def idle_count():
            return min(len(os.listdir(folder)) for _ in range(20))
        before = idle_count()
        for i in range(5):
            self.process.send_signal(signal.SIGHUP)
            self.wait_event("config.reloaded", i + 1)
        updated = self.status()["updated_ms"]
        wait_until(lambda: self.status()["updated_ms"] > updated + 1500, "more cycles")
        # One more may be the round over the processes, which spans cycles; five leaks are five.
        self.assertLessEqual(idle_count(), before + 1)

    def test_a_status_file_that_cannot_be_written_is_said_once(self):
        self.configure(sample_interval="1s")
        self.start()
        other = os.path.join(self.folder.name, "gone")
        os.mkdir(other)
        self.end()
        self.status_path = os.path.join(other, "status.json")
        self.configure(sample_interval="1s")
        self.start()
        os.remove(self.status_path)
        os.rmdir(other)
        self.wait_event("status_file.unwritable")
        began = time.monotonic()
        wait_until(lambda: time.monotonic() > began + 2.2, "two cycles")
        self.assertEqual(len(self.events("status_file.unwritable")), 1)
        self.assertEqual(self.stop(), 0)


if __name__ == "__main__":
    unittest.main()
