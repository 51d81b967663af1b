"""Reads what is not its own, writes anything, and looks for what was left open.

``request`` names a ``folder`` that everybody may write, a ``secret`` and a ``victim`` in it, the
``project`` and the process of the ``owner``.
"""

from tests.sandbox.attacks.attack import Attack, Layer, killed, stopped

READING: list[Attack] = [
    stopped("reads the users", "open('/etc/passwd').read()", "files"),
    stopped("reads the users by open(2)", "call(2, b'/etc/passwd', 0, 0)", "files"),
    stopped("reads the users by openat(2)", "call(257, -100, b'/etc/passwd', 0, 0)", "files"),
    stopped(
        "reads the users by openat2(2)",
        "call(437, -100, b'/etc/passwd', bytes(24), 24)",
        "seccomp",
        "files",
    ),
    stopped("reads the users from above the root", "open('../../../etc/passwd').read()", "files"),
    stopped("reads the users from beside a folder", "open('/usr/../etc/passwd').read()", "files"),
    stopped("reads the users with pandas' own open", """
        def attack():
            import codecs, io
            return codecs.open("/etc/passwd").read() or io.open_code("/etc/passwd").read()
        """, "files"),
    stopped("reads the hostname", "open('/etc/hostname').read()", "files"),
    stopped("reads a secret", "open(request['secret']).read()", "files"),
    stopped("reads a secret through a folder", """
        def attack():
            folder = os.open(request["folder"], os.O_RDONLY | os.O_DIRECTORY)
            return os.read(os.open("secret", os.O_RDONLY, dir_fd=folder), 9)
        """, "files"),
    stopped("opens a path without reading it", "os.open('/etc', os.O_PATH)", "seccomp", "files"),
    stopped("lists a folder", "os.listdir(request['folder'])", "files"),
    stopped("lists the users' configuration", "os.listdir('/etc')", "files"),
    stopped("lists the root", "[n for n in os.listdir('/') if n in ('etc', 'bin')]", "files"),
    stopped("walks the machine", "[f for _, _, f in os.walk('/usr/bin')]", "files"),
    stopped(
        "reads the settings", "open(request['project'] + '/hewston/settings.py').read(9)", "files"
    ),
    stopped("imports the settings", "__import__('hewston.settings').settings"),
    stopped("imports the settings by hand", """
        def attack():
            import importlib.util
            path = request["project"] + "/hewston/settings.py"
            spec = importlib.util.spec_from_file_location("settings", path)
            return spec.loader.get_data(path)
        """, "files"),
    stopped("lists the project", "os.listdir(request['project'])", "files"),
    stopped("reads its environment",
        "open('/proc/self/environ', 'rb').read() + b' '",
        "files", "namespaces", "privileges"),
    stopped("reads its memory map", "open('/proc/self/maps').read()", "files"),
    stopped("writes its memory",
        "os.open('/proc/self/mem', os.O_RDWR)",
        "files", "namespaces", "privileges", "seccomp"),
    stopped("lists its descriptors", "os.listdir('/proc/self/fd')", "files"),
    stopped(
        "reads its parent's memory",
        "open('/proc/%d/mem' % request['owner'], 'rb')",
        "files", "namespaces", "privileges",
    ),
    stopped(
        "reads the owner's environment",
        "open('/proc/%d/environ' % request['owner'], 'rb').read()",
        "files", "namespaces", "privileges",
    ),
    stopped(
        "looks at the owner's root",
        "os.listdir('/proc/%d/root/' % request['owner'])",
        "files", "namespaces", "privileges",
    ),
    stopped("lists the processes", "[n for n in os.listdir('/proc') if n.isdigit()]", "files"),
    stopped("reads the kernel's command line", "open('/proc/cmdline').read()", "files"),
    stopped("reads the mounts", "open('/proc/self/mountinfo').read()", "files"),
    stopped("lists the devices", "os.listdir('/sys/class')", "files"),
    stopped("opens a device", "open('/dev/zero', 'rb').read(4)", "files"),
    stopped("opens a terminal", "os.open('/dev/ptmx', os.O_RDONLY)", "files"),
    stopped("lists shared memory", "[os.listdir('/dev/shm')]", "files"),
    stopped("looks for descriptors that were left open", """
        def attack():
            found = []
            for fd in range(6, 400):
                try:
                    os.fstat(fd)
                except OSError:
                    continue
                found.append(fd)
            return found
        """),
    stopped("reads on before the beginning of its files", """
        def attack():
            return [os.lseek(fd, -1, os.SEEK_CUR) for fd in files if os.lseek(fd, 0, 1)]
        """),
]  # fmt: skip

