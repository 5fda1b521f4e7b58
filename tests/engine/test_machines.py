"""What listens for answering machines on which switch: asked before it is named in a call, told when it is missing."""

from dataclasses import dataclass, field, replace

import pytest

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Amd, AmdAction, Campaign, Company
from fsdialer.engine.lines import Lines
from fsdialer.engine.machines import Machines
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import SwitchTimeout
from fsdialer.esl.link import SwitchAddress
from fsdialer.store import CompanyStore

SPRING = Campaign("acme", "spring", message="sorry.wav")


@dataclass
class Link:
    """A switch with these modules; None: it does not answer."""

    modules: set | None
    address: SwitchAddress = SwitchAddress("fs1", "127.0.0.1", 8021, "secret")
    up: bool = True
    asked: list = field(default_factory=list)

    def ask(self, command):
        self.asked.append(command)
        if self.modules is None:
            raise SwitchTimeout("no answer")
        return "true\n" if command.removeprefix("module_exists ") in self.modules else "false\n"

    def bgapi(self, command, job):
        self.asked.append(command)


@pytest.fixture
def acme(redis):
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    return acme


@pytest.fixture
def listens(acme):
    """What listens to a call of a campaign with these settings on that switch."""
    machines = Machines(Tasks(), Lines(), lambda: 1000.0)

    def listens(link, again=False, **settings):
        if again:
            machines.look(link)
        return machines.detectors(acme, replace(SPRING, **settings), link)

    return listens


def alerts(acme):
    return [alert.name for alert in acme.alerts.standing()]


def test_nothing_listens_unless_asked_for_and_no_switch_is_asked(listens):
    link = Link({"mod_avmd", "mod_amd"})
    assert listens(link) == () and link.asked == []


def test_a_switch_is_asked_once_before_its_first_call(listens):
    link = Link({"mod_avmd"})
    assert [listens(link, amd=Amd.BEEP) for _ in range(3)] == [("beep",)] * 3
    assert link.asked == ["module_exists mod_avmd", "module_exists mod_amd"]


def test_rules_listen_for_a_beep_too_when_it_says_where_a_message_begins(listens):
    link = Link({"mod_avmd", "mod_amd"})
    assert listens(link, amd=Amd.RULES) == ("rules",)
    assert listens(link, amd=Amd.RULES, amd_action=AmdAction.MESSAGE) == ("rules", "beep")
    assert listens(Link({"mod_amd"}), again=True, amd=Amd.RULES, amd_action=AmdAction.MESSAGE) == ("rules",)


def test_a_module_that_is_missing_is_never_named_and_an_alert_stands_until_it_is_there(listens, acme):
    link = Link({"mod_avmd"})
    assert listens(link, amd=Amd.RULES) == () and alerts(acme) == ["amd.spring.fs1"]
    assert "mod_amd" in acme.alerts.get("amd.spring.fs1").text
    link.modules.add("mod_amd")
    assert listens(link, again=True, amd=Amd.RULES) == ("rules",) and alerts(acme) == []


def test_an_alert_is_over_when_nothing_is_to_listen_any_more(listens, acme):
    link = Link(set())
    listens(link, amd=Amd.BEEP)
    assert alerts(acme) == ["amd.spring.fs1"]
    listens(link)
    assert alerts(acme) == []


def test_a_switch_that_does_not_say_has_nothing_and_no_alert_blames_it(listens, acme):
    link = Link(None)
    assert listens(link, amd=Amd.BEEP) == () and alerts(acme) == []
    assert listens(link, amd=Amd.BEEP) == () and len(link.asked) == 1, "not asked again with every call"


def test_a_switch_that_came_back_without_the_module_is_not_believed_to_have_it(listens):
    assert listens(Link({"mod_avmd"}), amd=Amd.BEEP) == ("beep",)
    assert listens(Link(None), again=True, amd=Amd.BEEP) == ()


@pytest.mark.parametrize(
    ("amd", "modules", "silence_ms"),
    [
        ("beep", {"mod_avmd"}, 42_000),
        ("rules", {"mod_avmd", "mod_amd"}, 42_000),
        ("rules", {"mod_amd"}, 0),
        ("", {"mod_avmd"}, 0),
    ],
)
def test_beep_is_waited_for_after_the_message_as_long_as_it_would_be_heard(amd, modules, silence_ms):
    lines, link = Lines(), Link(modules)
    lines.add(link)
    machines = Machines(Tasks(), lines, lambda: 1003.0)
    machines.look(link)
    call = Call("uuid-1", "acme", "spring", "1", "+12125550100", "trunk", "fs1", 1, 990.0, amd=amd, answered_at=1000.0)
    machines.send_away(call, replace(SPRING, amd_action=AmdAction.MESSAGE), False, lambda: None)
    waited = f",playback:silence_stream://{silence_ms}" if silence_ms else ""
    assert link.asked[-1] == f"uuid_transfer uuid-1 'playback:sorry.wav{waited},hangup:NORMAL_CLEARING' inline"
