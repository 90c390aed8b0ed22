"""A chatbot's FastAPI service built from the examples in the documents, served by uvicorn.

Arguments: the repository's root and Bookplate's address. Prints its port on a line when it listens.
POST /ask {"conversation", "question"} with a reader's token runs the example of the README, pauses after the first part of
the answer until POST /continue, and returns the token's claims. POST /store runs the example of docs/API.md.
"""

import asyncio
import re
import socket
import sys
from pathlib import Path

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

folder, address = sys.argv[1:]
LOCAL = '"http://localhost:3001"'


def examples(document, *names):
    """The document's Python examples that define these functions, compiled with this Bookplate's address."""
    text = (Path(folder) / document).read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    used = [example for example in found if any(f"def {name}(" in example for name in names)]
    if len(used) != len(names):
        sys.exit(f"{document} no longer has an example for each of {names}")
    return compile("\n".join(used).replace(LOCAL, repr(address)), document, "exec")


# The answer pauses until the test has seen its beginning.
may_continue = asyncio.Event()


async def your_chatbot(question):
    source = {"type": "source", "sourceId": "s1", "kind": "url", "url": "https://book.example/docs/sensors#range"}
    yield "Ultrasound", []
    await may_continue.wait()
    yield "Ultrasound reaches", []
    yield f"Ultrasound reaches four metres. ({question})", [source]


from_readme, from_api = {"your_chatbot": your_chatbot}, {}
exec(examples("README.md", "claims_of", "answer"), from_readme)
exec(examples("docs/API.md", "keep_answer"), from_api)

app = FastAPI()


class Question(BaseModel):
    conversation: str
    question: str


def reader(credentials: HTTPAuthorizationCredentials = Depends(HTTPBearer())):
    try:
        return credentials.credentials, from_readme["claims_of"](credentials.credentials)
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error)) from error


@app.post("/ask")
async def ask(asked: Question, reader=Depends(reader)):
    token, claims = reader
    await from_readme["answer"](token, asked.conversation, asked.question)
    return claims


@app.post("/store")
def store(asked: Question, reader=Depends(reader)):
    from_api["keep_answer"](address, reader[0], asked.conversation, ["Lidar ", "reaches ", "farther."])


@app.post("/continue")
async def resume():
    may_continue.set()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
