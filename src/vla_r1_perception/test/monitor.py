"""Hears diagnostics, as a robot's monitor does."""

import time

from diagnostic_msgs.msg import DiagnosticArray


class Monitor:
    """Hears what one reasoner says about itself."""

    def __init__(self, client):
        self._client = client
        self._name = f'{client.node.get_namespace().lstrip("/")}/reasoner: answers'
        self.heard = []  # (time of arrival, status)
        client.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_message, 10)

    def _on_message(self, message):
        assert message.header.stamp.sec > 0
        mine = [status for status in message.status if status.name == self._name]
        self.heard += [(time.monotonic(), status) for status in mine]

    def until(self, wanted):
        """Return the first status from now on for whose values `wanted` is true, and these."""
        del self.heard[:]

        def found():
            for _, status in self.heard:
                values = {pair.key: pair.value for pair in status.values}
                if wanted(status, values):
                    return status, values
            return None

        return self._client.wait(found)
