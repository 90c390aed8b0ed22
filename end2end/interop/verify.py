"""Verifies one token the way a service in Python would.

Reads {library, token, ...} from standard input and writes {"claims": ...} or {"refused": "ErrorName"}.

- library: "pyjwt" or "python-jose"
- secret: decode with this shared secret by the bare call `decode(token, secret, algorithms=["HS256"])`
- jwks_url: or else fetch the published keys and choose by `kid`, as the library's users do
- algorithm, audience, issuer: what the service insists on, when given
"""

import json
import sys
import urllib.request


def with_pyjwt(ask):
    import jwt

    if "secret" in ask:
        return jwt.decode(ask["token"], ask["secret"], algorithms=["HS256"])
    key = jwt.PyJWKClient(ask["jwks_url"]).get_signing_key_from_jwt(ask["token"])
    return jwt.decode(
        ask["token"], key, algorithms=[ask["algorithm"]], audience=ask["audience"], issuer=ask["issuer"], leeway=10
    )


def with_python_jose(ask):
    from jose import jwt

    if "secret" in ask:
        return jwt.decode(ask["token"], ask["secret"], algorithms=["HS256"])
    with urllib.request.urlopen(ask["jwks_url"]) as answer:
        keys = json.load(answer)["keys"]
    kid = jwt.get_unverified_header(ask["token"])["kid"]
    key = next(key for key in keys if key["kid"] == kid)
    return jwt.decode(
        ask["token"],
        key,
        algorithms=[ask["algorithm"]],
        audience=ask["audience"],
        issuer=ask["issuer"],
        options={"leeway": 10},
    )


ask = json.load(sys.stdin)
verify = {"pyjwt": with_pyjwt, "python-jose": with_python_jose}[ask["library"]]
try:
    outcome = {"claims": verify(ask)}
except Exception as error:  # the name of the refusal is the answer
    outcome = {"refused": type(error).__name__, "because": str(error)}
json.dump(outcome, sys.stdout)
