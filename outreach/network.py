"""Who counts as one where requests are counted by address."""
from __future__ import annotations

import ipaddress

# Whoever has an IPv6 address mostly has as many as this leaves open.
_IPV6_NETWORK = 64


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the network that one household or phone has to itself."""
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found), _IPV6_NETWORK), strict=False))
    return str(found)
