"""Customers sent to the company's own PBX through a real FreeSWITCH, and phones that are shown no number: a dialer, and
SIP peers who keep every message. Skipped, saying so, where there is no `freeswitch` on PATH."""

import json
import re
import shutil
import time

import pytest

from fsdialer.core.campaigns import PhoneFamily, Station
from fsdialer.core.leads import NewLead
from tests.freeswitch.centre import NAME
from tests.freeswitch.peer import SDP, header
from tests.freeswitch.test_real import until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(shutil.which("freeswitch") is None, reason="no freeswitch on PATH: REFER was not tried on one"),
]


@pytest.fixture
def centre(real_centre):
    real_centre.carrier.messages.clear()
    real_centre.phone.messages.clear()
    real_centre.acme.referrals.forget("trunk")
    real_centre.campaign()
    yield real_centre
    real_centre.off_line()


def on_the_pbx(centre, refer, bye=False):
    centre.carrier.refer, centre.carrier.bye_after_refer = list(refer), bye
    centre.station(Station.REFER)


# -- REFER -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("refer", "bye"), [((202, 100, 200), False), ((202, 200), True), ((202,), True)])
def test_a_pbx_that_takes_the_customer_has_them_and_our_leg_is_gone(centre, refer, bye):
    on_the_pbx(centre, refer, bye)
    call = centre.call()
    assert call["refer"] == "done"
    (asked,) = centre.carrier.requests("REFER")
    assert header(asked, "Refer-To") == f"<sip:1001@127.0.0.1:{centre.carrier.port}>"
    until(lambda: centre.esl.api(f"uuid_exists {call['uuid']}").strip() == "false")
    assert bye or centre.carrier.requests("BYE")
    assert centre.phone.requests("INVITE") == [], "nobody is rung besides"
    assert centre.acme.operators.view("1001").state == "on_call"
    assert centre.finish(call)["disposition"] == "answered"


@pytest.mark.parametrize(
    ("refer", "reason"),
    [
        ((403,), "REFER was refused: 403"),
        ((501,), "REFER was refused: 501"),
        ((), "REFER was not answered"),
        ((202,), "never said how it went"),
        ((202, 100, 503), "could not connect the operator: 503"),
    ],
)
def test_whatever_goes_wrong_the_customer_is_bridged_through_the_gateway_and_it_is_remembered(centre, refer, reason):
    on_the_pbx(centre, refer)
    call = centre.call()
    assert call["refer"] == "failed" and float(call["voice_ms"]) < 6000
    rung = [text.split(" ")[1] for text in centre.carrier.requests("INVITE")]
    assert rung[-1].startswith("sip:1001@"), "the operator's extension is rung through the gateway"
    assert shows([centre.carrier.requests("INVITE")[-1]], call["number"]) == []
    until(lambda: centre.esl.api(f"uuid_getvar {call['uuid']} bridge_uuid").strip() == call["leg"])
    assert reason in centre.acme.referrals.refusal("trunk").reason
    (alert,) = [a for a in centre.acme.alerts.standing() if a.name == "gateway-refer.trunk"]
    assert reason in alert.text
    centre.finish(call)
    until(lambda: centre.state == "available")
    before = len(centre.carrier.requests("REFER"))
    other = centre.call()
    assert len(centre.carrier.requests("REFER")) == before, "not asked again for a while"
    centre.finish(other)


def test_a_pbx_that_wants_a_password_for_it_costs_one_customer_and_the_next_is_bridged(centre):
    """FreeSWITCH hangs up on the first."""
    on_the_pbx(centre, (407,))
    centre.acme.leads.add("spring", [NewLead("+12125550399")], time.time())
    until(lambda: (refusal := centre.acme.referrals.refusal("trunk")) and "password" in refusal.reason)
    until(lambda: centre.state == "available")
    call = centre.call()
    assert call["refer"] != "done" and len(centre.carrier.requests("REFER")) == 1
    centre.finish(call)


