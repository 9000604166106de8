"""The devices ingest knows, as the register says, and whom a topic means.

Pure. The worker replaces the whole picture whenever the register changes.
"""

from collections.abc import Iterable

from domain.ids import DeviceId
from domain.order import Device
from ingest.codecs import Route


class Register:
    """Devices by their own id and by the name another system gives them."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        """Know `devices`, revoked ones included: they are refused by name."""
        self._by_id: dict[str, Device] = {}
        self._by_external: dict[str, Device] = {}
        for device in devices:
            self._by_id[device.device_id] = device
            if device.external_id is not None:
                self._by_external[device.external_id] = device

    def __len__(self) -> int:
        """Count the devices."""
        return len(self._by_id)

    def get(self, device_id: DeviceId) -> Device | None:
        """Return the device of that id."""
        return self._by_id.get(device_id)

    def sender(self, route: Route) -> Device | None:
        """Return who speaks on a topic.

        A device's own id goes first: the broker has proved it. The name another system gives it
        counts where no device has that id, as in captures and through gateways.
        """
        found = self._by_id.get(route.device)
        if found is not None or route.external is None:
            return found
        return self._by_external.get(route.external)
