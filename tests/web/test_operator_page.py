"""What the operator's buttons do, and what the page is told. The browser's side: `test_browser`."""

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError

from fsdialer.core.campaigns import PhoneTestRule, Station
from fsdialer.core.phones import NO_DIALER, UNHEARD_S, judge_test
from fsdialer.core.times import iso
from tests.web.conftest import NUMBER
from web.feed import _operator_stream
from web.views import operator_view


def hide_numbers(acme):
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), hide_numbers=True))


def test_getting_on_the_line_and_leaving_it(acme, ann):
    assert ann.ask("on", campaign="spring").json["state"] == "available"
    assert acme.operators.view("1001").via == "web"
    assert ann.ask("off").json["state"] == "off"


def test_line_of_a_campaign_that_is_not_theirs_is_refused_in_words(ann):
    answer = ann.ask("on", campaign="autumn")
    assert answer.status_code == 409
    assert "not of campaign" in answer.json["error"]


def test_operator_of_no_campaign_is_told_so(acme, ann):
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), campaigns=()))
    assert "is of no campaign yet" in ann.ask("on", campaign="").json["error"]


def test_pause_needs_a_reason(ann):
    ann.ask("on", campaign="spring")
    assert ann.ask("pause", reason="").status_code == 409
    view = ann.ask("pause", reason="Lunch").json
    assert (view["state"], view["reason"]) == ("paused", "Lunch")
    assert ann.ask("ready").json["state"] == "available"


def test_operator_sees_that_a_call_is_recorded(acme, customer):
    call = customer()
    assert operator_view(acme, "1001", time.time())["card"]["recorded"] is False
    acme.calls.will_be_recorded(call, "acme/2026-11-23/call-1.wav")
    assert operator_view(acme, "1001", time.time())["card"]["recorded"] is True


def test_card_is_there_on_reservation_before_any_voice(acme, ann, customer):
    customer(talking=False)
    view = operator_view(acme, "1001", time.time())
    assert (view["state"], view["card"]["name"]) == ("reserved", "Zoé Pérez")
    assert view["card"]["fields"]["City"] == "Paris"


def test_card_has_its_fields_in_the_order_of_the_columns(acme, ann, customer):
    acme.leads.keep_order("spring", ["Zip", "City", "Age"])
    customer(fields={"Age": "3", "Other": "x", "City": "Rome", "Zip": "1"})
    assert list(ann.ask("ready").json["card"]["fields"]) == ["Zip", "City", "Age", "Other"]


def test_outcome_and_note_reach_the_lead(acme, ann, customer):
    call = customer()
    assert ann.ask("outcome", call=call, outcome="sale", note="two boxes").status_code == 200
    lead = acme.leads.get(acme.leads.find("spring", NUMBER))
    assert (lead.outcome, lead.note) == ("sale", "two boxes")


def test_call_back_at_a_time_in_any_zone(acme, ann, customer):
    call = customer()
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    ann.ask("outcome", call=call, outcome="callback", note="", callback_at=at.isoformat())
    assert acme.leads.get(acme.leads.find("spring", NUMBER)).next_at == at.timestamp()


def test_time_without_a_zone_is_refused(ann, customer):
    answer = ann.ask("outcome", call=customer(), outcome="callback", callback_at="2031-01-01T10:00")
    assert answer.status_code == 409


def test_outcome_of_anothers_call_is_refused(ann, customer):
    call = customer(operator="1002")
    assert ann.ask("outcome", call=call, outcome="sale").status_code == 409


def test_note_that_is_too_long_is_refused_and_nothing_is_saved(acme, ann, customer):
    assert ann.ask("outcome", call=customer(), outcome="sale", note="x" * 2001).status_code == 409
    assert acme.leads.get(acme.leads.find("spring", NUMBER)).outcome == ""


