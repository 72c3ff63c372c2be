import ContextModel
import Governance
import Record
import Storage
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

@Suite struct RecordedReadsTests {
    private static let visits = LDContext.core.expand("Visit")

    /// Ways in which data about people leaves the hub.
    enum Path: CaseIterable {
        case retrieve, query, count, evolution, evolutions, countEvolutions, entityMap

        func ask(_ ward: Ward, _ caller: Caller) async throws {
            let reading = ward.hub.reading
            let id = EntityID("urn:visit:1")
            var query = EntityQuery(condition: .type(visits), limit: 10)
            let past = TemporalQuery(
                condition: .type(visits),
                timeProperty: .modifiedAt,
                instanceLimit: 10,
                limit: 10
            )
            switch self {
            case .retrieve: _ = try await reading.retrieveEntity(id, caller: caller)
            case .query: _ = try await reading.queryEntities(query, caller: caller)
            case .count:
                query.limit = 0
                query.wantsCount = true
                _ = try await reading.queryEntities(query, caller: caller)
            case .evolution: _ = try await reading.retrieveEvolution(of: id, past, caller: caller)
            case .evolutions: _ = try await reading.queryEvolutions(past, caller: caller)
            case .countEvolutions:
                var counting = past
                (counting.limit, counting.wantsCount) = (0, true)
                _ = try await reading.queryEvolutions(counting, caller: caller)
            case .entityMap:
                _ = try await reading.createEntityMap(
                    of: query,
                    EntityMapRequest(selection: "visits"),
                    caller: caller
                )
            }
        }
    }

