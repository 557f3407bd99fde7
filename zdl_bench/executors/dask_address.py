"""The connection to a Dask scheduler. Checks that its address is valid and that a scheduler answers there."""

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zdl_bench.errors import ExecutorError, display, require
from zdl_bench.interrupts import signals_deferred

if TYPE_CHECKING:
    from distributed import Client

CLIENT_SECONDS = 10
CONNECT_SECONDS = 5
"""The time within which the server at the address has to answer."""
CHATTY_LIBRARIES = ("distributed", "distributed.client", "tornado", "asyncio")
"""Libraries that log tracebacks if a scheduler stops. Their logs are switched off, since an ExecutorError says the same."""
TRANSPORTS = ("tcp", "tls", "ws", "wss")


def parse_address(address: str) -> str:
    """Return the address without a trailing slash. Raise ConfigError if the address cannot be that of a scheduler."""
    remedy = "name the scheduler as tcp://HOST:PORT"
    require("executor.address", address, "://" in address, remedy)
    text = address.rstrip("/")
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port is not None and not (parts.path or parts.query or parts.fragment)
    except ValueError:  # the port is not a number, or too large; a bracket is not closed
        is_whole = False
    scheme = text.partition("://")[0]
    require("executor.address", address, is_whole or scheme not in TRANSPORTS, remedy)
    require("executor.address", address, scheme in TRANSPORTS, f"use one of {', '.join(f'{one}://' for one in TRANSPORTS)}")
    return text


def connect(address: str | None) -> "Client":
    """Return a client of the scheduler. Raise ExecutorError if no scheduler answers, or if Dask is not installed."""
    if address is None:
        raise ExecutorError("executor=dask: this executor needs the scheduler's address; add executor.address=tcp://HOST:PORT")
    try:
        with signals_deferred():  # the import takes a second
            from distributed import Client
    except ImportError as error:
        raise ExecutorError("executor=dask: Dask is not installed; run pip install 'zdl-bench[dask]'") from error
    for library in CHATTY_LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    address = parse_address(address)
    _require_scheduler(address)
    try:
        return Client(address, timeout=CLIENT_SECONDS, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:  # the scheduler has stopped, or has an incompatible version
        raise ExecutorError(
            f"executor.address={display(address)}: the connection failed ({display(error)}); check the address, or "
            "restart the scheduler"
        ) from error


def _require_scheduler(address: str) -> None:
    """Raise ExecutorError unless a scheduler answers in time. Dask's Client would wait forever for a silent server."""
    arguments = _connection_arguments(address)
    try:
        _resolve(address)
        with ThreadPoolExecutor(1) as elsewhere:  # in a notebook, this thread already runs an event loop
            who = elsewhere.submit(asyncio.run, _identity(address, arguments)).result()
        kind = str(who["type"])
    except Exception as error:  # the server, if there is one, does not speak Dask's protocol
        raise ExecutorError(
            f"executor.address={display(address)}: no Dask scheduler answers there; start one with `dask scheduler`"
        ) from error
    if kind != "Scheduler":
        scheduler = who.get("scheduler")
        remedy = (
            f"use the address of its scheduler, {display(scheduler)}"
            if isinstance(scheduler, str)
            else "use a scheduler's address"
        )
        raise ExecutorError(
            f"executor.address={display(address)}: this is the address of a Dask {display(kind).lower()}; {remedy}"
        )


def _resolve(address: str) -> None:
    """Raise OSError or TimeoutError if the host name cannot be resolved. A silent name server would block for 30 s."""
    parts, found = urlsplit(address), Future[object]()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(parts.hostname, parts.port))
        except OSError as error:
            found.set_exception(error)

    threading.Thread(target=look_up, daemon=True).start()  # at exit, Python waits for threads of a pool but not for a daemon
    found.result(timeout=CONNECT_SECONDS)


async def _identity(address: str, arguments: dict[str, Any]) -> Any:
    from distributed.core import rpc

    async with rpc(address, deserialize=False, connection_args=arguments) as server:
        return await asyncio.wait_for(server.identity(), CONNECT_SECONDS)


def _connection_arguments(address: str) -> dict[str, Any]:
    """Return the arguments of a connection. Raise ExecutorError if the address needs TLS but no certificates are configured."""
    from distributed.security import Security

    arguments: dict[str, Any] = Security().get_connection_args("client")
    if address.startswith(("tls:", "wss:")) and arguments["ssl_context"] is None:
        raise ExecutorError(
            f"executor.address={display(address)}: TLS needs certificates; name their files in the variables "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY"
        )
    return arguments
