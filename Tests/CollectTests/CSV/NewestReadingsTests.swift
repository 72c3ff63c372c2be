import ContextModel
import Testing

@testable import Collect

/// The parts of a table that become history and current state.
@Suite struct NewestReadingsTests {
    private func imported(
        _ rows: [String],
        _ keys: String = ""
    ) async throws -> (RecordingHub, ImportTally) {
        let yaml = """
            type: T
            id: "urn:x:{site}"
            time: {column: when}
            location: {latitude: lat, longitude: 98.3}
            attributes: {v: {column: v, as: number}, w: {column: w}}

            """
        let hub = RecordingHub()
        let table = (["site,when,lat,v,w"] + rows).joined(separator: "\n")
        let map = try ColumnMap(yaml: yaml + keys, file: "m.yaml")
        let source = try MappedTable(MemoryBytes(table, name: "t.csv"), map: map) {
            (file) throws(SourceError) in throw SourceError(file)
        }
        return (hub, try await ImportRun(hub: hub).run(source))
    }

    private static let rows = [
        "a,2026-01-02,1,2,", "a,2026-01-03,2,3,x", "a,2026-01-01,3,1,", "a,2026-01-04,4,,",
    ]

    @Test func `the newest reading of each attribute becomes current, all others history`()
        async throws
    {
        let (hub, tally) = try await imported(Self.rows, "history: true")
        #expect(tally.entities == 1 && tally.readings == 4 && tally.records == 4)
        #expect(hub.current("urn:x:a", "v") == "2026-01-03T00:00:00Z 3")
        #expect(hub.current("urn:x:a", "w") == #"2026-01-03T00:00:00Z "x""#)
        #expect(
            hub.readings("urn:x:a", "v") == [
                "2026-01-02T00:00:00Z 2", "2026-01-01T00:00:00Z 1", "2026-01-03T00:00:00Z 3",
            ]
        )
        #expect(hub.received.newest.count == 1)
    }

    @Test func `a map may leave current state unchanged`() async throws {
        let (hub, tally) = try await imported(Self.rows, "history: true\ncurrent: false")
        #expect(tally.entities == 1 && tally.readings == 4)
        #expect(hub.received.newest == [] && hub.current("urn:x:a", "v") == nil)
        #expect(hub.readings("urn:x:a", "v").count == 3)
    }

    @Test func `rows with a time become few requests, and each of them history`() async throws {
        let rows = (0..<5_000).map { minute in
            "a,\(Timestamp(microseconds: Int64(minute) * 60_000_000).text),1,\(minute),x"
        }
        let (hub, tally) = try await imported(rows)
        #expect(tally.entities == 1 && tally.readings == 10_000 && tally.failures == 0)
        #expect(hub.received.requests < 20)
        #expect(Set(hub.readings("urn:x:a", "v")).count == 5_000)
        #expect(hub.current("urn:x:a", "v") == "1970-01-04T11:19:00Z 4999")
    }

    @Test func `without a history the location is that of the newest row`() async throws {
        let (hub, _) = try await imported(Self.rows)
        let place = hub.received.newest.last?.objectValue?["location"]?.objectValue?["value"]
        #expect(place == ["type": "Point", "coordinates": [98.3, 4]])
        #expect(hub.current("urn:x:a", "v") == "2026-01-03T00:00:00Z 3")
    }

    @Test func `of two readings of one moment the later one is current`() async throws {
        let rows = ["a,2026-01-02,1,2,", "a,2026-01-02,1,3,", "a,2026-01-02,1,4,"]
        let (hub, _) = try await imported(rows, "history: true")
        #expect(hub.current("urn:x:a", "v") == "2026-01-02T00:00:00Z 4")
    }

    @Test func `entities beyond the limit are sent before the end`() async throws {
        let count = NewestReadings.maximumEntities + 1
        let rows = (0..<count).flatMap { ["s\($0),2026-01-01,1,1,", "s\($0),2026-01-02,1,2,"] }
        let (hub, tally) = try await imported(rows, "history: true")
        #expect(tally.readings == 2 * count && tally.failures == 0)
        #expect(hub.received.newest.count > count)
        for site in ["s0", "s\(count - 2)", "s\(count - 1)"] {
            #expect(hub.current("urn:x:" + site, "v") == "2026-01-02T00:00:00Z 2")
        }
    }
}
