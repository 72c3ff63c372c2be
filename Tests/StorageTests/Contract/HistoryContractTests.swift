import Clauses
import ContextModel
import Governance
import Storage
import Testing

/// Every store keeps temporal evolutions in the same way.
@Suite(.clause("4.11")) struct HistoryContractTests {
    private func query(
        _ id: String = "a",
        from: Int? = nil,
        to: Int? = nil,
        lastN: Int? = nil,
        instanceLimit: Int = 100,
        aggregation: Aggregation? = nil
    ) -> TemporalQuery {
        TemporalQuery(
            condition: .ids([EntityID("urn:\(id)")]),
            from: from.map(seconds),
            to: to.map(seconds),
            lastN: lastN,
            instanceLimit: instanceLimit,
            aggregation: aggregation,
            limit: 10
        )
    }

    @Test(arguments: StoreKind.all)
    func `instances are returned in their range, equal ones once`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let values: [JSONValue] = [1, 2.5, "x", true, [1, 2], ["a": nil]]
        let readings = values.enumerated().map { Attribute.reading($1, at: $0) }
        for _ in 0..<2 { try await tenant.append("a", .speed, readings) }
        try await tenant.append("a", .speed, [.reading("other", at: 2)])
        let all = try await tenant.evolutions(query(), grant: Grants.read())
        #expect(all.evolutions.first?.attributes.first?.instances.count == 7)
        let some = try await tenant.evolutions(query(from: 1, to: 4), grant: Grants.read())
        let instances = try #require(some.evolutions.first?.attributes.first?.instances)
        #expect(instances.map(\.value) == [2.5, "x", "other", true])
        #expect(Set(instances.compactMap(\.details?.instanceID)).count == 4)
        let none = try await tenant.evolutions(query(from: 100), grant: Grants.read())
        #expect(none.evolutions.isEmpty)
    }

    @Test(arguments: StoreKind.all)
    func `types of which histories alone are left are told`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        func types() async throws -> Set<IRI> {
            try await tenant.read(Grants.read()) { try $0.typesOfHistories() }
        }
        #expect(try await types().isEmpty)
        try await tenant.append("a", .speed, [.reading(1, at: 0)])
        _ = try await tenant.transact { try $0.put(Entity("b", .station, [.speed: 1])) }
        #expect(try await types() == [.sensor])
        _ = try await tenant.transact { try $0.put(Entity("a", .sensor, [.speed: 1])) }
        #expect(try await types().isEmpty)
    }

    @Test(arguments: StoreKind.all)
    func `numbers keep their spelling`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let literals = ["1.10", "1e3", "9007199254740993", "0", "-0", "12"]
        let readings = literals.enumerated().map {
            Attribute.reading(.number(JSONNumber(uncheckedLiteral: $1)), at: $0)
        }
        try await tenant.append("a", .speed, readings)
        let page = try await tenant.evolutions(query(), grant: Grants.read())
        let read = try #require(page.evolutions.first?.attributes.first?.instances)
        #expect(read.compactMap(\.value.numberValue?.literal) == literals)
    }

    @Test(arguments: StoreKind.all)
    func `the newest instances are found, and a page that was cut tells its range`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let readings = (0..<20).map { Attribute.reading(.number(JSONNumber($0)), at: $0) }
        try await tenant.append("a", .speed, readings)
        let last = try await tenant.evolutions(query(lastN: 3), grant: Grants.read())
        #expect(last.evolutions.first?.attributes.first?.instances.map(\.value) == [17, 18, 19])
        #expect(last.contentRange == nil)
        let cut = try await tenant.evolutions(query(instanceLimit: 5), grant: Grants.read())
        #expect(cut.evolutions.first?.attributes.first?.instances.count == 5)
        #expect(cut.contentRange?.from == seconds(0))
        #expect(cut.contentRange?.to == seconds(4))
    }

    @Test(arguments: StoreKind.all)
    func `a page that was cut ends at one moment, and later instances leave empty attributes`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, (0..<9).map { .reading(1, at: $0) })
        try await tenant.append("a", .label, (100..<109).map { .reading(2, at: $0) })
        let first = try await tenant.evolutions(query(instanceLimit: 5), grant: Grants.read())
        let attributes = try #require(first.evolutions.first?.attributes)
        #expect(Set(attributes.map(\.instances.count)) == [5, 0])
        let last = try await tenant.evolutions(
            query(lastN: 8, instanceLimit: 5),
            grant: Grants.read()
        )
        #expect(last.contentRange?.from == seconds(104))
        #expect(last.contentRange?.to == seconds(108))
    }

    @Test(arguments: StoreKind.all)
    func `a page with too many instances has fewer of each series`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        for id in ["a", "b"] {
            for name in [IRI.speed, .label] {
                try await tenant.append(id, name, (0..<50).map { .reading(1, at: $0) })
            }
        }
        var query = query()
        query.condition = .everything
        query.pageLimit = 200
        let whole = try await tenant.evolutions(query, grant: Grants.read())
        #expect(whole.contentRange == nil)
        #expect(whole.instanceCounts == [50, 50, 50, 50])
        query.pageLimit = 199
        let cut = try await tenant.evolutions(query, grant: Grants.read())
        #expect(cut.instanceCounts == [49, 49, 49, 49])
        #expect(cut.contentRange?.to == seconds(48))
        // Hidden instances do not count for the page.
        query.pageLimit = 100
        let half = try await tenant.evolutions(query, grant: Grants.read(hidden: [.label]))
        #expect(half.instanceCounts == [50, 50] && half.contentRange == nil)
        query.pageLimit = 1
        let least = try await tenant.evolutions(query, grant: Grants.read())
        #expect(least.instanceCounts == [1, 1, 1, 1])
    }

    /// The first instances of speed and label in the answer to a query with the conditions.
    private func values(
        _ conditions: [Condition],
        lastN: Int? = nil,
        in tenant: any TenantStore
    ) async throws -> (speed: [JSONValue], label: [JSONValue])? {
        var query = query(lastN: lastN)
        query.condition = .all([query.condition] + conditions)
        let page = try await tenant.evolutions(query, grant: Grants.read())
        guard let found = page.evolutions.first else { return nil }
        func of(_ name: IRI) -> [JSONValue] {
            found.attributes.first { $0.name == name }?.instances.map(\.value) ?? []
        }
        return (of(.speed), of(.label))
    }

    private func speed(_ comparison: Comparison) -> Condition {
        .value(ValueTest(path: AttributePath(names: [.speed]), comparison: comparison))
    }

    @Test(.clause("5.7.4"), arguments: StoreKind.all)
    func `of queried attributes, only matching instances are shown`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let speeds = [10, 60, 70, 20].enumerated().map {
            Attribute.reading(.number(JSONNumber($1)), at: $0)
        }
        try await tenant.append("a", .speed, speeds)
        try await tenant.append("a", .label, (0..<4).map { .reading("x", at: $0) })
        let (fast, slow) = (speed(.greater(.number(50))), speed(.less(.number(65))))
        let xs = [JSONValue](repeating: "x", count: 4)
        let one = try #require(try await values([fast], in: tenant))
        #expect(one.speed == [60, 70] && one.label == xs)
        let both = try #require(try await values([fast, slow], in: tenant))
        #expect(both.speed == [60] && both.label == xs)
        let label = Condition.value(
            ValueTest(path: AttributePath(names: [.label]), comparison: .equal([.string("x")]))
        )
        let either = try #require(try await values([.any([fast, label])], in: tenant))
        #expect(either.speed == [10, 60, 70, 20] && either.label == xs)
        // The newest of the matching instances, not of all.
        let last = try #require(try await values([fast], lastN: 1, in: tenant))
        #expect(last.speed == [70] && last.label == ["x"])
        #expect(try await values([speed(.greater(.number(99)))], in: tenant) == nil)
    }

    @Test(.clause("5.7.4", "4.5.19"), arguments: StoreKind.all)
    func `aggregates are of the instances that match the query`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let speeds = [10, 60, 70, 20].enumerated().map {
            Attribute.reading(.number(JSONNumber($1)), at: $0)
        }
        try await tenant.append("a", .speed, speeds)
        let aggregation = Aggregation(methods: [.sum], period: .whole)
        for (lastN, condition, sum) in [
            (nil, nil, 160), (nil, speed(.greater(.number(50))), 130), (3, nil, 150),
            (1, speed(.greater(.number(50))), 70), (9, speed(.less(.number(50))), 30),
        ] as [(Int?, Condition?, JSONValue)] {
            var query = query(lastN: lastN, aggregation: aggregation)
            if let condition { query.condition = .all([query.condition, condition]) }
            let page = try await tenant.evolutions(query, grant: Grants.read())
            let values = page.evolutions.first?.aggregates.first?.values.first
            #expect(values?.periods.map(\.value) == [sum])
        }
    }

    @Test(arguments: StoreKind.all)
    func `only deleted instances have a moment of deletion`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        var gone = Attribute.reading("urn:ngsi-ld:null", at: 2)
        gone.details = AttributeDetails(deletedAt: seconds(3))
        try await tenant.append("a", .speed, [.reading(1, at: 1), gone])
        try await tenant.append("a", .label, [.reading(2, at: 1)])
        var query = query()
        query.timeProperty = .deletedAt
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let attributes = try #require(page.evolutions.first?.attributes)
        #expect(attributes.map(\.name) == [.speed])
        #expect(attributes[0].instances.map { $0.details?.deletedAt } == [seconds(3)])
    }

    @Test(arguments: StoreKind.all)
    func `evolutions are sorted by identifier when asked for`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        for id in ["c", "a", "d", "b"] { try await tenant.append(id, .speed, [.reading(1, at: 1)]) }
        var query = TemporalQuery(condition: .everything, instanceLimit: 10, limit: 2)
        query.idOrder = .ascending
        query.offset = 1
        let page = try await tenant.evolutions(query, grant: Grants.read())
        #expect(page.evolutions.map(\.id.uri) == ["urn:b", "urn:c"])
        #expect(page.hasMore)
        query.idOrder = .descending
        query.offset = 2
        let last = try await tenant.evolutions(query, grant: Grants.read())
        #expect(last.evolutions.map(\.id.uri) == ["urn:b", "urn:a"])
        #expect(!last.hasMore)
    }

    @Test(arguments: StoreKind.all)
    func `history stays when the entity is deleted, and continues when it is created again`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let id = EntityID("urn:a")
        try await tenant.put([Entity("a", .sensor, [.speed: 1]), Entity("b")])
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        #expect(try await tenant.transact { try $0.remove(id) })
        #expect(try await tenant.ids(.everything) == ["b"])
        #expect(try await tenant.evolutions(query(), grant: Grants.read()).evolutions.count == 1)
        try await tenant.put([Entity("a", .sensor, [.speed: 2])])
        try await tenant.append("a", .speed, [.reading(2, at: 2)])
        #expect(try await tenant.ids(.everything) == ["b", "a"])
        let page = try await tenant.evolutions(query(), grant: Grants.read())
        #expect(page.evolutions.first?.attributes.first?.instances.map(\.value) == [1, 2])
        #expect(try await tenant.transact { try $0.removeHistory(id, .everything) })
        #expect(
            try await tenant.transact {
                try $0.evolving(id, grant: InternalGrant(.mergeOnWrite)) == nil
            }
        )
        #expect(try await tenant.ids(.everything) == ["b", "a"])
    }

    @Test(arguments: StoreKind.all)
    func `single instances are replaced and removed by their identifier`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append(
            "a",
            .speed,
            (0..<3).map { .reading(.number(JSONNumber($0)), at: $0) }
        )
        func instances() async throws -> [Attribute] {
            let page = try await tenant.evolutions(query(), grant: Grants.read())
            return page.evolutions.first?.attributes.first?.instances ?? []
        }
        let name = try #require(try await instances()[1].details?.instanceID)
        let id = EntityID("urn:a")
        let isReplaced = try await tenant.transact {
            try $0.modifyHistory(id, name: .speed, instanceID: name, .reading(9, at: 50))
        }
        #expect(isReplaced)
        #expect(try await instances().map(\.value) == [0, 2, 9])
        #expect(try await instances()[2].details?.instanceID == name)
        let removal = HistoryRemoval.instance(.speed, instanceID: name)
        #expect(try await tenant.transact { try $0.removeHistory(id, removal) })
        #expect(try await tenant.transact { try !$0.removeHistory(id, removal) })
        #expect(try await instances().map(\.value) == [0, 2])
    }

    @Test(arguments: StoreKind.all, [Int64.min, -1, 0, .max - 1, .max])
    func `an identifier of a moment without an instance finds nothing`(
        kind: StoreKind,
        moment: Int64
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        let before = try await tenant.evolutions(query(), grant: Grants.read())
        let known = before.evolutions.first?.attributes.first?.instances.first?.details?.instanceID
        var parts = try #require(known).split(separator: "-").map(String.init)
        parts[parts.count - 2] = String(UInt64(bitPattern: moment), radix: 36)
        let name = parts.joined(separator: "-")
        let id = EntityID("urn:a")
        let found = try await tenant.transact { transaction in
            let isRemoved = try transaction.removeHistory(id, .instance(.speed, instanceID: name))
            let new = Attribute.reading(2, at: 1)
            return try transaction.modifyHistory(id, name: .speed, instanceID: name, new)
                || isRemoved
        }
        #expect(!found)
        let after = try await tenant.evolutions(query(), grant: Grants.read())
        #expect(after.text == before.text)
    }

    @Test(.clause("4.8", "5.6.12"), arguments: StoreKind.all)
    func `a correction replaces the instance of that observation`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, [.reading(1, at: 1), .reading(2, at: 2)])
        func instances() async throws -> [Attribute] {
            let page = try await tenant.evolutions(query(), grant: Grants.read())
            return page.evolutions.first?.attributes.first?.instances ?? []
        }
        let before = try await instances()
        var better = Attribute.reading(7, at: 2)
        (better.createdAt, better.modifiedAt) = (seconds(9), seconds(9))
        let elsewhere = Attribute.reading(8, at: 2, dataset: "urn:d")
        for _ in 0..<2 {
            try await tenant.append("a", .speed, [better, elsewhere], correcting: true)
        }
        let after = try await instances()
        #expect(after.map(\.value).sorted { "\($0)" < "\($1)" } == [1, 7, 8])
        let corrected = try #require(after.first { $0.value == 7 })
        #expect(corrected.createdAt == seconds(2) && corrected.modifiedAt == seconds(9))
        #expect(corrected.details?.instanceID == before[1].details?.instanceID)
    }

    @Test(.clause("5.6.14"), arguments: StoreKind.all)
    func `a modified instance keeps the time of its creation`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        func instance() async throws -> Attribute {
            let page = try await tenant.evolutions(query(), grant: Grants.read())
            return try #require(page.evolutions.first?.attributes.first?.instances.first)
        }
        let name = try #require(try await instance().details?.instanceID)
        var other = Attribute.reading(2, at: 5)
        (other.createdAt, other.modifiedAt) = (nil, seconds(9))
        let new = other
        _ = try await tenant.transact {
            try $0.modifyHistory(EntityID("urn:a"), name: .speed, instanceID: name, new)
        }
        let modified = try await instance()
        #expect(modified.value == 2 && modified.observedAt == seconds(5))
        #expect(modified.createdAt == seconds(1) && modified.modifiedAt == seconds(9))
    }

    @Test(arguments: StoreKind.all)
    func `retention removes and thins what is older than its age`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, (0..<100).map { .reading(1, at: $0) })
        func run(_ effect: RetentionRule.Effect, age: Int64, at second: Int) async throws -> Int {
            try await tenant.retain(
                [RetentionRule(type: .sensor, ageMicroseconds: age * 1_000_000, effect: effect)],
                now: seconds(second),
                grant: InternalGrant(.retention)
            )
        }
        #expect(try await run(.remove, age: 50, at: 70) == 20)
        let thinning = RetentionRule.Effect.thin(periodMicroseconds: 10_000_000)
        #expect(try await run(thinning, age: 0, at: 60) == 36)
        #expect(try await run(thinning, age: 0, at: 60) == 0)
        let page = try await tenant.evolutions(query(), grant: Grants.read())
        #expect(page.evolutions.first?.attributes.first?.instances.count == 44)
    }
}

extension EvolutionPage {
    /// The number of instances of each attribute.
    fileprivate var instanceCounts: [Int] {
        evolutions.flatMap(\.attributes).map(\.instances.count)
    }
}
