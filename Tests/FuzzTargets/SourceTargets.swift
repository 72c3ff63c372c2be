import Collect
import ContextModel

/// Readers of what sources bring: queries, definitions and messages.
extension FuzzTarget {
    static let sourceTargets = [
        jsonPath, sourceDefinition, sourceMessage, notification, gatewayMessage, realtimeFeed,
        alertDocument, alertFeed,
    ]

    private static let document = JSONValue.object([
        "a": ["b": [1, 2.5, "text", nil, true], "c": ["d": "e"]], "f": [["g": 1], ["g": 2]],
    ])

    /// A query that is accepted can be evaluated, and reads back as itself.
    private static let jsonPath = FuzzTarget(
        "jsonpath",
        seeds: [
            "$.a.b[0]", "$..g", "$['a']['b'][-1, 1:4:2]", "$.f[?@.g == 1 && !@.h || @.g > 'x']",
            "$.f[?length(@.g) < 3]", #"$.a.b[?match(@, "t[a-z]{1,3}\\p{L}*")]"#,
            "$[?count(@..*) >= 2]", "$.f[?value(@.g) == $.a.b[0]]",
        ]
    ) { text throws(BrokenPromise) in
        guard let path = try? JSONPath(text) else { return false }
        let values = try? path.values(in: document)
        let again = try? JSONPath(path.text).values(in: document)
        try BrokenPromise.unlessSame(values, again, "the values of the query")
        return true
    }

    /// A definition that is accepted maps a message.
    private static let sourceDefinition = FuzzTarget(
        "source",
        seeds: [
            """
            webhook: {hmac: {header: X-A, prefix: "sha256=", secret: {variable: BALAI_SOURCE_A}}}
            rows: $.f[*]
            join: {rows: "$.f[*]", key: g, match: "{g}"}
            map: {type: A, id: "urn:x:{g}", attributes: {g: {column: g, as: number, missing: 0}}}
            """,
            """
            mqtt: {broker: "mqtts://b:1", topics: ["a/+/#"], user: u, password: {file: p}}
            every: {object: $.a, except: [b]}
            map: {type: A, id: "urn:x:{topic.2}", time: {value: "{received}"}}
            """,
            """
            poll: {url: "https://a.example/b", every: 60, pages: {offset: skip, step: 5}}
            format: csv
            map: {type: A, id: "urn:x:{a}", location: {latitude: b, longitude: $.c}}
            """,
            """
            webhook: {bearer: {variable: BALAI_SOURCE_A}}
            map:
              - {type: A, id: "urn:x:{$.a.c.d}", location: {coordinates: $.a.b, order: "longitude latitude"}}
              - {type: B, id: "urn:y:b", attributes: {r: {text: "urn:x:{$.f[*].g}", as: relationship, several: true}}}
            """,
        ]
    ) { text throws(BrokenPromise) in
        guard let source = try? SourceDefinition(text, name: "fuzzed"),
            let mapper = try? SourceMapper(source)
        else { return false }
        _ = mapper.map(message(document.serialized))
        return true
    }

    /// A message becomes entities or refusals, and the same each time.
    private static let sourceMessage = FuzzTarget(
        "message",
        seeds: [
            #"{"id": "a", "at": "2026-05-01T08:00:00Z", "v": "1.5", "d": {"x": 1, "y": "z"}}"#,
            #"[{"id": 1, "at": "2026-05-01T08:00:00+07:00", "v": 2, "lat": 1, "lon": "2"}]"#,
        ]
    ) { text throws(BrokenPromise) in
        guard let mapper else { throw BrokenPromise("the definition is not accepted") }
        let mapped = mapper.map(message(Array(text.utf8)))
        let again = mapper.map(message(Array(text.utf8)))
        try BrokenPromise.unlessSame(mapped.entities, again.entities, "the entities")
        return mapped.refusals.isEmpty
    }

    /// What another broker sends becomes entities whose identifiers are URIs, and the same each time.
    private static let notification = FuzzTarget(
        "notification",
        seeds: [
            #"{"data": [{"id": "R 1", "type": "Room", "t": {"type": "Number", "value": "1"}}]}"#,
            #"[{"id": "urn:x:a", "type": "A", "p": {"type": "geo:point", "value": "1,2"}, "v": 1}]"#,
            #"{"data": [{"id": "a", "type": "A", "TimeInstant": {"value": "2026-05-01T08:00:00Z"}}]}"#,
        ]
    ) { text throws(BrokenPromise) in
        let mapped = try sameTwice(Array(text.utf8), "format: ngsi\ntypes: [Room]\n")
        for entity in mapped.entities {
            guard let id = entity.entityURI, URIText.isValid(id) else {
                throw BrokenPromise("an identifier is no URI: \(entity)")
            }
        }
        return mapped.refusals.isEmpty
    }

    /// What ThingsBoard's gateway publishes becomes entities or refusals, and the same each time.
    private static let gatewayMessage = FuzzTarget(
        "gateway",
        seeds: [
            #"{"A": [{"ts": 1777622400000, "values": {"t": 42, "on": true}}, {"t": 1}]}"#,
            #"{"A": {"t": 1}, "B": []}"#,
        ]
    ) { text throws(BrokenPromise) in
        let definition = """
            format: thingsboard
            every: {object: $.values}
            map: {type: A, id: "urn:x:{device}", time: {column: ts, format: epochMilliseconds}, attributes: {}}

            """
        return try sameTwice(Array(text.utf8), definition, topic: "v1/gateway/telemetry")
            .refusals.isEmpty
    }

