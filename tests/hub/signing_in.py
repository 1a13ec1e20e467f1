"""Signing in with the loopback hub: its part of OpenID Connect, and the browser's."""

import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from server import LoopbackHub, Reply

CLIENT = "emer-client"
LIFE_S = 600


class SignIn:
    """Adds the endpoints to a hub. The visitor is `person`, who always consents."""

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub, self.person = hub, ""
        self.tells_orgs = True
        self.owners: dict[str, str] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "loopback", "use": "sig"})
        self.tokens: list[str] = []
        self._asked: dict[str, tuple[str, str]] = {}
        hub.more += [
            (r"/\.well-known/openid-configuration", self._configuration),
            (r"/oauth/jwks", self._keys),
            (r"/oauth/authorize", self._authorize),
            (r"/oauth/token", self._token),
            (r"/oauth/userinfo", self._userinfo),
        ]

    def environment(self) -> dict[str, str]:
        """The variables that a Space with `hf_oauth: true` gets."""
        return {
            "SYSTEM": "spaces",
            "SPACE_ID": "lab/emer",
            "OAUTH_CLIENT_ID": CLIENT,
            "OAUTH_CLIENT_SECRET": secrets.token_hex(16),
            "OAUTH_SCOPES": "openid profile",
            "OPENID_PROVIDER_URL": self.hub.url,
        }

    def cookie(self, app: str, person: str) -> str:
        """The cookie of somebody who signed in on the page. It is for https only, so no client would keep it here."""
        self.person = person
        asked = httpx.get(f"{app}/login/huggingface")
        consented = httpx.get(asked.headers["location"])
        back = httpx.get(consented.headers["location"], headers={"cookie": _session(asked)})
        assert (back.status_code, back.headers["location"][:1]) == (307, "/"), back.text
        return _session(back)

    def _configuration(self, person: Any, body: bytes, query: dict[str, str]) -> Reply:
        url = self.hub.url
        return _plain(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/oauth/authorize",
                "token_endpoint": f"{url}/oauth/token",
                "jwks_uri": f"{url}/oauth/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def _keys(self, person: Any, body: bytes, query: dict[str, str]) -> Reply:
        return _plain({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, person: Any, body: bytes, query: dict[str, str]) -> Reply:
        code = secrets.token_hex(8)
        self._asked[code] = self.person, query["nonce"]
        told = urlencode({"code": code, "state": query["state"]})
        return 302, {"location": f"{query['redirect_uri']}{'&' if '?' in query['redirect_uri'] else '?'}{told}"}, b""

    def _token(self, person: Any, body: bytes, query: dict[str, str]) -> Reply:
        name, nonce = self._asked.pop(parse_qs(body.decode())["code"][0])
        told = {
            "iss": self.hub.url,
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + LIFE_S,
            "nonce": nonce,
            **self._claims(name),
        }
        if not self.tells_orgs:
            del told["orgs"]
        self.tokens.append(f"hf_oauth_{secrets.token_hex(8)}")
        self.owners[self.tokens[-1]] = name
        return _plain(
            {
                "access_token": self.tokens[-1],
                "token_type": "bearer",
                "expires_in": LIFE_S,
                "scope": "openid profile",
                "id_token": jwt.encode({"alg": "RS256", "kid": "loopback"}, told, self.key),
            }
        )

    def _claims(self, name: str) -> dict[str, Any]:
        account = next(each for each in self.hub.people.values() if each["name"] == name)
        return {
            "sub": account["id"],
            "name": account["fullname"],
            "preferred_username": name,
            "profile": f"{self.hub.url}/{name}",
            "picture": "",
            "orgs": [{"sub": org["id"], "name": "Any", "preferred_username": org["name"]} for org in account["orgs"]],
        }

    def _userinfo(self, person: Any, body: bytes, query: dict[str, str]) -> Reply:
        """The account that the token belongs to."""
        return _plain(self._claims(self.owners[self.hub.bearer()]))


def _plain(value: Any) -> Reply:
    return 200, {"content-type": "application/json"}, json.dumps(value).encode()


def _session(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].split(";")[0]