def test_note_without_an_outcome_reaches_the_lead_and_leaves_the_outcome_open(acme, ann, customer):
    call = customer()
    assert ann.ask("note", call=call, note="two boxes").status_code == 204
    lead = acme.leads.get(acme.leads.find("spring", NUMBER))
    assert (lead.outcome, lead.note, ann.ask("ready").json["card"]["note"]) == ("", "two boxes", "two boxes")
    assert ann.ask("note", call=call, note="x" * 2001).status_code == 409


def test_note_of_anothers_call_is_refused(acme, ann, customer):
    assert ann.ask("note", call=customer(operator="1002"), note="two boxes").status_code == 409
    assert ann.ask("note", call="unknown", note="two boxes").status_code == 409
    assert acme.leads.get(acme.leads.find("spring", NUMBER)).note == ""


def test_hang_up_is_left_in_the_feed_for_the_dialer(acme, ann, customer):
    call = customer()
    before = acme.feed.last_id()
    ann.ask("hangup")
    wishes = [e for _, e in acme.feed.read(before, 1) if e["type"] == "wish"]
    assert wishes == [{"type": "wish", "operator": "1001", "call": call, "what": "hangup"}]


def test_hang_up_that_names_another_call_ends_none(acme, ann, customer):
    """What a page said as it was closed may come late."""
    call = customer()
    before = acme.feed.last_id()
    assert ann.ask("hangup", call="another").status_code == 409
    assert [e for _, e in acme.feed.read(before, 1) if e["type"] == "wish"] == []
    assert ann.ask("hangup", call=call).status_code == 200


def test_hang_up_without_a_call_is_refused(ann):
    ann.ask("on", campaign="spring")
    assert ann.ask("hangup").status_code == 409


def test_hidden_number_is_in_no_answer_and_no_event(acme, ann, customer, app):
    hide_numbers(acme)
    call = customer()
    texts = [ann.get("/").text, ann.ask("ready").text, ann.ask("outcome", call=call, outcome="sale").text]
    stream = _operator_stream(app.extensions["fsdialer.hub"], acme, "1001")
    texts += [next(stream), next(stream)]
    stream.close()
    texts += [json.dumps(entry) for _, entry in acme.feed.read("0-0", 1)]
    assert '"name": "Zo' in texts[4]
    for text in texts:
        assert NUMBER not in text and NUMBER[1:] not in text and NUMBER[-7:] not in text


def test_name_that_is_a_number_is_hidden_too(acme, customer):
    hide_numbers(acme)
    call = customer()
    acme.redis.hset(acme.keys.lead(acme.calls.get(call)["lead"]), "name", "Zoé (212) 555-0100")
    name = operator_view(acme, "1001", time.time())["card"]["name"]
    assert name.startswith("Zoé ") and "0100" not in name and "•••••" in name


def test_shown_number_is_shown(acme, customer):
    customer()
    assert operator_view(acme, "1001", time.time())["card"]["number"] == NUMBER


def test_todays_figures_count_the_present_state(acme, customer):
    customer()
    today = operator_view(acme, "1001", time.time() + 30)["today"]
    assert today["calls"] == 1
    assert 29 < today["talk_s"] < 32


def test_stream_tells_the_truth_at_once_and_after_every_change_and_sees_the_operator(acme, app):
    stream = _operator_stream(app.extensions["fsdialer.hub"], acme, "1001")
    assert next(stream).startswith("retry:")
    assert json.loads(next(stream).split("data: ")[1])["state"] == "off"
    assert time.time() - acme.operators.view("1001").seen < 5
    acme.operators.go_on_line("1001", "spring", time.time())
    assert json.loads(next(stream).split("data: ")[1])["state"] == "available"
    stream.close()


