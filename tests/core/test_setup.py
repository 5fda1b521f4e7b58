"""The set-up as one file, and as hashes an administrator may edit by hand."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import DEFAULT_DELAYS, Campaign, Company, Gateway, Mode, Operator, RetryDelays, Station
from fsdialer.core.fields import checked, from_hash, read_setting, to_hash
from fsdialer.core.setup import CompanySetup, InvalidSetup, read_toml, to_toml
from fsdialer.errors import InvalidSetting
from fsdialer.esl import allowed

WHOLE = """
[company.acme]
name = "Acme"
country = "US"
hide_numbers = true
dial_format = "+{number}@{host}:{port}"
retry_min = { busy = 7 }
[company.acme.gateway.trunk]
channels = 100
calls_per_second = 10
[company.acme.campaign.spring]
mode = "multiplier"
multiplier = 1.16
gateways = ["trunk"]
caller_ids = ["+15550100"]
ring_s = 25
max_wait_s = 2.0
wrap_up_s = 15
retry_min = { missed = 30 }
max_attempts = 6
[company.acme.operator.1001]
name = "Ann"
extension = "1001"
station = "nailed"
campaigns = ["spring"]
password_env = "ANN_PASSWORD"
"""


def problems_of(text):
    with pytest.raises(InvalidSetup) as refused:
        read_toml(text)
    return refused.value.problems


def test_a_file_is_read_into_values():
    (setup,) = read_toml(WHOLE)
    assert setup.company == Company(
        "acme",
        "Acme",
        hide_numbers=True,
        retry_min=RetryDelays(missed=90, unavailable=90, busy=7, technical=10, machine=90),
    )
    assert setup.gateways == (Gateway("acme", "trunk", channels=100, calls_per_second=10),)
    (campaign,) = setup.campaigns
    assert (campaign.mode, campaign.gateways, campaign.wrap_up_s) == (Mode.MULTIPLIER, ("trunk",), 15.0)
    assert setup.operators == (Operator("acme", "1001", "Ann", "1001", "", Station.NAILED, ("spring",)),)
    assert setup.password_env == {"1001": "ANN_PASSWORD"}


def test_decimals_stay_exact():
    assert read_toml(WHOLE)[0].campaigns[0].multiplier == Decimal("1.16")


def test_calling_hours_read_the_same_from_a_file_a_hash_and_a_form():
    text = WHOLE.replace("ring_s = 25", 'calling_hours = ["Mon-Fri 9:00-20:00", "sat 10:00-16:00"]')
    (campaign,) = read_toml(text)[0].campaigns
    assert campaign.calling_hours == ("mon-fri 09:00-20:00", "sat 10:00-16:00")
    kept = to_hash(campaign)
    assert kept["calling_hours"] == "mon-fri 09:00-20:00, sat 10:00-16:00"
    assert from_hash(Campaign, "x", {"company": "acme", "id": "spring"}, kept) == campaign
    assert 'calling_hours = ["mon-fri 09:00-20:00", "sat 10:00-16:00"]' in to_toml(read_toml(text))


def test_holidays_read_the_same_from_a_file_a_hash_and_a_form():
    text = WHOLE.replace("ring_s = 25", 'holidays = [2026-12-25, "2027-01-01"]')
    (campaign,) = read_toml(text)[0].campaigns
    assert campaign.holidays == ("2026-12-25", "2027-01-01")
    assert from_hash(Campaign, "x", {"company": "acme", "id": "spring"}, to_hash(campaign)) == campaign
    assert 'holidays = ["2026-12-25", "2027-01-01"]' in to_toml(read_toml(text))
    assert read_setting(Company, "holidays", "2026-12-25, 2027-01-01 2026-12-25\n") == campaign.holidays


def test_campaigns_delays_stay_its_own_so_that_the_companys_may_change_later():
    campaign = read_toml(WHOLE)[0].campaigns[0]
    assert campaign.retry_min == RetryDelays(missed=30)
    assert campaign.retry_min.over(read_toml(WHOLE)[0].company.retry_min) == RetryDelays(30, 90, 7, 10, 90)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ("multiplier = 1.16", "multiplyer = 1.16"),
            "campaign.spring.multiplyer: unknown key: did you mean 'multiplier'?",
        ),
        (("multiplier = 1.16", 'multiplier = "fast"'), "campaign.spring.multiplier: 'fast' is not a number"),
        (("multiplier = 1.16", "multiplier = 0.2"), "campaign.spring.multiplier: 0.2 must be between 1 and 10"),
        (("multiplier = 1.16", "multiplier = nan"), "campaign.spring.multiplier: NaN is not a number"),
        (('mode = "multiplier"', 'mode = "preview"'), "campaign.spring.mode: 'preview' is not in this version"),
        (("max_attempts = 6", 'record_format = "flac"'), "record_format: 'flac' must be one of wav, ogg, mp3"),
        (("max_attempts = 6", "record_keep_days = 0"), "record_keep_days: 0 must be between 1 and 3650 days"),
        (("max_attempts = 6", 'record_notice = "a b.wav"'), "record_notice: 'a b.wav' is not none, tone or a sound"),
        (('mode = "multiplier"', 'mode = "fast"'), "campaign.spring.mode: 'fast' must be one of off, progressive"),
        (('station = "nailed"', 'station = "refer"'), "acme.refer_format: gateway trunk has neither host nor proxy"),
        (
            ('name = "Acme"', 'refer_format = "{ext}@{host}"'),
            "company.acme.refer_format: unknown macro {ext}: there are",
        ),
        (('station = "nailed"', 'station = "webrtc"\ndial = "user/7"'), "operator.1001.dial: leave it out"),
        (
            ('station = "nailed"', 'station = "webrtc"\nphone = "none"'),
            "operator.1001.phone: auto instead of none: the",
        ),
        (('station = "nailed"', 'station = "webrtc-nailed"\nphone = "none"'), "1001.phone: auto instead of none: the"),
        (
            ("channels = 100", 'proxy = "pbx:99999"'),
            "gateway.trunk.proxy: 'pbx:99999' is not a host name or address, with",
        ),
        (("channels = 100", 'host = "a..b"'), "gateway.trunk.host: 'a..b' is not a host name like pbx.example.com"),
        (('name = "Acme"', 'server = "-"'), "company.acme.server: '-' is not a host name like pbx.example.com"),
        (
            ('name = "Ann"', 'dial = "bogus/1001"'),
            "operator.1001.dial: 'bogus/1001' is not a way a switch can call: user",
        ),
        (('name = "Ann"', 'dial = "sofia/1001"'), "operator.1001.dial: 'sofia/1001' is not a way"),
        (('name = "Ann"', 'dial = "user/1:_:user/2"'), "operator.1001.dial: 'user/1:_:user/2' is not a way"),
        (('gateways = ["trunk"]', 'gateways = ["trnk"]'), "campaign.spring.gateways: no gateway 'trnk'"),
        (('campaigns = ["spring"]', 'campaigns = ["autumn"]'), "operator.1001.campaigns: no campaign 'autumn'"),
        (('extension = "1001"\n', ""), "operator.1001.extension: missing"),
        (('extension = "1001"', "extension = 1001"), "operator.1001.extension: must be text in quotes, not 1001"),
        (('extension = "1001"', 'extension = "10 01"'), "operator.1001.extension: '10 01' is not an extension"),
        (("missed = 30", "mised = 30"), "campaign.spring.retry_min: unknown key 'mised'"),
        (("retry_min = { missed = 30 }", "retry_min = 30"), "campaign.spring.retry_min: must be a table"),
        (("{ missed = 30 }", "{ missed = -1 }"), "campaign.spring.retry_min: -1 must be between 0 and"),
        (('country = "US"', 'country = "USA"'), "company.acme.country: 'USA' is not a country code"),
        (("+{number}@{host}:{port}", "+{numbr}@{host}"), "company.acme.dial_format: unknown macro {numbr}"),
        (("hide_numbers = true", "hide_number = true"), "acme.hide_number: unknown key: did you mean 'hide_numbers'?"),
        (('"+15550100"', '"+1555;x"'), "campaign.spring.caller_ids: '+1555;x' is not a caller id"),
        (("ring_s = 25", 'holidays = ["25.12.2026"]'), "spring.holidays: '25.12.2026' is no date like 2026-12-25"),
        (("ring_s = 25", "holidays = [2026-12-25T10:00:00]"), "is no date like 2026-12-25"),
        (("ring_s = 25", 'calling_hours = ["9 to 5"]'), "spring.calling_hours: '9 to 5' is not like 'mon-fri 09:00-"),
        (('country = "US"', 'time_zone = "Paris"'), "company.acme.time_zone: 'Paris' is no time zone: a name like"),
        (("ring_s = 25", "ring_s = true"), "campaign.spring.ring_s: True is not a whole number"),
        (("ring_s = 25", "ring_s = 2.5"), "campaign.spring.ring_s: 2.5 is not a whole number"),
        (("channels = 100", "channels = 0"), "gateway.trunk.channels: 0 must be between 1 and 10000 channels"),
        (("[company.acme.gateway.trunk]", '[company.acme.gateway."tr unk"]'), "gateway.tr unk: 'tr unk' is no id"),
        (('"ANN_PASSWORD"', '"secret word"'), "operator.1001.password_env: must name an environment variable"),
        (
            ("[company.acme]\n", "[companies]\n[company.acme]\n"),
            "the file.companies: unknown key: did you mean 'company'?",
        ),
    ],
)
def test_a_wrong_file_is_refused_naming_table_key_and_reason(change, problem):
    assert change[0] in WHOLE
    said = "\n".join(problems_of(WHOLE.replace(*change)))
    assert problem in said


@pytest.mark.parametrize(
    "dial",
    [
        "user/1001",
        "user/1001@pbx",
        "sofia/gateway/pbx/*97#",
        "sofia/internal/1001@10.0.0.5:5062",
        "loopback/9196/default",
    ],
)
def test_a_phone_may_be_reached_another_way(dial):
    (setup,) = read_toml(WHOLE.replace('name = "Ann"', f'dial = "{dial}"'))
    assert setup.operators[0].dial == dial
    assert allowed.DESTINATION.fullmatch(dial)


def test_every_problem_of_a_file_is_told_at_once():
    wrong = WHOLE.replace("ring_s = 25", "ring_s = 0").replace("channels = 100", "chanels = 100")
    problems = problems_of(wrong)
    assert len(problems) == 2
    with pytest.raises(InvalidSetup, match=r"(?s)chanels.*ring_s"):
        read_toml(wrong)


def test_extension_of_two_operators_is_refused():
    twice = WHOLE + '[company.acme.operator.bob]\nextension = "1001"\n'
    assert problems_of(twice) == ["company.acme.operator.bob.extension: '1001' belongs to operator 1001"]


@pytest.mark.parametrize("text", ["", "[compani.acme]", "company = 3", "[company", "\x00"])
def test_what_is_no_set_up_is_refused(text):
    assert problems_of(text)


@given(st.text(max_size=200))
def test_no_text_does_worse_than_being_refused(text):
    try:
        read_toml(text)
    except InvalidSetup as refused:
        assert refused.problems


# -- out -----------------------------------------------------------------------------------------------------------


def test_what_was_written_reads_back_to_the_same_without_passwords():
    (setup,) = read_toml(WHOLE)
    text = to_toml([setup])
    (again,) = read_toml(text)
    assert again == CompanySetup(setup.company, setup.gateways, setup.campaigns, setup.operators)
    assert to_toml([again]) == text
    assert "PASSWORD" not in text


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True)
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
minutes = st.none() | st.floats(0, 86_400)
campaigns = st.builds(
    Campaign,
    company=st.just("acme"),
    id=ids,
    name=names,
    mode=st.sampled_from(Mode),
    multiplier=st.decimals(1, 10, places=3),
    caller_ids=st.lists(st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True), max_size=3, unique=True).map(tuple),
    ring_s=st.integers(1, 120),
    max_wait_s=st.floats(0.5, 60),
    wrap_up_s=st.floats(0, 3600),
    retry_min=st.builds(RetryDelays, minutes, minutes, minutes, minutes),
)


@given(campaigns)
def test_any_campaign_survives_a_file_and_a_hash_unchanged(campaign):
    setup = CompanySetup(Company("acme"), campaigns=(campaign,))
    assert read_toml(to_toml([setup])) == [setup]
    assert from_hash(Campaign, "x", {"company": "acme", "id": campaign.id}, to_hash(campaign)) == campaign


@given(names, st.floats(0, 86_400), st.booleans())
def test_any_company_survives_a_file_and_a_hash_unchanged(name, minutes, active):
    company = Company("acme", name, active, retry_min=RetryDelays(minutes, 1, 2.5, 1e-05, 3))
    assert read_toml(to_toml([CompanySetup(company)]))[0].company == company
    assert from_hash(Company, "x", {"id": "acme"}, to_hash(company)) == company


# -- hashes --------------------------------------------------------------------------------------------------------


def test_hash_edited_by_hand_is_read_as_people_write():
    fields = {"mode": "multiplier", "multiplier": " 1.5 ", "gateways": "trunk, spare", "retry_busy_min": "3"}
    campaign = from_hash(Campaign, "spring", {"company": "acme", "id": "spring"}, {**fields, "unknown": "left alone"})
    assert (campaign.multiplier, campaign.gateways) == (Decimal("1.5"), ("trunk", "spare"))
    assert campaign.retry_min == RetryDelays(busy=3)
    assert from_hash(Company, "acme", {"id": "acme"}, {"active": "no"}).active is False


def test_missing_fields_take_their_defaults():
    assert from_hash(Company, "acme", {"id": "acme"}, {}) == Company("acme", retry_min=DEFAULT_DELAYS)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("multiplier", "many", "is not a number"),
        ("ring_s", "2.5", "is not a whole number"),
        ("mode", "turbo", "must be one of off, progressive, multiplier"),
        ("retry_busy_min", "soon", "is not a number"),
    ],
)
def test_value_edited_into_nonsense_is_refused_naming_the_key_and_field(field, value, reason):
    with pytest.raises(InvalidSetting, match=rf"settings\.{field}: .*{re.escape(reason)}"):
        from_hash(Campaign, "settings", {"company": "acme", "id": "spring"}, {field: value})


@pytest.mark.parametrize(
    "thing",
    [
        Company("ac}me"),
        Gateway("acme", "tr:unk"),
        Campaign("acme", "spring", ring_s=0),
        Operator("acme", "ann", extension="1001;x"),
        Operator("acme", "../ann", extension="1001"),
    ],
)
def test_what_may_not_be_kept_is_refused_before_it_is(thing):
    with pytest.raises(InvalidSetting):
        checked(thing)


def test_what_may_be_kept_comes_back_as_it_is():
    operator = Operator("acme", "ann", "Ann", "1001", station=Station.NAILED, campaigns=("spring",))
    assert checked(operator) == operator