    /// What the definition makes of the message, twice.
    private static func sameTwice(
        _ body: [UInt8],
        _ definition: String,
        topic: String? = nil
    ) throws(BrokenPromise) -> MappedMessage {
        let text = "webhook: {bearer: {file: a}}\n" + definition
        guard let source = try? SourceDefinition(text, name: "fixed"),
            let mapper = try? SourceMapper(source)
        else { throw BrokenPromise("the definition is not accepted") }
        var sent = message(body)
        if let topic { sent.topic = topic }
        let mapped = mapper.map(sent), again = mapper.map(sent)
        try BrokenPromise.unlessSame(mapped.entities, again.entities, "the entities")
        return mapped
    }

    private static func message(_ body: [UInt8]) -> SourceMessage {
        SourceMessage(body, topic: "a/b/c", receivedAt: Timestamp(microseconds: 1))
    }

    /// A vehicle with a place, and a trip with two stops.
    private static let feed: [UInt8] =
        [0x0A, 0x0B, 0x0A, 0x03] + Array("2.0".utf8) + [0x18, 0x80, 0xE2, 0xCF, 0xCF, 0x06]
        + [0x12, 0x19, 0x0A, 0x01, 0x61, 0x22, 0x14, 0x12, 0x0A]
        + [0x0D, 0, 0, 0x80, 0x3F, 0x15, 0, 0, 0, 0x40] + [0x42, 0x06, 0x0A, 0x04]
        + Array("bus1".utf8)
        + [0x12, 0x15, 0x0A, 0x01, 0x62, 0x1A, 0x10, 0x0A, 0x04, 0x0A, 0x02, 0x54, 0x31]
        + [0x12, 0x08, 0x08, 0x01, 0x12, 0x02, 0x08, 0x3C, 0x28, 0x00]

    /// A feed of GTFS-Realtime becomes entities or refusals, and the same each time.
    private static let realtimeFeed = FuzzTarget("gtfs-realtime", bytes: [feed]) {
        bytes throws(BrokenPromise) in
        try mapTwice(bytes, realtimeMapper)
    }

    private static let alert = """
        <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier>
        <sent>2026-05-01T14:00:00+07:00</sent><msgType>Update</msgType>
        <references>s,b,2026-05-01T13:00:00+07:00</references><info><event>Rain &amp; wind</event>
        <area><areaDesc>x</areaDesc><polygon>7.8,98.2 7.8,98.4 8,98.4 7.8,98.2</polygon>
        <circle>7.9,98.3 10</circle></area></info></alert>
        """

    /// A document of CAP becomes entities or refusals, and the same each time.
    private static let alertDocument = FuzzTarget(
        "cap",
        bytes: [Array(alert.utf8), Array("<feed><entry>\(alert)</entry></feed>".utf8)]
    ) { bytes throws(BrokenPromise) in try mapTwice(bytes, alertMapper) }

    /// A feed of alerts leads to documents, and to the same each time.
    private static let alertFeed = FuzzTarget(
        "cap-feed",
        bytes: [
            #"<feed><entry><updated>2026</updated><link href="a?b=1&amp;c"/></entry></feed>"#,
            "<rss><channel><item><link>http://a.example/b</link></item></channel></rss>",
        ].map { Array($0.utf8) }
    ) { bytes throws(BrokenPromise) in
        guard let feed = AlertFeed(bytes) else { return false }
        try BrokenPromise.unlessSame(feed, AlertFeed(bytes), "the links")
        return true
    }

    private static func mapTwice(
        _ bytes: [UInt8],
        _ mapper: SourceMapper?
    ) throws(BrokenPromise) -> Bool {
        guard let mapper else { throw BrokenPromise("the definition is not accepted") }
        let mapped = mapper.map(message(bytes))
        let again = mapper.map(message(bytes))
        try BrokenPromise.unlessSame(mapped.entities, again.entities, "the entities")
        return mapped.refusals.isEmpty && !mapped.entities.isEmpty
    }

    private static let realtimeMapper = mapping(
        """
        webhook: {bearer: {file: a}}
        format: gtfs-realtime
        rows: $.entity[*]
        map:
          type: A
          id: "urn:x:{id}"
          location: {latitude: $..latitude, longitude: $..longitude, observed: true}
          attributes: {v: {column: $.vehicle}, t: {column: $.tripUpdate}, a: {column: $.alert}}
        """
    )

    private static let alertMapper = mapping(
        """
        webhook: {bearer: {file: a}}
        format: cap
        map:
          type: A
          id: "urn:x:{identifier}"
          time: {column: sent}
          location: {geometry: $.geometry}
          attributes: {i: {column: $.info}, r: {text: "urn:x:{replacedBy}", as: relationship}}
        """
    )

    private static func mapping(_ definition: String) -> SourceMapper? {
        guard let source = try? SourceDefinition(definition, name: "fixed") else { return nil }
        return try? SourceMapper(source)
    }

    private static let mapper = mapping(
        """
        webhook: {bearer: {file: a}}
        every: {object: $.d}
        map:
          type: A
          id: "urn:x:{id}"
          time: {column: at}
          location: {latitude: lat, longitude: lon}
          attributes: {v: {column: v, as: number}, w: {column: "$..x"}}
        """
    )
}

extension JSONValue {
    fileprivate var entityURI: String? { objectValue?["id"]?.stringValue }
}
