"""How many calls, when, through which gateway, and where to: over real sockets."""

import dataclasses
from decimal import Decimal

from fsdialer.core.campaigns import Mode
from tests.journey import LEAVES_AFTER_3S, TALKS, TALKS_TOO, wait_until


def test_trunks_limits_are_never_exceeded(centre):
    c = centre("--gateway=trunk", mode=Mode.MULTIPLIER, multiplier=Decimal("10"), ring_s=2)
    setup = c.store.setup
    setup.save_gateway(dataclasses.replace(setup.gateway("trunk"), channels=4, calls_per_second=6))
    for n in range(10):
        c.add_lead(f"+1212555{n}408")
        c.add_lead(f"+1312555{n}486")
    c.on_line("1001")
    wait_until(lambda: c.today().get("attempts", 0) >= 20, 15, "twenty attempts")
    counts = c.switch.counts()
    assert counts["peak_channels_per_gateway"]["trunk"] <= 4
    # Exactly six by the dialer's clock (tests/store/test_calls.py); a busy machine may delay one on its way.
    assert counts["peak_originates_per_second"]["trunk"] <= 7


def test_nobody_is_called_with_nobody_on_the_line(centre):
    c = centre()
    c.add_lead(TALKS)
    wait_until(lambda: c.redis.hget(c.store.keys.pace("spring"), "reason"), what="a decision")
    assert c.today().get("attempts", 0) == 0


def test_another_gateway_takes_over_from_a_dead_one_and_the_lead_is_called_once(centre):
    c = centre("--gateway=trunk:down", "--gateway=spare", gateways=("trunk", "spare"))
    setup = c.store.setup
    setup.save_gateway(dataclasses.replace(setup.gateway("spare"), weight=0))
    lead = c.add_lead(TALKS)
    c.on_line("1001")
    call = wait_until(lambda: (x := c.call_of(lead)).get("state") == "talking" and x, 10, "the lead to be talked to")
    assert call["gateway"] == "spare"
    assert c.lead(lead).attempts == 1
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1}
    assert setup.gateway_states()["trunk"]["state"] == "failing: GATEWAY_DOWN"


def test_a_barred_destination_is_not_dialled_and_ends_the_lead(centre):
    c = centre()
    setup = c.store.setup
    setup.save_company(dataclasses.replace(setup.company(), allowed_destinations=("GB",)))
    c.on_line("1001")
    lead = c.disposition(c.add_lead(TALKS))
    assert (lead.state, lead.disposition, lead.attempts) == ("done", "cancelled", 0)
    assert c.switch.counts()["attempts_per_number"] == {}
    c.audit()


def test_predictive_dials_talks_explains_itself_and_its_learning_outlives_the_dialer(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001")
    lead = c.add_lead(LEAVES_AFTER_3S)
    c.talking(lead)
    assert c.disposition(lead).disposition == "answered"
    wait_until(
        lambda: any("should bring" in each["reason"] for each in c.store.pacing.decisions("spring")), what="its reasons"
    )
    assert "allowed" in c.store.pacing.last("spring")
    c.dialer.stop()
    learned = c.store.pacing.learned("spring", "predictive")
    assert learned["budget"]["day"] == [1, 0]
    c.start_dialer()
    wait_until(lambda: c.dialer.said("policy=predictive learned=restored"), what="what was learned to be taken up")
    c.talking(c.add_lead(TALKS))


def test_a_killed_dialers_answers_are_in_the_next_ones_budget(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001")
    c.talking(c.add_lead(TALKS))
    c.dialer.kill()
    c.start_dialer()
    wait_until(
        lambda: (c.store.pacing.learned("spring", "predictive") or {}).get("budget", {}).get("day") == [1, 0],
        12,
        "the answer to be counted",
    )


def test_mode_is_changed_while_calls_are_up(centre):
    c = centre(mode=Mode.PREDICTIVE)
    c.on_line("1001", "1002")
    first = c.add_lead(TALKS)
    c.talking(first)
    setup = c.store.setup
    for mode in (Mode.MULTIPLIER, Mode.PREDICTIVE, Mode.PROGRESSIVE):
        setup.save_campaign(dataclasses.replace(setup.campaign("spring"), mode=mode))
    second = c.add_lead(TALKS_TOO)
    c.talking(second)
    assert c.call_of(first)["state"] == "talking"