@pytest.mark.parametrize(
    ("refer", "bye", "number"),
    [((202, 200), False, "+12125550391"), ((202, 200), True, "+12125550392"), ((202,), True, "+12125550393")],
)
def test_a_customer_the_pbx_takes_while_no_dialer_runs_talks_there_for_the_next_one(centre, refer, bye, number):
    """Killed before the PBX said anything; else they would have waited in vain, and be called again."""
    on_the_pbx(centre, refer, bye)
    with centre.dying_at("REFER"):
        lead = centre.acme.leads.add("spring", [NewLead(number)], time.time()).lead_ids[0]
        until(lambda: centre.carrier.requests("REFER"))
    uuid = centre.redis.hget(centre.acme.keys.lead(lead), "call")
    centre.start_dialer()
    until(lambda: centre.acme.calls.get(uuid).get("bridged"), 30)
    until(lambda: centre.esl.api(f"uuid_exists {uuid}").strip() == "false")
    assert centre.acme.operators.view("1001").state == "on_call"
    assert centre.finish({"uuid": uuid})["disposition"] == "answered"
    assert centre.acme.leads.get(lead).attempts == 1


def test_the_customers_side_may_send_nobody_elsewhere(centre):
    """A key of a customer's desk phone must not cost the operator the line."""
    centre.station(Station.NAILED)
    call = centre.call()
    answer = centre.carrier.within("REFER", "Refer-To: <sip:9196@127.0.0.1>\r\n")
    talks_to = centre.esl.api(f"uuid_getvar {call['uuid']} bridge_uuid").strip()
    assert (answer, talks_to, centre.finish(call)["disposition"]) == (405, call["leg"], "answered")
    assert centre.acme.operators.view("1001").leg == call["leg"]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_carrier_may_refresh_its_calls_as_often_as_the_standard_allows(centre, method):
    """Refused, it would end the talk when its time is over."""
    centre.station(Station.RING)
    call = centre.call()
    more, body = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", ""
    if method == "INVITE":
        more, body = f"{more}Content-Type: application/sdp\r\n", SDP.format(port=9)
    assert centre.carrier.within(method, more, body) == 200
    assert centre.finish(call)["disposition"] == "answered"


# -- numbers hidden --------------------------------------------------------------------------------------------
def shows(messages, number):
    """Messages in which the number, or its last digits without country and area, stands anywhere."""
    forms = {number.lstrip("+"), number[2:], number[5:]}
    return [text for text in messages if any(form in re.sub(r"[ ().-]", "", text) for form in forms)]


@pytest.mark.parametrize(("station", "number"), [(Station.RING, "+13125557321"), (Station.NAILED, "+13125557323")])
def test_no_message_to_the_operators_phone_carries_the_number(centre, station, number):
    centre.station(station)
    call = centre.call(number)
    until(lambda: centre.state == "on_call")
    assert centre.esl.api(f"uuid_broadcast {call['leg']} silence_stream://100 aleg").startswith("+OK")
    assert centre.finish(call)["disposition"] == "answered"
    centre.off_line()
    heard = list(centre.phone.messages)
    assert [t for t in heard if t.startswith("INVITE")] and [t for t in heard if t.startswith("BYE")]
    assert shows(centre.carrier.messages, number), "the carrier has it, so the search finds what is there"
    assert shows(heard, number) == []
    invite = heard[0]
    assert f'"{NAME}"' in header(invite, "From")
    if station is Station.RING:
        assert f"<sip:{call['lead']}@" in header(invite, "From"), "the lead's id is the reference"
    assert number[5:] not in call["uuid"]
    assert not shows(centre.phone.requests("UPDATE") + centre.phone.requests("INFO"), number)


def test_a_carrier_is_told_of_neither_lead_nor_campaign_when_its_customer_is_joined(centre):
    """FreeSWITCH would have it show them to the customer in place of who called."""
    centre.station(Station.RING)
    centre.finish(centre.call())
    assert {text.split()[0] for text in centre.carrier.messages} <= {"INVITE", "ACK", "BYE", "SIP/2.0"}
    assert not [text for text in centre.carrier.messages if NAME in text]


