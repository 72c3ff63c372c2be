"""Reports incidents to hubs as a city's coordinators do: with taxii2-client and stix2.

Arguments: the address and the token of each of two hubs, and the name of a third one that they report. Prints "reported" when
both have.
"""

import sys
from datetime import datetime, timezone

import requests
import stix2
from taxii2client.v21 import Server, as_pages

EXTENSION = "extension-definition--5d1c9f4e-6f0b-4a3e-9f57-2b7f0c1d8e64"
first, first_token, second, second_token, reported = sys.argv[1:]


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def collection(address, token):
    server = Server(f"{address}/taxii2/", auth=Bearer(token))
    assert server.default.url == f"{address}/taxii2/hub/", server.default.url
    assert server.default.versions == ["application/taxii+json;version=2.1"]
    (only,) = server.default.collections
    assert only.can_read and only.can_write, only
    return server.default, only


def sighting(indicator, **more):
    subject = {"kind": "member", "hub": reported}
    extension = {"extension_type": "property-extension", "subject": subject}
    return stix2.Sighting(
        sighting_of_ref=indicator.id, extensions={EXTENSION: extension}, **more
    )


def add(collection, *objects):
    bundle = [stix2.parse(one.serialize()) for one in objects]
    text = '{"objects": [%s]}' % ", ".join(one.serialize() for one in bundle)
    return collection.add_objects(text)


try:
    collection(first, "nobody")
    raise AssertionError("a wrong token reads")
except requests.HTTPError as error:
    assert error.response.status_code == 401, error

root, reports = collection(first, first_token)
identity = stix2.Identity(name="CSIRT", identity_class="organization")
indicator = stix2.Indicator(
    created_by_ref=identity.id,
    name="A hub that floods others",
    pattern="[network-traffic:dst_port = 1026]",
    pattern_type="stix",
    valid_from=datetime.now(timezone.utc),
    indicator_types=["malicious-activity"],
)
seen = sighting(indicator, count=3, created_by_ref=identity.id)
status = add(reports, identity, indicator, seen)
assert status.status == "complete" and status.success_count == 3, status
assert root.get_status(status.id).success_count == 3

# A person is nobody to report, and what is not understood is not kept.
person = stix2.Identity(name="Somchai", identity_class="individual")
refused = add(reports, person)
assert refused.failure_count == 1 and "identity_class" in str(refused.failures), refused

envelope = reports.get_objects(id=[seen.id])
(kept,) = envelope["objects"]
parsed = stix2.parse(kept)
assert parsed.sighting_of_ref == indicator.id and parsed.count == 3
said = kept["extensions"][EXTENSION]
assert said["said_by"].startswith("urn:balai:hub:") and said["signed"].count(".") == 2
pages = [page["objects"] for page in as_pages(reports.get_objects, per_request=1)]
assert [len(page) for page in pages] == [1, 1, 1], pages
assert reports.get_objects(type=["indicator"])["objects"][0]["name"] == indicator.name
manifest = reports.get_manifest(id=[seen.id])["objects"]
assert len(manifest) == 1 and manifest[0]["media_type"] == "application/stix+json;version=2.1"

# What the hub has signed is changed by who reported it, and has a newer version.
newer = stix2.parse(kept).new_version(count=4)
assert add(reports, newer).success_count == 1
assert len(reports.object_versions(seen.id)["versions"]) == 2
(latest,) = reports.get_object(seen.id)["objects"]
assert latest["count"] == 4
assert len(reports.get_object(seen.id, version="all")["objects"]) == 2
after = reports.get_manifest(id=[seen.id])["objects"][0]["date_added"]
assert reports.get_objects(added_after=after).get("objects", []) == []

_, others = collection(second, second_token)
assert add(others, indicator, sighting(indicator)).success_count == 2
print("reported", flush=True)
