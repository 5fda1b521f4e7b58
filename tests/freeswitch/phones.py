"""Phones of flesh: baresip processes on loopback that answer every call by themselves and say one tone."""

import shutil
import socket
import subprocess
import time

BARESIP = shutil.which("baresip")

_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
sip_trans_def udp
net_interface 127.0.0.1
dns_server 127.0.0.1:53
call_local_timeout 120
call_max_calls {calls}
audio_player aubridge,sink{port}
audio_source {source}
audio_alert aubridge,alert{port}
ausrc_srate 48000
auplay_srate 48000
ausrc_channels {channels}
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports {rtp}-{rtp_last}
rtcp_mux no
rtp_timeout {gives_up_s}
rtp_stats no
module_path {modules}
module g711.so
module {module}.so
module aubridge.so
module sndfile.so
snd_path {folder}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""


def modules_folder():
    """Where Debian and others keep baresip's modules."""
    for folder in ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"):
        if shutil.os.path.isdir(folder):
            return folder
    return "/usr/local/lib/baresip/modules"


class Phone:
    """Listens on a free port as each of `users`; says a tone of `hz`, or nothing at all when it is 0. A call that
    falls silent is over after `gives_up_s`, 0 for never."""

    def __init__(self, folder, hz, rtp, users, calls=4, gives_up_s=0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder.mkdir()
        # `aubridge` with nobody on its other side is silence that is still sent.
        source, module, channels = (f"ausine,{hz}", "ausine", 2) if hz else (f"aubridge,none{self.port}", "aubridge", 1)
        values = {"port": self.port, "calls": calls, "source": source, "module": module, "channels": channels}
        values |= {
            "gives_up_s": gives_up_s,
            "rtp": rtp,
            "rtp_last": rtp + max(19, 4 * calls),
            "modules": modules_folder(),
            "folder": folder,
        }
        (folder / "config").write_text(_CONFIG.format(**values))
        about = "regint=0;answermode=auto;audio_codecs=PCMU/8000/1"
        accounts = [f"<sip:{user}@127.0.0.1:{self.port};transport=udp>;{about}\n" for user in users]
        (folder / "accounts").write_text("".join(accounts))
        (folder / "contacts").write_text("")
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [BARESIP, "-f", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        end = time.monotonic() + 10
        while "baresip is ready" not in self.log.read_text(errors="replace"):
            assert time.monotonic() < end and self._process.poll() is None, self.log.read_text(errors="replace")
            time.sleep(0.05)

    def stop(self):
        self._process.kill()
        self._process.wait()
