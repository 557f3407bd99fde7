"""The address of a Dask scheduler: whether it is one, and who answers there."""

import asyncio
import queue
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from zdl_bench.errors import ExecutorError, display, require

CONNECT_SECONDS = 5
"""So long whoever is there has to answer."""
TRANSPORTS = ("tcp", "tls", "ws", "wss")


def normalized(address: str) -> str:
    """An address without the slash that a browser would put behind it. Raises ConfigError for one that is none."""
    remedy = "name the scheduler as tcp://HOST:PORT"
    require("executor.address", address, "://" in address, remedy)
    text = address.rstrip("/")
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port is not None and not (parts.path or parts.query or parts.fragment)
    except ValueError:  # the port is no number, or beyond all ports; brackets that are not closed
        is_whole = False
    scheme = text.partition("://")[0]
    require("executor.address", address, is_whole or scheme not in TRANSPORTS, remedy)
    require("executor.address", address, scheme in TRANSPORTS, f"take one of {', '.join(f'{one}://' for one in TRANSPORTS)}")
    return text


def require_scheduler(address: str) -> None:
    """Raises ExecutorError unless a scheduler answers, in time: a Client would wait for ever for who keeps silent."""
    arguments = _connection_arguments(address)
    try:
        _require_resolved(address)
        with ThreadPoolExecutor(1) as elsewhere:  # a notebook has a loop of its own in this thread
            who = elsewhere.submit(asyncio.run, _identity(address, arguments)).result()
        kind = str(who["type"])
    except Exception as error:  # whoever answers there talks no Dask
        raise ExecutorError(
            f"executor.address={display(address)}: no Dask scheduler answers there; start one with `dask scheduler`"
        ) from error
    if kind != "Scheduler":
        scheduler = who.get("scheduler")
        remedy = f"its scheduler is at {display(scheduler)}" if isinstance(scheduler, str) else "name the scheduler"
        raise ExecutorError(f"executor.address={display(address)}: a Dask {display(kind).lower()} answers there; {remedy}")


def _require_resolved(address: str) -> None:
    """Raises OSError or TimeoutError: a name server that keeps silent would hold whoever asks it for half a minute."""
    parts, found = urlsplit(address), queue.Queue[OSError | None]()

    def resolve() -> None:
        try:
            socket.getaddrinfo(parts.hostname, parts.port)
            found.put(None)
        except OSError as error:
            found.put(error)

    threading.Thread(target=resolve, daemon=True).start()  # nobody waits for it at the end, as for the threads of a pool
    try:
        error = found.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no name server knows {parts.hostname}") from None
    if error:
        raise error


async def _identity(address: str, arguments: dict[str, Any]) -> Any:
    from distributed.comm.core import connect
    from distributed.core import send_recv

    async def asked() -> Any:
        comm = await connect(address, timeout=CONNECT_SECONDS, deserialize=False, **arguments)
        try:
            return await send_recv(comm, op="identity")
        finally:
            comm.abort()

    return await asyncio.wait_for(asked(), CONNECT_SECONDS)


def _connection_arguments(address: str) -> dict[str, Any]:
    """Raises ExecutorError if a connection is to be secure and nothing is there to secure it with."""
    from distributed.security import Security

    arguments: dict[str, Any] = Security().get_connection_args("client")
    if address.startswith(("tls:", "wss:")) and arguments["ssl_context"] is None:
        raise ExecutorError(
            f"executor.address={display(address)}: TLS needs certificates; name them in the variables "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY"
        )
    return arguments
