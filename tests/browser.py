"""A headless Chromium for tests, driven through a pipe: neither a port nor a library is needed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60
"""Seconds until a browser that says nothing is given up."""

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here: pages are not looked at (Debian: chromium)"
)
"""For tests that look at a page; .ci/run installs Debian's Chromium where it may."""


class Page:
    """A tab.

    Attributes:
        errors: What the console said, and what was thrown, since the page was opened.
        requests: Every address that was asked for since then, the page's own first.
    """

    def __init__(self, browser, session):
        self._browser, self._session = browser, session
        self.errors, self.requests = [], []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method, **parameters):
        """Do what the DevTools protocol calls `method`, and return its result."""
        return self._browser.do(method, parameters, self._session, self._heard)

    def _heard(self, method, told):
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.errors.append(json.dumps(told))
        elif method == "Runtime.consoleAPICalled":
            self.errors.append(json.dumps(told["args"]))

    def open(self, path):
        """Open a file and wait until its scripts have run."""
        self.errors, self.requests = [], []
        self.do("Page.navigate", url=path.resolve().as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def run(self, script):
        """Return what an expression comes to, its promise awaited."""
        told = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, condition):
        """Wait until an expression is true; a browser draws when it has time."""
        begun = time.monotonic()
        while not self.run(condition):
            assert time.monotonic() - begun < PATIENCE, condition
            time.sleep(0.02)

    def width(self, pixels, height=900):
        """Make the window so wide."""
        self.do("Emulation.setDeviceMetricsOverride", width=pixels, height=height,
                deviceScaleFactor=1, mobile=False)  # fmt: skip

    def look(self, *, scheme="light", media=""):
        """Prefer a colour scheme, and show the page as on `print` paper if so wished."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.do("Emulation.setEmulatedMedia", media=media, features=features)
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def press(self, key, code, text=""):
        """Press a key and let it go."""
        known = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **known)
        self.do("Input.dispatchKeyEvent", type="keyUp", **known)

    def point(self, x, y):
        """Move the mouse to a place in the window."""
        self.do("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def pdf(self):
        """Return the page as it is printed."""
        return base64.b64decode(self.do("Page.printToPDF", printBackground=False)["data"])

    def picture(self):
        """Return the whole page as a PNG."""
        told = self.do("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(told["data"])


class _Browser:
    """What is said to Chromium and heard from it."""

    def __init__(self, into, out):
        self._into, self._out = into, out
        self._buffer, self._count = b"", 0

    def do(self, method, parameters, session, heard):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if "method" in told:
                heard(told["method"], told["params"])
            elif told["id"] == self._count:
                assert "error" not in told, (method, told["error"])
                return told["result"]

    def _next(self):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], PATIENCE)
            part = os.read(self._out, 1 << 20) if ready else b""
            assert part, f"Chromium said nothing for {PATIENCE} s, or is gone"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


def _pipe():
    """Return the two ends of a pipe, both apart from the descriptors that Chromium expects."""
    ends = os.pipe()
    kept = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return kept


@contextmanager
def browsing(profile):
    """Start a browser of its own, and yield its only tab."""
    (theirs_in, into), (out, theirs_out) = _pipe(), _pipe()
    # Chromium reads its orders from file descriptor 3 and answers on 4.
    shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    command = ["bash", "-c", shell, "bash", CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [*command, "about:blank"], pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        browser = _Browser(into, out)
        ignore = {"session": None, "heard": lambda *_: None}
        targets = browser.do("Target.getTargets", {}, **ignore)["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        attach = {"targetId": target, "flatten": True}
        session = browser.do("Target.attachToTarget", attach, **ignore)["sessionId"]
        yield Page(browser, session)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(into)
        os.close(out)