    @Test(arguments: Path.allCases)
    func `what tells of people is in the record, or is not told`(path: Path) async throws {
        let ward = try await Ward().filled()
        let before = ward.record.size
        try await path.ask(ward, Ward.clinic)
        let entry = try #require(ward.record.drafts.last)
        #expect(ward.record.size == before + 1 && entry.kind == .read)
        #expect(entry.state == before)
        let subjects = Set(entry.openings.map(\.subject))
        switch path {
        case .retrieve, .evolution: #expect(subjects == [Ward.siti.uri])
        case .query, .count, .evolutions, .countEvolutions, .entityMap:
            #expect(subjects == [Ward.siti.uri, Ward.budi.uri])
        }
        for opening in entry.openings {
            #expect(opening.party == "urn:balai:party:clinic")
            #expect(opening.purpose == "dpv:PublicHealth" && opening.rule == "urn:policy:clinic")
            #expect(opening.entities.count == 1)
        }
        ward.record.fail()
        let refused = await #expect(throws: BrokerError.self) {
            try await path.ask(ward, Ward.clinic)
        }
        #expect(refused?.code == .recordUnavailable)
    }

    @Test(arguments: ["id", "filter"])
    func `a question that only counts about somebody names that person`(way: String) async throws {
        let ward = try await Ward().filled()
        let patient = LDContext.core.expand("patient")
        let value = ValueTest(
            path: AttributePath(names: [patient]),
            comparison: .equal([.uri(Ward.siti.uri)])
        )
        let condition: Condition = way == "id" ? .ids([EntityID("urn:visit:1")]) : .value(value)
        let query = EntityQuery(
            condition: .type(Self.visits).and(condition),
            limit: 0,
            wantsCount: true
        )
        let answer = try await ward.hub.reading.queryEntities(query, caller: Ward.clinic)
        #expect(answer.page.count == 1 && answer.page.entities.isEmpty)
        let openings = try #require(ward.record.drafts.last).openings
        #expect(openings.map(\.subject) == [Ward.siti.uri])
        #expect(openings.first?.entities == ["urn:visit:1"])
        #expect(openings.first?.attributes == (way == "id" ? [] : [patient.text]))
    }

    @Test(arguments: [true, false])
    func `a count names those whom its page does not show, too`(throughMap: Bool) async throws {
        let ward = try await Ward().filled()
        let query = EntityQuery(condition: .type(Self.visits), limit: 1, wantsCount: true)
        let answer = try await ward.hub.reading.queryEntities(
            query,
            through: throughMap ? EntityMapRequest(selection: "visits") : nil,
            caller: Ward.clinic
        )
        #expect(answer.page.count == 2 && answer.page.entities.count == 1)
        let subjects = Set(try #require(ward.record.drafts.last).openings.map(\.subject))
        #expect(subjects == [Ward.siti.uri, Ward.budi.uri])
    }

    @Test(arguments: [true, false])
    func `a count of histories names those whom its page does not show, too`(
        throughMap: Bool
    ) async throws {
        let ward = try await Ward().filled()
        var query = TemporalQuery(
            condition: .type(Self.visits),
            timeProperty: .modifiedAt,
            instanceLimit: 10,
            limit: 1
        )
        query.wantsCount = true
        let answer = try await ward.hub.reading.queryEvolutions(
            query,
            through: throughMap ? EntityMapRequest(selection: "visits") : nil,
            caller: Ward.clinic
        )
        #expect(answer.page.count == 2 && answer.page.evolutions.count == 1)
        let subjects = Set(try #require(ward.record.drafts.last).openings.map(\.subject))
        #expect(subjects == [Ward.siti.uri, Ward.budi.uri])
    }

    @Test func `a question that counts more than a page has names nobody`() async throws {
        var limits = HubLimits()
        limits.maximumPage = 1
        let ward = try await Ward(hubLimits: limits).filled()
        let query = EntityQuery(condition: .type(Self.visits), limit: 0, wantsCount: true)
        let answer = try await ward.hub.reading.queryEntities(query, caller: Ward.clinic)
        #expect(answer.page.count == 2)
        let entry = try #require(ward.record.drafts.last)
        #expect(entry.kind == .read && entry.openings.isEmpty)
    }

    @Test func `the record names the rule that the entity is the target of`() async throws {
        let ward = try await Ward().filled()
        try await ward.put(Ward.policy(["Visit"]))
        try await ward.put(Ward.policy(["Bike"], uid: "urn:policy:a"))
        try await ward.put(Ward.policy(["Person"], uid: "urn:policy:z"))
        try await ward.make(["id": "urn:person:siti", "type": "Person", "name": "Siti"])
        for (type, rule) in [("Person", "urn:policy:z"), ("Visit", "urn:policy:clinic")] {
            _ = try await ward.found(type)
            let rules = try #require(ward.record.drafts.last).openings.map(\.rule)
            #expect(!rules.isEmpty && rules.allSatisfy { $0 == rule }, "\(rules)")
        }
    }

    @Test
    func `the record tells two identifiers apart that differ in how a letter is put together`()
        async throws
    {
        let ward = try await Ward(onDisk: true).filled()
        let names = ["ren\u{E9}", "rene\u{301}"]
        for (name, patient) in zip(names, [Ward.siti, Ward.budi]) {
            try await ward.make(ward.visit(name, of: patient))
        }
        _ = try await ward.found("Visit")
        let openings = try #require(ward.record.drafts.last).openings
        for (name, patient) in zip(names, [Ward.siti, Ward.budi]) {
            let own = try #require(openings.first { $0.subject == patient.uri })
            let bytes = own.entities.map { Array($0.utf8) }
            #expect(bytes.contains(Array("urn:visit:\(name)".utf8)) && bytes.count == 2)
        }
        try await ward.choose("object", Ward.siti)
        let left = try await ward.found("Visit").map { Array($0.utf8) }
        #expect(left.contains(Array("urn:visit:\(names[1])".utf8)) && left.count == 2)
    }

    @Test func `without a record nothing of rights is changed, and public data goes on`()
        async throws
    {
        let ward = try await Ward(common: [
            Permission(assignee: .anyone, actions: [.read], target: .everything)
        ]).filled()
        try await ward.make(["id": "urn:bench:1", "type": "Bench"])
        ward.record.fail()
        #expect(try await ward.found("Bench", by: Caller(party: .anonymous)) == ["urn:bench:1"])
        for change in [
            { _ = try await ward.choose("object") },
            { try await ward.put(Ward.policy(["Visit"], uid: "urn:policy:other")) },
            { try await ward.classify([:]) },
        ] {
            let before = try await rules(of: ward)
            let refused = await #expect(throws: BrokerError.self) { try await change() }
            #expect(refused?.code == .recordUnavailable)
            #expect(try await rules(of: ward) == before)
        }
        ward.record.fail(false)
        #expect(try await ward.found("Visit") == ["urn:visit:1", "urn:visit:2"])
    }

    /// What is in force in the ward.
    private func rules(of ward: Ward) async throws -> [JSONValue] {
        let governing = ward.hub.governing
        let choices = try await governing.choices(of: Ward.siti, caller: Ward.boss)
        return [
            .object(try await governing.classification(ld: .core, caller: Ward.boss)),
            .array(
                try await governing.dataPolicies(caller: Ward.boss).map { .string($0.id) }
            ),
            .array(choices),
        ]
    }

    @Test func `a notification is in the record before it is sent`() async throws {
        let ward = try await Ward().filled()
        try await ward.fixture.subscribe(["entities": [["type": "Visit"]]], caller: Ward.clinic)
        let record = ward.record
        let atSending = RecordedSizes()
        ward.fixture.recorder.copying { _ in atSending.note(record.drafts) }
        try await ward.make(ward.visit("3", of: Ward.budi))
        try await ward.fixture.delivering {
            _ = await ward.fixture.recorder.next(1)
        }
        let entry = try #require(atSending.last)
        #expect(entry.kind == .read && entry.openings.map(\.subject) == [Ward.budi.uri])
        #expect(entry.openings.first?.entities == ["urn:visit:3"])
    }

    @Test func `later entries heed an objection, and say so`() async throws {
        let ward = try await Ward().filled()
        try await ward.choose("object")
        let objection = ward.record.size - 1
        #expect(ward.record.drafts[objection].kind == .choice)
        _ = try await ward.found("Visit")
        let read = try #require(ward.record.drafts.last)
        #expect(read.state > objection)
        #expect(read.openings.map(\.subject) == [Ward.budi.uri])
    }

    @Test func `a change that is not in force yet is none that a decision has heeded`()
        async throws
    {
        let record = RecordDouble()
        let recorder = Recorder(record, HubClock { Timestamp(microseconds: 0) })
        try await recorder.append(.read, state: recorder.state)
        try await recorder.change(.policy) { first in
            #expect(recorder.state == first)
            // Others go on meanwhile.
            try await recorder.append(.read, state: recorder.state)
            #expect(recorder.state == first)
            try await recorder.change(.classification) { #expect($0 > first) }
            #expect(recorder.state == first)
        }
        #expect(recorder.state == record.size)
        await #expect(throws: CancellationError.self) {
            try await recorder.change(.policy) { _ in throw CancellationError() }
        }
        #expect(recorder.state == record.size)
    }

    @Test func `an answer that was being made when somebody objected is not given`() async throws {
        let ward = try await Ward().filled()
        let session = try await ward.hub.reading.session(Ward.clinic)
        let page = try await session.entities(EntityQuery(condition: .type(Self.visits), limit: 10))
        try await ward.choose("object")
        let size = ward.record.size
        let refused = await #expect(throws: BrokerError.self) {
            _ = try await session.seal(EntityAnswer(page: page, linked: nil, map: nil))
        }
        #expect(refused?.code == .conflict)
        // The record tells of no answer that nobody got, where that is known before.
        #expect(ward.record.size == size)
    }

    @Test func `an answer that waits for a slow disk heeds who objects meanwhile`() async throws {
        let ward = try await Ward().filled()
        ward.record.meanwhile { try await ward.choose("object") }
        let refused = await #expect(throws: BrokerError.self) { _ = try await ward.found("Visit") }
        #expect(refused?.code == .conflict)
        #expect(try await ward.found("Visit") == ["urn:visit:2"])
    }

    @Test func `a person sees who read what about it, and nobody else does`() async throws {
        let ward = try await Ward().filled()
        _ = try await ward.found("Visit")
        try await ward.choose("object")
        let siti = Caller(party: .anonymous, subject: Ward.siti)
        let told = try await ward.hub.governing.accesses(of: Ward.siti, limit: 10, caller: siti)
        #expect(told.map { $0.objectValue?["kind"]?.stringValue } == ["choice", "read"])
        #expect(told[1].objectValue?["entities"] == ["urn:visit:1"])
        for other in [Ward.boss, Ward.clinic, Caller(party: .anonymous, subject: Ward.budi)] {
            await #expect(throws: BrokerError.self) {
                _ = try await ward.hub.governing.accesses(of: Ward.siti, limit: 1, caller: other)
            }
        }
    }

    @Test func `what a person gets about itself is in the record, for all whom it is about`()
        async throws
    {
        let ward = try await Ward().filled()
        let both: JSONValue = [
            "id": "urn:visit:both", "type": "Visit", "reason": "a couple",
            "patient": [
                "type": "Relationship",
                "object": [.string(Ward.siti.uri), .string(Ward.budi.uri)],
            ],
        ]
        try await ward.make(both)
        // Another person's objection does not hide from somebody what is about it.
        try await ward.choose("object", Ward.budi)
        let siti = Caller(party: .anonymous, subject: Ward.siti)
        func ask() async throws {
            _ = try await ward.hub.governing.data(
                about: Ward.siti,
                offset: 0,
                limit: 100,
                caller: siti
            )
        }
        let before = ward.record.size
        try await ask()
        let entry = try #require(ward.record.drafts.last)
        #expect(ward.record.size == before + 1 && entry.kind == .read)
        #expect(Set(entry.openings.map(\.subject)) == [Ward.siti.uri, Ward.budi.uri])
        let ofBudi = try #require(entry.openings.first { $0.subject == Ward.budi.uri })
        #expect(Set(ofBudi.entities) == ["urn:visit:both"])
        ward.record.fail()
        await #expect(throws: BrokerError.self) { try await ask() }
        ward.record.fail(false)
    }

    @Test func `a person gets all that is kept about it, and has it erased`() async throws {
        let ward = try await Ward().filled()
        let siti = Caller(party: .anonymous, subject: Ward.siti)
        try await ward.make(ward.visit("3", of: Ward.siti))
        try await ward.hub.writing.deleteEntity(EntityID("urn:visit:3"), caller: Ward.boss)
        try await ward.choose("object")
        func data() async throws -> ([String], [String]) {
            let data = try await ward.hub.governing.data(
                about: Ward.siti,
                offset: 0,
                limit: 100,
                caller: siti
            ).answer
            return (
                try data.entities.decoded().entities.map(\.id.uri),
                data.evolutions.evolutions.map(\.id.uri).sorted()
            )
        }
        var kept = try await data()
        #expect(kept.0 == ["urn:visit:1"] && kept.1 == ["urn:visit:1", "urn:visit:3"])
        await #expect(throws: BrokerError.self) {
            _ = try await ward.hub.governing.data(
                about: Ward.siti,
                offset: 0,
                limit: 1,
                caller: Ward.boss
            )
        }
        for other in [Ward.clinic, Caller(party: .anonymous, subject: Ward.budi)] {
            await #expect(throws: BrokerError.self) {
                _ = try await ward.hub.governing.eraseData(about: Ward.siti, caller: other)
            }
        }
        let erased = try await ward.hub.governing.eraseData(about: Ward.siti, caller: siti)
        #expect(erased == Erasure(entities: 2, accesses: nil))
        kept = try await data()
        #expect(kept.0.isEmpty && kept.1.isEmpty)
        #expect(try await ward.found("Visit") == ["urn:visit:2"])
        #expect(ward.record.drafts.last?.kind == .read)
        #expect(ward.record.drafts.contains { $0.kind == .erasure })
    }
}

