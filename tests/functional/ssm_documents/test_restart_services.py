"""The restart script under dash, with stand-ins for systemctl, service, docker and sleep.

The stand-ins note each call in a file and answer as the test says; /etc/init.d is replaced by a
folder of the test, so nothing of the machine is touched.
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

DOCUMENT = Path(os.environ["EAR_SOURCE"]) / "ssm-documents/restart-services.json"
TOOLS = ("awk", "date", "timeout")

SYSTEMCTL = """
case "$1 $2" in
"show --property=LoadState")
    case $3 in web.service | poweroff.target | dbus.service) echo LoadState=loaded ;;
    *) echo LoadState=not-found ;; esac ;;
"show --property=MainPID")
    n=0
    while read -r line; do n=$((n + 1)); done < "$T/log"
    [ -e "$T/flapping" ] && echo "MainPID=$n" || echo MainPID=41 ;;
"is-active web.service")
    [ -e "$T/inactive" ] && { echo failed; exit 3; }
    echo active ;;
"restart web.service") echo noise; echo noise >&2; [ ! -e "$T/broken" ] ;;
*) exit 1 ;;
esac
"""
SERVICE = """
case $2 in
restart) echo noise; [ ! -e "$T/broken" ] ;;
status) [ ! -e "$T/inactive" ] ;;
esac
"""
# Two containers: one called box, and one whose id begins with the letters of another's name.
DOCKER = """
id=feed0000000000000000000000000000000000000000000000000000000000ff
case "$*" in
"ps --all --no-trunc --filter name="*)
    echo "CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES"
    echo "$id   img   \\"run\\"   1h ago   Up 1 hour      box"
    echo "aaaa   img   \\"run\\"   1h ago   Up 1 hour      box2" ;;
"ps --quiet --no-trunc --filter id=$id --filter status=running")
    [ -e "$T/inactive" ] || echo "$id" ;;
