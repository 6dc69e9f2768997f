"""The shop's help line: it keeps the history, and a model answers."""


class HelpLine:
    def __init__(self, complete, instructions):
        self.complete = complete  # from a list of messages to a text
        self.history = [{"role": "system", "content": instructions}]

    def hears(self, text):
        self.history.append({"role": "user", "content": text})
        answer = self.complete(self.history)
        self.history.append({"role": "assistant", "content": answer})
        return answer
