import ContextModel
import Testing

@testable import Collect

@Suite struct SourceSuggestionTests {
    private func suggest(_ sample: String, type: String? = nil) throws -> SourceSuggestion {
        try SourceSuggestion(sample: Array(sample.utf8), type: type)
    }

    /// What the proposal makes of the sample itself.
    private func map(_ suggestion: SourceSuggestion, _ sample: String) throws -> MappedMessage {
        let source = try SourceDefinition(suggestion.text, name: "suggested")
        return try SourceMapper(source).map(
            SourceMessage(Array(sample.utf8), receivedAt: Timestamp(microseconds: 0))
        )
    }

    @Test(arguments: [
        #"{"deviceId": "a", "time": "2026-05-01T08:00:00Z", "temp": 21.5, "lat": 1.5, "lng": 2}"#,
        #"[{"id": 1, "ts": 1777622400, "pm 2.5": "12"}, {"id": 2, "ts": 1777622401, "pm 2.5": "7"}]"#,
        #"{"meta": {"n": 2}, "value": [{"Code": "x", "Load": 1}, {"Code": "y", "Load": 2}]}"#,
        #"{"station": "a", "values": {"no": true, "o'x": {"deep": "text"}}, "$skip": 1, "none": null}"#,
        #"{"id": "a", "in": {"t": 1}, "out": {"t": 2}, "ฝน": 3, "ลม": 4}"#,
        "station,when,PM2.5\na,2026-05-01 08:00:00,7\nb,2026-05-01 08:00:00,8\n",
        "{\"id\": 1, \"v\": 2}\n{\"id\": 2, \"v\": 3}\n",
    ])
    func `a proposal works for its own sample`(sample: String) throws {
        let suggestion = try suggest(sample)
        // Several objects on lines are several messages.
        let message = sample.contains("}\n{") ? String(sample.prefix { $0 != "\n" }) : sample
        let mapped = try map(suggestion, message)
        #expect(mapped.refusals == [], "\(suggestion.text)")
        #expect(!mapped.entities.isEmpty)
    }

    @Test func `names that are taken are told`() throws {
        let suggestion = try suggest(#"{"id": "a", "in": {"t": 1}, "out": {"t": 2}}"#)
        let mapped = try map(suggestion, #"{"id": "a", "in": {"t": 1}, "out": {"t": 2}}"#)
        let entity = try #require(mapped.entities.first?.objectValue)
        #expect(entity["t"]?.objectValue?["value"] == 1)
        #expect(entity["t_2"]?.objectValue?["value"] == 2)
        #expect(suggestion.text.contains("is called `t_2`"))
    }

    @Test func `identifier, time and place are found, and texts that are numbers`() throws {
        let text = try suggest(
            #"{"value": [{"BusStopCode": "83139", "at": 1777622400123, "Latitude": 1.3, "Longitude": 103.9, "Load": "7"}, {"BusStopCode": "83140", "at": 1777622400124, "Latitude": 1.3, "Longitude": 103.9, "Load": "8"}]}"#,
            type: "BusStop"
        ).text
        for part in [
            "rows: \"$.value[*]\"", "type: BusStop", "{BusStopCode}", "epochMilliseconds",
            "location: {latitude: Latitude, longitude: Longitude}",
            "load: {column: Load, as: number}",
        ] { #expect(text.contains(part), "\(part) in\n\(text)") }
    }

    @Test func `what is not sure is said`() throws {
        let suggestion = try suggest(
            #"{"id": "a", "name": "b", "when": "2026-05-01T08:00", "zip": "0123", "list": [1]}"#
        )
        let doubts = suggestion.doubts.joined(separator: "\n")
        for part in [
            "`id` is taken as the identifier; it could be `name`", "no offset from UTC",
            "`zip` may be a code", "`list` is a list", "`Device` is a guess",
        ] { #expect(doubts.contains(part), "\(part) in\n\(doubts)") }
        #expect(suggestion.text.hasPrefix("# Unsure: "))
        let without = try suggest(#"{"v": 1}"#)
        #expect(without.doubts.contains { $0.hasPrefix("Nothing looks like an identifier") })
        #expect(without.doubts.contains { $0.hasPrefix("There is no time") })
    }

    @Test(arguments: ["", "[]", "7", "{", "{\"a\": {}}", "[1, 2]"])
    func `a sample without rows is refused`(sample: String) {
        #expect(throws: SourceError.self) { try suggest(sample) }
    }
}
