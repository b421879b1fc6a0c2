"""Takes this member out of the load balancer for some time.

systemd starts this for each connection, which is the standard input. A drain is
a table of the kernel's firewall that refuses the load balancer's health checks
and nothing else: clients are served until the load balancer has noticed, and
as long as their connections last. The kernel ends a drain when its time is over.

    GET /drain                                   what is going on
    PUT /drain?seconds=180&checks=192.0.2.0/28   drains from now on, for that long
    DELETE /drain                                ends the drain
    POST /stop                                   tells the application of a drain to end

Each answers {"draining": true, "connections": 3}: the connections to the
application on which something may be on its way, but for those of this machine,
of who asks and, with PUT, of health checks.
"""

import http.server
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.parse

MAX_SECONDS = 600
MAX_CHECKS = 200
# A larger network would hardly be one of health checks.
MIN_PREFIX = 8
# All states in which the application has not done all it can. In fin-wait-2 and
# time-wait, the client has everything.
STATES = ["established", "syn-recv", "fin-wait-1", "close-wait", "closing", "last-ack"]

NO_DRAIN = "table inet exopool_drain\ndelete table inet exopool_drain\n"
DRAIN = (
    NO_DRAIN
    + """table inet exopool_drain {{
  set ports {{
    type inet_service
    flags timeout
    elements = {{ {port} timeout {seconds}s }}
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    tcp dport @ports ip saddr {{ {checks} }} reject with tcp reset
  }}
}}
"""
)


def run(*command, text=None):
    """Returns what a program prints; raises what it complains about."""
    try:
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=5, check=True
        ).stdout
    except subprocess.CalledProcessError as error:
        raise OSError(f"{command[0]}: {error.stderr.strip()}") from error
    except subprocess.SubprocessError as error:
        raise OSError(str(error)) from error


def parse_seconds(text):
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_SECONDS):
        raise ValueError(f"seconds: a whole number from 1 to {MAX_SECONDS}")
    return int(text)


def parse_checks(text):
    """Returns networks that do not overlap: nft refuses others."""
    words = text.split(",")
    if len(words) > MAX_CHECKS:
        raise ValueError(f"checks: more than {MAX_CHECKS} networks")
    networks = [ipaddress.IPv4Network(word) for word in words]
    for network in networks:
        if network.prefixlen < MIN_PREFIX:
            raise ValueError(f"checks: {network} is too large")
    return list(ipaddress.collapse_addresses(networks))


def is_draining():
    listed = run("nft", "list", "tables")
    if "table inet exopool_drain" not in listed:
        return False
    # What has timed out is not listed.
    return "elements" in run("nft", "list", "set", "inet", "exopool_drain", "ports")


def count(port, left_out):
    states = [word for state in STATES for word in ("state", state)]
    connections = 0
    for line in run("ss", "-Htn", *states, "sport", "=", f":{port}").splitlines():
        peer = ipaddress.ip_address(line.split()[-1].rpartition(":")[0].strip("[]"))
        peer = getattr(peer, "ipv4_mapped", None) or peer
        if not peer.is_loopback and not any(peer in network for network in left_out):
            connections += 1
    return connections


def stop(processes):
    """Sends SIGTERM to the processes in a file of the kernel's, such as a service's."""
    # podman passes the signal on; systemd starts what has ended again.
    with open(processes, encoding="ascii") as file:
        for pid in file.read().split():
            try:
                os.kill(int(pid), signal.SIGTERM)
            except ProcessLookupError:
                pass  # it was quicker


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 5
    server_version, sys_version = "exopool", ""

    def answer(self, status, **values):
        body = json.dumps(values).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_drain(self):
        path, _, query = self.path.partition("?")
        port, left_out = int(sys.argv[1]), [ipaddress.ip_network(self.client_address[0])]
        try:
            if self.command == "PUT" and path == "/drain":
                given = dict(urllib.parse.parse_qsl(query))
                checks = parse_checks(given.get("checks", ""))
                seconds = parse_seconds(given.get("seconds", ""))
                networks = ", ".join(map(str, checks))
                run("nft", "-f", "-", text=DRAIN.format(port=port, seconds=seconds, checks=networks))
                left_out += checks
            elif self.command == "DELETE" and path == "/drain":
                run("nft", "-f", "-", text=NO_DRAIN)
            elif self.command == "POST" and path == "/stop":
                if not is_draining():
                    self.answer(409, error="there is no drain")
                    return
                stop(sys.argv[2])
            elif self.command != "GET" or path != "/drain":
                self.answer(404, error="there are GET, PUT and DELETE /drain, and POST /stop")
                return
            self.answer(200, draining=is_draining(), connections=count(port, left_out))
        except ValueError as error:
            self.answer(400, error=str(error))
        except OSError as error:
            self.log_error("%s", error)
            self.answer(500, error=str(error))

    do_GET = do_PUT = do_DELETE = do_POST = handle_drain


if __name__ == "__main__":
    connection = socket.socket(fileno=0)
    Handler(connection, connection.getpeername(), None)
