"""Publishes the lines of standard input, each a topic, a tab and a message, with Eclipse Paho: over TLS, with quality of
service 1, each twice with the same content. Prints "published" after the broker has all. A certificate and its key may
follow."""

import sys

import paho.mqtt.client as mqtt

port, authority, version = int(sys.argv[1]), sys.argv[2], sys.argv[3]
protocol = mqtt.MQTTv5 if version == "5.0" else mqtt.MQTTv311
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=protocol)
own = sys.argv[5:7]
client.tls_set(authority, *own)
client.connect("localhost", port)
client.loop_start()
for line in open(sys.argv[4], encoding="utf-8"):
    topic, message = line.rstrip("\n").split("\t")
    for _ in range(2):
        client.publish(topic, message, qos=1).wait_for_publish(20)
client.disconnect()
client.loop_stop()
print("published", flush=True)
