"""Serves a feed of GTFS-Realtime as the publishers' library writes it, on a port of this machine: /vehicles.pb,
/trips.pb, /alerts.pb, and /damaged.pb, which is cut off. Prints "serving PORT"."""

import http.server

from google.transit import gtfs_realtime_pb2 as realtime

MORNING = 1777622400  # 1 May 2026, 08:00 UTC


def feed():
    message = realtime.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = realtime.FeedHeader.FULL_DATASET
    message.header.timestamp = MORNING
    return message


def vehicles():
    message = feed()
    whole = message.entity.add(id="1").vehicle
    whole.trip.trip_id = "T1"
    whole.trip.route_id = "R 1"
    whole.trip.start_date = "20260501"
    whole.position.latitude = 7.8804
    whole.position.longitude = 98.3923
    whole.position.speed = 8.5
    whole.current_status = realtime.VehiclePosition.IN_TRANSIT_TO
    whole.stop_id = "S1"
    whole.timestamp = MORNING - 5
    whole.vehicle.id = "bus 7"
    whole.vehicle.label = "Bus 7"
    # Neither trip, route, date, moment nor name.
    bare = message.entity.add(id="2").vehicle
    bare.position.latitude = 7.9
    bare.position.longitude = 98.3
    return message


def trips():
    message = feed()
    update = message.entity.add(id="1").trip_update
    update.trip.trip_id = "T1"
    update.vehicle.id = "bus 7"
    stop = update.stop_time_update.add(stop_sequence=1, stop_id="S1")
    stop.arrival.delay = 120
    stop.arrival.time = MORNING + 600
    # A trip that is named by its route alone.
    message.entity.add(id="2").trip_update.trip.route_id = "R 1"
    return message


def alerts():
    message = feed()
    alert = message.entity.add(id="closed").alert
    alert.active_period.add(start=MORNING - 3600, end=MORNING + 3600)
    alert.informed_entity.add(route_id="R 1")
    alert.cause = realtime.Alert.CONSTRUCTION
    alert.effect = realtime.Alert.DETOUR
    alert.header_text.translation.add(text="ถนนปิด", language="th")
    return message


ANSWERS = {
    "/vehicles.pb": vehicles().SerializeToString(),
    "/trips.pb": trips().SerializeToString(),
    "/alerts.pb": alerts().SerializeToString(),
    "/damaged.pb": vehicles().SerializeToString()[:-9],
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ANSWERS.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving {server.server_address[1]}", flush=True)
server.serve_forever()
