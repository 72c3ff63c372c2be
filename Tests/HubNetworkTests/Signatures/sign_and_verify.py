"""Signs and verifies requests between hubs with another implementation of RFC 9421.

`sign_and_verify.py verify JSON` gets {"method", "url", "headers", "body", "key"}, where the key is the raw public
key in Base64, and fails unless the signature is valid. `sign_and_verify.py sign JSON` gets the same with the raw
private key, "components" and "keyid", and writes the headers of the signed request.
"""

import base64
import datetime
import json
import sys

import requests
from cryptography.hazmat.primitives.asymmetric import ed25519
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

asked = json.loads(sys.argv[2])
key = base64.b64decode(asked["key"])


class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id):
        return ed25519.Ed25519PublicKey.from_public_bytes(key)

    def resolve_private_key(self, key_id):
        return ed25519.Ed25519PrivateKey.from_private_bytes(key)


message = requests.Request(
    asked["method"], asked["url"], headers=asked["headers"], data=asked.get("body", "").encode()
).prepare()
if sys.argv[1] == "verify":
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    results = verifier.verify(message, expect_tag="balai-hub", body=asked.get("body", "").encode())
    print(json.dumps(sorted(component.strip('"') for component in results[0].covered_components)))
else:
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    signer.sign(
        message,
        key_id=asked["keyid"],
        created=now,
        expires=now + datetime.timedelta(seconds=30),
        nonce="one",
        label="hub",
        tag="balai-hub",
        covered_component_ids=asked["components"],
        body=asked.get("body", "").encode() or None,
    )
    print(json.dumps(dict(message.headers)))
