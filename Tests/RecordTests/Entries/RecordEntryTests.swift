import Chance
import ContextModel
import Testing

@testable import Record

@Suite struct RecordEntryTests {
    private let time = Timestamp(microseconds: 1_769_846_400_000_000)

    private func opening(_ number: Int) -> Opening {
        Opening(
            subject: "urn:person:\(number)",
            party: "urn:balai:party:clinic",
            purpose: "https://w3id.org/dpv#PublicHealth",
            rule: "urn:balai:policy:clinic",
            time: time,
            entities: ["urn:visit:\(number)"],
            attributes: ["https://example.org/ward"]
        )
    }

    @Test func `an entry is one line of JSON in a fixed form`() throws {
        let entry = RecordEntry(
            .policy,
            time: time,
            state: 7,
            details: ["id": "urn:balai:policy:clinic"],
            people: RecordEntry.People(count: 1, root: .empty)
        )
        let text = """
            {"type":"policy","time":"2026-01-31T08:00:00Z","state":7,\
            "details":{"id":"urn:balai:policy:clinic"},\
            "people":{"count":1,"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}}
            """
        #expect(String(decoding: entry.bytes, as: UTF8.self) == text)
        #expect(try RecordEntry(entry.bytes) == entry)
        let short = RecordEntry(.read, time: time, state: 0)
        #expect(
            String(decoding: short.bytes, as: UTF8.self)
                == #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0}"#
        )
    }

    @Test(arguments: [
        "", "{}", #"{"type":"read","time":"2026-01-31T08:00:00Z","state":-1}"#,
        #"{"type":"Read","time":"2026-01-31T08:00:00Z","state":0}"#,
        #"{"type":"read","time":"2026-01-31T08:00:00.0Z","state":0}"#,
        #"{"type":"read", "time":"2026-01-31T08:00:00Z","state":0}"#,
        #"{"time":"2026-01-31T08:00:00Z","type":"read","state":0}"#,
        #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0,"more":1}"#,
        #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0,"details":{}}"#,
        #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0,"people":{"count":1}}"#,
        #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0,"state":1}"#,
    ])
    func `other lines are no entries`(line: String) {
        #expect(throws: ProofError(.malformed, "")) { try RecordEntry(Array(line.utf8)) }
    }

    @Test func `an opening is one line of JSON in a fixed form`() throws {
        let whole = Opening(
            subject: "urn:person:1",
            tenant: "north",
            party: "urn:p",
            purpose: "dpv:X",
            rule: "urn:r",
            time: time,
            entities: ["urn:e"],
            attributes: ["a", "b"],
            details: ["choice": "object"]
        )
        let text = """
            {"subject":"urn:person:1","tenant":"north","party":"urn:p","purpose":"dpv:X",\
            "rule":"urn:r","time":"2026-01-31T08:00:00Z","entities":["urn:e"],\
            "attributes":["a","b"],"details":{"choice":"object"}}
            """
        #expect(String(decoding: whole.bytes, as: UTF8.self) == text)
        #expect(try Opening(whole.bytes) == whole)
        let short = Opening(subject: "urn:s", party: "urn:p", time: time)
        #expect(try Opening(short.bytes) == short)
        let spaced = text.replacing(",", with: ", ")
        #expect(throws: ProofError(.malformed, "")) { try Opening(Array(spaced.utf8)) }
        let odd = text.replacing(#"["urn:e"]"#, with: #"["urn:e",1]"#)
        #expect(throws: ProofError(.malformed, "")) { try Opening(Array(odd.utf8)) }
    }

    @Test func `an entry about a thousand persons lets each see their own part alone`() throws {
        var dice = SeededGenerator(seed: 3)
        let draft = RecordDraft(.read, time: time, state: 5, openings: (0..<1_000).map(opening))
        let prepared = try PreparedEntry(draft, using: &dice)
        let entry = try RecordEntry(prepared.bytes)
        let people = try #require(entry.people)
        #expect(people.count == 1_000)
        #expect(prepared.bytes.count < 200)
        #expect(Set(prepared.openings.map(\.salt)).count == 1_000)
        let tree = SmallTree(prepared.commitments)
        for place in [0, 1, 499, 999] {
            let salted = prepared.openings[place]
            let commitment = salted.salt.commitment(to: salted.bytes)
            let path = tree.inclusion(of: place)
            #expect(
                TreeProofs.includes(
                    commitment,
                    at: place,
                    size: people.count,
                    proof: path,
                    root: people.root
                )
            )
            // What else is in the path are hashes over salts that this person does not have.
            #expect(path.count <= 10)
        }
        // The order tells nothing: it is that of the commitments.
        #expect(prepared.commitments == prepared.commitments.sorted())
        #expect(prepared.openings.map(\.opening.subject) != draft.openings.map(\.subject))
        // Nothing of a person stands in the entry.
        let line = String(decoding: prepared.bytes, as: UTF8.self)
        #expect(!line.contains("urn:"))
    }

    @Test func `a guess at an opening cannot be tried without its salt`() throws {
        var dice = SeededGenerator(seed: 4)
        let draft = RecordDraft(.read, time: time, state: 0, openings: [opening(1)])
        let first = try PreparedEntry(draft, using: &dice)
        let second = try PreparedEntry(draft, using: &dice)
        #expect(first.commitments != second.commitments)
        #expect(first.bytes != second.bytes)
    }

    @Test func `what is too large is refused`() {
        var dice = SeededGenerator(seed: 5)
        let long = String(repeating: "a", count: EntryBundle.maximumEntryBytes)
        let draft = RecordDraft(.policy, time: time, state: 0, details: ["a": .string(long)])
        #expect(throws: RecordError(.tooLarge, "")) { try PreparedEntry(draft, using: &dice) }
        var opening = opening(1)
        opening.entities = [String(repeating: "a", count: Opening.maximumBytes)]
        let wide = RecordDraft(.read, time: time, state: 0, openings: [opening])
        #expect(throws: RecordError(.tooLarge, "")) { try PreparedEntry(wide, using: &dice) }
    }
}
