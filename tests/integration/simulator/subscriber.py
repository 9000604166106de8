"""A program on the server's side of the broker: it hears all, and commits what it hears."""

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulator.capture import committed
from simulator.device import Message
from simulator.mqtt import Broker


class Subscriber:
    """A subscriber that commits native messages and acknowledges them."""

    def __init__(self, broker: Broker, *, acknowledges: bool = True) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._acknowledges = acknowledges
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="server")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()

    def topics(self) -> list[str]:
        """Return what was heard, by topic, in order."""
        return [topic for topic, _ in self.heard]

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe([("kc/v1/#", 1), ("owntracks/#", 1)])

    def _on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.heard.append((message.topic, payload))
        if self._acknowledges:
            for topic, answer in committed(Message(topic=message.topic, payload=payload)):
                client.publish(topic, answer, qos=1)