_WRITE: tuple[Layer, ...] = ("seccomp", "files", "resources")

WRITING: list[Attack] = [
    stopped("writes a file", "open(request['folder'] + '/new', 'w').write('x')", *_WRITE),
    stopped("appends to a file", "open(request['victim'], 'a').write('x')", *_WRITE),
    stopped("overwrites a file", "open(request['victim'], 'r+').write('x')", *_WRITE),
    stopped("writes into shared memory", "open('/dev/shm/hewston-x', 'w').write('x')", *_WRITE),
    stopped("writes into /tmp", "open('/tmp/hewston-x', 'w').write('x')", *_WRITE),
    stopped(
        "creates by creat(2)", "call(85, request['folder'].encode() + b'/c', 0o600)", *_WRITE
    ),
    stopped(
        "writes a file without a name",
        "os.write(os.open(request['folder'], os.O_TMPFILE | os.O_RDWR), b'x')",
        *_WRITE,
    ),
    stopped("writes a temporary file", """
        def attack():
            import tempfile
            with tempfile.TemporaryFile(dir=request["folder"]) as file:
                return file.write(b"x") and file.flush() is None
        """, *_WRITE),
    stopped("empties a file", "os.truncate(request['victim'], 0) or 1", "seccomp", "files"),
    stopped("makes a folder", "os.mkdir(request['folder'] + '/d') or 1", "seccomp", "files"),
    stopped("removes a file", "os.unlink(request['victim']) or 1", "seccomp", "files"),
    stopped(
        "renames a file",
        "os.rename(request['victim'], request['folder'] + '/v') or 1",
        "seccomp", "files",
    ),
    killed(
        "makes a pipe with a name",
        "mknodat",
        "os.mkfifo(request['folder'] + '/p') or 1",
        "files",
    ),
    stopped("reads through a link of its own", """
        def attack():
            os.symlink("/etc/passwd", request["folder"] + "/link")
            return open(request["folder"] + "/link").read()
        """, "seccomp", "files"),
    stopped("swaps a folder for a link", """
        def attack():
            os.mkdir(request["folder"] + "/swap")
            os.rmdir(request["folder"] + "/swap")
            os.symlink("/etc", request["folder"] + "/swap")
            return os.listdir(request["folder"] + "/swap")
        """, "seccomp", "files"),
    stopped("fills the disk", """
        def attack():
            with open(request["folder"] + "/fill", "wb") as file:
                for _ in range(8):
                    file.write(bytes(1 << 20))
            return 1
        """, *_WRITE),
    stopped("reserves the disk", """
        def attack():
            fd = os.open(request["folder"] + "/fill", os.O_CREAT | os.O_RDWR)
            os.posix_fallocate(fd, 0, 1 << 20)
            return 1
        """, *_WRITE),
    stopped("writes through a map of a file", """
        def attack():
            import mmap
            memory = mmap.mmap(os.open(request["victim"], os.O_RDWR), 1)
            memory[0] = 65
            return 1
        """, "seccomp", "files"),
    stopped("writes through a file opened to read", """
        def attack():
            import mmap
            fd = os.open(request["victim"], os.O_RDONLY)
            return os.write(fd, b"x")
        """),
    stopped("writes with sqlite", """
        def attack():
            import sqlite3
            return sqlite3.connect(request["folder"] + "/db").execute("create table a (b)")
        """),
    stopped("changes the frame that it was given", "os.pwrite(files[0], b'x', 0)"),
    stopped("grows the frame that it was given", "os.ftruncate(files[0], 1 << 20) or 1"),
    stopped("maps the frame that it was given to write", """
        def attack():
            import mmap
            memory = mmap.mmap(files[0], 1, mmap.MAP_SHARED, mmap.PROT_WRITE)
            memory[0] = 65
            return 1
        """),
    stopped("changes into another folder", "os.chdir('/etc') or os.listdir()", "seccomp", "files"),
]  # fmt: skip

ATTACKS = READING + WRITING
