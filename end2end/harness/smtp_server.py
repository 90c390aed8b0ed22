"""An SMTP server for the tests, on a loopback port. Prints each message it accepts as a line of JSON.

The first argument is a JSON object: `port` (0 for any), `tls` ("none", "starttls" or "implicit"), and perhaps `user` and
`password`. Lines of JSON on standard input change its behavior: `{"reply": "451 ...", "times": 2}` (without `times`, always),
`{"hang": true}`, `{"close": true}`, `{}` to accept messages again. It exits at the end of its standard input.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult
from certificate import self_signed


def emit(message):
    print(json.dumps(message), flush=True)


def self_signed_context():
    """TLS with a self-signed certificate, as on a mail server on the same machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write("".join(self_signed("receiver.invalid")).encode())
    try:
        context.load_cert_chain(file.name)
    finally:
        os.unlink(file.name)
    return context


class Handler:
    """Handles received messages according to the current behavior."""

    def __init__(self):
        self.behavior = {}

    def behave(self, behavior):
        self.behavior = behavior
        emit({"behaves": behavior})

    async def handle_DATA(self, server, session, envelope):
        behavior = self.behavior
        emit({"attempted": envelope.rcpt_tos})
        if behavior.get("hang"):
            await asyncio.Event().wait()
        if behavior.get("close"):
            server.transport.abort()
            return "421 closing"
        if "reply" in behavior:
            if "times" in behavior:
                behavior["times"] -= 1
                if behavior["times"] <= 0:
                    self.behavior = {}
            return behavior["reply"]
        emit({"message": described(server, session, envelope)})
        return "250 taken"


def described(server, session, envelope):
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    part = lambda kind: message.get_body((kind,)).get_content()
    return {
        "envelope": {"from": envelope.mail_from, "to": envelope.rcpt_tos},
        "headers": {name.lower(): value for name, value in message.items()},
        "type": message.get_content_type(),
        "text": part("plain"),
        "html": part("html"),
        "tls": server.transport.get_extra_info("ssl_object") is not None,
        "user": session.auth_data,
    }


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        fine = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=fine, handled=False, auth_data=user if fine else None)

    return check


async def main():
    wanted = json.loads(sys.argv[1])
    loop = asyncio.get_running_loop()
    handler, tls = Handler(), wanted.get("tls", "none")
    context = None if tls == "none" else self_signed_context()
    options = {"hostname": "receiver.invalid", "auth_require_tls": tls == "starttls"}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if "user" in wanted:
        check = authenticator(wanted["user"], wanted["password"])
        options |= {"authenticator": check, "auth_required": True}

    def conversation():
        return SMTP(handler, loop=loop, **options)

    implicit = context if tls == "implicit" else None
    server = await loop.create_server(conversation, "127.0.0.1", wanted.get("port", 0), ssl=implicit)
    emit({"port": server.sockets[0].getsockname()[1]})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        handler.behave(json.loads(line))
    # Do not wait for hanging connections.
    os._exit(0)


asyncio.run(main())
