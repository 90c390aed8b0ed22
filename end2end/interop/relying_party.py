"""A client of OpenID Connect made with Authlib.

Reads {origin, client, secret, callback, scope, authentication} and writes {url, state, nonce, verifier}: an authorization
request. Given these and `back`, the address that the reader was sent to, it writes what became of the code.
"""

import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # The server is on http://localhost.

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

ask = json.load(sys.stdin)
server = httpx.get(f"{ask['origin']}/.well-known/openid-configuration").raise_for_status().json()
client = OAuth2Client(
    ask["client"],
    ask["secret"],
    scope=ask["scope"],
    redirect_uri=ask["callback"],
    token_endpoint_auth_method=ask["authentication"],
    revocation_endpoint_auth_method=ask["authentication"],
    code_challenge_method="S256",
)


def begin():
    nonce, verifier = generate_token(), generate_token(48)
    url, state = client.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    return {"url": url, "state": state, "nonce": nonce, "verifier": verifier}


def claims_of(id_token):
    keys = KeySet.import_key_set(httpx.get(server["jwks_uri"]).raise_for_status().json())
    token = jwt.decode(id_token, keys, algorithms=server["id_token_signing_alg_values_supported"])
    demands = {
        "iss": {"essential": True, "value": server["issuer"]},
        "aud": {"essential": True, "value": ask["client"]},
        "nonce": {"essential": True, "value": ask["nonce"]},
        "exp": {"essential": True},
    }
    jwt.JWTClaimsRegistry(leeway=10, **demands).validate(token.claims)
    return token.claims


def active(token):
    return client.introspect_token(server["introspection_endpoint"], token=token).json()["active"]


def finish():
    tokens = client.fetch_token(
        server["token_endpoint"],
        authorization_response=ask["back"],
        state=ask["state"],
        code_verifier=ask["verifier"],
    )
    claims = claims_of(tokens["id_token"])
    about = client.get(server["userinfo_endpoint"]).raise_for_status().json()
    renewed = client.refresh_token(server["token_endpoint"], refresh_token=tokens["refresh_token"])
    before = active(renewed["access_token"])
    client.revoke_token(server["revocation_endpoint"], token=renewed["refresh_token"]).raise_for_status()
    try:
        client.refresh_token(server["token_endpoint"], refresh_token=renewed["refresh_token"])
        refused = None
    except OAuthError as error:
        refused = error.error
    return {
        "sub": claims["sub"],
        "email": claims["email"],
        "userinfo": about["sub"],
        "rotated": renewed["refresh_token"] != tokens["refresh_token"],
        "active": [before, active(renewed["access_token"])],
        "refused": refused,
    }


json.dump(finish() if "back" in ask else begin(), sys.stdout)
