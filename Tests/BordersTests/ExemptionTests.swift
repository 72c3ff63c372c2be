import Borders
import ContextModel
import Testing

/// What an exemption of the pilot space lets pass, and what not.
@Suite struct ExemptionTests {
    private static let body: JSONObject = [
        "title": "Clinics on both sides of the causeway",
        "participants": ["urn:balai:party:clinic"],
        "purpose": "dpv:PublicHealth",
        "categories": ["personal"],
        "source": "SG",
        "destinations": ["MY"],
        "from": "2026-12-01",
        "until": "2027-06-01T00:00:00Z",
        "volume": 1_000,
        "conditions": ["the data is deleted within a month"],
        "report": "2027-07-01",
    ]

    private func read(_ changes: JSONObject = JSONObject()) throws -> Exemption {
        var body = Self.body
        for (name, value) in changes.members { body[name] = value }
        return try Exemption(body, id: "causeway")
    }

    private func question(
        _ change: (inout BorderQuestion) -> Void = { _ in }
    ) throws
        -> BorderQuestion
    {
        var question = BorderQuestion(
            from: try #require(StateCode("SG")),
            to: try #require(StateCode("MY")),
            category: .personal,
            controller: .public,
            date: try #require(CivilDate("2027-01-01"))
        )
        change(&question)
        return question
    }

    private func moment(_ text: String) throws -> Timestamp {
        try #require(Timestamp(dateTime: text))
    }

    @Test func `what was read is written as it was`() throws {
        let exemption = try read()
        #expect(try Exemption(exemption.json, id: "causeway") == exemption)
        #expect(exemption.json["from"] == "2026-12-01T00:00:00Z")
    }

    @Test func `it holds from its first moment until before its last`() throws {
        let exemption = try read()
        let states = try [
            "2026-11-30T23:59:59.999999Z", "2026-12-01T00:00:00Z", "2027-05-31T23:59:59.999999Z",
            "2027-06-01T00:00:00Z",
        ]
        .map { exemption.state(at: try moment($0)) }
        #expect(states == [.announced, .inForce, .inForce, .ended])
    }

    @Test func `with one field changed nothing is exempted`() throws {
        let exemption = try read()
        let now = try moment("2027-01-01T00:00:00Z")
        func covers(
            _ party: String = "urn:balai:party:clinic",
            _ purpose: String = "dpv:PublicHealth",
            _ change: (inout BorderQuestion) -> Void = { _ in }
        ) throws -> Bool {
            exemption.covers(try question(change), party: party, purpose: purpose, at: now)
        }
        #expect(try covers())
        #expect(try !covers("urn:balai:party:other"))
        #expect(try !covers("urn:balai:party:clinic", "dpv:Marketing"))
        let (thailand, malaysia) = (StateCode("TH"), StateCode("MY"))
        for change: (inout BorderQuestion) -> Void in [
            { $0.category = .sensitive }, { $0.category = nil },
            { $0.source = thailand ?? $0.source }, { $0.destination = thailand ?? $0.destination },
            { $0.via = [thailand].compactMap { $0 } },
        ] {
            #expect(try !covers("urn:balai:party:clinic", "dpv:PublicHealth", change))
        }
        #expect(
            try covers("urn:balai:party:clinic", "dpv:PublicHealth") {
                $0.via = [malaysia].compactMap { $0 }
            }
        )
    }

    @Test(
        arguments: [
            ("until", "2026-12-01"), ("until", "2028-12-02"), ("from", "soon"), ("report", true),
            ("participants", []), ("categories", ["cats"]), ("destinations", ["Malaysia"]),
            ("source", "sg"), ("volume", 0), ("colour", "red"), ("title", ""),
        ] as [(String, JSONValue)]
    )
    func `one that is not wholly understood is refused`(name: String, value: JSONValue) throws {
        let error = #expect(throws: BorderRuleError.self) {
            try read(JSONObject([(key: name, value: value)]))
        }
        #expect(error?.description.hasPrefix("exemption.\(name)") == true)
    }
}
