from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.settings import Proxies
from bridge.web.client import client_address

HOPS = Proxies(hops=1)
NETWORKS = Proxies(networks=(ip_network("10.0.0.0/8"), ip_network("::1/128")))


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    assert client_address("203.0.113.9", "185.71.76.1", Proxies()) == "203.0.113.9"


def test_one_hop_takes_the_last_address_of_the_header() -> None:
    assert client_address("10.0.0.5", "185.71.76.1, 198.51.100.7", HOPS) == "198.51.100.7"


def test_more_hops_than_the_header_has_stop_at_its_left_end() -> None:
    assert client_address("10.0.0.5", "198.51.100.7", Proxies(hops=3)) == "198.51.100.7"
    assert client_address("10.0.0.5", "", HOPS) == "10.0.0.5"


def test_trusted_networks_are_skipped_from_the_right() -> None:
    assert client_address("10.0.0.5", "185.71.76.1, 198.51.100.7, 10.1.1.1", NETWORKS) == "198.51.100.7"


def test_the_header_of_an_untrusted_peer_is_ignored() -> None:
    assert client_address("203.0.113.9", "185.71.76.1", NETWORKS) == "203.0.113.9"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.7:41022", "198.51.100.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", ""),
    ],
)
def test_addresses_are_normalised(written: str, address: str) -> None:
    assert client_address("10.0.0.5", written, HOPS) == address


@given(st.text(), st.text(), st.sampled_from([Proxies(), HOPS, NETWORKS]))
def test_no_header_raises_an_error(peer: str, forwarded: str, proxies: Proxies) -> None:
    assert isinstance(client_address(peer, forwarded, proxies), str)
