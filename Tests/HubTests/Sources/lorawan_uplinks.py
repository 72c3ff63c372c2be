"""Publishes, with Eclipse Paho over TLS, what LoRaWAN servers publish: ChirpStack v4 by its own types (`chirpstack-api`),
written as its MQTT integration writes them, and The Things Stack v3 in the shape of its documentation. Prints "published"
after the broker has all."""

import json
import sys

import paho.mqtt.client as mqtt
from chirpstack_api import integration
from google.protobuf.json_format import MessageToJson

port, authority = int(sys.argv[1]), sys.argv[2]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.tls_set(authority)
client.connect("localhost", port)
client.loop_start()


def publish(topic, text):
    client.publish(topic, text, qos=1).wait_for_publish(20)


def describe(event, number, device, moment):
    """What all events of ChirpStack have."""
    event.deduplication_id = f"00000000-0000-4000-8000-{number:012}"
    event.time.FromJsonString(moment)
    info = event.device_info
    info.tenant_name, info.application_name = "City", "Bins"
    info.application_id = "17c82e96-be03-4f38-aef3-f83d48582d97"
    info.device_name, info.dev_eui = f"Bin {device[-1]}", device
    info.tags["kind"] = "bin"
    return event


def chirpstack(event, kind):
    # As the integration does, it leaves out what is 0, false or empty.
    topic = f"application/{event.device_info.application_id}/device/{event.device_info.dev_eui}/event/{kind}"
    publish(topic, MessageToJson(event, indent=None))


def uplink(number, device, count, fill, moment):
    event = describe(integration.UplinkEvent(), number, device, moment)
    event.dev_addr, event.f_port, event.f_cnt, event.data = "00189440", 1, count, b"\x01\x02"
    event.object.update({"fill": fill, "open": False, "state": "closed"})
    heard = event.rx_info.add()
    heard.gateway_id, heard.rssi, heard.snr = "0016c001f153a14c", -90, 0
    heard.location.latitude, heard.location.longitude = 7.9, 98.3
    event.tx_info.frequency = 923200000
    chirpstack(event, "up")


def status(number, device, **state):
    event = describe(integration.StatusEvent(), number, device, "2026-05-01T09:00:00Z")
    for name, value in state.items():
        setattr(event, name, value)
    chirpstack(event, "status")


bins = ["010101010101010" + str(number) for number in range(1, 5)]
# The first uplink of a device: its count, its signal and what it measures are all 0, and so are left out.
uplink(1, bins[0], 0, 0, "2026-05-01T08:00:00.250Z")
uplink(2, bins[0], 1, 40.5, "2026-05-01T08:10:00.250Z")
status(3, bins[0], margin=7, battery_level=62.5)
# A battery that is empty, one that cannot be measured, and a device that needs none.
status(4, bins[1], margin=0, battery_level=0)
status(5, bins[2], margin=-3, battery_level_unavailable=True)
status(6, bins[3], margin=20, external_power_source=True)


def things_stack(device, count, decoded, moment, battery=None):
    message = {
        "end_device_ids": {
            "device_id": device, "application_ids": {"application_id": "parks"}, "dev_eui": "0004A30B001C0530",
            "join_eui": "800000000000000C", "dev_addr": "00BCB929",
        },
        "correlation_ids": ["as:up:01E0WZGT6Y7657CPFPE5WEYDSQ", "gs:conn:01E0WDEC6T0RQVPSAC4D7JTJ8M"],
        "received_at": moment,
        "uplink_message": {
            "session_key_id": "AXA50zHUlE3Z", "f_port": 1, "frm_payload": "gkHe", "decoded_payload": decoded,
            "rx_metadata": [{
                "gateway_ids": {"gateway_id": "gtw1", "eui": "9C5C8E00001A05C4"}, "time": "2026-05-01T07:15:45Z",
                "timestamp": 2463457000, "rssi": -35, "channel_rssi": -35,
                "location": {"latitude": 7.8, "longitude": 98.35, "altitude": 5, "source": "SOURCE_REGISTRY"},
            }],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "923200000"},
            "received_at": moment, "consumed_airtime": "0.056576s",
            "network_ids": {"net_id": "000013", "tenant_id": "ttn", "cluster_id": "eu1"},
        },
    }
    if count:
        message["uplink_message"]["f_cnt"] = count
    if battery is not None:
        message["uplink_message"]["last_battery_percentage"] = battery
    publish(f"v3/parks@ttn/devices/{device}/up", json.dumps(message))


things_stack("bench-3", 0, {"temperature": 0, "wet": False}, "2026-05-01T07:15:45.787123456Z")
battery = {"f_cnt": 1, "value": 94.88189, "received_at": "2026-05-01T07:20:00.5Z"}
for count in (2, 3):
    things_stack("bench-3", count, {"temperature": 31}, f"2026-05-01T07:{count}5:45.787Z", battery)

client.disconnect()
client.loop_stop()
print("published", flush=True)
