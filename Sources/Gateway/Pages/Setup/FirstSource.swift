import ContextModel

/// The source that the form of the first run makes: where its data comes from, and its map.
struct FirstSource: Sendable {
    /// How the data comes.
    enum Way: String, Sendable {
        case mqtt, poll
    }

    let way: Way
    /// The broker's address, or the one that is polled.
    let address: String
    /// The topic filter, for MQTT.
    let topic: String
    /// The seconds between two questions, for polling.
    let every: String
    let map: String

    init(_ fields: QueryItems) {
        way = fields["way"].flatMap(Way.init) ?? .mqtt
        address = fields["address"] ?? ""
        topic = fields["topic"] ?? ""
        every = fields["every"] ?? ""
        // A form sends lines as the Internet ends them.
        map = (fields["map"] ?? "").replacing("\r\n", with: "\n")
    }

    /// A map to begin with.
    static let example = """
        type: AirQualityObserved
        id: "urn:ngsi-ld:AirQualityObserved:{station}"
        time: {column: at}
        attributes:
          pm25: {column: pm25, as: number, unitCode: GQ}
        """

    /// The definition of the source in YAML, as it would stand in a file.
    var definition: String {
        let comes =
            switch way {
            case .mqtt: "mqtt: {broker: \(Self.quoted(address)), topics: [\(Self.quoted(topic))]}"
            case .poll:
                "poll: {url: \(Self.quoted(address)), every: \(Int(every).map(String.init) ?? Self.quoted(every))}"
            }
        let lines = map.split(separator: "\n").map { "  " + $0 }
        return ([comes, "map:"] + lines).joined(separator: "\n") + "\n"
    }

    /// A text of JSON is one of YAML, whatever is in it.
    private static func quoted(_ text: String) -> String { JSONValue.string(text).text }
}
