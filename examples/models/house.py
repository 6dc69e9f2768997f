"""The company's own client, as its application has it; nothing here knows of tests."""


class HouseError(Exception):
    def __init__(self, status):
        super().__init__(f"status {status}")
        self.status = status


class HouseClient:
    """Stands for a gateway to several providers; answers by rules, so it needs none."""

    def __init__(self, tries=3):
        self.tries = tries
        self.connected = True

    def ask(self, messages, **options):
        for _ in range(self.tries):
            try:
                return self._send(messages, **options)
            except HouseError as error:
                if error.status != 503:
                    raise
        raise HouseError(503)

    def close(self):
        self.connected = False

    def _send(self, messages, temperature=1.0):
        if not self.connected or temperature > 2:
            raise HouseError(400)
        ticket = messages[-1]["content"].lower().rpartition("ticket:")[2]
        label = "billing" if "charge" in ticket else "shipping"
        return {"content": label, "model": "house-2026-11", "tokens": (40, 1)}


class AsyncHouseClient(HouseClient):
    async def ask(self, messages, **options):
        return super().ask(messages, **options)
