from house import AsyncHouseClient, HouseClient, HouseError

from pytest_promptopt import Completion, ModelError
from pytest_promptopt.records import Usage


class House:
    retries_itself = True  # as the client does: nothing is sent a second time

    def __init__(self):
        self.client = HouseClient()
        self.close = self.client.close  # called once, after the last request

    def complete(self, request):  # runs in threads
        try:
            return completion(self.client.ask(chat(request), **request.settings))
        except HouseError as error:
            raise refused(error) from error


class AsyncHouse:
    def __init__(self):
        self.client = AsyncHouseClient(tries=1)  # the retries are the engine's

    async def complete(self, request):  # runs on the engine's loop
        try:
            return completion(await self.client.ask(chat(request), **request.settings))
        except HouseError as error:
            raise refused(error) from error


def chat(request):
    return [message.as_openai() for message in request.messages]


def completion(answer):
    sent, received = answer["tokens"]
    usage = Usage(prompt_tokens=sent, completion_tokens=received)
    return Completion(text=answer["content"], model=answer["model"], usage=usage)


def refused(error):
    later = error.status in (429, 503)
    return ModelError(f"the gateway refused: {error}", "ask #llm", retryable=later)


def pytest_promptopt_model(config, name, role):
    models = {"house:large": House, "house:async": AsyncHouse}
    return models[name]() if name in models else None
