"""An identity provider that knows one client by its secret and asks for PKCE; says its URL."""

import base64
import hashlib
import os
import sys
import urllib.parse

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import flask
import oidc_provider_mock
import werkzeug.serving

CLIENT, SECRET = sys.argv[1:]

app = oidc_provider_mock.app(require_nonce=True)
challenges = {}


@app.before_request
def check():
    """oidc-provider-mock takes any secret and looks at no verifier; most providers do both."""
    if flask.request.path == "/oauth2/authorize":
        if flask.request.args.get("code_challenge_method") != "S256":
            return flask.jsonify(error="invalid_request"), 400
    if flask.request.path == "/oauth2/token":
        client = flask.request.authorization
        # RFC 6749, section 2.3.1: both are encoded as in a form.
        shown = client and [urllib.parse.unquote_plus(x) for x in (client.username, client.password)]
        if shown != [CLIENT, SECRET]:
            return flask.jsonify(error="invalid_client"), 401
        digest = hashlib.sha256(flask.request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenges.pop(flask.request.form["code"], None) != challenge:
            return flask.jsonify(error="invalid_grant"), 400
    return None


@app.after_request
def remember(answer):
    query = urllib.parse.urlparse(answer.headers.get("location", "")).query
    code = urllib.parse.parse_qs(query).get("code")
    if flask.request.path == "/oauth2/authorize" and code:
        challenges[code[0]] = flask.request.args["code_challenge"]
    return answer


server = werkzeug.serving.make_server("localhost", 0, app, threaded=True)
print("ready", f"http://localhost:{server.server_port}", flush=True)
server.serve_forever()
