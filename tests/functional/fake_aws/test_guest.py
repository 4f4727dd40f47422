"""Guests: real processes that live and die with their instance."""

import os
import subprocess
from pathlib import Path

from fake_aws.case import IDLE, PYTHON, FakeCase

WEB = {"unit": "web", "argv": IDLE}
# Starts a child that ignores SIGTERM and tells its process id.
FORKER = {"unit": "forker", "argv": [
    "/usr/bin/dash", "-c", '(trap "" TERM; exec sleep 100000) & echo $! > {run}/child; wait']}


def state_of(pid):
    """R, S, T ... or None for a process that is gone or a zombie."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None
    return None if letter == "Z" else letter


class Guests(FakeCase):
    def unit(self, instance_id, name="web.service"):
        return self.fake.unit_state(instance_id, name)

    def systemctl(self, instance_id, *arguments):
        root = self.fake.instance(instance_id)["guest"]["root"]
        done = subprocess.run([f"{root}/bin/systemctl", *arguments], env={}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                              check=False)
        return done.returncode, done.stdout

    def boot_id(self, instance_id):
        return Path(self.fake.instance(instance_id)["guest"]["boot_id_file"]).read_text().strip()

    def test_placeholders_are_filled(self):
        one = self.guest({"unit": "tell", "argv": [
            "/usr/bin/dash", "-c",
            'echo "{instance_id} $A" > {run}/said; cat {boot_id_file} >> {run}/said; exec sleep 99'],
            "env": {"A": "{private_ip}"}}, private_ip="10.9.9.9")
        said = self.fake.folder / "g/run/said"
        self.wait(lambda: said.exists() and len(said.read_text().splitlines()) == 2)
        self.assertEqual([f"{one} 10.9.9.9", self.fake.instance(one)["boot_id"]],
                         said.read_text().splitlines())

    def test_proc_tree_has_its_own_boot_and_the_real_rest(self):
        one = self.guest(WEB)
        proc = Path(self.fake.instance(one)["guest"]["proc"])
        self.assertEqual(self.fake.instance(one)["boot_id"], self.boot_id(one))
        self.assertNotEqual(Path("/proc/sys/kernel/random/boot_id").read_text(),
                            (proc / "sys/kernel/random/boot_id").read_text())
        self.assertLess(float((proc / "uptime").read_text().split()[0]), 60)
        self.assertIn("MemTotal", (proc / "meminfo").read_text())
        self.assertEqual(Path("/proc/sys/kernel/pid_max").read_text(),
                         (proc / "sys/kernel/pid_max").read_text())
        self.assertIn("Name:", (proc / "self/status").read_text())

    def test_proc_tree_shows_only_the_guests_processes(self):
        one = self.guest(WEB)
        proc = Path(self.fake.instance(one)["guest"]["proc"])

        def pids():
            return {int(name) for name in os.listdir(proc) if name.isdigit()}
        self.assertEqual({self.unit(one)["pid"]}, pids())
        self.assertEqual(0, self.systemctl(one, "restart", "web")[0])
        self.wait(lambda: pids() == {self.unit(one)["pid"]})

    def test_uptime_goes_on(self):
        one = self.guest(WEB)
        path = Path(self.fake.instance(one)["guest"]["proc"]) / "uptime"
        self.wait(lambda: float(path.read_text().split()[0]) > 0.4)

    def test_reboot_gives_new_processes_and_a_new_boot_id(self):
        one = self.guest(WEB, reboot_s=0.1)
        pid, boot = self.unit(one)["pid"], self.boot_id(one)
        self.caller.ec2("RebootInstances", {"InstanceId.1": one})
        self.wait(lambda: self.boot_id(one) != boot and self.unit(one)["pid"] not in (0, pid))
        self.assertIsNone(state_of(pid))

    def test_stop_ends_every_process_also_children(self):
        one = self.guest(WEB, FORKER, stopping_s=0.1)
        child = self.fake.folder / "g/run/child"
        self.wait(lambda: child.exists() and child.read_text().strip())
        pids = [self.unit(one)["pid"], self.unit(one, "forker.service")["pid"],
                int(child.read_text())]
        self.assertTrue(all(state_of(pid) for pid in pids))
        self.caller.ec2("StopInstances", {"InstanceId.1": one})
        self.wait_state(one, "stopped")
        self.assertEqual([None] * 3, [state_of(pid) for pid in pids])

    def test_hang_freezes_the_processes_and_impairs_the_check(self):
        one = self.guest(WEB, impaired_after_s=10.0)
        pid = self.unit(one)["pid"]
        self.fake.hang(one)
        self.wait(lambda: state_of(pid) == "T")
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "impaired")
        self.assertEqual("ok", self.fake.instance(one)["checks"]["system"])
        self.fake.resume(one)
        self.wait(lambda: state_of(pid) == "S")
        self.assertEqual("ok", self.fake.instance(one)["checks"]["instance"])

    def test_hang_reaches_children_too(self):
        one = self.guest(FORKER)
        child = self.fake.folder / "g/run/child"
        self.wait(lambda: child.exists() and child.read_text().strip())
        self.fake.hang(one)
        self.wait(lambda: state_of(int(child.read_text())) == "T")

    def test_hung_guest_swallows_a_reboot_and_recovers_by_stop_and_start(self):
        one = self.guest(WEB, swallow_when_hung=True, reboot_s=0.1, stopping_s=0.1,
                         pending_s=0.1, impaired_after_s=0.1, initializing_s=0.1)
        pid, boot = self.unit(one)["pid"], self.boot_id(one)
        self.fake.hang(one)
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "impaired")
        self.caller.ec2("RebootInstances", {"InstanceId.1": one})
        other = self.guest(WEB, name="g2", reboot_s=5.0)
        self.caller.ec2("RebootInstances", {"InstanceId.1": other})
        self.wait(lambda: self.fake.instance(other)["boot_count"] == 2)
        self.assertEqual((boot, "T"), (self.boot_id(one), state_of(pid)))
        self.caller.ec2("StopInstances", {"InstanceId.1": one})
        self.wait_state(one, "stopped")
        self.assertIsNone(state_of(pid))
        self.caller.ec2("StartInstances", {"InstanceId.1": one})
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "ok"
                  and self.unit(one)["pid"])
        self.assertNotEqual(boot, self.boot_id(one))

    def test_hung_guest_without_that_setting_reboots_hard(self):
        one = self.guest(WEB, hard_reboot_s=5.0)
        boot = self.boot_id(one)
        self.fake.hang(one)
        self.caller.ec2("RebootInstances", {"InstanceId.1": one})
        self.wait(lambda: self.boot_id(one) != boot and not self.fake.instance(one)["guest"]["hung"])

    def test_failed_boot_starts_no_process(self):
        one = self.guest(WEB, boot_failures=0, reboot_s=0.1, initializing_s=0.1)
        self.fake.configure(one, boot_failures=1)
        self.caller.ec2("RebootInstances", {"InstanceId.1": one})
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "impaired")
        self.assertEqual(0, self.unit(one)["pid"])

    def test_killed_unit_fails_and_stays_down(self):
        one = self.guest(WEB)
        self.fake.kill_unit(one, "web.service")
        self.wait(lambda: self.unit(one)["active"] == "failed")
        self.assertEqual(("signal", 9), (self.unit(one)["result"],
                                         self.unit(one)["exit_status"]))

    def test_killed_unit_with_restart_comes_back(self):
        one = self.guest({**WEB, "restart": True})
        pid = self.fake.kill_unit(one, "web.service")
        self.wait(lambda: self.unit(one)["pid"] not in (0, pid))
        self.assertEqual(("active", 1), (self.unit(one)["active"], self.unit(one)["restarts"]))

    def test_memory_limit_binds(self):
        one = self.guest({"unit": "eater", "rlimit_as_bytes": 200 << 20, "argv": [
            PYTHON, "-c", "import time; held = bytearray(400 << 20); time.sleep(99)"]})
        self.wait(lambda: self.unit(one, "eater.service")["active"] == "failed")
        self.assertIn("MemoryError", (self.fake.folder / "g/log/eater.service.log").read_text())

    def test_systemctl_answers_as_scripts_expect(self):
        one = self.guest(WEB)
        self.assertEqual((0, "active\n"), self.systemctl(one, "is-active", "web.service"))
        self.assertEqual((0, "LoadState=loaded\n"),
                         self.systemctl(one, "show", "--property=LoadState", "web"))
        self.assertEqual((0, f"{self.unit(one)['pid']}\nactive\n"), self.systemctl(
            one, "show", "-p", "MainPID,ActiveState", "--value", "web"))
        self.assertEqual((0, "LoadState=not-found\n"),
                         self.systemctl(one, "show", "-p", "LoadState", "poweroff.target"))
        self.assertEqual(5, self.systemctl(one, "restart", "poweroff.target")[0])
        self.assertEqual(0, self.systemctl(one, "stop", "web")[0])
        self.assertEqual((3, "inactive\n"), self.systemctl(one, "is-active", "web"))
        self.assertEqual(0, self.systemctl(one, "start", "web")[0])
        self.assertEqual(1, self.systemctl(one, "poweroff")[0])
        self.assertEqual(1, self.systemctl(one, "--force", "restart", "web")[0])

    def test_pid_file_follows_the_unit(self):
        one = self.guest(WEB)
        path = self.fake.folder / "g/run/web.service.pid"
        self.assertEqual(self.unit(one)["pid"], int(path.read_text()))
        self.fake.kill_unit(one, "web.service")
        self.wait(lambda: not path.exists())

    def test_nothing_survives_the_fake(self):
        one = self.guest(WEB, FORKER)
        child = self.fake.folder / "g/run/child"
        self.wait(lambda: child.exists() and child.read_text().strip())
        pids = [self.unit(one)["pid"], int(child.read_text())]
        self.fake.control("POST", "stop", {})
        self.fake.process.wait(10)
        self.assertEqual([None, None], [state_of(pid) for pid in pids])

    def test_killed_fake_takes_its_guests_with_it(self):
        one = self.guest(WEB)
        pid = self.unit(one)["pid"]
        self.fake.process.kill()
        self.fake.process.wait(10)
        self.wait(lambda: state_of(pid) is None)

    def test_long_root_path_still_has_a_manager(self):
        one = self.guest(WEB, name="/".join(["d" * 60] * 3))
        self.assertEqual((0, "active\n"), self.systemctl(one, "is-active", "web"))