def test_only_the_page_itself_says_that_it_is_there(acme, ann, app, monkeypatch):
    monkeypatch.setattr("web.feed.PING_S", 0.01)
    stream = _operator_stream(app.extensions["fsdialer.hub"], acme, "1001")
    next(stream), next(stream)
    acme.operators.seen("1001", time.time() - 60)
    assert next(stream).startswith("event: alive") and next(stream).startswith("event: alive")
    stream.close()
    assert time.time() - acme.operators.view("1001").seen > 50, "a stream may have nobody at its other end"
    assert ann.ask("seen").status_code == 204
    assert time.time() - acme.operators.view("1001").seen < 5
    assert ann.ask("left").status_code == 204
    assert acme.operators.view("1001").left >= acme.operators.view("1001").seen


def test_a_change_that_could_not_be_read_is_told_with_the_next_sign_of_life(app, acme, monkeypatch):
    stream = _operator_stream(app.extensions["fsdialer.hub"], acme, "1001")
    next(stream), next(stream)
    with monkeypatch.context() as broken:
        broken.setattr("web.feed.operator_view", mock.Mock(side_effect=RedisError("away")))
        acme.operators.go_on_line("1001", "spring", time.time())
        assert next(stream).startswith("event: trouble")
    monkeypatch.setattr("web.feed.PING_S", 0.01)
    assert json.loads(next(stream).split("data: ")[1])["state"] == "available"
    stream.close()


