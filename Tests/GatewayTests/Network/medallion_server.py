"""Serves one collection with medallion, the TAXII server of OASIS, filled by its client with what its argument has.

Prints "ready URL" when the objects are there.
"""

import json
import sys
import tempfile
import threading

import medallion
from taxii2client.v21 import Collection
from werkzeug.serving import make_server

# What is public needs no password.
medallion.auth.login_required = lambda view: view

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
server = make_server("127.0.0.1", 0, medallion.application_instance, threaded=True)
address = f"http://127.0.0.1:{server.server_port}"
root = f"{address}/shared/"
data = {
    "/discovery": {"title": "Others", "default": root, "api_roots": [root]},
    "shared": {
        "information": {
            "title": "Shared",
            "versions": ["application/taxii+json;version=2.1"],
            "max_content_length": 9765625,
        },
        "status": [],
        "collections": [
            {
                "id": COLLECTION,
                "title": "Sightings",
                "can_read": True,
                "can_write": True,
                "media_types": ["application/stix+json;version=2.1"],
                "objects": [],
                "manifest": [],
            },
            {
                "id": "52892447-4d7e-4f70-b94d-d7f22742ff63",
                "title": "Not for everybody",
                "can_read": False,
                "can_write": False,
                "media_types": ["application/stix+json;version=2.1"],
                "objects": [],
                "manifest": [],
            },
        ],
    },
}
with tempfile.NamedTemporaryFile("w", suffix=".json") as content:
    json.dump(data, content)
    content.flush()
    configuration = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": content.name,
        },
        "users": {},
        "taxii": {"max_page_size": 2},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(configuration, file)
        file.flush()
        medallion.load_app(file.name)
threading.Thread(target=server.serve_forever, daemon=True).start()
collection = Collection(f"{root}collections/{COLLECTION}/")
status = collection.add_objects({"objects": json.loads(sys.argv[1])})
assert status.status == "complete" and status.failure_count == 0, status
print(f"ready {address}", flush=True)
threading.Event().wait()
