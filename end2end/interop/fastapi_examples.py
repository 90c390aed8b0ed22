"""Runs the FastAPI service of docs/FASTAPI.md with each of its four libraries.

Reads {document, issuer, tokens: {name: token}, late} from standard input and writes {library: {name: status}}.
With `late`, the libraries see a clock that is two hours fast.
"""

import datetime
import json
import re
import sys
import time
import types
from unittest.mock import patch

import jose.jwt
import jwt.api_jwt
from fastapi.testclient import TestClient


class LateDatetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(hours=2)


def load(name, source):
    """Makes a module of the text, under a name that the other files import."""
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def statuses(app, tokens):
    with TestClient(app) as client:
        answers = {name: client.get("/hello", headers={"authorization": f"Bearer {token}"}) for name, token in tokens.items()}
    return {name: answer.status_code for name, answer in answers.items()}


request = json.load(sys.stdin)
with open(request["document"], encoding="utf-8") as file:
    examples = re.findall(r"^```python\n# (\S+?)\.py(?:, with (\S+))?\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
examples = [(name, library, text.replace("http://localhost:3001", request["issuer"])) for name, library, text in examples]
main = next(text for name, _, text in examples if name == "main")
keys = next(text for name, _, text in examples if name == "keys")

if request.get("late"):
    now = time.time
    for clock in [
        patch("time.time", lambda: now() + 7200),
        patch.object(jwt.api_jwt, "datetime", LateDatetime),
        patch.object(jose.jwt, "datetime", LateDatetime),
    ]:
        clock.start()

outcome = {}
for name, library, text in examples:
    if name == "tokens":
        load("keys", keys)
        load("tokens", text)
        outcome[library] = statuses(load("main", main).app, request["tokens"])
json.dump(outcome, sys.stdout)
