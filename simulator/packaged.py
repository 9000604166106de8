"""The files that travel with the simulator: the road network and the scenarios.

Everything the simulator reads is inside this package; nothing else is opened. The results are
pure values, read once.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simulator.network import Network, read_network

NETWORK_FILE = "london_palmers_green_edges.geojson.gz"
#: To be shown with any picture of the network.
NETWORK_CREDIT = "© OpenStreetMap contributors"


@cache
def palmers_green() -> Network:
    """Return the roads of Palmers Green, Bounds Green and northern Wood Green."""
    packed = files("simulator").joinpath("data", NETWORK_FILE).read_bytes()
    return read_network(gzip.decompress(packed))


@cache
def scenario_texts() -> Mapping[str, str]:
    """Return the text of each scenario by its name, in alphabetical order."""
    folder = files("simulator").joinpath("scenarios")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return MappingProxyType(
        {
            entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
            for entry in sorted(found, key=lambda entry: entry.name)
        }
    )
