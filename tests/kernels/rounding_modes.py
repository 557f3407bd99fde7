"""The floating-point modes of the calling thread, set as a library does that was built with -ffast-math.

`PYTHONPATH=tests/kernels` makes it importable for rules of own optimizers.
"""

import ctypes
import mmap
import platform

MACHINE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
SETTERS = {
    "x86_64": bytes.fromhex("897c24fc 0fae5424fc c3"),  # mov [rsp-4], edi; ldmxcsr [rsp-4]; ret
    "aarch64": bytes.fromhex("00441bd5 c0035fd6"),  # msr fpcr, x0; ret
}
"""Machine code of a function that loads its argument into the register of the floating-point modes."""
DEFAULT = {"x86_64": 0x1F80, "aarch64": 0}.get(MACHINE, 0)
MODES = {
    "x86_64": {
        "flush results to zero": 0x9F80,
        "take subnormals as zero": 0x1FC0,
        "both": 0x9FC0,
        "downward": 0x3F80,
        "upward": 0x5F80,
        "toward zero": 0x7F80,
    },
    "aarch64": {"flush results to zero": 1 << 24, "upward": 1 << 22, "downward": 2 << 22, "toward zero": 3 << 22},
}.get(MACHINE, {})
"""Name → the content of that register."""


def set_mode(content: int) -> None:
    """Set the mode of the calling thread. Raise OSError if this machine does not let own machine code run."""
    if MACHINE not in SETTERS:
        raise OSError(f"the register of the floating-point modes is not known for {MACHINE}")
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(SETTERS[MACHINE])
        place = ctypes.c_char.from_buffer(page)
        ctypes.CFUNCTYPE(None, ctypes.c_uint64)(ctypes.addressof(place))(content)
        del place
