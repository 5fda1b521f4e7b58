"""What may stand for a machine in an address."""

import pytest

from fsdialer.core.hosts import is_host, is_host_and_port, is_port


@pytest.mark.parametrize(
    "text", ["pbx", "sip.example.com", "a-b.example", "10.0.0.5", "255.255.255.255", "3com.com", "x" * 63]
)
def test_names_and_addresses_are_hosts(text):
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "-", "a..b", "-a", "a-", "a_b", "a b", "5060", "10.0.0", "10.0.0.300", "1.2.3.4.5", "a.b.77",
     "é.fr", "pbx\n", "x" * 64, ".".join(["x" * 60] * 5), "a" + "-" * 100_000],
)  # fmt: skip
def test_what_can_be_no_machine_is_none(text):
    assert not is_host(text)


@pytest.mark.parametrize(("text", "good"), [("1", True), ("65535", True), ("0", False), ("65536", False), ("", False)])
def test_ports_are_1_to_65535(text, good):
    assert is_port(text) is good
    assert is_host_and_port(f"pbx:{text}") is good


@pytest.mark.parametrize(
    ("text", "good"), [("10.0.0.5", True), ("pbx:5062", True), ("pbx:1:2", False), (":5060", False)]
)
def test_a_host_may_have_a_port_behind_it(text, good):
    assert is_host_and_port(text) is good
