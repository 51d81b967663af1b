"""Starts processes and threads, and reaches for those of others (``request['owner']``)."""

from tests.sandbox.attacks.attack import Attack, killed, stopped

ATTACKS: list[Attack] = [
    stopped("forks", """
        def attack():
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            return pid
        """, "seccomp", "resources"),
    stopped("forks by fork(2)", """
        def attack():
            pid = call(57)
            if pid == 0:
                os._exit(0)
            return pid
        """, "seccomp", "resources"),
    stopped("forks by clone(2)", """
        def attack():
            pid = call(56, 17, 0, 0, 0, 0)
            if pid == 0:
                os._exit(0)
            return pid
        """, "seccomp", "resources"),
    stopped("forks by clone3(2)", """
        def attack():
            import struct
            pid = call(435, struct.pack("=8Q", 0, 0, 0, 0, 17, 0, 0, 0), 64)
            if pid == 0:
                os._exit(0)
            return pid
        """, "seccomp", "resources"),
    stopped("bombs with forks", """
        def attack():
            children = []
            for _ in range(50):
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                children.append(pid)
            return children
        """, "seccomp", "resources"),
    stopped("leaves a grandchild behind", """
        def attack():
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    __import__("time").sleep(1)
                os._exit(0)
            return os.wait()
        """, "seccomp", "resources"),
    stopped("starts a thread", """
        def attack():
            import threading
            thread = threading.Thread(target=print)
            thread.start()
            return thread
        """, "seccomp", "resources"),
    stopped("bombs with threads", """
        def attack():
            import _thread
            return [_thread.start_new_thread(print, ()) for _ in range(50)]
        """, "seccomp", "resources"),
    stopped("runs in a pool of threads", """
        def attack():
            from concurrent.futures import ThreadPoolExecutor
            with ThreadPoolExecutor(4) as pool:
                return list(pool.map(str, range(4)))
        """, "seccomp", "resources"),
    stopped("starts a process as Python does", """
        def attack():
            import multiprocessing
            context = multiprocessing.get_context("fork")
            return context.Process(target=print).start() or 1
        """, "seccomp", "resources"),
    stopped("runs a program", """
        def attack():
            import subprocess
            return subprocess.check_output(["/bin/echo", "x"])
        """, "seccomp", "files", "resources"),
    stopped("runs a shell", "os.system('true') == 0", "seccomp", "files", "resources"),
    stopped("spawns a program", """
        def attack():
            return os.posix_spawn("/bin/true", ["true"], {})
        """, "seccomp", "files", "resources"),
    killed("becomes a program", "execve", "os.execv('/bin/sh', ['sh', '-c', 'exit 0'])"),
    killed("becomes a program without a path", "execveat", """
        def attack():
            return call(322, files[0], b"", 0, 0, 0x1000)
        """),
    stopped("runs a program out of memory", """
        def attack():
            fd = os.memfd_create("program")
            return os.write(fd, b"#!/bin/sh")
        """, "seccomp", "resources"),
    stopped("kills its parent", "os.kill(os.getppid(), 9) or 1", "seccomp", "namespaces",
        "files"),
    stopped("asks whether its parent is there",
        "os.kill(os.getppid(), 0) or 1", "seccomp", "files"),
    stopped("kills the owner", "os.kill(request['owner'], 0) or 1", "seccomp", "namespaces",
        "privileges", "files"),
    stopped("kills everything", "os.kill(-1, 0) or 1", "seccomp", "namespaces", "files"),
    stopped("kills its group", "os.killpg(0, 0) or 1", "seccomp", "files"),
    stopped("signals another thread", "call(234, os.getppid(), os.getppid(), 0) or 1", "seccomp",
        "files"),
    stopped("signals by tkill(2)", "call(200, os.getppid(), 0) or 1", "seccomp", "files"),
    stopped("queues a signal",
        "call(129, os.getppid(), 0, bytes(8)"
        " + b'\\xff' * 4 + bytes(116)) or 1", "seccomp", "files"),
    killed("opens its parent's process", "pidfd_open", "os.pidfd_open(os.getppid())"),
    killed("signals by a descriptor", "pidfd_send_signal", "call(424, files[0], 0, 0, 0) or 1"),
    killed("takes a descriptor of its parent", "pidfd_getfd", "call(438, files[0], 0, 0) or 1"),
    stopped("reads its parent's limits", """
        def attack():
            import resource
            return resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
        """, "seccomp", "privileges"),
    stopped("changes its parent's limits", """
        def attack():
            import resource
            return resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (99, 99))
        """, "seccomp", "privileges"),
    stopped("raises its own limits", """
        def attack():
            import resource
            return resource.setrlimit(resource.RLIMIT_AS, (-1, -1)) or 1
        """, "seccomp", "resources", "privileges"),
    stopped("opens more files than it may", """
        def attack():
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))
            return 1
        """, "resources", "seccomp"),
    killed("traces its parent", "ptrace", "call(101, 16, os.getppid(), 0, 0) or 1"),
    killed("lets itself be traced", "ptrace", "call(101, 0, 0, 0, 0) or 1"),
    killed("reads its parent's memory by a call", "process_vm_readv",
        "call(310, os.getppid(), bytes(16), 1, bytes(16), 1, 0)"),
    killed("writes its parent's memory by a call", "process_vm_writev",
        "call(311, os.getppid(), bytes(16), 1, bytes(16), 1, 0)"),
    killed("compares processes", "kcmp", "call(312, os.getpid(), os.getppid(), 0, 0, 0)"),
    stopped("changes its priority", "os.nice(-5) or 1", "seccomp", "privileges", "namespaces"),
    stopped("asks for real time", """
        def attack():
            return os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or 1
        """, "seccomp", "privileges", "namespaces"),
    stopped("chooses its processors", "os.sched_setaffinity(0, {0}) or 1", "seccomp"),
    stopped("leaves its session", "os.setsid() or 1", "seccomp"),
]  # fmt: skip
