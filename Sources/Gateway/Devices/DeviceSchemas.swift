import ContextModel

extension BodySchema {
    private static let deviceAttribute = object(
        ["object_id": text, "name": text, "type": text, "metadata": anything],
        required: ["name"]
    )
    private static let common: JSONObject = [
        "apikey": text, "entity_type": text, "attributes": list(deviceAttribute),
        "static_attributes": list(object(["name": text, "type": text, "value": anything])),
        "commands": list(object(["name": text, "type": text], required: ["name"])),
        "timestamp": ["type": "boolean"], "explicitAttrs": ["type": "boolean"],
        "endpoint": uri, "transport": one(of: ["HTTP", "MQTT"]),
    ]
    private static let groupMembers = joined(
        common,
        ["resource": text, "autoprovision": ["type": "boolean"]]
    )
    private static let deviceMembers = joined(common, ["device_id": text, "entity_name": text])

    private static func joined(_ a: JSONObject, _ b: JSONObject) -> JSONObject {
        JSONObject(a.members + b.members)
    }

    /// Groups of devices that are provisioned (docs/connecting.md).
    static let deviceGroupsSchema = object(
        [
            "services": list(
                object(groupMembers, required: ["apikey", "entity_type"], rest: anything)
            )
        ],
        required: ["services"],
        example: [
            "services": [
                [
                    "apikey": "4jggokgpepnvsb2uv4s40d59ov", "entity_type": "Device",
                    "resource": "/iot/json",
                    "attributes": [
                        ["object_id": "t", "name": "temperature", "type": "Number"]
                    ],
                ]
            ]
        ]
    )
    static let deviceGroupFragmentSchema = object(groupMembers, rest: anything)

    /// Devices that are provisioned.
    static let devicesSchema = object(
        ["devices": list(object(deviceMembers, required: ["device_id"], rest: anything))],
        required: ["devices"],
        example: [
            "devices": [
                [
                    "device_id": "water001", "entity_name": "urn:ngsi-ld:Device:water001",
                    "entity_type": "Device", "transport": "HTTP",
                    "endpoint": "http://192.0.2.7/iot/water001",
                    "commands": [["name": "on", "type": "command"]],
                ]
            ]
        ]
    )
    static let deviceFragmentSchema = object(deviceMembers, rest: anything)
}
