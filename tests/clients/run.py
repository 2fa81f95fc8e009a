#!/usr/bin/env python3
"""Runs every client of clients.toml against one generated server, and writes docs/clients.md.

    .ci/clients                 everything
    .ci/clients --fast          one client for each of a few languages: no browsers, no proxies, little to install
    .ci/clients --only ws ...   these clients or proxies alone, and no table

It exits with 1 when a client is missing, or when a case does not end as clients.toml expects. Where some cannot be had,
WSGEN_SKIP_CLIENTS="Chromium, nginx" leaves them out: the last lines say so, and docs/clients.md is not written.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
CACHE = TARGET / "clients"
TOKEN = "matrix-token"
PATH = "/rooms/lobby"

# What a client is asked to do, in the order of the table.
CASES = {
    "header": "connects with the bearer token in `Authorization`",
    "subprotocol": "connects with the token as a subprotocol, `bearer.TOKEN`, and sees `bearer` chosen",
    "typed": "a typed message and its answer, which has the parameter of the path in it",
    "reply": "two requests at once, each answered under its correlation id",
    "text": "64 KiB of text there and back",
    "binary": "1 MiB of bytes there and back",
    "fragments": "one message in three frames",
    "ping": "its ping is answered by a pong with the same bytes",
    "heartbeat": "it waits for three seconds, in which the server pings it several times",
    "close": "it closes with 4001 and sees 4001 come back",
    "closed": "the server closes with 4002 and a reason; it sees both",
    "refused": "a wrong token: it sees 401, or an error where the client hides the status (as pages in browsers)",
    "deflate": "agrees on `permessage-deflate` and exchanges messages that compress, each by itself as servers have it by default",
    "takeover": "the same with `compression.context_takeover`: messages refer to those before them",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[])
    parser.add_argument("--jobs", type=int, default=2, help="clients at the same time")
    options = parser.parse_args()

    matrix = tomllib.loads((HERE / "clients.toml").read_text())
    matrix, skipped = without_skipped(matrix)
    clients, proxies = chosen(matrix, options)
    passing = [client for client in matrix["client"] if any(client["name"] in proxy["clients"] for proxy in proxies)]
    CACHE.mkdir(parents=True, exist_ok=True)
    faults = install(matrix["install"], clients + passing + proxies, "fast" if options.fast else "run")
    pages = {client["name"]: free_port() for client in clients + passing if client.get("page")}
    program = build_server()
    with server(program, pages.values(), "false") as address, server(program, pages.values(), "true") as takeover:
        rows = run_all([(client, None, address, takeover) for client in clients], pages, faults, options.jobs)
        through = []
        for proxy in proxies:
            with contextlib.ExitStack() as stack:
                try:
                    front = stack.enter_context(proxied(proxy, address))
                except (OSError, RuntimeError) as error:
                    faults[proxy["name"]], front = str(error), None
                runs = [(client, proxy, front, None) for client in passing if client["name"] in proxy["clients"]]
                through += run_all(runs, pages, faults, options.jobs)
    if not options.fast and not options.only and not skipped:
        (ROOT / "docs/clients.md").write_text(page(matrix, rows, through))
    return verdict(rows + through, skipped)


def without_skipped(matrix):
    """The matrix without what WSGEN_SKIP_CLIENTS names, and those names."""
    skipped = [name.strip() for name in os.environ.get("WSGEN_SKIP_CLIENTS", "").split(",") if name.strip()]
    every = [entry["name"] for kind in ("client", "proxy") for entry in matrix[kind]]
    if unknown := set(skipped) - set(every):
        sys.exit(f"WSGEN_SKIP_CLIENTS: clients.toml has no {', '.join(sorted(unknown))}")
    kept = {kind: [entry for entry in matrix[kind] if entry["name"] not in skipped] for kind in ("client", "proxy")}
    return matrix | kept, skipped


def chosen(matrix, options):
    """The clients and the proxies of this run; with a proxy come the clients that go through it."""
    clients, proxies = matrix["client"], matrix["proxy"]
    if options.fast:
        return [client for client in clients if client.get("fast")], []
    if options.only:
        unknown = set(options.only) - {entry["name"] for entry in clients + proxies}
        if unknown:
            sys.exit(f"clients.toml has no {', '.join(sorted(unknown))}")
        proxies = [proxy for proxy in proxies if proxy["name"] in options.only]
        clients = [client for client in clients if client["name"] in options.only]
    return clients, proxies


# Installing


def install(steps, entries, kind):
    """Runs each step that an entry needs once; what failed, by the name of the entry."""
    needed = [name for entry in entries for name in entry.get("install", [])]
    packages = sorted({package for name in needed for package in steps[name].get("apt", [])})
    failed = {}
    if packages and (missing := [package for package in packages if not installed(package)]):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        subprocess.run([*apt, "update", "-q"], stdout=subprocess.DEVNULL)
        subprocess.run([*apt, "install", "-qq", "--yes", "--no-install-recommends", *missing], stdout=subprocess.DEVNULL)
    for name in dict.fromkeys(needed):
        step = steps[name]
        if missing := [package for package in step.get("apt", []) if not installed(package)]:
            failed[name] = f"not installed: {', '.join(missing)}"
            continue
        for command in step.get(kind, step.get("run", [])):
            print(f"{name}: {command}", flush=True)
            done = subprocess.run(["bash", "-c", filled(command)], cwd=HERE, capture_output=True, text=True)
            if done.returncode:
                failed[name] = f"{command}: {(done.stderr or done.stdout).strip()[-2000:]}"
                print(failed[name], flush=True)
                break
    return {
        entry["name"]: failed[name] for entry in entries for name in entry.get("install", []) if name in failed
    }


def installed(package):
    done = subprocess.run(["dpkg-query", "-Wf", "${db:Status-Status}", package], capture_output=True, text=True)
    return done.stdout == "installed"


def debian_version(package):
    done = subprocess.run(["dpkg-query", "-Wf", "${Version}", package], capture_output=True, text=True)
    # Without epoch and revision: what the project itself calls it.
    return re.sub(r"^\d+:|[+-][^-]*$", "", done.stdout)


def filled(command):
    return command.replace("{cache}", str(CACHE))


# The server


@contextlib.contextmanager
def server(program, pages, takeover):
    """The server of server/ running; yields its address."""
    environment = {
        "WSGEN__LISTEN__ADDRESS": "127.0.0.1:0",
        "WSGEN__ADMIN__ADDRESS": "127.0.0.1:0",
        "WSGEN__LOG__FORMAT": "json",
        "WSGEN__ORIGIN__ALLOW": json.dumps([f"http://127.0.0.1:{port}" for port in pages]),
        "WSGEN__COMPRESSION__CONTEXT_TAKEOVER": takeover,
    }
    command = [program, "--config", HERE / "server/config.toml"]
    log = CACHE / f"server-{takeover}.log"
    with running(command, log, environment) as process:
        yield waited(process, log, lambda: next(
            (event["address"] for event in events(log) if event.get("message") == "listening"), None
        ))
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log}")


def build_server():
    """What `wsgen init` makes of the document, with our handlers, built."""
    project = CACHE / "server"
    shutil.rmtree(project, ignore_errors=True)
    cargo = ["cargo", "run", "--quiet", "--locked", "--manifest-path", ROOT / "Cargo.toml", "--"]
    init = ["init", HERE / "server/asyncapi.yaml", project, "--name", "matrix", "--minimal", "--quiet"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(TARGET)}
    subprocess.run(
        [*cargo, *init, "--runtime-path", ROOT / "runtime"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    for handlers in (HERE / "server").glob("*.rs"):
        shutil.copy(handlers, project / "src/handlers")
    shutil.copy(ROOT / "Cargo.lock", project)
    subprocess.run(["cargo", "build", "--quiet"], cwd=project, env=environment, check=True)
    return TARGET / "debug/matrix"


def events(log):
    for line in log.read_text().splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


@contextlib.contextmanager
def running(command, log, environment={}):
    """A process that ends with the block, and everything that it started."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command], env=os.environ | environment, cwd=CACHE,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def waited(process, log, ready):
    """What `ready` says as soon as it says something."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        if (value := ready()) is not None:
            return value
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not start: {log.read_text()[-2000:]}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Proxies


@contextlib.contextmanager
def proxied(proxy, upstream):
    """The proxy in front of the server; yields its address."""
    port = free_port()
    config = (HERE / proxy["config"]).read_text()
    folder = CACHE / proxy["config"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / pathlib.Path(proxy["config"]).name
    recommended = operations(proxy["name"]).replace("127.0.0.1:8080", upstream)
    for word, value in {"LISTEN": str(port), "FOLDER": str(folder), "RECOMMENDED": recommended}.items():
        config = config.replace(f"@{word}@", value)
    path.write_text(config)
    log = folder / "log"
    command = shlex.split(filled(proxy["run"]).replace("{config}", str(path)).replace("{folder}", str(folder)))
    with running(command, log) as process:
        yield waited(process, log, lambda: f"127.0.0.1:{port}" if answers(port) else None)


def operations(name):
    """The lines that docs/operations.md recommends for a proxy."""
    text = (ROOT / "docs/operations.md").read_text()
    return re.search(rf"^#### {re.escape(name)}\n.*?^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# Running


class Row:
    """What one client did, perhaps through a proxy."""

    def __init__(self, client, proxy):
        self.client, self.proxy = client, proxy
        self.version, self.results, self.output = "", {}, ""

    def take(self, output):
        """What a client's script printed."""
        self.output = output
        for line in output.splitlines():
            try:
                report = json.loads(line)
            except ValueError:
                continue
            if not isinstance(report, dict):
                continue
            self.version = report.get("version", self.version)
            if report.get("case") in CASES:
                self.results[report["case"]] = report

    def lacks(self, case):
        """Who has no extensions has no context either; through proxies there is one server."""
        lacks = self.client.get("lacks", {})
        return case in lacks or (case == "takeover" and (self.proxy or "deflate" in lacks))

    def name(self):
        return self.client["name"] + (f" through {self.proxy['name']}" if self.proxy else "")

    def faults(self):
        """What is not as clients.toml expects."""
        broken = self.client.get("broken", {})
        if not self.results:
            yield f"nothing came of it: {self.output[-1500:]}"
            return
        for case in CASES:
            result = self.results.get(case)
            if self.lacks(case):
                if result is not None:
                    yield f"{case}: reported, though clients.toml says that it lacks it"
            elif result is None:
                yield f"{case}: not reported: {self.output[-500:]}"
            elif case in broken:
                if result["result"] == "pass":
                    yield f"{case}: passes, though clients.toml says that it is broken"
            elif result["result"] != "pass":
                yield f"{case}: {result.get('detail', 'failed')}"

    def cell(self, case):
        if self.lacks(case):
            return "–"
        if case in self.client.get("broken", {}):
            return "broken"
        return "✓" if self.results.get(case, {}).get("result") == "pass" else "**fails**"


