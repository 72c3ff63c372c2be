import Chance
import Clauses
import ContextModel
import Federation
import Storage
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

@Suite(.clause("5.10.2")) struct RegistrationIndexTests {
    private static let types = ["Bus", "Tram", "Ferry", "Stop"]

    private func kept(
        _ id: String,
        _ information: JSONValue,
        createdAt: Int64 = 0
    ) throws -> KeptRegistration {
        var body = Sample.registration(["information": information])
        body["type"] = nil
        let record = RegistrationRecord(
            id: id,
            body: body.registrationBody(.core),
            createdAt: Timestamp(microseconds: createdAt)
        )
        return try #require(KeptRegistration(record))
    }

    private func information(_ dice: inout some RandomNumberGenerator) -> JSONValue {
        .array(
            (0..<Int.random(in: 1...3, using: &dice)).map { _ -> JSONValue in
                guard Int.random(in: 0..<6, using: &dice) > 0 else {
                    return ["propertyNames": ["speed"]]
                }
                let some = Self.types.shuffled(using: &dice).prefix(
                    Int.random(in: 1...2, using: &dice)
                )
                var entity: JSONObject = ["type": .array(some.map { .string($0) })]
                if Bool.random(using: &dice) {
                    entity["id"] = .string("urn:x:\(Int.random(in: 0..<5, using: &dice))")
                }
                return ["entities": [.object(entity)]]
            }
        )
    }

    private func query(_ dice: inout some RandomNumberGenerator) throws -> RegistrationQuery {
        let texts = ["Bus", "Tram", "Bus,Ferry", "Bus;Tram", "(Bus;Stop),Ferry", ""]
        let text = texts[Int.random(in: texts.indices, using: &dice)]
        let types: Condition =
            text.isEmpty
            ? .everything : try TypeSelection.parse(text, expansion: LDContext.core)
        let ids: Set<EntityID>? =
            Bool.random(using: &dice)
            ? [EntityID("urn:x:\(Int.random(in: 0..<5, using: &dice))")] : nil
        return RegistrationQuery(
            entities: Int.random(in: 0..<5, using: &dice) == 0
                ? nil : [EntitySpecification(types: types, ids: ids)]
        )
    }

    @Test(arguments: 0..<20)
    func `it finds what a full scan finds, in the order of creation`(
        seed: UInt64
    ) throws {
        var dice = SeededGenerator(seed: seed)
        var index = RegistrationIndex()
        var model: [KeptRegistration] = []
        for _ in 0..<300 {
            let id = "urn:r:\(Int.random(in: 0..<25, using: &dice))"
            let old = model.firstIndex { $0.record.id == id }
            if Int.random(in: 0..<3, using: &dice) > 0 {
                let new = try kept(id, information(&dice))
                if let old { model[old] = new } else { model.append(new) }
                index.put(new)
            } else {
                if let old { model.remove(at: old) }
                index.remove(id)
            }
            let query = try query(&dice)
            let matches: ([KeptRegistration]) -> [String] = { all in
                let budget = DecisionBudget(steps: 1_000_000)
                return all.filter { query.match($0.registration, within: budget) != nil }
                    .map(\.record.id)
            }
            #expect(matches(index.candidates(for: query)) == matches(model))
            #expect(index.all.map(\.record) == model.map(\.record))
            let one = try kept("urn:r:other", information(&dice)).registration
            let overlaps: ([KeptRegistration]) -> [String] = { all in
                let budget = DecisionBudget(steps: 1_000_000)
                return all.filter { other in
                    one.information.contains { info in
                        other.registration.information.contains {
                            info.overlaps($0, within: budget)
                        }
                    }
                }.map(\.record.id)
            }
            #expect(overlaps(index.candidates(overlapping: one)) == overlaps(model))
        }
        #expect(!model.isEmpty)
    }

    @Test func `a registration that is created again is last`() throws {
        var index = RegistrationIndex()
        let buses = Sample.information(["type": "Bus"])
        index.put(try kept("urn:r:first", buses))
        index.put(try kept("urn:r:second", buses))
        index.put(try kept("urn:r:first", buses, createdAt: 1))
        #expect(index.all.map(\.record.id) == ["urn:r:second", "urn:r:first"])
    }

    @Test func `a registration that replaces an expired one is last in every process`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let store = try await fixture.store.makeTenant(nil)
        var body = Sample.registration(["expiresAt": "2018-11-29T14:53:15Z"])
        body["type"] = nil
        let expired = RegistrationRecord(
            id: "urn:r:a",
            body: body.registrationBody(.core),
            createdAt: Timestamp(microseconds: 0)
        )
        try await store.changeDocuments(reading: []) { $0.put(expired.document) }
        let other = try await fixture.register(["mode": "auxiliary"])
        let new = try await fixture.register(["id": "urn:r:a"])
        #expect(try await fixture.found() == [other, new])
        #expect(try await store.documents(.registration).map(\.id) == [other, new])
    }

    @Test func `registrations of other types are not compared`() throws {
        var index = RegistrationIndex()
        for number in 0..<1_000 {
            index.put(
                try kept("urn:r:\(number)", Sample.information(["type": .string("T\(number)")]))
            )
        }
        let bus = try TypeSelection.parse("T7", expansion: LDContext.core)
        let query = RegistrationQuery(entities: [EntitySpecification(types: bus)])
        #expect(index.candidates(for: query).map(\.record.id) == ["urn:r:7"])
    }

    @Test func `a question reads no cached registration from the store`() async throws {
        let questions = Mutex<[StoreDouble.Question]>([])
        let fixture = try await SubscriptionFixture(
            onDisk: true,
            habit: .fails { question in
                questions.withLock { $0.append(question) }
                return nil
            }
        )
        let first = try await fixture.register()
        _ = try await fixture.found()
        questions.withLock { $0 = [] }
        let second = try await fixture.register(["mode": "auxiliary"])
        #expect(try await fixture.found() == [first, second])
        try await fixture.update(first, ["information": [["entities": [["type": "Tram"]]]]])
        try await fixture.hub.registering.deleteContextSourceRegistration(
            second,
            caller: SubscriptionFixture.boss
        )
        #expect(try await fixture.found() == [first])
        #expect(questions.withLock { $0 }.isEmpty)
    }

    @Test func `a change that could not be applied is found by the next question`() async throws {
        let fails = Atomic(false)
        let fixture = try await SubscriptionFixture(
            habit: .fails { question in
                guard question == .feed, fails.load(ordering: .relaxed) else { return nil }
                return StorageError(.overloaded, note: "test")
            }
        )
        let first = try await fixture.register()
        #expect(try await fixture.found() == [first])
        let elsewhere = Document(kind: .policy, id: "elsewhere", body: [])
        try await fixture.store.makeTenant(nil).changeDocuments(reading: []) { $0.put(elsewhere) }
        fails.store(true, ordering: .relaxed)
        let second = try await fixture.register(["mode": "auxiliary"])
        await #expect(throws: StorageError.self) { try await fixture.found() }
        fails.store(false, ordering: .relaxed)
        #expect(try await fixture.found() == [first, second])
    }
}

extension SubscriptionFixture {
    /// The identifiers of all registrations.
    fileprivate func found() async throws -> [String] {
        try await hub.registering.queryContextSourceRegistrations(
            RegistrationQuery(),
            limit: 10,
            ld: .core,
            caller: Self.boss
        ).registrations.compactMap { $0.objectValue?["id"]?.stringValue }
    }
}
