"""A guest's own /proc: links to the real one, but its own boot id, uptime and processes."""

import os
import tempfile
import time


def write_atomic(path, text):
    """Readers see the old or the new text, never half of it."""
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)
    os.replace(name, path)


def _link_all(real, mirror, skip):
    os.makedirs(mirror, exist_ok=True)
    for name in os.listdir(real):
        path = os.path.join(mirror, name)
        if name not in skip and not name.isdigit() and not os.path.lexists(path):
            os.symlink(os.path.join(real, name), path)


class ProcTree:
    """root is the folder for proc_path. Lives as long as the guest; refreshed at each boot."""

    def __init__(self, root):
        self.root = root
        self.boot_id_file = os.path.join(root, "sys/kernel/random/boot_id")
        self.pids = set()

    def boot(self, boot_id):
        _link_all("/proc", self.root, {"sys", "uptime"})
        _link_all("/proc/sys", os.path.join(self.root, "sys"), {"kernel"})
        _link_all("/proc/sys/kernel", os.path.join(self.root, "sys/kernel"), {"random"})
        _link_all("/proc/sys/kernel/random", os.path.join(self.root, "sys/kernel/random"),
                  {"boot_id"})
        write_atomic(self.boot_id_file, boot_id + "\n")
        self.uptime(0.0)

    def uptime(self, seconds):
        write_atomic(os.path.join(self.root, "uptime"), f"{seconds:.2f} {seconds:.2f}\n")

    def show(self, pids):
        """Makes exactly these processes visible."""
        for pid in pids - self.pids:
            path = os.path.join(self.root, str(pid))
            if not os.path.lexists(path):
                os.symlink(f"/proc/{pid}", path)
        for pid in self.pids - pids:
            try:
                os.unlink(os.path.join(self.root, str(pid)))
            except FileNotFoundError:
                pass
        self.pids = set(pids)


def sessions():
    """Session id -> set of living (not zombie) process ids, one scan of /proc."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[0] != b"Z":
            found.setdefault(int(fields[3]), set()).add(int(name))
    return found


_last_scan = (float("-inf"), {})


def recent_sessions(age_max_s):
    """As sessions(), but a scan that is at most age_max_s old will do: many guests share one."""
    global _last_scan
    now = time.monotonic()
    if now - _last_scan[0] > age_max_s:
        _last_scan = (now, sessions())
    return _last_scan[1]
