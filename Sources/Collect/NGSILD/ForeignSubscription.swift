package import ContextModel

/// A subscription of NGSIv2 as one of NGSI-LD (clause 5.2.12).
///
/// What NGSI-LD has no words for, such as a template of the notification, is left out.
package struct ForeignSubscription {
    package private(set) var subscription: JSONObject

    package init(_ given: JSONObject) {
        let id = given["id"]?.stringValue ?? ""
        subscription = [
            "id": .string(ForeignEntity.uri(id, type: "Subscription")), "type": "Subscription",
        ]
        let subject = given["subject"]?.objectValue ?? [:]
        let condition = subject["condition"]?.objectValue ?? [:]
        subscription["entities"] = .array(
            (subject["entities"]?.arrayValue ?? []).compactMap(\.objectValue).map(Self.selector)
        )
        subscription["watchedAttributes"] = Self.names(condition["attrs"])
        let expression = condition["expression"]?.objectValue ?? [:]
        subscription["q"] = expression["q"]
        subscription["notification"] = Self.notification(given["notification"]?.objectValue ?? [:])
        subscription["description"] = given["description"]
        subscription["expiresAt"] = given["expires"]
        if let seconds = given["throttling"]?.numberValue?.doubleValue, seconds > 0 {
            subscription["throttling"] = given["throttling"]
        }
        if given["status"] == "inactive" { subscription["isActive"] = false }
    }

    /// The names that are not empty; nil for none.
    private static func names(_ value: JSONValue?) -> JSONValue? {
        let names = (value?.arrayValue ?? []).filter { $0 != "" }
        return names.isEmpty ? nil : .array(names)
    }

    private static func selector(_ given: JSONObject) -> JSONValue {
        var selector = JSONObject()
        let type = given["type"]?.stringValue
        selector["type"] = .string(type ?? "*")
        if let id = given["id"]?.stringValue {
            selector["id"] = .string(ForeignEntity.uri(id, type: type ?? "Thing"))
        } else if let pattern = given["idPattern"], pattern != ".*" {
            selector["idPattern"] = pattern
        }
        return .object(selector)
    }

    private static func notification(_ given: JSONObject) -> JSONValue {
        let target = given["http"]?.objectValue ?? given["httpCustom"]?.objectValue
        var notification = JSONObject()
        notification["attributes"] = names(given["attrs"])
        let isShort =
            given["attrsFormat"] == "keyValues" || given["attrsFormat"] == "simplifiedKeyValues"
        notification["format"] = isShort ? "keyValues" : "normalized"
        var endpoint: JSONObject = ["accept": "application/json"]
        if let url = target?["url"] {
            endpoint["uri"] = url
        } else if let mqtt = given["mqtt"]?.objectValue ?? given["mqttCustom"]?.objectValue,
            let url = mqtt["url"]?.stringValue, let topic = mqtt["topic"]?.stringValue
        {
            endpoint["uri"] = .string("\(url)/\(topic)")
        }
        notification["endpoint"] = .object(endpoint)
        return .object(notification)
    }
}
