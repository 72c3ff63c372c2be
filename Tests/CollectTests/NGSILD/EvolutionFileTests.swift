import ContextModel
import Testing

@testable import Collect

@Suite struct EvolutionFileTests {
    private func imported(_ text: String) async throws -> (hub: RecordingHub, tally: ImportTally) {
        let hub = RecordingHub()
        let source = EvolutionFile(MemoryBytes(text, name: "h.json"))
        return (hub, try await ImportRun(hub: hub).run(source))
    }

    private static func reading(_ second: Int) -> String {
        let moment = Timestamp(microseconds: Int64(second) * 1_000_000).text
        return #"{"type":"Property","value":\#(second),"observedAt":"\#(moment)"}"#
    }

    @Test func `readings are imported into history without system attributes`() async throws {
        let (hub, tally) = try await imported(
            """
            {"id":"urn:a","type":"T","createdAt":"2026-01-01T00:00:00Z","n":[{"type":"Property",\
            "value":1.50,"observedAt":"2026-01-01T00:00:00Z","instanceId":"urn:i",\
            "modifiedAt":"2026-01-01T00:00:01Z","unitCode":"CEL"}],"name":[{"type":"Property",\
            "value":"x","instanceId":"urn:j"}],"m":{"type":"Property","value":2,\
            "observedAt":"2026-01-02T00:00:00Z"}}
            """
        )
        #expect(tally.readings == 2 && tally.failures == 0)
        #expect(
            hub.received.histories.map(\.text) == [
                """
                {"id":"urn:a","type":"T","n":[{"type":"Property","value":1.50,\
                "observedAt":"2026-01-01T00:00:00Z","unitCode":"CEL"}],"m":[{"type":"Property",\
                "value":2,"observedAt":"2026-01-02T00:00:00Z"}]}
                """
            ]
        )
    }

    @Test func `a long evolution is sent in several requests, in order`() async throws {
        let readings = (0..<4_500).map(Self.reading).joined(separator: ",")
        let (hub, tally) = try await imported(
            #"{"id":"urn:a","type":["T","U"],"n":[\#(readings)]}"#
        )
        #expect(tally.readings == 4_500)
        #expect(hub.received.histories.count == 3)
        #expect(hub.readings("urn:a", "n").count == 4_500)
    }

    @Test func `an invalid evolution is reported and the others load`() async throws {
        let (hub, tally) = try await imported(
            """
            {"id":"urn:a","n":[\(Self.reading(1))]}
            {"id":"urn:b","type":"T","@context":"http://c","n":[\(Self.reading(1))]}
            {"id":
            {"id":"urn:c","type":"T","n":[\(Self.reading(1))]}
            """
        )
        #expect(hub.received.histories.count == 1)
        #expect(tally.problems.map(\.line) == [1, 2, 3])
        #expect(tally.problems[0].reason.contains("`type`"))
        #expect(tally.problems[1].reason.contains("--context"))
    }
}