"restart $id") echo "$id" ;;
*) exit 1 ;;
esac
"""


class RestartServices(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ear-restart-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "bin").mkdir()
        (self.root / "init.d").mkdir()
        (self.root / "log").touch()
        for tool in TOOLS:
            (self.root / "bin" / tool).symlink_to(shutil.which(tool, path="/usr/bin:/bin"))
        self.program("sleep", "")
        lines = json.loads(DOCUMENT.read_text(encoding="utf-8"))["mainSteps"][0]["inputs"]
        self.text = "\n".join(lines["runCommand"]) + "\n"
        self.assertEqual(1, self.text.count("init_dir=/etc/init.d\n"))
        self.text = self.text.replace("init_dir=/etc/init.d\n", f"init_dir={self.root}/init.d\n")

    def program(self, name, body, folder="bin"):
        path = self.root / folder / name
        path.write_text(f'#!/usr/bin/dash\nT={self.root}\necho "{name} $*" >> "$T/log"\n{body}\n',
                        encoding="utf-8")
        path.chmod(0o755)

    def run_script(self, name, paste="application", variable=True):
        """(exit code, the JSON of the first line, the calls made)"""
        environment = {"PATH": str(self.root / "bin")}
        if variable:
            environment["SSM_serviceName"] = name
        text = self.text.replace("{{ serviceName }}", paste)
        done = subprocess.run(["/usr/bin/dash", "-c", text], env=environment, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        lines = done.stdout.splitlines()
        self.assertEqual(1, len(lines), done.stdout + done.stderr)
        calls = (self.root / "log").read_text(encoding="utf-8").splitlines()
        return done.returncode, json.loads(lines[0]), [c for c in calls if c != "sleep 1"]

    def restarts(self, calls):
        return [call for call in calls if "restart" in call]

    def test_systemd_unit_is_restarted_once_and_proved(self):
        self.program("systemctl", SYSTEMCTL)
        code, result, calls = self.run_script("web")
        self.assertEqual((0, "restarted", "systemd", "web.service", True, 41),
                         (code, result["result"], result["manager"], result["service"],
                          result["active"], result["pid"]))
        self.assertEqual(["systemctl restart web.service"], self.restarts(calls))
        self.assertGreaterEqual(calls.count("systemctl is-active web.service"), 3)

    def test_suffix_may_be_given(self):
        self.program("systemctl", SYSTEMCTL)
        _code, result, calls = self.run_script("web.service")
        self.assertEqual("web.service", result["service"])
        self.assertEqual(["systemctl restart web.service"], self.restarts(calls))

    def test_second_run_does_the_same_again(self):
        self.program("systemctl", SYSTEMCTL)
        first = self.run_script("web")[:2]
        second = self.run_script("web")
        self.assertEqual((first[0], first[1]["result"]), (second[0], second[1]["result"]))
        self.assertEqual(2, len(self.restarts(second[2])))

    def test_failed_restart_is_reported(self):
        self.program("systemctl", SYSTEMCTL)
        (self.root / "broken").touch()
        code, result, _calls = self.run_script("web")
        self.assertEqual((69, "failed", False), (code, result["result"], result["active"]))

    def test_unit_not_active_after_restart_is_reported(self):
        self.program("systemctl", SYSTEMCTL)
        self.clock_that_runs()
        (self.root / "inactive").touch()
        code, result, _calls = self.run_script("web")
        self.assertEqual((70, "not-active", False), (code, result["result"], result["active"]))

    def test_unit_that_dies_again_and_again_is_not_active(self):
        self.program("systemctl", SYSTEMCTL)
        self.clock_that_runs()
        (self.root / "flapping").touch()
        self.assertEqual((70, "not-active"), (lambda r: (r[0], r[1]["result"]))(
            self.run_script("web")))

    def clock_that_runs(self):
        """date(1) that moves a second with each look: the 30 s of the proof pass at once."""
        (self.root / "bin/date").unlink()
        (self.root / "now").write_text("1000\n", encoding="utf-8")
        path = self.root / "bin/date"
        path.write_text(f'#!/usr/bin/dash\nread -r n < {self.root}/now\n'
                        f'echo $((n + 1)) > {self.root}/now\necho "$n"\n', encoding="utf-8")
        path.chmod(0o755)

    def test_targets_are_out_of_reach(self):
        self.program("systemctl", SYSTEMCTL)
        code, result, calls = self.run_script("poweroff.target")
        self.assertEqual((66, "not-found", []), (code, result["result"], self.restarts(calls)))

    def test_names_that_would_end_the_machine_are_refused(self):
        self.program("systemctl", SYSTEMCTL)
        for name in ("dbus", "dbus.service", "systemd-reboot", "systemd-poweroff.service",
                     "amazon-ssm-agent", "snap.amazon-ssm-agent.amazon-ssm-agent", "reboot",
                     "halt", "emergency", "rescue.service", "rc0", "umountfs", "kexec-load"):
            code, result, calls = self.run_script(name)
            self.assertEqual((65, "refused", []), (code, result["result"], calls), name)

    def test_hostile_names_are_refused_before_anything_runs(self):
        self.program("systemctl", SYSTEMCTL)
        for name in ("", "a;b", "a b", "$(touch x)", "a\nb", "web\n", "-x", ".x", "../web",
                     "w\u00e9b", "a" * 65, "'", '"', "*"):
            code, result, calls = self.run_script(name)
            self.assertEqual((64, "bad-name", []), (code, result["result"], calls), name)

    def test_old_agent_pastes_the_name(self):
        self.program("systemctl", SYSTEMCTL)
        code, _result, calls = self.run_script("", paste="web", variable=False)
        self.assertEqual((0, ["systemctl restart web.service"]), (code, self.restarts(calls)))

    def test_variable_wins_over_the_paste(self):
        self.program("systemctl", SYSTEMCTL)
        calls = self.run_script("web", paste="other")[2]
        self.assertEqual(["systemctl restart web.service"], self.restarts(calls))

    def test_init_script_comes_after_systemd(self):
        self.program("systemctl", SYSTEMCTL)
        self.program("service", SERVICE)
        self.program("old", "", "init.d")
        code, result, calls = self.run_script("old")
        self.assertEqual((0, "init.d", "old"), (code, result["manager"], result["service"]))
        self.assertEqual(["service old restart"], self.restarts(calls))

    def test_init_script_is_called_itself_where_there_is_no_service_command(self):
        self.program("old", "exit 0", "init.d")
        code, result, calls = self.run_script("old")
        self.assertEqual((0, "init.d"), (code, result["manager"]))
        self.assertEqual(["old restart"], self.restarts(calls))

    def test_init_script_that_is_down_afterwards_is_reported(self):
        self.program("service", SERVICE)
        self.program("old", "", "init.d")
        self.clock_that_runs()
        (self.root / "inactive").touch()
        code, result, _calls = self.run_script("old")
        self.assertEqual((70, "not-active"), (code, result["result"]))

    def test_container_of_exactly_this_name_is_restarted_by_its_id(self):
        self.program("docker", DOCKER)
        code, result, calls = self.run_script("box")
        self.assertEqual((0, "docker", "box"), (code, result["manager"], result["service"]))
        self.assertEqual(["docker restart feed" + "0" * 58 + "ff"], self.restarts(calls))

    def test_part_of_a_container_id_or_name_restarts_nothing(self):
        self.program("docker", DOCKER)
        for name in ("feed", "bo", "b.x"):
            code, _result, calls = self.run_script(name)
            self.assertEqual((66, []), (code, self.restarts(calls)), name)

    def test_container_that_does_not_run_afterwards_is_reported(self):
        self.program("docker", DOCKER)
        self.clock_that_runs()
        (self.root / "inactive").touch()
        code, result, _calls = self.run_script("box")
        self.assertEqual((70, "not-active"), (code, result["result"]))

    def test_unknown_name_is_reported(self):
        code, result, _calls = self.run_script("nothing")
        self.assertEqual((66, "not-found", "nothing"), (code, result["result"],
                                                        result["service"]))