def test_while_redis_is_away_a_button_says_so(app, ann, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("redis.connection.AbstractConnection.connect", mock.Mock(side_effect=RedisGone("refused")))
    app.extensions["fsdialer.store"].redis.connection_pool.disconnect()
    answer = ann.ask("ready")
    assert answer.status_code == 503
    assert answer.json == {"error": "The server cannot reach its database: try again in a moment"}
    assert "cannot reach its database" in ann.get("/").get_data(as_text=True)


def test_the_phone_is_tested_off_the_line_only(acme, ann):
    acme.ownership.take("spring", "d1", 60)
    before = acme.feed.last_id()
    view = ann.ask("test").json
    assert "say something after the tone" in view["phone_test"]["words"]
    assert [e.get("what") for _, e in acme.feed.read(before, 1) if e["type"] == "wish"] == ["test_phone"]
    acme.phone_tests.over("1001", False, "Your phone 1001 is not registered.", time.time())
    shown = operator_view(acme, "1001", time.time())["phone_test"]
    assert (shown["words"], shown["ok"]) == ("Your phone 1001 is not registered.", False)
    acme.operators.go_on_line("1001", "spring", time.time())
    answer = ann.ask("test")
    assert answer.status_code == 409 and "leave the line first" in answer.json["error"]


def test_no_phone_is_tested_where_no_dialer_would_do_it(acme, ann):
    answer = ann.ask("test")
    assert answer.status_code == 409 and "no dialer runs your campaign" in answer.json["error"]
    assert acme.operators.view("1001").phone_test == ""


def test_a_test_nobody_does_is_given_up_and_may_be_asked_for_again(acme, ann):
    now = time.time()
    acme.phone_tests.ask("1001", now - UNHEARD_S, then="spring")
    shown = operator_view(acme, "1001", now)["phone_test"]
    assert (shown["words"], shown["ok"], shown["at"]) == (NO_DIALER, False, pytest.approx(now - UNHEARD_S, abs=0.01))
    acme.ownership.take("spring", "d1", 60)
    assert "say something after the tone" in ann.ask("test").json["phone_test"]["words"]
    acme.phone_tests.over("1001", True, "fine", time.time())
    assert operator_view(acme, "1001", time.time() + 3600)["phone_test"]["words"] == "fine"


def test_the_test_of_another_phone_is_not_of_this_one(acme):
    now = time.time()
    acme.phone_tests.ask("1001", now)
    acme.phone_tests.over("1001", True, "fine", now)
    assert acme.phone_tests.proved("1001", now)
    before = acme.setup.operator("1001")
    for changed in (dataclasses.replace(before, station=Station.WEBRTC), dataclasses.replace(before, extension="1009")):
        acme.setup.save_operator(changed)
        assert not acme.phone_tests.proved("1001", now)
        assert operator_view(acme, "1001", now)["phone_test"]["words"] == ""
    acme.setup.save_operator(dataclasses.replace(before, name="Ann B."))
    assert acme.phone_tests.proved("1001", now)


def test_the_page_is_told_that_nobody_does_the_test_when_the_time_is_over(acme, app, monkeypatch):
    monkeypatch.setattr("web.feed.PING_S", 0.05)
    acme.phone_tests.ask("1001", time.time() - UNHEARD_S + 0.3)
    stream = _operator_stream(app.extensions["fsdialer.hub"], acme, "1001")
    views = (json.loads(each.split("data: ")[1]) for each in stream if each.startswith("event: view"))
    assert "say something after the tone" in next(views)["phone_test"]["words"]
    assert next(views)["phone_test"]["words"] == NO_DIALER
    stream.close()


def test_machine_that_was_heard_is_told_and_one_of_the_sample_is_not(acme, customer):
    call = customer()
    assert operator_view(acme, "1001", time.time())["card"]["machine"] is False
    acme.redis.hset(acme.keys.call(call), "machine", iso(time.time()))
    assert operator_view(acme, "1001", time.time())["card"]["machine"] is True
    acme.redis.hset(acme.keys.call(call), "spared", "1")
    assert operator_view(acme, "1001", time.time())["card"]["machine"] is False


def on_with_a_dialer(acme, ann):
    assert acme.ownership.take("spring", "d1", 60)
    return ann.ask("on", campaign="spring").json


def test_the_first_time_of_a_shift_the_phone_is_tested_before_the_line(acme, ann):
    before = acme.feed.last_id()
    view = on_with_a_dialer(acme, ann)
    assert view["state"] == "off" and "Then you are on the line" in view["phone_test"]["words"]
    assert [e.get("what") for _, e in acme.feed.read(before, 1) if e["type"] == "wish"] == ["test_phone"]
    assert acme.phone_tests.over("1001", True, "fine", time.time()) == "spring"
    assert acme.phone_tests.over("1001", True, "fine", time.time()) == "", "the wish holds for one test"
    assert ann.ask("on", campaign="spring").json["state"] == "available", "once a shift is enough"


def test_a_phone_whose_test_failed_is_tested_again(acme, ann):
    on_with_a_dialer(acme, ann)
    acme.phone_tests.over("1001", False, "no audio", time.time())
    assert ann.ask("on", campaign="spring").json["state"] == "off"


def test_operator_says_whether_they_heard_themselves(acme, ann):
    good = judge_test("1001", "NORMAL_CLEARING", 0.3, 290, True, ["10.0.0.9:5060"]).words
    acme.phone_tests.over("1001", True, good, time.time())
    assert ann.ask("on", campaign="spring").json["phone_test"]["asks"] is True
    view = ann.ask("heard", heard="no").json
    assert (
        view["state"] == "available" and not view["phone_test"]["ok"] and "hear nothing" in view["phone_test"]["words"]
    )
    assert ann.ask("heard", heard="yes").status_code == 409, "nothing asks any more"
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), phone_test=PhoneTestRule.REQUIRE))
    acme.phone_tests.over("1001", True, good, time.time())
    assert ann.ask("heard", heard="no").json["state"] == "off", "not on the line with such a phone"


def test_no_test_where_it_is_switched_off_or_no_dialer_would_do_it(acme, ann):
    assert ann.ask("on", campaign="spring").json["state"] == "available"
    ann.ask("off")
    off = dataclasses.replace(acme.setup.company(), phone_test=PhoneTestRule.OFF)
    acme.setup.save_company(off)
    assert on_with_a_dialer(acme, ann)["state"] == "available"


def test_nobody_is_tested_for_a_campaign_that_is_not_theirs(acme, ann):
    acme.ownership.take("spring", "d1", 60)
    answer = ann.ask("on", campaign="autumn")
    assert answer.status_code == 409 and "is not of campaign" in answer.json["error"]
