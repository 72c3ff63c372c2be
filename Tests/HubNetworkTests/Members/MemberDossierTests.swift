import ContextModel
import Testing

@testable import HubNetwork

/// What hubs say of themselves, and who can check it.
struct MemberDossierTests {
    @Test("a description is read as it was written")
    func roundTrip() throws {
        var hub = try SampleHub("Đà Nẵng")
        hub.description.hasLeft = true
        let read = try SignedDescription(try hub.signed.text)
        #expect(read.description == hub.description)
        #expect(try hub.dossier.newest == hub.description)
    }

    @Test("a description that is not wholly understood is refused")
    func notUnderstood() throws {
        let json = try SampleHub().description.json
        _ = try MemberDescription(.object(json))
        let wrong: [(String, JSONValue)] = [
            ("id", "urn:balai:hub:short"), ("number", 0), ("number", "1"), ("name", ""),
            ("state", "Thailand"), ("place", ["type": "Point", "coordinates": [200, 0]]),
            ("place", ["type": "Point", "coordinates": [98, 7], "crs": "x"]),
            ("address", "https://a/"), ("address", "ftp://a"), ("address", "https://me@a"),
            ("address", "https://a?x"), ("keys", []), ("keys", [["kty": "OKP"]]),
            ("offers", [1]), ("made", "today"), ("left", 0), ("more", 1),
        ]
        for (name, value) in wrong {
            var other = json
            other[name] = value
            #expect(throws: MemberError.self, "\(name)") {
                try MemberDescription(.object(other))
            }
        }
        for member in json.members {
            var less = json
            less[member.key] = nil
            #expect(throws: MemberError.self, "without \(member.key)") {
                try MemberDescription(.object(less))
            }
        }
    }

    @Test("nobody can describe another hub, for its name is made of its first key")
    func foreignKey() throws {
        let hub = try SampleHub()
        var thief = try SampleHub()
        thief.description.id = hub.description.id
        let error = #expect(throws: MemberError.self) { try thief.dossier }
        #expect(error?.kind == .unsigned)
        // Also not with the key of the hub named, but not used.
        thief.description.keys = hub.description.keys + thief.description.keys
        #expect(throws: MemberError.self) { try thief.dossier }
    }

    @Test("a description that was changed on the way is refused")
    func changed() throws {
        let text = try SampleHub().signed.text
        let other = try SampleHub("Other").signed.text
        let (parts, others) = (text.split(separator: "."), other.split(separator: "."))
        #expect(throws: MemberError.self) {
            try MemberDossier(["\(parts[0]).\(others[1]).\(parts[2])"])
        }
        #expect(throws: MemberError.self) { try MemberDossier([text + "A"]) }
        #expect(throws: MemberError.self) { try MemberDossier([]) }
    }

    @Test("keys change, each vouched for by the one before it")
    func rotation() throws {
        var hub = try SampleHub()
        var dossier = try hub.dossier
        let second = MemberKey()
        let both = try hub.say(on: 1) { $0.keys.append(.init(second.publicKey, SampleHub.year)) }
        let changed = try hub.say(on: 2, with: second) { $0.keys.removeFirst() }
        // Who knows the first description takes both.
        let whole = try MemberDossier([try #require(dossier.texts.first), both.text, changed.text])
        #expect(try dossier.merge(whole))
        #expect(dossier.newest.number == 3)
        #expect(try dossier.merge(whole) == false)
        // The key that was given up signs nothing any more.
        let late = try hub.say(on: 3, with: hub.key)
        let error = #expect(throws: MemberError.self) {
            try MemberDossier(whole.texts + [late.text])
        }
        #expect(error?.kind == .unsigned)
        // And the second key cannot skip the description that names it.
        #expect(throws: MemberError.self) {
            try MemberDossier([try #require(dossier.texts.first), changed.text])
        }
    }

    @Test("a key counts in its time alone")
    func validity() throws {
        var hub = try SampleHub()
        let first = try hub.signed.text
        let late = try hub.say(on: 400)
        #expect(throws: MemberError.self) { try MemberDossier([first, late.text]) }
        #expect(hub.description.key(hub.key.id, at: SampleHub.after(days: 364)) != nil)
        #expect(hub.description.key(hub.key.id, at: SampleHub.after(days: 365)) == nil)
        #expect(hub.description.key("other", at: SampleHub.moment) == nil)
    }

    @Test("what needs not be kept is not, so that a hub may describe itself as often as it likes")
    func short() throws {
        var hub = try SampleHub()
        var dossier = try hub.dossier
        for day in 1..<200 {
            let signed = try hub.say(on: Int64(day)) { $0.name = "Phuket \(day)" }
            let next = try MemberDossier(dossier.texts + [signed.text])
            #expect(try dossier.merge(next))
            #expect(dossier.descriptions.count <= 2)
        }
        #expect(dossier.newest.name == "Phuket 199")
        // Whoever knows nothing checks the short dossier as well.
        #expect(try MemberDossier(dossier.texts).newest == dossier.newest)
    }

    @Test("a hub that says two things with one number is found out")
    func contradiction() throws {
        var hub = try SampleHub()
        let first = try hub.signed.text
        var twin = hub
        let one = try hub.say(on: 1) { $0.name = "One" }
        let two = try twin.say(on: 1) { $0.name = "Two" }
        var dossier = try MemberDossier([first, one.text])
        let error = #expect(throws: MemberError.self) {
            try dossier.merge(try MemberDossier([first, two.text]))
        }
        #expect(error?.kind == .contradiction)
        #expect(dossier.newest.name == "One")
    }

    @Test("an older description changes nothing")
    func older() throws {
        var hub = try SampleHub()
        let old = try hub.dossier
        let newer = try hub.say(on: 1)
        var dossier = try MemberDossier(old.texts + [newer.text])
        #expect(try dossier.merge(old) == false)
        #expect(dossier.newest.number == 2)
    }
}
