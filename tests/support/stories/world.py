"""A world: one fake AWS, hosts (instances whose guests run a real ear-agent and real services), one
real ear-aggregator with its embedded store. Everything lies in one folder."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from fake_aws.client import FakeAws, wait_until

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
ACCOUNT = "123456789012"
ZONES = ("us-east-1a", "us-east-1b")
START_S = 30.0
STOP_S = 15.0
# The fake divides its simulated durations by this; real EC2 takes minutes for what takes seconds here.
TIME_SCALE = 20.0

# Every duration here is an ordinary setting, shortened; nothing else differs from production.
FAST = {
    "report_interval": "1s",
    "heartbeat_intervals": 3,
    "agent_idle_intervals": 60,
    "status_poll_interval": "1s",
    "inventory_poll_interval": "1s",
    "status_max_age": "10s",
    "inventory_max_age": "10s",
    "health_check_retry_delay": "1s",
    "aws_hold_time": "3s",
    "minimum_instance_age": "1s",
    "warmup": "2s",
    "healthy_time": "3s",
    "rest_after_success": "5s",
    "breaker_window": "60s",
    "breaker_cooldown": "120s",
    "restart_service_timeout": "20s",
    "reboot_timeout": "10s",
    "stop_timeout": "20s",
    "start_timeout": "20s",
    "proof_timeout": "20s",
    "signature_window": "2s",
    "settle_time": "1s",
    "audit_checkpoint_interval": "2s",
    "prediction_step": "1s",
    "prediction_day": "300s",
}
ACTING = {
    "dry_run": False,
    "enabled_rungs_health": ["restart-service", "reboot", "stop-start"],
    "enabled_rungs_prediction": ["restart-service"],
}
# Tables that go through the forward table, in the order of enum record_table.
FORWARDED = ("recovery-events", "prediction-events")
CALLS_THAT_CHANGE = ("ec2:RebootInstances", "ec2:StopInstances", "ec2:StartInstances",
                     "ec2:TerminateInstances", "ssm:SendCommand")


class WorldFailed(Exception):
    """The world itself could not be built or asked: not a verdict about a story."""


class Port:
    """A port of 127.0.0.1 chosen by the kernel, kept bound without listening: connections are refused
    until a program that shares it (SO_REUSEPORT) listens, and nobody else is given it."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.number = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


@dataclass
class Host:
    """What to build: an instance with its agent, and a service or none."""
    name: str
    service: str = ""  # "web", "leaky" or none
    leak_bytes: int = 0
    limit_bytes: int = 0  # RLIMIT_AS of the service
    settings: dict = field(default_factory=dict)  # of the instance, as the fake's control API
    tags: dict = field(default_factory=dict)
    zone: str = ZONES[0]
    agent: bool = True
    certificate_of: str = ""  # another instance's id: an impostor
    # set by World.add_hosts
    id: str = ""
    root: Path = None
    port: Port = None
    unit: str = ""

    def service_log(self):
        path = self.root / "log" / f"{self.unit}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


