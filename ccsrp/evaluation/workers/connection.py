"""The connection of this process to Ray: made within bounded time, or refused with a reason."""

from __future__ import annotations

import logging
import os
import socket
import time
from importlib.util import find_spec
from typing import Any

from ccsrp.errors import WorkersError, one_line

__all__ = ["check_address", "check_head", "check_installed", "check_reachable", "connect", "disconnect"]

MISSING = 'Ray is not installed; install it with: pip install "ccsrp[ray]"'
# Room for what is shipped to workers on this machine; Ray would take a third of the memory.
OBJECT_STORE_BYTES = 200_000_000
# How long the head may take to accept a connection, and to come back.
HEAD_SECONDS = 5.0
HEAD_PAUSE = 2.0
# What a gRPC client says first, HTTP/2's preface and empty settings; a server answers with its settings.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_SETTINGS = 4


def connect(address: str | None, *, workers: int | None, cpus: int, timeout: float) -> bool:
    """Connect to a cluster, or start Ray on this machine; return whether there was no connection before.

    Parameters
    ----------
    address : str, optional
        Nothing starts Ray here: with room for ``workers`` of ``cpus`` each, by default for all cores.
    workers : int, optional
    cpus : int
    timeout : float
        Seconds within which ``address`` must answer.

    Raises
    ------
    WorkersError
        Ray is not installed, or there is no cluster at this address.
    """
    try:
        import ray
    except ImportError:
        raise WorkersError(MISSING) from None
    if ray.is_initialized():
        return False
    # Nobody is told of what runs here unless who runs it says so.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        if workers is not None:
            options["num_cpus"] = workers * cpus
    else:
        if address == "auto":
            address = os.environ.get("RAY_ADDRESS") or address
        if address != "auto":
            check_reachable(address, seconds=timeout)
    try:
        ray.init(address=address or "local", **options)
    except (Exception, SystemExit) as error:  # Ray ends a process that it cannot connect
        where = f"connect to Ray at {address}" if address else "start Ray on this machine"
        raise WorkersError(f"cannot {where} ({one_line(error)})") from None
    return True


def disconnect() -> None:
    """End the connection, and Ray on this machine if ``connect`` started it."""
    import ray

    ray.shutdown()


def check_installed() -> None:
    """See that Ray can be imported, without importing it: that takes seconds.

    Raises
    ------
    WorkersError
    """
    if find_spec("ray") is None:
        raise WorkersError(MISSING)


def check_address(address: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT`` or ``ray://HOST:PORT``; nothing is asked there.

    Raises
    ------
    WorkersError
        It is neither.

    >>> check_address("ray://[::1]:10001")
    ('::1', 10001)
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 2**16:
        raise WorkersError(
            f"{address!r} is no address of a Ray cluster; use HOST:PORT, ray://HOST:PORT or auto"
        )
    return host.strip("[]"), int(port)


def check_head() -> None:
    """See that the head of the cluster still answers; Ray would wait a minute, then end the process.

    Raises
    ------
    WorkersError
        It does not, several times in a row.
    """
    import ray

    if ray.util.client.ray.is_connected():
        return  # by way of a server that Ray itself watches
    address = ray.get_runtime_context().gcs_address
    host, _, port = address.rpartition(":")
    for last in (False, False, True):
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=HEAD_SECONDS):
                return
        except OSError:
            if last:
                raise WorkersError(f"the Ray cluster at {address} does not answer any more") from None
            time.sleep(HEAD_PAUSE)


def check_reachable(address: str, *, seconds: float) -> None:
    """See that a Ray cluster answers; Ray itself would wait for minutes, then end the process.

    Parameters
    ----------
    address : str
        ``HOST:PORT`` or ``ray://HOST:PORT``.
    seconds : float
        How long each step may take.

    Raises
    ------
    WorkersError
    """
    host, port = check_address(address)
    hint = "is 'ray start --head' running there?"
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return  # an encrypted server does not answer what is not
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except TimeoutError:
        raise WorkersError(f"no Ray cluster answers at {address} within {seconds:g} s; {hint}") from None
    except OSError as error:
        raise WorkersError(f"no Ray cluster at {address} ({error.strerror or error}); {hint}") from None
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise WorkersError(f"what answers at {address} is no Ray cluster; {hint}")
