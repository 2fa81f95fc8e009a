"""Opens the page of the matrix in a headless browser, `chromium` or `firefox`, and prints what it reports."""

import http.server
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
from urllib.parse import urlencode

HERE = pathlib.Path(__file__).resolve().parent
FILES = {
    "/page.html": (HERE / "page.html", "text/html"),
    "/matrix.js": (HERE.parent / "javascript/matrix.js", "text/javascript"),
    "/browser_api.js": (HERE.parent / "javascript/browser_api.js", "text/javascript"),
}
COMMANDS = {
    "chromium": [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
        "--user-data-dir={profile}", "{page}",
    ],
    "firefox": ["firefox-esr", "--headless", "--no-remote", "--profile", "{profile}", "{page}"],
}
# Firefox calls home unless it is told not to.
PREFERENCES = """
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.enabled", false);
"""


class Page(http.server.BaseHTTPRequestHandler):
    reports = queue.Queue()

    def do_GET(self):
        path, kind = FILES.get(self.path.split("?")[0], (None, None))
        self.send_response(200 if path else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.end_headers()
        if path:
            self.wfile.write(path.read_bytes())

    def do_POST(self):
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def main(name):
    port = int(os.environ["MATRIX_PAGE_PORT"])
    site = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    query = urlencode({"url": os.environ["MATRIX_URL"], "token": os.environ["MATRIX_TOKEN"]})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        pathlib.Path(profile, "user.js").write_text(PREFERENCES)
        words = {"profile": profile, "page": f"http://127.0.0.1:{port}/page.html?{query}"}
        command = [part.format_map(words) for part in COMMANDS[name]]
        log = open(pathlib.Path(os.environ["MATRIX_CACHE"], f"{name}.log"), "wb")
        browser = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"HOME": profile})
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            while "done" not in (report := Page.reports.get(timeout=60)):
                if "version" in report:
                    report["version"] = re.search(r"(?:Chrome|Firefox)/([\d.]+)", report["version"])[1]
                print(json.dumps(report), flush=True)
        finally:
            browser.terminate()
            browser.wait(10)


main(sys.argv[1])
