"""Whom an access list lets in, and what is said of it."""

from ipaddress import ip_address, ip_network

import pytest

from fsdialer.verbs.check.doors import let_in, look_at_doors

DOOR = (
    '<configuration><settings><param name="listen-ip" value="0.0.0.0"/>'
    '<param name="apply-inbound-acl" value="{}"/></settings></configuration>'
)


def switch(nodes, default="deny", listed="office", carriers=""):
    """A switch with these networks on its list, as it answers: the narrowest network decides."""
    lists = {"office": (default, nodes), "carriers": ("deny", {carriers: "allow"} if carriers else {})}

    def xml(name):
        rows = "".join(f'<node type="{kind}" cidr="{cidr}"/>' for cidr, kind in lists[name][1].items())
        return f'<list name="{name}" default="{lists[name][0]}">{rows}</list>'

    def admits(address, name):
        if name not in lists:
            return "/" in name and ip_address(address) in ip_network(name)
        on = [ip_network(cidr) for cidr in lists[name][1] if ip_address(address) in ip_network(cidr)]
        narrowest = str(max(on, key=lambda each: each.prefixlen)) if on else ""
        return lists[name][1].get(narrowest, lists[name][0]) == "allow"

    def api(command):
        words = command.split()
        if words[0] == "acl":
            return "true" if admits(words[1], words[2]) else "false"
        if words[-1] == "acl.conf":
            return f"<configuration><network-lists>{xml('office')}{xml('carriers')}</network-lists></configuration>"
        return DOOR.format(listed)

    return api


def found(*switch_as, **and_so):
    return [(finding.level, finding.what) for finding in look_at_doors(switch(*switch_as, **and_so), "switch fs1")]


@pytest.mark.parametrize(
    ("nodes", "level", "words"),
    [
        ({"127.0.0.1/32": "allow", "::1/128": "allow"}, "ok", "open to office alone"),
        ({"10.8.0.0/16": "allow", "fd00::/8": "allow"}, "ok", "open to office alone"),
        ({"0.0.0.0/1": "allow"}, "fail", "lets strangers in: 0.0.0.0/1"),
        ({"8.8.0.0/16": "allow"}, "fail", "lets strangers in: 8.8.0.0/16"),
        ({"2600::/12": "allow"}, "fail", "lets strangers in: 2600::/12"),
        ({"198.18.7.0/29": "allow"}, "warn", "public addresses, in plain text: 198.18.7.0/29"),
        ({"0.0.0.0/0": "allow", "::/0": "allow"}, "fail", "lets everybody in"),
    ],
)
def test_a_list_is_judged_by_whom_it_lets_in(nodes, level, words):
    [(found_level, what)] = found(nodes)
    assert found_level == level and words in what


def test_a_list_that_lets_in_whom_it_does_not_name_is_open_to_everybody():
    [(level, what)] = found({"8.8.8.0/24": "deny"}, default="allow")
    assert level == "fail" and "lets everybody in" in what


def test_a_network_in_the_place_of_a_list_is_judged_too():
    [(level, what)] = found({}, listed="64.0.0.0/6")
    assert level == "fail" and "lets strangers in: 64.0.0.0/6" in what


def test_what_narrower_networks_take_back_is_not_let_in():
    halves = {"8.8.0.0/16": True, "8.8.0.0/17": False, "8.8.128.0/17": False}
    assert let_in(False, halves) == []
    assert let_in(False, {**halves, "8.8.128.0/17": True}) == [ip_network("8.8.0.0/16"), ip_network("8.8.128.0/17")]
    assert let_in(True, {"0.0.0.0/0": False, "::/0": False}) == []


def test_a_carriers_list_open_to_all_is_remarked_on_and_a_wide_one_is_not():
    loopback = {"127.0.0.1/32": "allow"}
    [_, (level, what)] = found(loopback, carriers="0.0.0.0/0")
    assert level == "warn" and "everybody may call in over the carrier profile" in what
    assert len(found(loopback, carriers="8.0.0.0/8")) == 1