def run_all(runs, pages, faults, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run_one, *run, pages, faults) for run in runs]
        return [future.result() for future in futures]


def run_one(client, proxy, address, takeover, pages, faults):
    row = Row(client, proxy)
    for name in (client["name"], proxy and proxy["name"]):
        if name in faults:
            row.output = faults[name]
            return told(row)
    environment = os.environ | {
        "MATRIX_TOKEN": TOKEN,
        "MATRIX_PAGE_PORT": str(pages.get(client["name"], "")),
        "MATRIX_CACHE": str(CACHE),
    }
    row.take(output_of(client, environment | {"MATRIX_URL": f"ws://{address}{PATH}"}))
    if takeover and "deflate" not in client.get("lacks", {}):
        # The case deflate once more, against a server that keeps what was compressed before.
        again = Row(client, proxy)
        again.take(output_of(client, environment | {"MATRIX_URL": f"ws://{takeover}{PATH}"}))
        row.results["takeover"] = again.results.get("deflate", {"result": "fail", "detail": again.output[-500:]})
    if "debian" in client:
        row.version = debian_version(client["debian"])
    return told(row)


def output_of(client, environment):
    process = subprocess.Popen(
        shlex.split(filled(client["run"])), cwd=HERE, env=environment, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )
    try:
        return process.communicate(timeout=120)[0]
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        return process.communicate()[0] + "\nended after 120 s"


