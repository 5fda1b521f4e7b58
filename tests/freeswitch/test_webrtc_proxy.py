"""The phone in the operator's page behind nginx, as docs/freeswitch.md has it, against a real FreeSWITCH. Skipped,
saying so, where something is missing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.freeswitch.browser import MISSING, SPY, get_on_line, hang_up, heard, sign_in, talk
from tests.freeswitch.test_real import free_port, until

MISSING_HERE = MISSING + [name for name in ("nginx", "openssl") if not shutil.which(name)]
pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING_HERE), reason=f"not here: {', '.join(MISSING_HERE)}: no phone behind nginx"),
]
DOCS = Path(__file__).parents[2] / "docs/freeswitch.md"


@pytest.fixture
def lab(browser_lab):
    """Whose web sends phones to its own host's `/sip`."""
    direct = browser_lab.env["FSDIALER_SIP_WS"]
    for address in ("/sip", direct):
        browser_lab.env["FSDIALER_SIP_WS"] = address
        browser_lab.web.stop()
        browser_lab.web = browser_lab.start_web()
        if address == "/sip":
            yield browser_lab


@pytest.fixture(params=["ws_binding", "wss_binding"])
def proxy(request, lab, tmp_path):
    """The block of the documentation, in front of `lab` and this binding of its switch; the port it listens on."""
    port, binding = free_port(), lab.values[request.param]
    block = re.search(r"```\n(server \{.*?)```", DOCS.read_text(), re.S)[1]
    scheme = "https" if request.param == "wss_binding" else "http"
    for old, new in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/letsencrypt/live/dialer.example.com", str(tmp_path)),
        ("http://127.0.0.1:8080;\n    proxy_set_header", f"http://127.0.0.1:{lab.web_port};\n    proxy_set_header"),
        ("http://127.0.0.1:5066", f"{scheme}://{binding}"),
    ):
        assert old in block, old
        block = block.replace(old, new)
    logs = f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/log;"
    (tmp_path / "nginx.conf").write_text(f"{logs} events {{}} http {{ access_log off; {block} }}")
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    subprocess.run([*certificate, *files], check=True, capture_output=True)
    nginx = subprocess.Popen(["nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path], stdin=subprocess.DEVNULL)
    until(lambda: (tmp_path / "pid").exists())
    yield port
    nginx.terminate()
    nginx.wait()


def test_customer_is_put_through_to_a_page_behind_nginx(talking_chromium, lab, proxy):
    context = talking_chromium.new_context(ignore_https_errors=True)
    context.add_init_script(SPY)
    page = sign_in(context, f"https://127.0.0.1:{proxy}/")
    get_on_line(page)
    lab.customer()
    talk(page)
    flowing = heard(page)
    assert flowing["sent"] > 40 and flowing["received"] > 40
    hang_up(page)
    context.close()
