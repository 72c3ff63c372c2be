import ContextModel
import Testing

@testable import Collect

@Suite struct RealtimeFeedTests {
    private static let received = Timestamp(microseconds: 1_777_622_410_000_000)

    private func read(_ feed: FeedBytes) throws -> (feed: JSONValue, refusals: [String]) {
        var refusals: [String] = []
        let json = try RealtimeFeed.read(feed.bytes, receivedAt: Self.received) {
            refusals.append("\($1): \($0.reason)")
        }
        return (json, refusals)
    }

    private func entities(_ feed: FeedBytes) throws -> [JSONObject] {
        let (json, refusals) = try read(feed)
        #expect(refusals == [])
        return json.objectValue?["entity"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    @Test func `a vehicle is read with its words, moments and short numbers`() throws {
        let vehicle = FeedBytes.message(
            4,
            .message(1, .text(1, "t 1"), .text(5, "R"), .number(6, 1)),
            .message(2, .float(1, 7.88), .float(2, 98.39), .float(3, 90), .float(5, 8.5)),
            .number(4, 1),
            .number(5, 1_777_622_395),
            .number(9, 3),
            .message(8, .text(1, "bus-7"), .text(2, "Bus 7"))
        )
        let entity = try #require(
            try entities(.header + .message(2, .text(1, "e1"), vehicle)).first
        )
        #expect(
            entity["vehicle"] == [
                "trip": ["tripId": "t 1", "routeId": "R", "directionId": 1],
                "position": [
                    "latitude": 7.88, "longitude": 98.39, "bearing": 90, "speed": 8.5,
                ], "currentStatus": "STOPPED_AT", "timestamp": "2026-05-01T07:59:55Z",
                "occupancyStatus": "STANDING_ROOM_ONLY",
                "vehicle": ["id": "bus-7", "label": "Bus 7"], "key": "bus-7",
            ]
        )
        let position = entity["vehicle"]?.objectValue?["position"]
        #expect(
            position.map { String(decoding: $0.serialized, as: UTF8.self) }?.contains("7.88,")
                == true
        )
    }

    @Test func `what publishers leave out is tolerated`() throws {
        let bare = FeedBytes.message(
            2,
            .text(1, "9"),
            .message(4, .message(2, .float(1, 1), .float(2, 2)))
        )
        let labelled = FeedBytes.message(
            2,
            .text(1, "10"),
            .message(4, .message(8, .text(1, ""), .text(2, "Tram 4")))
        )
        let byTrip = FeedBytes.message(
            2,
            .text(1, "11"),
            .message(3, .message(1, .text(5, "R 1"), .number(6, 0), .text(2, "08:10:00")))
        )
        let byFrequency = FeedBytes.message(
            2,
            .text(1, "12"),
            .message(3, .message(1, .text(1, "T"), .text(2, "08:10:00"), .number(4, 2)))
        )
        let alert = FeedBytes.message(
            2,
            .text(1, "13"),
            .message(5, .message(1, .number(1, 1_777_600_000)), .number(6, 999))
        )
        // A feed without a moment of its own.
        let feed = .message(1, .text(1, "2.0")) + bare + labelled + byTrip + byFrequency + alert
        let found = try entities(feed)
        let keys = found.map {
            ($0["vehicle"] ?? $0["tripUpdate"])?.objectValue?["key"]?.stringValue
        }
        #expect(keys == ["9", "Tram 4", "R 1:0:08:10:00", "T:08:10:00", nil])
        let moment = found[0]["vehicle"]?.objectValue?["timestamp"]?.stringValue
        #expect(moment == Self.received.text)
        // A number that is no word yet is left out.
        #expect(found[4]["alert"]?.objectValue?["cause"] == nil)
        #expect(found[4]["alert"]?.objectValue?["since"] == "2026-05-01T01:46:40Z")
    }

    @Test func `a feed of changes alone is refused, and one that says it is whole is read`() throws
    {
        func header(_ incrementality: Int64) -> FeedBytes {
            .message(1, .text(1, "2.0"), .number(2, incrementality), .number(3, 1_777_622_400))
        }
        let vehicle = FeedBytes.message(2, .text(1, "9"), .message(4, .message(8, .text(1, "b"))))
        let refusal = #expect(throws: RowRefusal.self) { try read(header(1) + vehicle) }
        #expect(refusal?.reason.contains("`DIFFERENTIAL`") == true)
        #expect(try entities(header(0) + vehicle).count == 1)
    }

    @Test func `parts of one message are merged, and the last of two values counts`() throws {
        let entity = FeedBytes.message(
            2,
            .text(1, "first"),
            .text(1, "e"),
            .message(4, .number(10, 5), .message(2, .float(1, 1))),
            .message(4, .message(2, .float(2, 2))),
            .number(1_001, 7),
            .message(9, .text(1, "a field of a later version"))
        )
        let read = try #require(try entities(.header + entity).first)
        #expect(read["id"] == "e")
        let vehicle = read["vehicle"]?.objectValue
        #expect(vehicle?["position"] == ["latitude": 1, "longitude": 2])
        #expect(vehicle?["occupancyPercentage"] == 5)
    }

    @Test(arguments: [
        [], [0x0A], [0x0A, 0x05, 0x0A], [0x00, 0x01], [0x0B, 0x0C], [0x0F],
        [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [UInt8](repeating: 0x80, count: 11),
        [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
        Array("{\"header\": {}}".utf8), Array("<html>".utf8), [0x09, 1, 2, 3], [0x0D, 1, 2],
    ])
    func `bytes that are no feed are refused`(bytes: [UInt8]) {
        #expect(throws: RowRefusal.self) {
            try RealtimeFeed.read(bytes, receivedAt: Self.received) { _, _ in }
        }
    }

    @Test func `a damaged entity keeps no other one away`() throws {
        let good = FeedBytes.message(2, .text(1, "good"), .message(4, .number(10, 1)))
        let damaged: [FeedBytes] = [
            .message(2, .data(1, [0xFF, 0xFE])), .message(2, .number(1, 5)),
            .message(2, .text(1, "a"), .message(4, .message(2, .float(1, .nan)))),
            .message(2, .text(1, "a"), .message(4, .number(5, -1))),
            .message(2, .text(1, "a"), .message(4, .raw([0x12, 0x7F]))),
            .message(2, .text(1, "a"), .message(4, .text(10, "much"))),
        ]
        let (json, refusals) = try read(damaged.reduce(.header + good, +) + good)
        #expect(json.objectValue?["entity"]?.arrayValue?.count == 2)
        #expect(refusals.count == damaged.count)
        #expect(refusals.first == "2: `id` is not UTF-8.")
        #expect(refusals[2] == "4: `latitude` is not a number.")
    }

    @Test func `many fields of a few bytes do not fill the memory`() {
        let many = [UInt8](repeatElement([0x12, 0x00], count: RealtimeFeed.maximumFields).joined())
        #expect(throws: RowRefusal.self) {
            try RealtimeFeed.read(FeedBytes.header.bytes + many, receivedAt: Self.received) {
                _,
                _ in
            }
        }
    }

    @Test func `each feed cut off at any byte is refused or read, and stops nothing`() {
        let whole =
            FeedBytes.header
            + .message(2, .text(1, "e"), .message(4, .message(2, .float(1, 1), .float(2, 2))))
        for count in 0..<whole.bytes.count {
            let part = Array(whole.bytes.prefix(count))
            var refusals = 0
            let read = try? RealtimeFeed.read(part, receivedAt: Self.received) { _, _ in
                refusals += 1
            }
            // At the end of the header, nothing is missing.
            if count != FeedBytes.header.bytes.count { #expect(read == nil || refusals > 0) }
        }
    }
}
