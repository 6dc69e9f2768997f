"""``python -m parcel.cli MESSAGE`` prints whether a refund is due."""

import os
import sys

from parcel import llm
from parcel.templates import refund


class Canned:
    """What the night shift uses while the provider is down: the template decides."""

    def chat(self, messages, settings):
        text = messages[-1]["content"]
        return {"role": "assistant", "content": "yes" if "damaged" in text else "no"}


def main():
    if os.environ.get("PARCEL_PROVIDER") == "canned":
        llm.register("default", Canned())
    print(refund(sys.argv[1], 1250))


if __name__ == "__main__":
    main()