def told(row):
    lines = list(row.faults())
    passed = sum(result["result"] == "pass" for result in row.results.values())
    print(f"{'FAIL' if lines else 'ok  '} {row.name()} {row.version}: {passed} cases", *lines, sep="\n       ", flush=True)
    return row


def verdict(rows, skipped):
    failed = [row for row in rows if any(row.faults())]
    for name in skipped:
        print(f"SKIPPED {name} (WSGEN_SKIP_CLIENTS)")
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


# The page


def page(matrix, rows, through):
    # "JavaScript, in a page" is no other language.
    languages = {row.client["language"].split(",")[0] for row in rows}
    lines = [
        "# Clients",
        "",
        "What talks to a generated server, as `.ci/clients` saw it: it makes this page. Every client runs in its own",
        "language against the server of `tests/clients/server`; how to add one is in `tests/clients/clients.toml`.",
        "",
        f"{len(rows)} clients in {len(languages)} languages, and {len(matrix['proxy'])} proxies.",
        "",
        *table(
            ["client", "version", "language", *CASES],
            ([row.client["name"], row.version, row.client["language"], *map(row.cell, CASES)] for row in rows),
        ),
        "",
        "| case | what happens |",
        "|---|---|",
        *(f"| {case} | {meaning} |" for case, meaning in CASES.items()),
        "",
        "`–`: the client has no means for it. `broken`: it fails by a fault of the client's.",
        "",
        *(
            f"- **{row.client['name']}**, {case}: {why}"
            for row in rows
            for kind in ("lacks", "broken")
            for case, why in row.client.get(kind, {}).items()
        ),
    ]
    if through:
        cases = [case for case in CASES if case != "takeover"]
        lines += [
            "",
            "## Through proxies",
            "",
            "With the lines that [operations](operations.md#behind-a-proxy) recommends.",
            "",
            *table(
                ["proxy", "version", "client", *cases],
                (
                    [row.proxy["name"], debian_version(row.proxy["debian"]), row.client["name"], *map(row.cell, cases)]
                    for row in through
                ),
            ),
        ]
    if matrix.get("absent"):
        lines += ["", "## Not here", "", *(f"- {name}: {why}" for name, why in matrix["absent"].items())]
    return "\n".join(lines) + "\n"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    sys.exit(main())
