from pytest_promptopt.testing import ScriptedModel

REPLIES = {  # to the mail in which the words on the left stand
    "which sizes": "- price\n- size",
    "colour and delivery": "- price\n- colour\n- shop",
    "When do you open": "We open at nine.",
    "Where is the shop": "In Long Lane, the third house on the left, by a big old oak.",
}


def pytest_promptopt_model(config, name, role):
    return ScriptedModel(REPLIES) if name == "script:replies" else None
