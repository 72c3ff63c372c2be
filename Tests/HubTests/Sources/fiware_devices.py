"""Works with a hub as FIWARE's users do with the IoT Agent for JSON: provisions with filip, sends measures and takes
commands over HTTP and, with Eclipse Paho, over MQTT. Prints "done" when all was as expected."""

import http.server
import json
import sys
import threading
import time

import paho.mqtt.client as mqtt
import requests
from filip.clients.ngsi_v2.iota import IoTAClient
from filip.models.base import FiwareHeader
from filip.models.ngsi_v2.iot import Device, DeviceAttribute, DeviceCommand, ServiceGroup, StaticDeviceAttribute

hub, port, authority = sys.argv[1], int(sys.argv[2]), sys.argv[3]
key = "4jggokgpepnvsb2uv4s40d59ov"
tenant = {"NGSILD-Tenant": "openiot"}
taken = []


class Sprinkler(http.server.BaseHTTPRequestHandler):
    """A device that does what it is told, and says so."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        taken.append((body, self.headers["Fiware-Service"], self.headers["Fiware-ServicePath"]))
        (name,) = body
        answer = json.dumps({name: f"{name} OK"}).encode()
        self.send_response(500 if name == "burst" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


def entity(name):
    answer = requests.get(f"{hub}/ngsi-ld/v1/entities/{name}?format=simplified", headers=tenant)
    return answer.json() if answer.ok else {}


def wait(what, until):
    for _ in range(300):
        if until():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen")


def command(name, attribute, value):
    answer = requests.patch(
        f"{hub}/ngsi-ld/v1/entities/{name}/attrs/{attribute}",
        headers=tenant,
        json={"type": "Property", "value": value},
    )
    assert answer.status_code == 204, answer.text


def check_http(client, endpoint):
    client.post_group(
        ServiceGroup(
            apikey=key,
            resource="/iot/json",
            entity_type="Device",
            attributes=[DeviceAttribute(object_id="bpm", name="heartRate", type="Number")],
            static_attributes=[StaticDeviceAttribute(name="category", type="Text", value="sensor")],
        )
    )
    groups = client.get_group_list()
    assert len(groups) == 1 and groups[0].entity_type == "Device", groups
    assert key not in requests.get(f"{hub}/iot/services", headers=tenant).text
    sensor = Device(
        device_id="temperature001",
        entity_name="urn:ngsi-ld:Device:temperature001",
        entity_type="Device",
        apikey=key,
        transport="HTTP",
        attributes=[DeviceAttribute(object_id="t", name="temperature", type="Number")],
        static_attributes=[
            StaticDeviceAttribute(
                name="controlledAsset", type="Relationship", value="urn:ngsi-ld:Building:barn001"
            )
        ],
    )
    water = Device(
        device_id="water001",
        entity_name="urn:ngsi-ld:Device:water001",
        entity_type="IrrigationSystem",
        apikey=key,
        transport="HTTP",
        endpoint=endpoint,
        commands=[DeviceCommand(name="on"), DeviceCommand(name="burst")],
    )
    client.post_devices(devices=[sensor, water])
    assert client.get_device(device_id="water001").commands[0].name == "on"
    assert {device.device_id for device in client.get_device_list()} == {"temperature001", "water001"}
    place = {"k": key, "i": "temperature001"}
    answer = requests.post(f"{hub}/iot/json", params=place, json={"t": 3, "bpm": 80})
    assert answer.status_code == 200 and answer.json() == {}, answer.text
    found = entity("urn:ngsi-ld:Device:temperature001")
    assert found["temperature"] == 3 and found["heartRate"] == 80, found
    assert found["controlledAsset"] == "urn:ngsi-ld:Building:barn001", found
    assert found["category"] == "sensor", found
    answer = requests.post(f"{hub}/iot/json/attrs/t", params=place, data="4")
    assert answer.ok and entity("urn:ngsi-ld:Device:temperature001")["temperature"] == 4
    answer = requests.post(f"{hub}/iot/json", params=place, json={"t": "warm"})
    assert answer.status_code == 202 and "not a number" in answer.text, answer.text
    for wrong in [{"k": "wrong", "i": "temperature001"}, {"i": "temperature001"}]:
        assert requests.post(f"{hub}/iot/json", params=wrong, json={"t": 9}).status_code == 401
    # Commands.
    name = "urn:ngsi-ld:Device:water001"
    for _ in range(2):
        command(name, "on", " ")
        wait("the result", lambda: entity(name)["on_status"] == "OK")
        assert entity(name)["on_info"] == "on OK"
    command(name, "burst", 1)
    wait("the error", lambda: entity(name)["burst_status"] == "ERROR")
    assert entity(name)["burst_info"] == "The device answered 500.", entity(name)
    wait("the commands", lambda: len(taken) >= 3)
    assert taken[0] == ({"on": " "}, "openiot", "/"), taken
    # A changed device, and one that asks.
    sensor.attributes.append(DeviceAttribute(object_id="h", name="humidity", type="Number"))
    client.update_device(device=sensor)
    requests.post(f"{hub}/iot/json", params=place, json={"h": "50"})
    assert entity("urn:ngsi-ld:Device:temperature001")["humidity"] == 50
    client.post_device(
        device=Device(
            device_id="door",
            entity_name="urn:ngsi-ld:Device:door",
            entity_type="Device",
            apikey=key,
            commands=[DeviceCommand(name="open")],
        )
    )
    command("urn:ngsi-ld:Device:door", "open", {"for": 3})
    asking = {"k": key, "i": "door", "getCmd": "1"}
    assert requests.get(f"{hub}/iot/json", params=asking).json() == {"open": {"for": 3}}
    assert entity("urn:ngsi-ld:Device:door")["open_status"] == "DELIVERED"
    answer = requests.post(f"{hub}/iot/json/commands", params=asking, json={"open": "opened"})
    assert answer.ok and entity("urn:ngsi-ld:Device:door")["open_info"] == "opened"
    answer = requests.post(f"{hub}/iot/json", params=asking, json={"battery": 0.5})
    assert answer.json() == {}, answer.text


def check_mqtt(client):
    client.post_device(
        device=Device(
            device_id="lamp",
            entity_name="urn:ngsi-ld:Device:lamp",
            entity_type="Device",
            apikey=key,
            transport="MQTT",
            attributes=[DeviceAttribute(object_id="l", name="luminosity", type="Number")],
            commands=[DeviceCommand(name="light")],
        )
    )
    lamp = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    lamp.tls_set(ca_certs=authority)

    def obey(_, __, message):
        (name,) = json.loads(message.payload)
        lamp.publish(f"/json/{key}/lamp/cmdexe", json.dumps({name: "shines"}), qos=1)

    lamp.on_message = obey
    lamp.connect("localhost", port)
    lamp.loop_start()
    ready = threading.Event()
    lamp.on_subscribe = lambda *arguments: ready.set()
    lamp.subscribe(f"/{key}/lamp/cmd", qos=1)
    assert ready.wait(20)
    lamp.publish(f"/json/{key}/lamp/attrs", '{"l": 7}', qos=1).wait_for_publish(20)
    lamp.publish(f"/json/{key}/lamp/attrs/l", "8", qos=1).wait_for_publish(20)
    wait("the measure", lambda: entity("urn:ngsi-ld:Device:lamp").get("luminosity") == 8)
    command("urn:ngsi-ld:Device:lamp", "light", 1)
    wait("the result", lambda: entity("urn:ngsi-ld:Device:lamp")["light_status"] == "OK")
    assert entity("urn:ngsi-ld:Device:lamp")["light_info"] == "shines"
    lamp.disconnect()
    lamp.loop_stop()


def remove(client):
    client.delete_device(device_id="lamp")
    client.delete_group(resource="/iot/json", apikey=key)
    assert client.get_device_list() == [] and client.get_group_list() == []
    answer = requests.post(f"{hub}/iot/json", params={"k": key, "i": "lamp"}, json={"l": 1})
    assert answer.status_code == 401


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sprinkler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with IoTAClient(url=hub, fiware_header=FiwareHeader(service="openiot", service_path="/")) as client:
    check_http(client, f"http://127.0.0.1:{server.server_address[1]}/iot/water001")
    check_mqtt(client)
    remove(client)
print("done", flush=True)
