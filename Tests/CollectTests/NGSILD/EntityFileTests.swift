import ContextModel
import Testing

@testable import Collect

@Suite struct EntityFileTests {
    private func imported(
        _ text: String,
        pieceBytes: Int = 1 << 16
    ) async throws -> (ids: [String], problems: [String]) {
        let hub = RecordingHub()
        let source = EntityFile(MemoryBytes(text, name: "e.json", pieceBytes: pieceBytes))
        let tally = try await ImportRun(hub: hub).run(source)
        let ids = hub.entities.compactMap { $0.objectValue?["id"]?.stringValue }
        return (ids.sorted(), tally.problems.map(\.description))
    }

    @Test(arguments: [1, 3, 1 << 16]) func `one entity a line`(pieceBytes: Int) async throws {
        let found = try await imported(
            "{\"id\":\"urn:a\",\"type\":\"T\"}\r\n\n{\"id\":\"urn:b\",\"type\":\"T\"}",
            pieceBytes: pieceBytes
        )
        #expect(found.ids == ["urn:a", "urn:b"] && found.problems == [])
    }

    @Test func `an incomplete entity ends the file`() async throws {
        let long = String(repeating: "x", count: 2 * EntityFile.maximumEntityBytes)
        await #expect(throws: SourceError.self) {
            try await imported("{\"id\":\"urn:a\",\"type\":\"\(long)\"}\n")
        }
    }

    @Test(arguments: [1, 3, 1 << 16]) func `all in one array`(pieceBytes: Int) async throws {
        let found = try await imported(
            """
            [ {"id": "urn:a", "type": "T", "n": {"type": "Property", "value": "}],{\\""}},
              {"id": "urn:b",
               "type": "T"} ]

            """,
            pieceBytes: pieceBytes
        )
        #expect(found.ids == ["urn:a", "urn:b"] && found.problems == [])
    }

    @Test func `an invalid entity is reported with its place and the others load`() async throws {
        let lines = try await imported(
            "{\"id\":\"urn:a\"}\n{\"id\":}\n17\n{\"type\":\"T\"}\n{\"id\":\"urn:b\"}\n"
        )
        #expect(lines.ids == ["urn:a", "urn:b"])
        #expect(lines.problems.count == 3)
        #expect(lines.problems[0].hasPrefix("e.json:2, column 7: "))
        #expect(lines.problems[1] == "e.json:3: This is not a JSON object.")
        #expect(lines.problems[2] == "e.json:4: The entity has no `id`.")
        let array = try await imported("[{\"id\":\"urn:a\"},\n5,\n{\"id\":\"urn:b\"}]")
        #expect(array.ids == ["urn:a", "urn:b"])
        #expect(array.problems == ["e.json:2: This is not a JSON object."])
    }

    @Test(arguments: [1, 3, 1 << 16])
    func `an object may have several lines, alone or with others`(pieceBytes: Int) async throws {
        let one = "\u{FEFF}\n{\n  \"id\": \"urn:a\",\n  \"n\": {\"value\": [\n{}, \"}\"]}\n}\n"
        #expect(try await imported(one, pieceBytes: pieceBytes).ids == ["urn:a"])
        let two = one + "{\r\n\"id\": \"urn:b\"\r\n}\r\n{\"id\": \"urn:c\"}"
        let found = try await imported(two, pieceBytes: pieceBytes)
        #expect(found.ids == ["urn:a", "urn:b", "urn:c"] && found.problems == [])
    }

    @Test func `an incomplete object does not affect the others`() async throws {
        let broken = try await imported(
            "{\n\"id\": \"urn:a\"\n{\n\"id\": \"urn:b\"\n}\n"
                + "{\n\"id\": \"urn:c\n}\n{\n\"id\": \"urn:d\"\n}\n"
        )
        #expect(broken.ids == ["urn:b", "urn:d"])
        let line = try await imported(
            "{\"id\": \"urn:a\n{\"id\": \"urn:b\"}\n{\"id\": \"urn:c\"}\n"
        )
        #expect(line.ids == ["urn:b", "urn:c"] && line.problems.count == 1)
    }

    @Test func `entities with their own context are sent in separate requests`() throws {
        var source = EntityFile(
            MemoryBytes(
                "{\"id\":\"urn:a\"}\n{\"id\":\"urn:b\",\"@context\":\"http://c\"}\n",
                name: "e"
            )
        )
        var batch = ImportBatch()
        while try source.next(into: &batch) {}
        #expect(batch.requests().map(\.isLinkedData) == [false, true])
    }
}
