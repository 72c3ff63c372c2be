import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Storage
import Testing

@testable import Gateway

/// Vector tiles.
@Suite struct TileTests {
    private static func position(_ longitude: Double, _ latitude: Double) -> Position {
        Position(longitudeDegrees: longitude, latitudeDegrees: latitude)
    }

    @Test func `tiles are where web maps have them`() throws {
        let phuket = try #require(TilePlace(zoom: 10, x: 791, y: 489))
        let box = phuket.box(margin: 0)
        #expect(abs(box.west - 98.0859375) < 1e-9)
        #expect(abs(box.north - 8.05922963) < 1e-6)
        let middle = phuket.point(
            longitude: (box.west + box.east) / 2,
            latitude: box.south
        )
        #expect(abs(middle.x - 2_048) < 1e-6)
        #expect(abs(middle.y - 4_096) < 1e-6)
        for (zoom, x, y) in [(-1, 0, 0), (23, 0, 0), (1, 2, 0), (1, 0, -1), (0, 0, 1)] {
            #expect(TilePlace(zoom: zoom, x: x, y: y) == nil)
        }
    }

    @Test func `geometries are cut at the rim, and rings go the right way`() throws {
        let tile = try #require(TilePlace(zoom: 0, x: 0, y: 0))
        let point = try #require(TileGeometry(.point(Self.position(0, 0)), in: tile))
        #expect(point.commands == [9, 4_096, 4_096])
        let small = try #require(TilePlace(zoom: 2, x: 2, y: 1))
        let far = Geometry.lineString([Self.position(-100, 10), Self.position(100, 10)])
        let line = try #require(TileGeometry(far, in: small))
        // From rim to rim: it begins 64 units before the tile and ends 64 behind it.
        #expect(line.commands.count == 6)
        #expect(line.commands[1] == ProtobufWriter.zigzag(-64))
        #expect(line.commands[4] == ProtobufWriter.zigzag(4_096 + 128))
        #expect(TileGeometry(.point(Self.position(-100, 10)), in: small) == nil)
        let corners = [(10.0, 10.0), (20, 10), (20, 20), (10, 20), (10, 10)].map(Self.position)
        for ring in [corners, corners.reversed()] {
            let polygon = try #require(TileGeometry(.polygon([ring]), in: tile))
            #expect(Self.doubledArea(polygon.commands) > 0)
        }
        let whole = [(-170.0, -80.0), (170, -80), (170, 80), (-170, 80), (-170, -80)]
        let cut = try #require(TileGeometry(.polygon([whole.map(Self.position)]), in: small))
        #expect(Self.doubledArea(cut.commands) == 2 * 4_224 * 4_224)
    }

    /// Twice the area of a ring, from its commands.
    private static func doubledArea(_ commands: [UInt32]) -> Int64 {
        func signed(_ value: UInt32) -> Int64 {
            Int64(Int32(bitPattern: value >> 1) ^ -Int32(value & 1))
        }
        var (x, y, points) = (Int64(0), Int64(0), [(Int64, Int64)]())
        for place in stride(from: 1, to: commands.count - 1, by: 2) {
            let start = place > 2 ? place + 1 : place
            guard start + 1 < commands.count else { break }
            x += signed(commands[start])
            y += signed(commands[start + 1])
            points.append((x, y))
        }
        return zip(points, points.dropFirst() + points.prefix(1)).reduce(0) {
            $0 + $1.0.0 * $1.1.1 - $1.1.0 * $1.0.1
        }
    }

    private static func stop(_ number: Int) -> JSONValue {
        let (longitude, latitude) = (
            98 + Double(number % 100) / 100, 7 + Double(number / 100) / 100
        )
        return [
            "id": .string("urn:x:\(number)"), "type": "Stop",
            "number": ["type": "Property", "value": .number(JSONNumber(number))],
            "location": [
                "type": "GeoProperty",
                "value": [
                    "type": "Point",
                    "coordinates": [
                        .number(JSONNumber(longitude)), .number(JSONNumber(latitude)),
                    ],
                ],
            ],
        ]
    }

    private static func make(_ count: Int, _ client: ServedClient) async throws {
        let stops = (0..<count).map(stop)
        let answer = try await client.send(.post, "entityOperations/create", .array(stops))
        try #require(answer.status == .created)
    }

