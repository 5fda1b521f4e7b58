"""A switch that refuses us: said plainly, and asked again slowly."""

from fsdialer.esl.link import SwitchAddress
from fsdialer.esl.patience import Timings
from tests.esl.link.engine import Middle
from tests.esl.scripted import PASSWORD, Switch, notice, wait_until


def test_a_wrong_password_is_said_plainly_and_tried_again_slowly(switch, engine, link_to, caplog, monkeypatch):
    tries, paused = Middle(), []
    monkeypatch.setattr(Timings, "pause_s", lambda self, failures, rng: paused.append(failures) or 0.001)
    link = link_to(switch, password="wrong", rng=tries, timings=Timings(refused_s=60))
    wait_until(lambda: engine.states, "the refusal")
    assert link.state.reason == f"127.0.0.1:{switch.port} refused the password"
    assert ("ERROR", f"switch=fs1 up=no reason={link.state.reason}") in [
        (record.levelname, record.getMessage()) for record in caplog.records
    ]
    wait_until(lambda: tries.asked, "the pause to begin")
    assert tries.asked == [(0.5, 1.5)] and paused == []  # a minute and its jitter, not the short pauses
    assert switch.accepted == 1


def test_a_refusal_is_no_end(switch, engine, link_to):
    link = link_to(switch, password="wrong")
    wait_until(lambda: engine.states, "the refusal")
    link.address = SwitchAddress("fs1", "127.0.0.1", switch.port, PASSWORD)  # as if the switch's had been changed
    wait_until(lambda: link.up, "the link to be up")


def test_an_access_list_is_told_from_a_password(engine, link_to):
    def refuse(line):
        line.send(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", notice())
        line.close()

    switch = Switch(refuse)
    link = link_to(switch, timings=Timings(refused_s=60))
    wait_until(lambda: engine.states, "the refusal")
    assert "access list" in link.state.reason
    switch.stop()
