from pytest_promptopt.testing import ScriptedJudge, ScriptedModel

REPLIES = {  # to the mail in which the words on the left stand
    "parcel": "We are sorry! It left us on Friday and arrives tomorrow.",
    "Sundays": "No, but thank you for asking, and see you on Monday!",
    "broken": "Send it back.",
    "bulb": "One with an E27 base and 40 watts at most. Thank you!",
}


def is_polite(request):
    reply = request.messages[-1].content.partition("Reply: ")[2].partition("\n")[0]
    return "pass" if "sorry" in reply.lower() or "thank" in reply.lower() else "fail"


def pytest_promptopt_model(config, name, role):
    if name == "script:judge":  # one that errs now and then, as all judges do
        return ScriptedJudge(is_polite, wrong=0.1)
    return ScriptedModel(REPLIES) if name == "script:shop" else None
