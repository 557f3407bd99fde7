"""Sizes and times as text."""

from zdl_bench.language import translate


def size(count: float) -> str:
    """Return a number of bytes as text, for example `3.2 MB`, in the largest unit in which the number is at least 1."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next((p for p in range(len(units)) if count < 1000 ** (p + 1)), len(units) - 1)
    scaled = count / 1000**power
    return f"{scaled:.1f} {units[power]}" if power and scaled < 10 else f"{scaled:.0f} {units[power]}"


def duration(seconds: float) -> str:
    """Return a number of seconds as text, for example `2 h 05 min`, `3 min 20 s` or `7 s`."""
    whole = round(seconds)
    if whole >= 3600:
        return translate("{hours} h {minutes:02d} min", hours=whole // 3600, minutes=whole % 3600 // 60)
    if whole >= 60:
        return translate("{minutes} min {seconds:02d} s", minutes=whole // 60, seconds=whole % 60)
    return translate("{seconds} s", seconds=whole)
