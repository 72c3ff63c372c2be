import ContextModel
import Testing

@testable import Collect

@Suite struct EvolutionCountsTests {
    private func counts(_ lines: String...) throws -> EvolutionCounts {
        try EvolutionCounts(file: MemoryBytes(lines.joined(separator: "\n"), name: "history"))
    }

    private func evolution(_ id: String, _ attributes: String) -> String {
        #"{"id": "\#(id)", "type": "T", "createdAt": "2026-01-01T00:00:00Z", \#(attributes)}"#
    }

    private func readings(
        _ name: String,
        _ days: ClosedRange<Int>,
        dataset: String? = nil
    ) -> String {
        let list = days.map { day in
            let own = dataset.map { #", "datasetId": "\#($0)""# } ?? ""
            return
                #"{"type": "Property", "value": 1, "observedAt": "2026-01-0\#(day)T00:00:00Z"\#(own)}"#
        }
        return #""\#(name)": [\#(list.joined(separator: ","))]"#
    }

    @Test func `readings are counted by entity, those of one moment once`() throws {
        let counted = try counts(
            evolution("urn:a", readings("x", 1...3) + "," + readings("y", 1...1)),
            // What goes on in another part of the answer.
            evolution("urn:a", readings("x", 4...5)),
            evolution("urn:b", #""name": {"type": "Property", "value": "no reading"}"#),
            evolution(
                "urn:c",
                #""x": {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#
            )
        )
        #expect(counted.readings == ["urn:a": 6, "urn:c": 1] && counted.total == 7)
        let repeated = readings("x", 1...2).dropLast() + "," + readings("x", 2...2).dropFirst(6)
        #expect(try counts(evolution("urn:a", String(repeated))).total == 2)
        let series =
            readings("x", 1...2).dropLast() + ","
            + readings("x", 1...2, dataset: "urn:d").dropFirst(6)
        #expect(try counts(evolution("urn:a", String(series))).total == 4)
    }

    @Test func `an entity of which the other has fewer readings is told`() throws {
        let there = try counts(
            evolution("urn:a", readings("x", 1...3)),
            evolution("urn:b", readings("x", 1...2)),
            evolution("urn:c", readings("x", 1...1))
        )
        let here = try counts(
            evolution("urn:a", readings("x", 1...3)),
            evolution("urn:b", readings("x", 1...1)),
            evolution("urn:d", readings("x", 1...9))
        )
        #expect(
            there.lacks(of: here) == [
                .init(id: "urn:b", there: 2, here: 1), .init(id: "urn:c", there: 1, here: 0),
            ]
        )
        #expect(there.lacks(of: there).isEmpty)
    }
}
