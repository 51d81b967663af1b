"""The kinds of zygote: what each has imported, and what can be asked of it."""

import dataclasses

_INSIDE = "hewston.pipeline.sandbox.inside"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of zygote, as data.

    ``begin`` is a function that is called before anything is locked or forked, for what starts
    threads when it begins: the zygote is a fork of that process, and has one thread.
    ``packages`` can be imported (those that are not installed are left out), ``preload`` is
    imported at once, and of ``compiled`` every shared object. ``works`` maps what can be asked for
    to ``module:function``, as ``begin`` is named and ``warm_up``, which uses what was imported.
    ``own`` are
    top-level packages of the source tree that works are in; ``shown`` folders of it that jobs may
    read and import from.
    """

    name: str
    packages: tuple[str, ...] = ()
    begin: str | None = None
    preload: tuple[str, ...] = ()
    compiled: tuple[str, ...] = ()
    warm_up: str | None = None
    works: dict[str, str] = dataclasses.field(default_factory=dict)
    own: tuple[str, ...] = ("hewston",)
    shown: tuple[str, ...] = ()


# With nothing imported: enough to see whether jobs can be locked at all.
BARE = Kind(name="bare")

FRAME = Kind(
    name="frame",
    packages=("numpy", "pandas", "pyarrow", "dateutil", "pytz", "tzdata", "six"),
    preload=("numpy", "pandas", "pyarrow.compute", "numpy.random", "zoneinfo", "ctypes"),
    compiled=("numpy", "pandas"),
    warm_up=f"{_INSIDE}.exercise:use_frames",
    works={"describe": f"{_INSIDE}.answering:perform", "run": f"{_INSIDE}.answering:perform"},
)
