"""Calls five operations of a hub with a client that openapi-python-client made of its /openapi.json.

Usage: five_operations.py FOLDER-OF-THE-CLIENT URL
"""

import sys

folder, url = sys.argv[1:]
sys.path.insert(0, folder)

from hub_client import Client
from hub_client.api.context_information import (
    create_entity,
    delete_entity,
    query_entities,
    retrieve_entity,
    update_attributes,
)
from hub_client.models import Entity, EntityFragment

client = Client(base_url=url)
identifier = "urn:ngsi-ld:Bus:7"


def expect(found, right):
    if found != right:
        sys.exit(f"{found!r} is not {right!r}")


bus = Entity.from_dict({"id": identifier, "type": "Bus", "speed": {"type": "Property", "value": 30}})
expect(create_entity.sync_detailed(client=client, body=bus).status_code, 201)

faster = EntityFragment.from_dict({"speed": {"type": "Property", "value": 40}})
answer = update_attributes.sync_detailed(identifier, client=client, body=faster)
expect(answer.status_code, 204)

buses = query_entities.sync(client=client, type_="Bus", q="speed>35", format_="simplified")
expect(buses, [{"id": identifier, "type": "Bus", "speed": 40}])

found = retrieve_entity.sync(identifier, client=client, format_="concise")
expect(found["speed"], 40)

expect(delete_entity.sync_detailed(identifier, client=client).status_code, 204)
expect(retrieve_entity.sync(identifier, client=client).title, "Resource not found")
