import ContextModel

/// Who the invented people are, and what is known about them at a moment.
enum DemoPeople {
    private static let names = [
        "Anong", "Budi", "Chai", "Dewi", "Emilio", "Fah", "Hana", "Intan", "Joko", "Kanya",
        "Linh", "Malee", "Nok", "Omar", "Ploy", "Rizal", "Siti", "Thuy", "Wati", "Yan",
    ]
    private static let wards = ["emergency", "eyes", "heart", "children"]
    private static let stops = ["Old Town", "Bus Terminal 1", "Rawai", "Patong", "Airport"]

    static func id(_ name: String) -> String { "urn:ngsi-ld:Person:demo-\(name.lowercased())" }

    /// Each person with its latest visit and tap; a function of the time, as all of the demo is.
    static func entities(at now: Timestamp) -> [JSONValue] {
        let minute = now.microseconds / 60_000_000
        return names.enumerated().flatMap { index, name in
            [
                person(name, number: index),
                visit(of: name, ward: wards[index % wards.count], at: now),
                tap(of: name, at: stops[(index + Int(minute)) % stops.count], now),
            ]
        }
    }

    private static let source: JSONValue = .string("Balai's demo: invented")

    private static func person(_ name: String, number: Int) -> JSONValue {
        [
            "id": .string(id(name)), "type": "Person", "name": .string(name),
            "address": .string("\(number + 1) Thalang Road"), "source": source,
        ]
    }

    private static func visit(of name: String, ward: String, at now: Timestamp) -> JSONValue {
        [
            "id": .string("urn:ngsi-ld:Visit:demo-\(name.lowercased())"), "type": "Visit",
            "patient": ["type": "Relationship", "object": .string(id(name))],
            "ward": .string(ward), "source": source,
        ]
    }

    private static func tap(of name: String, at stop: String, _ now: Timestamp) -> JSONValue {
        [
            "id": .string("urn:ngsi-ld:CardTap:demo-\(name.lowercased())"), "type": "CardTap",
            "holder": ["type": "Relationship", "object": .string(id(name))],
            "stop": ["type": "Property", "value": .string(stop), "observedAt": .string(now.text)],
            "source": source,
        ]
    }
}
