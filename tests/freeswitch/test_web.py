"""What the web answers mod_xml_curl."""

import base64
from xml.etree import ElementTree

import pytest

from fsdialer.core.campaigns import Company, Gateway, Operator
from fsdialer.core.switch_config import a1_hash, web_password
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore
from web import create_app

SECRET = "web-test-secret-0123456789abcdef"
WEB = web_password(SECRET)


@pytest.fixture
def acme(redis):
    return company(redis, "acme", "1001")


def company(redis, name, extension, gateway="trunk"):
    store = CompanyStore(redis, name)
    store.setup.save_company(Company(name))
    store.setup.save_gateway(Gateway(name, gateway, proxy="sip.example.com", username="us"))
    store.setup.save_gateway(Gateway(name, f"{name}-own"))
    store.setup.save_operator(Operator(name, "ann", "Ann", extension))
    return store


@pytest.fixture
def ask(redis, redis_url, acme):
    client = create_app(Settings(redis_url, redis_url, secret_key=SECRET), redis).test_client()

    def ask(password=WEB, address="127.0.0.1", login="freeswitch", **form):
        token = base64.b64encode(f"{login}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}"} if password is not None else {}
        place = {"REMOTE_ADDR": address}
        answer = client.post("/switch/directory", data=form, headers=headers, environ_base=place)
        return ElementTree.fromstring(answer.data) if answer.status_code == 200 else answer.status_code

    return ask


def phone(extension="1001", domain="pbx"):
    return {"section": "directory", "key_value": domain, "user": extension, "domain": domain}


GATEWAYS = {"section": "directory", "purpose": "gateways", "profile": "carrier"}


def names(root, tag, attribute):
    return [node.get(attribute) for node in root.iter(tag)]


def test_a_phone_is_answered_with_its_hash_for_the_domain_asked_about(ask, acme):
    root = ask(**phone())
    assert names(root, "domain", "name") == ["pbx"] and names(root, "user", "id") == ["1001"]
    values = {node.get("name"): node.get("value") for node in root.iter("param")}
    assert values["a1-hash"] == a1_hash("1001", "pbx", acme.accounts.phone("ann", SECRET).password)


def test_the_answer_may_be_kept_by_the_switch_so_that_phones_register_while_the_web_is_away(ask):
    """In milliseconds, which FreeSWITCH multiplies by 1000 in 32 bits."""
    assert 600_000 <= int(ask(**phone()).find(".//user").get("cacheable")) < 2**31 // 1000


def test_nobodys_extension_is_nobodys(ask):
    assert names(ask(**phone("1009")), "user", "id") == []


def test_a_removed_operator_is_nobody_at_once(ask, acme):
    acme.setup.remove_operator("ann")
    assert names(ask(**phone()), "user", "id") == []


def test_another_password_is_another_hash(ask, acme):
    before = ElementTree.tostring(ask(**phone()))
    acme.accounts.renew_phone("ann")
    assert ElementTree.tostring(ask(**phone())) != before


def test_an_extension_of_two_companies_rings_neither(ask, redis):
    company(redis, "beta", "1001", "betas")
    assert names(ask(**phone()), "user", "id") == []


def test_gateways_are_those_with_a_carriers_address(ask):
    root = ask(**GATEWAYS)
    assert names(root, "gateway", "name") == ["trunk"]


def test_a_gateway_has_its_password_which_export_does_not(ask, acme):
    from fsdialer.core.setup import to_toml

    acme.accounts.save_gateway_password("trunk", "carrier-secret")
    values = {node.get("name"): node.get("value") for node in ask(**GATEWAYS).iter("param")}
    assert values["password"] == "carrier-secret" and values["username"] == "us"
    assert "carrier-secret" not in to_toml([acme.setup.whole()])


def test_a_removed_gateway_takes_its_password_with_it(acme, redis):
    acme.accounts.save_gateway_password("trunk", "carrier-secret")
    acme.setup.remove_gateway("trunk")
    assert not list(redis.scan_iter("*gateway:trunk*"))


def test_one_companys_nonsense_keeps_nobody_elses_gateways_and_phones_from_the_switch(ask, redis, acme):
    company(redis, "other", "2001", gateway="elsewhere")
    redis.hset(acme.keys.gateway("trunk"), "weight", "heavy")
    redis.hset(acme.keys.operator("ann"), "station", "a tin can")
    redis.hset(acme.keys.extensions, "2001", "ann")
    assert names(ask(**GATEWAYS), "gateway", "name") == ["elsewhere"]
    assert names(ask(**phone("1001")), "user", "id") == []
    assert names(ask(**phone("2001")), "user", "id") == ["2001"]


def test_gateways_are_for_the_carrier_profile_alone(ask):
    assert names(ask(**{**GATEWAYS, "profile": "operators"}), "gateway", "name") == []


def test_anything_else_is_left_to_the_switchs_files(ask):
    assert ask(section="directory", purpose="network-list").find("section").get("name") == "result"


@pytest.mark.parametrize("who", [{"password": None}, {"password": ""}, {"password": SECRET}, {"login": "admin"}])
def test_without_the_switchs_own_password_nothing_is_said(ask, who):
    assert ask(**who, **phone()) == 403 and ask(**who, **GATEWAYS) == 403


def test_from_another_machine_nothing_is_said_even_with_the_password(ask):
    assert ask(address="192.0.2.7", **phone()) == 403
