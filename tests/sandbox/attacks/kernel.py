"""Calls of the kernel that nothing innocent makes."""

from tests.sandbox.attacks.attack import Attack, killed, stopped


def _call(name: str, call: str, number: int, arguments: str = "0, 0, 0, 0, 0") -> Attack:
    return killed(name, call, f"call({number}, {arguments}) + 1")


ATTACKS: list[Attack] = [
    _call("adds a key", "add_key", 248, "b'user', b'name', b'x', 1, -3"),
    _call("asks for a key", "request_key", 249, "b'user', b'name', 0, -3"),
    _call("joins a ring of keys", "keyctl", 250, "1, 0, 0, 0, 0"),
    _call("sets up a ring of calls", "io_uring_setup", 425, "1, bytes(120)"),
    _call("enters a ring of calls", "io_uring_enter", 426),
    _call("registers with a ring of calls", "io_uring_register", 427),
    _call("loads a program into the kernel", "bpf", 321, "0, bytes(128), 128"),
    _call("handles faults of memory", "userfaultfd", 323, "1"),
    _call("watches the processor", "perf_event_open", 298, "bytes(128), 0, -1, -1, 0"),
    _call("mounts", "mount", 165, "b'none', b'/', b'tmpfs', 0, 0"),
    _call("unmounts", "umount2", 166, "b'/', 2"),
    _call("opens a tree of mounts", "open_tree", 428, "-100, b'/', 1"),
    _call("moves a mount", "move_mount", 429),
    _call("opens a kind of file system", "fsopen", 430, "b'tmpfs', 0"),
    _call("changes a mount", "mount_setattr", 442),
    _call("makes a user namespace", "unshare", 272, "0x10000000"),
    _call("makes a mount namespace", "unshare", 272, "0x20000"),
    _call("makes a network namespace", "unshare", 272, "0x40000000"),
    _call("enters a namespace", "setns", 308, "4, 0"),
    _call("changes its root", "chroot", 161, "b'/'"),
    _call("swaps its root", "pivot_root", 155, "b'/', b'/'"),
    _call("makes a device", "mknod", 133, "b'/tmp/hewston-null', 0o20666, 259"),
    _call("opens a file by a handle", "open_by_handle_at", 304),
    _call("asks for a file's handle", "name_to_handle_at", 303),
    _call("watches all files", "fanotify_init", 300),
    _call("becomes root", "setuid", 105, "0"),
    _call("becomes nobody's group", "setgid", 106, "0"),
    _call("becomes another user", "setresuid", 117, "1000, 1000, 1000"),
    _call("becomes another user for files", "setfsuid", 122, "0"),
    _call("joins groups", "setgroups", 116, "0, 0"),
    _call("takes capabilities", "capset", 126, "bytes(8), bytes(24)"),
    _call("loads a module", "init_module", 175, "bytes(8), 8, b''"),
    _call("loads a module from a file", "finit_module", 313, "4, b'', 0"),
    _call("starts another kernel", "kexec_load", 246),
    _call("restarts the machine", "reboot", 169, "0, 0, 0"),
    _call("swaps to a file", "swapon", 167, "b'/', 0"),
    _call("renames the machine", "sethostname", 170, "b'x', 1"),
    _call("sets the clock", "clock_settime", 227, "0, bytes(16)"),
    _call("reads the kernel's log", "syslog", 103, "3, bytes(10), 10"),
    _call("talks to ports", "iopl", 172, "3"),
    _call("changes its segments", "modify_ldt", 154, "1, bytes(16), 16"),
    _call("changes its personality", "personality", 135, "0x0400000"),
    _call("installs a filter of its own", "seccomp", 317, "1, 0, bytes(16)"),
    stopped("asks whether it can be looked into", "call(157, 3, 0, 0, 0, 0) + 1", "seccomp"),
    stopped("keeps no parent's end", "call(157, 1, 0, 0, 0, 0) + 1", "seccomp"),
    stopped("lets itself be looked into", "call(157, 4, 1, 0, 0, 0) + 1", "seccomp"),
    stopped("makes a set of rules for files", "call(444, 0, 0, 1)", "seccomp"),
    stopped("clones into a user namespace", """
        def attack():
            pid = call(56, 0x10000000 | 17, 0, 0, 0, 0)
            if pid == 0:
                os._exit(0)
            return pid
        """, "seccomp", "resources"),
    stopped("takes shared memory of System V", "call(29, 0, 4096, 0o1600) + 1", "seccomp"),
    stopped("opens a queue of messages", "call(68, 0, 0o1600) + 1", "seccomp"),
    stopped("opens a queue of POSIX", "call(240, b'hewston', 0o102, 0o600, 0) + 1"),
    stopped("makes a file of memory", "os.memfd_create('x')", "seccomp"),
    stopped("makes memory that is locked", "call(149, 0, 0) + 1", "seccomp", "resources"),
    stopped("waits for events", "call(291, 0) + 1", "seccomp"),
    stopped("counts events", "call(290, 1, 0) + 1", "seccomp"),
    stopped("sets an alarm", "call(37, 60) + 1", "seccomp"),
    stopped("sets a timer", "call(222, 0, 0, ctypes.byref(ctypes.c_int())) + 1", "seccomp"),
    stopped("sends a file to a pipe", "call(40, 1, files[0], 0, 1) + 1", "seccomp"),
    stopped("splices its pipes", "call(275, files[0], 0, 1, 0, 1, 0) + 1", "seccomp"),
    stopped("types into a terminal", "call(16, 0, 0x5412, b'x') + 1"),
    stopped("asks for signals of a file", "call(72, 0, 8, os.getpid()) + 1", "seccomp"),
    stopped("advises to write memory out", "call(28, 0, 0, 21) + 1", "seccomp"),
    stopped("waits as a futex of others may",
        "call(202, ctypes.byref(ctypes.c_int(0)), 6, 0, 0, 0, 0) + 1", "seccomp"),
    stopped("makes a call that does not exist", "call(9999) + 1"),
    Attack("makes a call of the x32 table", "call(0x40000000 | 39)", "killed", ("seccomp",)),
    Attack("forks by the x32 table", "call(0x40000000 | 57) + 1", "killed", ("seccomp",)),
]  # fmt: skip