@pytest.mark.parametrize(("station", "number"), [(Station.RING, "+13125557324"), (Station.NAILED, "+13125557325")])
def test_what_the_carrier_writes_into_its_goodbye_does_not_reach_the_operators_phone(centre, station, number):
    """Nor does a held phone get it with the end of its line, later."""
    centre.station(station)
    call = centre.call(number)
    until(lambda: centre.state == "on_call")
    told = f"X-Number: {number}\r\nP-Asserted-Identity: <sip:{number}@x>\r\nP-Party: {number}\r\n"
    assert centre.carrier.within("BYE", f'{told}Reason: Q.850;cause=16;text="{number}"\r\n') == 200
    assert centre.ended(call)["disposition"] == "answered"
    centre.off_line()
    until(lambda: centre.phone.requests("BYE"))
    assert shows(centre.phone.messages, number) == []


def test_the_refer_to_a_pbx_names_the_extension_and_not_the_number(centre):
    number = "+13125557322"
    on_the_pbx(centre, (202, 200))
    call = centre.call(number)
    (asked,) = centre.carrier.requests("REFER")
    for name in ("Refer-To", "Referred-By", "Contact", "From"):
        assert shows([header(asked, name)], number) == [], name
    centre.finish(call)


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED, Station.REFER])
@pytest.mark.parametrize(
    ("name", "shown"),
    [("Весна, «2026»", "Весна 2026"), ("E\u0301te\u0301 ${x}'", "Été x"), ("春のセール" * 16, "春のセール" * 8)],
    ids=["letters", "marks", "longest"],
)
def test_a_campaigns_name_is_shown_on_the_phone_in_any_script(centre, station, name, shown):
    centre.campaign(name=name)
    centre.carrier.refer = [403]  # so that the phone behind the gateway is rung
    centre.station(station)
    call = centre.call()
    invites = (centre.carrier if station is Station.REFER else centre.phone).requests("INVITE")
    name_shown = f"{shown[:28]} {call['lead']}" if station is Station.REFER else shown  # with its reference
    assert header(invites[-1], "From").startswith(f'"{name_shown}" <sip:')
    listed = until(lambda: (said := centre.esl.api("show channels as json")).count('"uuid"') == 2 and said)
    assert {row["uuid"] for row in json.loads(listed)["rows"]} == {call["uuid"], call["leg"]}
    centre.finish(call)


# -- auto-answer -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("agent", "phone", "asks"),
    [
        ("baresip v3", PhoneFamily.AUTO, "Call-Info: <sip:127.0.0.1>;answer-after=0"),
        ("baresip v3", PhoneFamily.ALERT_INFO, "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0"),
        ("Mitel-6867i", PhoneFamily.AUTO, "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0"),
        ("PolycomVVX", PhoneFamily.CALL_INFO, "Call-Info: <sip:127.0.0.1>;answer-after=0"),
        ("baresip v3", PhoneFamily.NONE, ""),
    ],
)
@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_a_phone_is_asked_to_answer_by_itself_as_it_understands(centre, station, agent, phone, asks):
    centre.register(agent)
    centre.station(station, phone)
    centre.finish(centre.call())
    (invite,) = centre.phone.requests("INVITE")
    said = [line for line in invite.split("\r\n") if line.startswith(("Call-Info", "Alert-Info"))]
    assert said == ([asks] if asks else [])


# -- held phones -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("sound", "heard"), [("tone_stream://%(100,400,440);loops=-1", True), ("silence", False)])
def test_a_held_phone_hears_its_sound_between_calls_and_only_then(centre, sound, heard):
    centre.campaign(held_sound=sound)
    centre.station(Station.NAILED)

    def between_calls():
        packets, loud = centre.phone.hears(1.0)
        return packets > 30 and (loud > 5) is heard

    until(between_calls)
    call = centre.call()
    assert centre.phone.hears(1.0)[1] == 0, "the sound goes on into the talk"
    centre.finish(call)
    until(between_calls)


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_a_customer_whose_operator_holds_the_line_is_sent_silence_rather_than_nothing(centre, station):
    """Carriers end calls that nothing comes from."""
    centre.station(station)
    call = centre.call()
    hold = f"{SDP.format(port=9)}a=sendonly\r\n"
    assert centre.phone.within("INVITE", "Content-Type: application/sdp\r\n", hold) == 200
    packets, loud = centre.carrier.hears(1.0)
    assert packets > 30 and loud == 0
    assert centre.finish(call)["disposition"] == "answered"