    @Test(arguments: [false, true])
    func `many points become clusters, which count all of them`(onDisk: Bool) async throws {
        try await ServedHub(onDisk: onDisk).test { client in
            try await Self.make(3_000, client)
            let answer = try await client.send(.get, "/tiles/Stop/0/0/0.mvt")
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == TileWriter.mediaType)
            let clusters = try TileReader(answer.body.readableBytesView.map { $0 }).properties
            #expect(clusters.count < 10)
            #expect(
                clusters.compactMap { $0["point_count"]?.numberValue?.intValue }.reduce(0, +)
                    == 3_000
            )
            // Closer, each has a tile with few.
            let near = try await client.send(.get, "/tiles/Stop/14/12652/7872")
            let stops = try TileReader(near.body.readableBytesView.map { $0 }).properties
            #expect(!stops.isEmpty)
            #expect(stops.allSatisfy { $0["id"]?.stringValue?.hasPrefix("urn:x:") == true })
            let filtered = try await client.send(.get, "/tiles/Stop/0/0/0?q=number%3C5")
            let few = try TileReader(filtered.body.readableBytesView.map { $0 }).properties
            #expect(few.count == 5)
        }
    }

    /// A place that is hidden is in no cluster either.
    @Test func `hidden places are in no tile`() async throws {
        let policy = Policy(
            permissions: [
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: .everything,
                    hiddenAttributes: [.location]
                )
            ]
        )
        let served = try ServedHub(policy: policy, onDisk: true)
        try await served.test { client in
            try await Self.make(3_000, client)
            let answer = try await client.client.execute(uri: "/tiles/Stop/0/0/0", method: .get)
            #expect(answer.status != .ok || answer.body.readableBytes == 0)
        }
    }

    @Test(arguments: [
        "/tiles/Stop/0/1/0", "/tiles/Stop/x/0/0", "/tiles/Stop/23/0/0", "/tiles/Bus/0/0/0",
        "/tiles/Bus",
    ])
    func `there is no other tile`(path: String) async throws {
        try await ServedHub().test { client in
            try await Self.make(1, client)
            #expect(try await client.send(.get, path).status == .notFound)
        }
    }

    @Test func `the description leads to the tiles`() async throws {
        try await ServedHub().test { client in
            try await Self.make(1, client)
            let description = try await client.send(.get, "/tiles/Stop?q=number%3C5").json
            #expect(description["tilejson"] == "3.0.0")
            let address = description["tiles"]?.arrayValue?.first?.stringValue
            #expect(address?.hasSuffix("/tiles/Stop/{z}/{x}/{y}.mvt?q=number%3C5") == true)
            let layer = description["vector_layers"]?.arrayValue?.first?.objectValue
            #expect(layer?["fields"]?.objectValue?["number"] != nil)
        }
    }
}

/// Reads the properties of the features of a tile with one layer.
private struct TileReader {
    private(set) var properties: [[String: JSONValue]] = []

    private struct Damaged: Error {}

    init(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        var (keys, values, features) = ([String](), [JSONValue](), [[UInt8]]())
        guard let layer = try Self.fields(bytes).first(where: { $0.field == 3 }) else {
            throw Damaged()
        }
        for (field, content, _) in try Self.fields(layer.data) {
            switch field {
            case 2: features.append(content)
            case 3: keys.append(String(decoding: content, as: UTF8.self))
            case 4: values.append(try Self.value(content))
            default: break
            }
        }
        for feature in features {
            let tags = try Self.fields(feature).first { $0.field == 2 }
            var rest = tags?.data[...] ?? []
            var own: [String: JSONValue] = [:]
            while !rest.isEmpty {
                let (key, value) = (try Self.varint(&rest), try Self.varint(&rest))
                own[keys[Int(key)]] = values[Int(value)]
            }
            properties.append(own)
        }
    }

    private static func value(_ bytes: [UInt8]) throws -> JSONValue {
        guard let first = try fields(bytes).first else { throw Damaged() }
        switch first.field {
        case 1: return .string(String(decoding: first.data, as: UTF8.self))
        case 4: return .number(JSONNumber(Int(Int64(bitPattern: first.number))))
        case 7: return .bool(first.number == 1)
        default: return .number(JSONNumber(Double(bitPattern: first.number)))
        }
    }

    private static func fields(
        _ bytes: [UInt8]
    ) throws -> [(field: Int, data: [UInt8], number: UInt64)] {
        var (rest, fields) = (bytes[...], [(field: Int, data: [UInt8], number: UInt64)]())
        while !rest.isEmpty {
            let head = try varint(&rest)
            switch head & 7 {
            case 0: fields.append((Int(head >> 3), [], try varint(&rest)))
            case 1:
                guard rest.count >= 8 else { throw Damaged() }
                let number = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                rest = rest.dropFirst(8)
                fields.append((Int(head >> 3), [], number))
            case 2:
                let length = Int(try varint(&rest))
                guard rest.count >= length else { throw Damaged() }
                fields.append((Int(head >> 3), Array(rest.prefix(length)), 0))
                rest = rest.dropFirst(length)
            default: throw Damaged()
            }
        }
        return fields
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Damaged()
    }
}
