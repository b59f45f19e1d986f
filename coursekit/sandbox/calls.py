"""Which calls of the kernel a submission may make: a filter by libseccomp, of what `calls.json` allows.

The list is one of what notebooks need, in the form that Docker and Podman read; what is not on it does not exist
(ENOSYS): keys, namespaces, mounts, memory that no limit counts, SysV IPC, sockets that leave a network namespace,
watching files, bpf, io_uring, perf, userfaultfd, ptrace, modules, kexec. Used inside the wall, so this file knows
nothing of the kit.
"""

import ctypes
import errno
import json
import os
from pathlib import Path

PROFILE = Path(__file__).with_name("calls.json")
LIBRARY = "libseccomp.so.2"
KEYCTL_JOIN_SESSION_KEYRING = 1

# of seccomp.h
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
UNKNOWN = -1
CTL_SSB = 7  # whether the processor may go on guessing; without it every submission would run slower
CTL_OPTIMIZE = 8
BINARY_TREE = 2
COMPARISONS = {"SCMP_CMP_NE": 1, "SCMP_CMP_EQ": 4, "SCMP_CMP_MASKED_EQ": 7}


class Comparison(ctypes.Structure):
    """seccomp.h: struct scmp_arg_cmp."""

    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    ]


class NoSeccomp(OSError):
    """libseccomp is not on this machine."""


class Calls:
    """The filter, made once; every process that is forked may put itself behind it."""

    def __init__(self, profile: Path = PROFILE):
        """Errors: NoSeccomp; OSError where the library does not take the profile."""
        try:
            self._library = ctypes.CDLL(LIBRARY, use_errno=True)
        except OSError as problem:
            raise NoSeccomp(str(problem)) from None
        self._library.seccomp_init.restype = ctypes.c_void_p
        told = json.loads(profile.read_text(encoding="utf-8"))
        self._filter = ctypes.c_void_p(self._library.seccomp_init(_action(told, "default")))
        if not self._filter:
            raise OSError(errno.EINVAL, "seccomp_init")
        for setting, value in ((CTL_SSB, 1), (CTL_OPTIMIZE, BINARY_TREE)):
            # an older library knows fewer settings, and is slower then
            self._library.seccomp_attr_set(self._filter, ctypes.c_int(setting), ctypes.c_uint32(value))
        for rule in told["syscalls"]:
            self._add(rule)

    def _add(self, rule: dict) -> None:
        comparisons = [
            Comparison(one["index"], COMPARISONS[one["op"]], one["value"], one["valueTwo"])
            for one in rule.get("args", [])
        ]
        compared = (Comparison * len(comparisons))(*comparisons)
        for name in rule["names"]:
            number = self.number(name)
            if number == UNKNOWN:
                continue  # newer than the library, and so not there for a submission
            done = self._library.seccomp_rule_add_array(
                self._filter,
                ctypes.c_uint32(_action(rule)),
                ctypes.c_int(number),
                ctypes.c_uint(len(comparisons)),
                compared,
            )
            _checked(done, f"seccomp_rule_add {name}")

    def number(self, name: str) -> int:
        """The number of a call on this machine's processor; negative where there is none."""
        return self._library.seccomp_syscall_resolve_name(name.encode())

    def limit_this_process(self) -> None:
        """From now on no other call, for this process and all that it starts, for good."""
        _checked(self._library.seccomp_load(self._filter), "seccomp_load")

    def leave_keyring(self) -> None:
        """Take a new, empty keyring for this session instead of the one that a login hands on to all that it starts."""
        libc = ctypes.CDLL(None, use_errno=True)
        number = ctypes.c_long(self.number("keyctl"))
        joined = libc.syscall(number, ctypes.c_long(KEYCTL_JOIN_SESSION_KEYRING), None)
        # ENOSYS: a kernel without keys; EPERM: a container whose engine keeps them away already
        if joined < 0 and ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):
            raise OSError(ctypes.get_errno(), f"keyctl: {os.strerror(ctypes.get_errno())}")


def _action(rule: dict, prefix: str = "") -> int:
    """What is done with a call, as a number; ``prefix``: default, of the profile itself."""
    name = rule[f"{prefix}Action" if prefix else "action"]
    if name == "SCMP_ACT_ALLOW":
        return ALLOW
    return ERRNO | rule[f"{prefix}ErrnoRet" if prefix else "errnoRet"]


def _checked(result: int, what: str) -> None:
    """libseccomp answers with a negative errno."""
    if result < 0:
        raise OSError(-result, f"{what}: {os.strerror(-result)}")
