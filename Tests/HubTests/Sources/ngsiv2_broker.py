"""A broker with the shapes of NGSIv2, with 150 rooms, two sensors and a subscription. Where its argument is "breaks", it
answers its second page of rooms with an error once. Prints its port, and each request."""

import http.server
import json
import sys
import urllib.parse

breaks = [True] if "breaks" in sys.argv else []


def room(number):
    return {
        "id": f"Room{number}",
        "type": "Room",
        "temperature": {
            "type": "Number",
            "value": number,
            "metadata": {"TimeInstant": {"type": "DateTime", "value": "2026-05-01T08:00:00.00Z"}},
        },
        "location": {"type": "geo:point", "value": "52.5,13.4", "metadata": {}},
    }


entities = [room(number) for number in range(150)]
entities += [
    {"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "level": {"type": "Number", "value": "7", "metadata": {}}},
    {"id": "urn:ngsi-ld:Sensor:2", "type": "Sensor", "level": {"type": "Number", "value": 8, "metadata": {}},
     "wrong": {"type": "DateTime", "value": "soon", "metadata": {}}},
]
subscription = {
    "id": "57458eb60962ef754e7c0998",
    "description": "warm rooms",
    "status": "active",
    "subject": {
        "entities": [{"idPattern": ".*", "type": "Room"}],
        "condition": {"attrs": ["temperature"], "expression": {"q": "temperature>40"}},
    },
    "notification": {
        "http": {"url": "http://receiver.example/notify"},
        "attrs": ["temperature"],
        "attrsFormat": "keyValues",
        "timesSent": 12,
    },
    "throttling": 5,
}


class Broker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 20))
        wanted = [entity for entity in entities if query.get("type", entity["type"]) == entity["type"]]
        if self.headers["Fiware-Service"] != "city" or self.headers["Fiware-ServicePath"] != "/#":
            return self.answer(400, {"error": "NotFound", "description": "another service"})
        if url.path == "/v2/types":
            types = [{"type": "Room", "attrs": {}, "count": 150}, {"type": "Sensor", "attrs": {}, "count": 2}]
            return self.answer(200, types[offset : offset + limit])
        if url.path == "/v2/subscriptions":
            return self.answer(200, [subscription][offset : offset + limit])
        if url.path != "/v2/entities":
            return self.answer(404, {"error": "NotFound", "description": "no such thing"})
        if offset == 100 and breaks:
            breaks.clear()
            return self.answer(500, {"error": "InternalServerError", "description": "a fault of the test"})
        self.answer(200, wanted[offset : offset + limit], len(wanted))

    def answer(self, status, content, count=None):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if count is not None:
            self.send_header("Fiware-Total-Count", str(count))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broker)
print(f"port {server.server_address[1]}", flush=True)
server.serve_forever()