class World:
    def __init__(self, folder, programs, name="world", seed=1, time_scale=TIME_SCALE,
                 die_with_parent=True):
        self.name = name
        self.folder = Path(folder).resolve()
        self.programs = Path(programs)
        self.fake = FakeAws(self.folder / "aws", time_scale=time_scale, seed=seed,
                            die_with_parent=die_with_parent)
        self.die_with_parent = die_with_parent
        self.hosts = {}
        self.ports = []
        self.aggregator = None
        self.settings = {}
        self.settings_in_force = {}
        self.state_name = "state"
        self.next_id = seed * 0x1000

    # -- building -------------------------------------------------------------------------------

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fake.start()
        try:
            self.port = self.new_port()
            self.pki("init")
            self.pki("server", "--host", "127.0.0.1", "--host", "localhost")
        except Exception:
            self.close()
            raise
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        self.stop_aggregator(patient=False)
        self.fake.close()
        for port in self.ports:
            port.close()

    def new_port(self):
        port = Port()
        self.ports.append(port)
        return port

    def program(self, name):
        path = self.programs / name
        if not path.exists():
            raise WorldFailed(f"{path} is not built")
        return str(path)

    def pki(self, *words):
        self._run([self.program("earctl"), "pki", *words, "--dir", str(self.folder / "pki")])

    @staticmethod
    def _run(argv, **more):
        done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                              capture_output=True, text=True, timeout=60, check=False, **more)
        if done.returncode != 0:
            raise WorldFailed(f"{' '.join(argv)}: status {done.returncode}\n{done.stdout}"
                              f"{done.stderr}")
        return done

    def add_hosts(self, *hosts):
        """Builds the hosts at once; waits until every guest has booted."""
        specs = [self._prepare(host) for host in hosts]
        self.fake.create_instances(specs)
        for host in hosts:
            if host.agent or host.service:
                self.fake.wait_until(lambda host=host: self.fake.instance(host.id)["guest"]["ready"],
                                     START_S, f"the guest of {host.name}")
        return hosts

    def _prepare(self, host):
        self.next_id += 1
        host.id = host.id or f"i-{self.next_id:017x}"
        host.root = self.folder / "guests" / host.name
        host.root.mkdir(parents=True)
        self.hosts[host.name] = host
        units = []
        if host.service:
            host.unit = f"{host.service}.service"
            host.port = self.new_port()
            units.append(self._service(host))
        if host.agent:
            self._write_agent(host)
            units.append({"unit": "ear-agent.service", "restart": True,
                          "argv": [self.program("ear-agent"), "-c", "{root}/agent.json"],
                          "env": {"ASAN_OPTIONS": "detect_leaks=0"}})
        tags = {"Name": host.name, "AutoRecovery": "enabled", **host.tags}
        spec = {"id": host.id, "az": host.zone, **host.settings,
                "tags": {key: value for key, value in tags.items() if value is not None},
                "launch_time": time.time() - 3600}
        if units:
            spec["guest"] = {"root": str(host.root), "processes": units}
        return spec

    @staticmethod
    def _service(host):
        program = str(HERE / f"{host.service}_service.py")
        argv = [PYTHON, "-I", "-B", program, str(host.port.number)]
        if host.service == "leaky":
            argv.append(str(host.leak_bytes))
        unit = {"unit": host.unit, "argv": argv}
        if host.limit_bytes:
            unit["rlimit_as_bytes"] = host.limit_bytes
        return unit

    def _write_agent(self, host):
        speaks_as = host.certificate_of or host.id
        pem = self.folder / "pki" / f"{speaks_as}.pem"
        if not pem.exists():
            self.pki("agent", speaks_as, "--account", ACCOUNT)
        config = {
            "aggregator_address": f"tls+tcp://127.0.0.1:{self.port.number}",
            "server_name": "localhost",  # mbedTLS 2.28 matches names only, not addresses
            "instance_id": host.id,
            "certificate_file": str(pem),
            "key_file": str(pem.with_suffix(".key")),
            "ca_file": str(self.folder / "pki" / "ca.pem"),
            "sample_interval": "1s",
            "report_timeout": "2s",
            "redial_min": "100ms",
            "redial_max": "1s",
            "proc_path": str(host.root / "proc"),
            "status_file": str(host.root / "agent-status.json"),
        }
        if host.service:
            config["services"] = [{"unit": host.unit,
                                   "pid_file": str(host.root / "run" / f"{host.unit}.pid")}]
            config["checks"] = [{
                "name": f"{host.service}-http", "type": "http", "unit": host.unit,
                "target": f"http://127.0.0.1:{host.port.number}/health",
                "interval": "1s", "timeout": "900ms", "rise": 1, "fall": 2, "grace": "1s"}]
        (host.root / "agent.json").write_text(json.dumps(config, indent=1), encoding="utf-8")

    # -- the aggregator -------------------------------------------------------------------------

    @property
    def socket_path(self):
        # A socket's path is at most 107 bytes long: not below the folder, whose name is anybody's.
        return f"/tmp/ear-{os.getuid()}-{os.getpid()}-{self.port.number}.sock"

    def write_config(self, **settings):
        self.settings = settings
        pki = self.folder / "pki"
        config = {
            "state_directory": str(self.folder / self.state_name),
            "pause_file": str(self.folder / "pause"),
            "control_socket": self.socket_path,
            "control_group": "",
            "operators_group": "",
            "listen_address": f"127.0.0.1:{self.port.number}",
            "io_threads": 2,
            "certificate_file": str(pki / "server.pem"),
            "key_file": str(pki / "server.key"),
            "ca_file": str(pki / "ca.pem"),
            "aws_endpoint_url": self.fake.endpoint,
            "aws_account_id": ACCOUNT,
            "sns_topic_arn": self.fake.topic_arn,
            "notify_allow_loopback": True,
            **FAST, **ACTING, **settings,
        }
        self.settings_in_force = config
        path = self.folder / "aggregator.json"
        path.touch(mode=0o600)  # it may hold a webhook, which is a secret
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        return path

    def start_aggregator(self, before=(), wait=True, environment=None, **settings):
        """before: words in front of the program, such as a tracer's."""
        config = self.write_config(**settings)
        log = open(self.folder / "aggregator.log", "ab")
        self.aggregator = subprocess.Popen(
            [*before, self.program("ear-aggregator"), "-c", str(config)], stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=not self.die_with_parent,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder),
                 **self.fake.environment(), **(environment or {})})
        log.close()
        if wait:
            self.wait(self.aggregator_answers, START_S, "an answer of ear-aggregator")

    def aggregator_answers(self):
        if self.aggregator.poll() is not None:
            raise WorldFailed(f"ear-aggregator ended with {self.aggregator.returncode}:\n"
                              + self.aggregator_log()[-3000:])
        return self.earctl("status", "--output", "json").returncode == 0

    def stop_aggregator(self, patient=True):
        """Its exit code; None when it did not run."""
        if self.aggregator is None:
            return None
        process, self.aggregator = self.aggregator, None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                if patient:
                    raise WorldFailed(f"ear-aggregator did not stop within {STOP_S} s") from None
        Path(self.socket_path).unlink(missing_ok=True)
        return process.returncode

    def kill_aggregator(self):
        process, self.aggregator = self.aggregator, None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def aggregator_log(self):
        path = self.folder / "aggregator.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def log_events(self, event):
        """Lines of the aggregator's log of one kind; for messages to people, never for a verdict."""
        rows = []
        for line in self.aggregator_log().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if row.get("event") == event:
                rows.append(row)
        return rows

    # -- asking it ------------------------------------------------------------------------------

    def earctl(self, *words, timeout_s=40):
        return subprocess.run([self.program("earctl"), *words, "--socket", self.socket_path],
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                              capture_output=True, text=True, timeout=timeout_s, check=False)

    def ask(self, *words):
        """The JSON answer of a verb."""
        done = self.earctl(*words, "--output", "json")
        if done.returncode != 0:
            raise WorldFailed(f"earctl {' '.join(words)}: status {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def member(self, host):
        for member in self.ask("status", "--all")["members"]:
            if member["instance_id"] == host.id:
                return member
        return None

    def all_healthy(self, *hosts):
        states = {m["instance_id"]: m["state"] for m in self.ask("status", "--all")["members"]}
        return all(states.get(host.id) == "HEALTHY" for host in hosts or self.hosts.values())

    def wait_healthy(self, *hosts, timeout_s=40):
        self.wait(lambda: self.all_healthy(*hosts), timeout_s, "health of every host")

    def recoveries(self, host=None):
        rows = table_rows(self.ask("recoveries"))
        return [row for row in rows if host is None or row["instance_id"] == host.id]

    # -- what it wrote down ---------------------------------------------------------------------

    def records(self, table):
        """The store's own rows of a table ("recovery-events", "incidents" ...), oldest first, read from
        its files beside the running aggregator. Rows move from the forward table of intents.db to
        history.db, so the files are read in that order; the key tells a row seen twice."""
        rows = {}
        for name in ("intents.db", "history.db"):
            path = self.folder / self.state_name / "store" / name
            if not path.exists():
                continue
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
            try:
                for key, item in self._table(database, table):
                    rows[key] = json.loads(item)
            finally:
                database.close()
        return sorted(rows.values(), key=lambda row: row.get("timestamp") or row.get("opened") or "")

    @staticmethod
    def _table(database, table):
        """[(key, item)]"""
        names = [name for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = []
        if table in FORWARDED and "forward" in names:
            found += [((partition, sort), item) for partition, sort, item in database.execute(
                "SELECT partition, sort, item FROM forward WHERE record_table = ? ORDER BY number",
                (FORWARDED.index(table),))]
        for name in names:
            if name == table or name.endswith("-" + table):
                # The two columns of the key come first, whatever their names.
                found += [((row[0], row[1]), row[2])
                          for row in database.execute(f'SELECT * FROM "{name}"')]
        return found

    def incidents(self, host=None):
        return [row for row in self.records("incidents")
                if host is None or row["instance_id"] == host.id]

    def decisions(self, host=None):
        """Audit rows of decisions."""
        return [row for row in self.records("audit") if row["kind"] == "decision"
                and (host is None or row.get("instance_id") == host.id)]

    # -- what really happened -------------------------------------------------------------------

    def changing_calls(self, host=None, since=0):
        """Executed calls that change the world, as the fake's journal has them, oldest first."""
        entries = self.fake.journal(executed="true", since=since)
        return [entry for entry in entries
                if f"{entry['service']}:{entry['op']}" in CALLS_THAT_CHANGE
                and (host is None or host.id in entry["instance_ids"])]

    def wait(self, predicate, timeout_s=30.0, what="the condition"):
        try:
            return wait_until(predicate, timeout_s, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error} in {self.folder}") from None

    def get(self, host, path):
        connection = http.client.HTTPConnection("127.0.0.1", host.port.number, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


def table_rows(answer):
    """Rows of a table verb's JSON."""
    return answer["rows"] if isinstance(answer, dict) else answer