extension RecordedReadsTests {
    @Test func `who read what stays after an erasure, unless the person wants it gone`()
        async throws
    {
        let ward = try await Ward().filled()
        let siti = Caller(party: .anonymous, subject: Ward.siti)
        _ = try await ward.found("Visit")
        try await ward.choose("object")
        func kinds() async throws -> [String?] {
            try await ward.hub.governing.accesses(of: Ward.siti, limit: 10, caller: siti).map {
                $0.objectValue?["choice"]?.stringValue ?? $0.objectValue?["kind"]?.stringValue
            }
        }
        _ = try await ward.hub.governing.eraseData(about: Ward.siti, caller: siti)
        #expect(try await kinds() == ["erasure", "object", "read"])
        let erased = try await ward.hub.governing.eraseData(
            about: Ward.siti,
            accesses: true,
            caller: siti
        )
        #expect(erased == Erasure(entities: 0, accesses: 1))
        // Nobody can open what the entry says of the person, and the choice is in force.
        #expect(try await kinds() == ["erasure", "erasure", "object"])
        let budi = Caller(party: .anonymous, subject: Ward.budi)
        let others = try await ward.hub.governing.accesses(of: Ward.budi, limit: 9, caller: budi)
        #expect(others.count == 1)
        try await ward.make(ward.visit("9", of: Ward.siti))
        #expect(try await ward.found("Visit") == ["urn:visit:2"])
    }
}

/// What the record had when something was sent.
private final class RecordedSizes: Sendable {
    private let drafts = Mutex<[RecordDraft]>([])
    var last: RecordDraft? { drafts.withLock(\.last) }
    func note(_ drafts: [RecordDraft]) { self.drafts.withLock { $0 = drafts } }
}
