"""Runs ThingsBoard's gateway with a pump behind it that speaks Modbus: `modbus_gateway.py FOLDER PORT`, where the folder has
the authority of the broker as `authority.pem`. Never ends by itself."""

import asyncio
import json
import os
import socket
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

folder, broker = os.path.abspath(sys.argv[1]), int(sys.argv[2])
os.chdir(folder)
os.makedirs("logs", exist_ok=True)

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

# The pump has its temperature in tenths of a degree in register 0, its power in register 2, and a relay that is on.
registers = ModbusSequentialDataBlock(0, [0, 215, 0, 32, 0, 0, 0, 0, 0])
coils = ModbusSequentialDataBlock(0, [False, False, True, False, False, False, False, False, False, False])
nothing = ModbusSequentialDataBlock.create()
pump = ModbusServerContext(slaves=ModbusSlaveContext(di=nothing, co=coils, ir=nothing, hr=registers), single=True)


async def serve():
    await StartAsyncTcpServer(pump, address=("127.0.0.1", port))


threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()


def reading(tag, address, **more):
    value = {"tag": tag, "type": "16int", "functionCode": 3, "objectsCount": 1, "address": address, "divider": 10}
    return {**value, **more}


relay = {"tag": "relay", "type": "bits", "functionCode": 1, "objectsCount": 1, "address": 1, "bitTargetType": "bool"}
modbus = {
    "master": {
        "slaves": [{
            "host": "127.0.0.1", "port": port, "type": "tcp", "method": "socket", "unitId": 1,
            "deviceName": "Pump 1", "deviceType": "pump", "timeout": 5, "byteOrder": "BIG", "wordOrder": "BIG",
            "retries": 3, "pollPeriod": 500, "connectAttemptTimeMs": 1000, "connectAttemptCount": 5,
            "waitAfterFailedAttemptsMs": 1000, "attributes": [reading("power", 2)],
            "timeseries": [reading("temperature", 0), relay], "attributeUpdates": [], "rpc": [],
        }]
    }
}
gateway = {
    "thingsboard": {
        "host": "localhost", "port": broker, "remoteShell": False, "remoteConfiguration": False,
        "statistics": {"enable": False}, "qos": 1, "reportStrategy": {"type": "ON_RECEIVED"},
        "security": {"accessToken": "of-the-gateway", "caCert": "authority.pem"},
    },
    "storage": {"type": "memory", "read_records_count": 100, "max_records_count": 10000},
    "grpc": {"enabled": False},
    "connectors": [{"type": "modbus", "name": "Pumps", "configuration": "modbus.json"}],
}
for name, content in (("modbus.json", modbus), ("tb_gateway.json", gateway)):
    with open(name, "w", encoding="utf-8") as file:
        json.dump(content, file)

from thingsboard_gateway.gateway.tb_gateway_service import TBGatewayService  # noqa: E402

TBGatewayService(os.path.join(folder, "tb_gateway.json"))
