"""An identity provider; says its URL, then the ID token of each CLIENT:PERSON that signs in."""

import signal
import sys
import urllib.parse

import httpx
import oidc_provider_mock

BACK = "https://city.example/back"


def id_token(url, client, person):
    """Signs the person in for the client by an authorization code, as a browser and a site do it."""
    answer = httpx.post(
        url + "/oauth2/authorize",
        params={
            "client_id": client,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid",
            "state": "x",
        },
        data={"sub": person},
    )
    query = urllib.parse.urlparse(answer.headers["location"]).query
    answer = httpx.post(
        url + "/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": dict(urllib.parse.parse_qsl(query))["code"],
            "redirect_uri": BACK,
        },
        auth=(client, "any"),
    )
    return answer.raise_for_status().json()["id_token"]


with oidc_provider_mock.run_server_in_thread() as server:
    url = f"http://localhost:{server.server_port}"
    print("ready", url, flush=True)
    for argument in sys.argv[1:]:
        print("token", id_token(url, *argument.split(":")), flush=True)
    signal.pause()
