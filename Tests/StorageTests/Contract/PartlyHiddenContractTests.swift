import ContextModel
import Governance
import Storage
import Testing

/// In any store, an attribute that is hidden in some entities is missing there and present
/// elsewhere.
@Suite struct PartlyHiddenContractTests {
    private let folder = Folder()
    private let id = EntityID("urn:a")

    /// Hides the speed of stations, and its occurrences inside other attributes of stations.
    private static let rules = [
        Prohibition(assignee: .anyone, target: .type(.station), attributes: [.speed])
    ]

    private func reading(_ condition: Condition = .everything) throws -> ReadGrant {
        try Grants.read(condition, prohibiting: Self.rules)
    }

    private func writing(_ condition: Condition = .everything) throws -> WriteGrant {
        try Grants.write(condition, prohibiting: Self.rules)
    }

    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        try await kind.open(folder, Clock()).makeTenant(nil)
    }

    // MARK: Current state

    @Test(arguments: StoreKind.all)
    func `a hidden attribute is neither found, sorted by, counted nor discovered`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        try await tenant.put([
            Entity("s1", .sensor, [.speed: 3, .label: "x"]), Entity("s2", .sensor, [.speed: 1]),
            Entity("h1", .station, [.speed: 2, .label: "x"]), Entity("h2", .station, [.speed: 4]),
            Entity("n", .station, [.label: "y"]),
        ])
        let grant = try reading()
        func ask(_ condition: Condition, by order: [OrderTerm] = []) async throws -> [String] {
            let query = EntityQuery(
                condition: condition,
                order: order,
                limit: 10,
                wantsCount: true
            )
            let page = try await tenant.entities(query, grant: grant)
            #expect(page.count == page.entities.count)
            #expect(page.entities.allSatisfy { !$0.types.contains(.station) || $0[.speed].isEmpty })
            let ids = page.entities.map { String($0.id.uri.dropFirst(4)) }
            let identifiers = try await tenant.identifiers(query, grant: grant)
            #expect(identifiers == page.entities.map(\.id))
            return ids
        }
        let path = AttributePath(names: [.speed])
        let positive = Condition.value(ValueTest(path: path, comparison: .greater(.number(0))))
        #expect(try await ask(.attribute(.speed)) == ["s1", "s2"])
        #expect(try await ask(.not(.attribute(.speed))) == ["h1", "h2", "n"])
        #expect(try await ask(positive) == ["s1", "s2"])
        #expect(try await ask(.not(positive)) == ["h1", "h2", "n"])
        #expect(try await ask(.any([positive, .type(.station)])).count == 5)
        let unequal = ValueTest(path: path, comparison: .unequal([.number(2)]))
        #expect(try await ask(.value(unequal)) == ["s1", "s2"])
        let bySpeed = OrderTerm(subject: .path(path), isDescending: false)
        let byID = OrderTerm(subject: .id, isDescending: false)
        #expect(try await ask(.everything, by: [bySpeed, byID]) == ["s2", "s1", "h1", "h2", "n"])
        let shapes = try await tenant.shapes(grant: grant)
        let stations = shapes.filter { $0.types == [.station] }
        #expect(stations.allSatisfy { $0.attributes[.speed] == nil })
        #expect(stations.map(\.count).sorted() == [1, 2])
        let sensors = shapes.filter { $0.types == [.sensor] }
        #expect(sensors.allSatisfy { $0.attributes[.speed] != nil })
    }

    @Test(arguments: StoreKind.all)
    func `a hidden location is not near anything`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let point: JSONValue = ["type": "Point", "coordinates": [1, 1]]
        try await tenant.put([
            Entity("s", .sensor, [.place: point]), Entity("h", .station, [.place: point]),
        ])
        let rule = Prohibition(assignee: .anyone, target: .type(.station), attributes: [.place])
        let center = Position(longitudeDegrees: 1, latitudeDegrees: 1)
        func found(_ relation: GeoTest.Relation, _ center: Position) async throws -> [String] {
            let test = GeoTest(relation: relation, reference: .point(center), attribute: .place)
            let query = EntityQuery(condition: .geometry(test), limit: 10)
            let page = try await tenant.entities(
                query,
                grant: try Grants.read(prohibiting: [rule])
            )
            return page.entities.map { String($0.id.uri.dropFirst(4)) }
        }
        #expect(try await found(.near(minMeters: nil, maxMeters: 9), center) == ["s"])
        let elsewhere = Position(longitudeDegrees: 5, latitudeDegrees: 5)
        #expect(try await found(.disjoint, elsewhere) == ["s"])
    }

    // MARK: Writing

    /// Changes an entity as a writer; false if the writer may not.
    private func change(
        _ tenant: any TenantStore,
        _ change: @escaping @Sendable (Entity?) -> EntityChange
    ) async throws -> Bool {
        do {
            try await tenant.change(id, grant: try writing(), at: nil) { entity in
                (Changes(try entity.granted(change(entity.seen)), history: []), ())
            }
            return true
        } catch is NotGranted { return false }
    }

    private static func replacement(
        _ old: Entity?,
        _ type: IRI,
        _ attributes: [IRI: JSONValue]
    ) -> EntityChange {
        let new = Entity("a", type, attributes)
        return old.map { .replacement(of: $0, with: new, at: seconds(9)) }
            ?? .creation(of: new, at: seconds(9))
    }

    @Test(arguments: StoreKind.all, [[:], [.speed: 1]] as [[IRI: JSONValue]])
    func `a writer neither sees, writes nor reveals hidden attributes, and may hide what it sees`(
        kind: StoreKind,
        hidden: [IRI: JSONValue]
    ) async throws {
        let tenant = try await tenant(kind)
        func whole() async throws -> [IRI: JSONValue] {
            let entity = try #require(try await tenant.entity(id, grant: Grants.read()))
            return entity.attributes.reduce(into: [:]) { $0[$1.name] = $1.instances[0].value }
        }
        try await tenant.put([Entity("a", .station, hidden)])
        let seen = try await tenant.change(id, grant: try writing(), at: nil) { entity in
            (Changes(), entity.seen)
        }
        #expect(seen?.attributes.isEmpty ?? false)
        #expect(try await change(tenant) { Self.replacement($0, .station, [.label: "x"]) })
        let rest = hidden.merging([.label: "x"]) { $1 }
        #expect(try await whole() == rest)
        #expect(try await !change(tenant) { Self.replacement($0, .station, [.speed: 5]) })
        #expect(try await !change(tenant) { Self.replacement($0, .sensor, [:]) })
        #expect(try await !change(tenant) { Self.replacement($0, .sensor, [.speed: 5]) })
        #expect(try await whole() == rest)
        #expect(try await change(tenant) { .deletion(of: $0 ?? Entity("a")) })
        #expect(try await !change(tenant) { Self.replacement($0, .station, [.speed: 5]) })
        #expect(try await change(tenant) { Self.replacement($0, .sensor, [.speed: 5]) })
        #expect(try await !change(tenant) { Self.replacement($0, .station, [.speed: 6]) })
        #expect(try await whole() == [.speed: 5])
        #expect(
            try await change(tenant) { old in
                var moved = old ?? Entity("a")
                moved.types = [.station]
                return EntityChange(before: old, after: moved)
            }
        )
        #expect(try await whole() == [.speed: 5])
        #expect(try await tenant.entity(id, grant: try reading())?.attributes.isEmpty ?? false)
    }

    // MARK: History

    /// A station with readings at 0, 1 and 2 that is a sensor from 3 on, with readings at 3, 4 and
    /// 5.
    ///
    /// Each reading also has a speed inside the label.
    private func history(
        _ kind: StoreKind,
        thenStation: Bool = false
    ) async throws
        -> any TenantStore
    {
        let tenant = try await tenant(kind)
        var lives: [(IRI, Range<Int>)] = [(.station, 0..<3), (.sensor, 3..<6)]
        if thenStation { lives.append((.station, 6..<9)) }
        for (type, range) in lives {
            var entity = Entity("a", type)
            entity.createdAt = seconds(0)
            entity.modifiedAt = seconds(range.lowerBound)
            try await tenant.put([entity])
            for second in range {
                let speed = Attribute.reading(.number(JSONNumber(second)), at: second)
                try await tenant.append("a", .speed, [speed])
                var label = Attribute.reading("x", at: second)
                label.attributes = [NamedAttribute(name: .speed, instances: [speed])]
                try await tenant.append("a", .label, [label])
            }
        }
        return tenant
    }

    private func evolution(
        _ tenant: any TenantStore,
        where condition: Condition = .everything,
        aggregated: Bool = false
    ) async throws -> Evolution? {
        var query = TemporalQuery(condition: condition, instanceLimit: 100, limit: 10)
        if aggregated { query.aggregation = Aggregation(methods: [.sum], period: .whole) }
        return try await tenant.evolutions(query, grant: try reading()).evolutions.first
    }

    private func values(_ evolution: Evolution?, _ name: IRI = .speed) -> [JSONValue] {
        evolution?.attributes.first { $0.name == name }?.instances.map(\.value) ?? []
    }

    @Test(arguments: StoreKind.all, [false, true])
    func `each part of a history hides what was hidden in the entity's state then`(
        kind: StoreKind,
        isStation: Bool
    ) async throws {
        let tenant = try await history(kind, thenStation: isStation)
        let seen = try await evolution(tenant)
        #expect(values(seen) == [3, 4, 5])
        let labels = seen?.attributes.first { $0.name == .label }?.instances ?? []
        #expect(labels.count == (isStation ? 9 : 6))
        #expect(labels.flatMap(\.attributes).flatMap(\.instances).map(\.value) == [3, 4, 5])
        let sum = try await evolution(tenant, aggregated: true)?.aggregates
            .first { $0.name == .speed }
        #expect(sum?.values.first?.periods.first?.value == 12)
    }

    @Test(arguments: StoreKind.all)
    func `a query of a history does not find what is hidden in it`(
        kind: StoreKind
    ) async throws {
        let tenant = try await history(kind, thenStation: true)
        func isFound(_ speed: Double, _ names: [IRI]) async throws -> Bool {
            let test = ValueTest(
                path: AttributePath(names: names),
                comparison: .equal([.number(speed)])
            )
            return try await evolution(tenant, where: .value(test)) != nil
        }
        for names in [[IRI.speed], [.label, .speed]] {
            for hidden in [0.0, 2, 6, 8] { #expect(try await !isFound(hidden, names)) }
            for seen in [3.0, 5] { #expect(try await isFound(seen, names)) }
        }
        let three = ValueTest(
            path: AttributePath(names: [.label, .speed]),
            comparison: .unequal([.number(4)])
        )
        let chosen = try await evolution(tenant, where: .value(three))
        let shown = chosen?.attributes.first { $0.name == .label }?.instances ?? []
        #expect(shown.flatMap(\.attributes).flatMap(\.instances).map(\.value) == [3, 5])
    }

    @Test(arguments: StoreKind.all)
    func `a writer removes the visible part of a history`(kind: StoreKind) async throws {
        let tenant = try await history(kind)
        let whole = TemporalQuery(condition: .everything, instanceLimit: 100, limit: 10)
        let all = try await tenant.evolutions(whole, grant: Grants.read()).evolutions.first
        let instances = all?.attributes.first { $0.name == .speed }?.instances ?? []
        let (hidden, seen) = (instances[1].details?.instanceID, instances[4].details?.instanceID)
        func remove(_ what: HistoryRemoval) async throws -> Bool {
            try await tenant.removeHistory(id, what, grant: try writing())
        }
        #expect(try await !remove(.instance(.speed, instanceID: hidden ?? "")))
        #expect(try await remove(.instance(.speed, instanceID: seen ?? "")))
        #expect(try await remove(.allInstances(.speed)))
        #expect(try await !remove(.attribute(.speed, datasetID: nil)))
        let left = try await tenant.evolutions(whole, grant: Grants.read()).evolutions.first
        #expect(values(left) == [0, 1, 2])
        #expect(values(left, .label).count == 6)
    }

    @Test(arguments: StoreKind.all)
    func `an attribute that is hidden now is neither added to the history nor removed from it`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        try await tenant.put([Entity("a", .station)])
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        let grant = try writing()
        #expect(try await !tenant.removeHistory(id, .allInstances(.speed), grant: grant))
        let id = id
        let given = Entity(id: id, types: [], scopes: [], attributes: [])
        let speed = NamedAttribute(name: .speed, instances: [.reading(2, at: 2)])
        await #expect(throws: NotGranted(id: id)) {
            try await tenant.changeEvolution(of: id, grant: grant) {
                (Changes(try $0.adding([speed], of: given, correcting: true)), ())
            }
        }
        // An evolution with hidden attributes only does not exist for the writer.
        #expect(try await !tenant.hasEvolution(id, grant: grant))
        try await tenant.append("a", .label, [.reading("x", at: 3)])
        #expect(try await tenant.hasEvolution(id, grant: grant))
    }

    @Test(arguments: StoreKind.all)
    func `a reading replaces one that its writer sees`(kind: StoreKind) async throws {
        let tenant = try await history(kind)
        let id = id
        let given = Entity(id: id, types: [], scopes: [], attributes: [])
        for second in [1, 4] {
            var again = Attribute.reading(.number(JSONNumber(second + 20)), at: second)
            (again.createdAt, again.modifiedAt) = (seconds(9), seconds(9))
            let change = NamedAttribute(name: .speed, instances: [again])
            try await tenant.changeEvolution(of: id, grant: try writing()) {
                (Changes(try $0.adding([change], of: given, correcting: true)), ())
            }
        }
        let whole = TemporalQuery(condition: .everything, instanceLimit: 100, limit: 10)
        let all = try await tenant.evolutions(whole, grant: Grants.read()).evolutions.first
        #expect(values(all) == [0, 1, 21, 2, 3, 24, 5])
        #expect(values(try await evolution(tenant)) == [21, 3, 24, 5])
    }
}
