# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from slipway_local_cloud import network
from slipway_local_cloud.errors import LocalCloudError


def test_two_homes_begin_at_different_places() -> None:
    assert network.choose_subnet([], "00000001") == IPv4Network("10.203.1.0/24")
    assert network.choose_subnet([], "000000fe") == IPv4Network("10.203.254.0/24")


def test_a_taken_subnet_is_stepped_over_and_the_search_goes_round() -> None:
    taken = [IPv4Network("10.203.255.0/25"), IPv4Network("10.203.0.17/32")]
    assert network.choose_subnet(taken, "000000ff") == IPv4Network("10.203.1.0/24")


def test_a_machine_that_routes_all_of_ten_gets_another_range() -> None:
    assert network.choose_subnet([IPv4Network("10.0.0.0/8")], "00000000") == IPv4Network("172.29.0.0/24")


def test_no_room_is_a_sentence() -> None:
    with pytest.raises(LocalCloudError, match="already routed"):
        network.choose_subnet(network.RANGES, "00000000")


def test_the_bridge_name_fits_the_kernel() -> None:
    assert len(network.bridge_name("0123abcd")) <= 15


def test_the_gateway_is_the_first_address() -> None:
    assert network.gateway_of(IPv4Network("10.203.7.0/24")) == "10.203.7.1"
