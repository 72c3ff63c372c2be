import ContextModel
import Foundation
import Governance
import Storage
import Synchronization
import Testing

@testable import StorageSQLite

/// A sweep removes all names, shapes and forms that are not used any more, and no others.
@Suite struct VocabularySweepTests {
    private static let limits = SealingLimits(
        segment: 4,
        smallestSegment: 2,
        newestRows: 2,
        rowsMet: 6
    )

    static func open(_ folder: Folder) throws -> SQLiteStore {
        try SQLiteStore(folder: folder.path, sealing: limits) {
            withExtendedLifetime(folder) { seconds(0) }
        }
    }

    static func tenant(_ store: SQLiteStore) async throws -> SQLiteTenantStore {
        try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
    }

    /// The numbers of names, shapes and forms in the file, in the writer's memory and in the
    /// readers'.
    private static func counts(_ tenant: SQLiteTenantStore, _ folder: Folder) throws -> [[Int]] {
        let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
        let rows = try ["name", "shape", "form"].map {
            Int(try file.number("SELECT count(*) FROM \($0)"))
        }
        return [rows]
            + [tenant.writer.vocabulary.current, tenant.writer.vocabulary.shown.current].map {
                [$0.names.count, $0.shapes.count, $0.forms.count]
            }
    }

    static func strange(_ number: Int) -> Entity {
        var entity = Entity("strange\(number)", IRI("urn:x:T\(number)"))
        entity.attributes = [
            NamedAttribute(
                name: IRI("urn:x:a\(number)"),
                instances: [.reading(1, at: number, dataset: "urn:x:d\(number)")]
            )
        ]
        entity.attributes[0].instances[0].unitCode = "U\(number)"
        return entity
    }

    static func write(_ entity: Entity, to tenant: SQLiteTenantStore) async throws {
        try await tenant.transact {
            try $0.put(entity)
            try $0.appendHistory(
                entity.id,
                types: entity.types,
                scopes: entity.scopes,
                entity.attributes,
                correcting: false
            )
        }
    }

    @Test func `after a stranger's data was removed, everything is as before`() async throws {
        let folder = Folder()
        var store = try Self.open(folder)
        var tenant = try await Self.tenant(store)
        try await Self.write(Self.strange(-1), to: tenant)
        let before = try Self.counts(tenant, folder)
        #expect(Set(before).count == 1)
        let strangers = (0..<600).map(Self.strange)
        for entity in strangers { try await Self.write(entity, to: tenant) }
        #expect(try Self.counts(tenant, folder)[0][0] > 1_800)
        // On a slow machine a sweep may have ended before the last of them is deleted.
        var wasDue = false
        for entity in strangers {
            try await tenant.transact {
                _ = try $0.remove(entity.id)
                _ = try $0.removeHistory(entity.id, .everything)
            }
            wasDue = tenant.sweeper.isRunning || wasDue
        }
        #expect(wasDue)
        try await tenant.sweeper.sweep()
        // The newest of each stays, and the two names of the newest shape.
        let most = zip(before[0], [3, 1, 1]).map(+)
        for counts in try Self.counts(tenant, folder) {
            #expect(zip(counts, most).allSatisfy { $0 <= $1 }, "\(counts)")
        }
        await store.close()
        store = try Self.open(folder)
        tenant = try await Self.tenant(store)
        for counts in try Self.counts(tenant, folder) {
            #expect(zip(counts, most).allSatisfy { $0 <= $1 }, "\(counts)")
        }
        #expect(try await tenant.ids(.everything) == ["strange-1"])
        await store.close()
    }

    @Test func `what retention has emptied is removed, too`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        for number in 0..<300 {
            let entity = Self.strange(number)
            try await Self.write(entity, to: tenant)
            _ = try await tenant.transact { try $0.remove(entity.id) }
        }
        try await tenant.sweeper.sweep()
        #expect(try Self.counts(tenant, folder)[0][0] >= 900)
        let old = RetentionRule(type: nil, ageMicroseconds: 0, effect: .remove)
        let grant = InternalGrant(.retention)
        _ = try await tenant.retain([old], now: seconds(1_000), grant: grant)
        try await tenant.sweeper.sweep()
        let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly)
        #expect(try file.number("SELECT count(*) FROM entity") == 0)
        for counts in try Self.counts(tenant, folder) {
            #expect(zip(counts, [3, 1, 1]).allSatisfy { $0 <= $1 }, "\(counts)")
        }
        await store.close()
    }

    @Test func `unused forms are found when there are many`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        func reading(_ number: Int, unit: String) -> Attribute {
            var reading = Attribute.reading(.number(JSONNumber(number)), at: number)
            reading.unitCode = unit
            return reading
        }
        let kept = (0..<12).map { reading($0, unit: "K\($0)") }
        try await tenant.append("kept", .speed, kept)
        _ = try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            let number = try writer.vocabulary.number(of: IRI.speed.text)
            let entity = try #require(try writer.stored(EntityID("urn:kept")))
            let series = HistorySeries(entity: entity.history, name: number, dataset: 0)
            return try writer.segments.seal(series, grant: InternalGrant(.sealing))
        }
        let many = Limits.unseenForms + 50
        try await tenant.append("a", .speed, (0..<many).map { reading($0, unit: "U\($0)") })
        let query = TemporalQuery(condition: .everything, instanceLimit: 10_000, limit: 100)
        _ = try await tenant.transact {
            try $0.removeHistory(EntityID("urn:a"), .everything)
        }
        try await tenant.sweeper.sweep()
        #expect(try Self.counts(tenant, folder)[0][2] <= kept.count + 1)
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let units = page.evolutions.flatMap(\.attributes).flatMap(\.instances).map(\.unitCode)
        #expect(units == kept.map(\.unitCode))
        await store.close()
    }

    @Test func `no number is given twice`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        var seen: Set<Int64> = []
        for number in 0..<20 {
            let entity = Self.strange(number)
            try await Self.write(entity, to: tenant)
            let made = try #require(tenant.writer.vocabulary.current.numbers["urn:x:d\(number)"])
            #expect(seen.insert(made).inserted)
            try await tenant.transact {
                _ = try $0.remove(entity.id)
                _ = try $0.removeHistory(entity.id, .everything)
            }
            try await tenant.sweeper.sweep()
        }
        await store.close()
    }

    @Test func `names that were only asked for, or refused, are not stored`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        try await Self.write(Self.strange(0), to: tenant)
        let before = try Self.counts(tenant, folder)
        let (name, id) = (IRI("urn:x:unknown"), EntityID("urn:strange0"))
        let test = ValueTest(path: AttributePath(names: [name]), comparison: .greater(.number(1)))
        for condition: Condition in [.attribute(name), .type(name), .value(test)] {
            #expect(try await tenant.ids(condition) == [])
            let query = TemporalQuery(
                condition: condition,
                attributes: [name],
                instanceLimit: 9,
                limit: 9
            )
            _ = try await tenant.evolutions(query, grant: Grants.read())
            _ = try await tenant.shapes(grant: Grants.read(condition))
        }
        try await tenant.filler.makeIndexes([name], for: .operator)
        try await tenant.transact {
            _ = try $0.removeHistory(id, .allInstances(name))
            _ = try $0.removeHistory(id, .attribute(name, datasetID: "urn:x:nothing"))
            _ = try $0.removeHistory(id, .instance(name, instanceID: "urn:x:nothing"))
        }
        await #expect(throws: CancellationError.self) {
            try await tenant.transact {
                try $0.put(Self.strange(1))
                throw CancellationError()
            }
        }
        #expect(try Self.counts(tenant, folder) == before)
        await store.close()
    }

    @Test func `a sweep that another one has replaced removes no more names`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        for number in 0..<2 { try await Self.write(Self.strange(number), to: tenant) }
        let name = try #require(tenant.writer.vocabulary.current.numbers["urn:x:a0"])
        let (first, second) = (VocabularySweep(), VocabularySweep())
        try await tenant.transact { transaction in
            let writer = try #require(transaction as? Writer)
            writer.vocabulary.begin(first)
            writer.vocabulary.begin(second)
            try writer.removeNames([name], of: first)
        }
        #expect(tenant.writer.vocabulary.current.numbers["urn:x:a0"] == name)
        try await tenant.transact { transaction in
            try #require(transaction as? Writer).removeNames([name], of: second)
        }
        #expect(tenant.writer.vocabulary.current.numbers["urn:x:a0"] == nil)
        await store.close()
    }

    @Test func `a sweep that fails does not reduce the count of unused entries`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        for number in 0..<20 {
            let entity = Self.strange(number)
            try await Self.write(entity, to: tenant)
            try await tenant.transact { _ = try $0.remove(entity.id) }
        }
        let before = tenant.writer.vocabulary.possiblyUnused
        #expect(before >= 20)
        await #expect(throws: CancellationError.self) {
            try await tenant.sweeper.sweep { _ in throw CancellationError() }
        }
        #expect(tenant.writer.vocabulary.possiblyUnused == before)
        try await tenant.sweeper.sweep()
        #expect(tenant.writer.vocabulary.possiblyUnused < before)
        await store.close()
    }

    // MARK: Beside reads and writes

    @Test(arguments: 0..<6)
    func `reads find the same with and without sweeps, even after kills`(
        seed: UInt64
    ) async throws {
        var dice = SeededDice(seed &+ 7_000)
        let folders = (Folder(), Folder())
        var swept = try Self.open(folders.0)
        let other = try Self.open(folders.1)
        let model = try await Self.tenant(other)
        var tenant = try await Self.tenant(swept)
        func step() async throws {
            let change = SweptChange.random(&dice)
            try await change.apply(to: tenant)
            try await change.apply(to: model)
        }
        func compare(_ tenant: SQLiteTenantStore) async throws {
            let found = try await tenant.everythingSeen()
            let expected = try await model.everythingSeen()
            let different = zip(found, expected).first { $0 != $1 }
            try #require(different == nil && found.count == expected.count, "seed \(seed)")
        }
        for round in 0..<4 {
            for _ in 0..<25 { try await step() }
            try await compare(tenant)
            try await tenant.sweeper.sweep { _ in
                try await compare(tenant)
                // The file as it is found if the hub is killed now.
                let copy = Folder()
                for name in ["hub.sqlite", "hub.sqlite-wal"] {
                    try FileManager.default.copyItem(
                        atPath: "\(folders.0.path)/\(name)",
                        toPath: "\(copy.path)/\(name)"
                    )
                }
                let survivor = try Self.open(copy)
                try await compare(try await Self.tenant(survivor))
                await survivor.close()
                for _ in 0..<Int.random(in: 0...4, using: &dice) { try await step() }
            }
            try await compare(tenant)
            guard round % 2 == 1 else { continue }
            await swept.close()
            swept = try Self.open(folders.0)
            tenant = try await Self.tenant(swept)
            try await compare(tenant)
        }
        let left = try Self.counts(tenant, folders.0)[0].reduce(0, +)
        #expect(try Self.counts(model, folders.1)[0].reduce(0, +) > left)
        await swept.close()
        await other.close()
    }

    @Test func `a reader whose state is older than a sweep takes another state`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        for number in 0..<2 { try await Self.write(Self.strange(number), to: tenant) }
        let reader = try Reader(path: "\(folder.path)/hub.sqlite")
        let begun = AsyncStream<Void>.makeStream()
        let swept = DispatchSemaphore(value: 0)
        let reading = Task {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    var states = 0
                    let seen = Result {
                        try tenant.writer.vocabulary.shown.snapshot(reader) {
                            states += 1
                            guard states == 1 else { return }
                            begun.continuation.yield()
                            swept.wait()
                        } _: { vocabulary -> [Bool] in
                            let rows = try reader.connection.prepare("SELECT shape FROM entity")
                            var known: [Bool] = []
                            while try rows.step() {
                                known.append(vocabulary.shapes[rows.int(0)] != nil)
                            }
                            return known
                        }
                    }
                    continuation.resume(with: seen)
                }
            }
        }
        for await _ in begun.stream { break }
        try await tenant.transact {
            _ = try $0.remove(EntityID("urn:strange0"))
            _ = try $0.removeHistory(EntityID("urn:strange0"), .everything)
        }
        try await tenant.sweeper.sweep()
        swept.signal()
        #expect(try await reading.value == [true])
        await store.close()
    }

    /// Readers whose snapshot is older than a sweep, again and again.
    @Test func `readers during sweeps see whole entities and whole histories`() async throws {
        let folder = Folder()
        let store = try Self.open(folder)
        let tenant = try await Self.tenant(store)
        try await Self.write(Self.strange(-1), to: tenant)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let query = TemporalQuery(
                        condition: .everything,
                        instanceLimit: 100,
                        limit: 100
                    )
                    while !Task.isCancelled {
                        let page = try await tenant.evolutions(query, grant: Grants.read())
                        for attribute in page.evolutions.flatMap(\.attributes) {
                            let number = attribute.name.text.dropFirst(7)
                            #expect(
                                attribute.instances.map(\.datasetID) == ["urn:x:d\(number)"]
                            )
                        }
                        for shape in try await tenant.shapes(grant: Grants.read()) {
                            #expect(shape.attributes.keys.allSatisfy { !$0.text.isEmpty })
                        }
                        #expect(
                            try await tenant.ids(.attribute(IRI("urn:x:a-1"))) == ["strange-1"]
                        )
                    }
                }
            }
            for round in 0..<15 {
                let some = (round * 10..<round * 10 + 10).map(Self.strange)
                for entity in some { try await Self.write(entity, to: tenant) }
                for entity in some {
                    try await tenant.transact {
                        _ = try $0.remove(entity.id)
                        _ = try $0.removeHistory(entity.id, .everything)
                    }
                }
                try await tenant.sweeper.sweep()
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        await store.close()
    }

    @Test func `sweeps run one after the other, and long ones less often`() {
        var schedule = SweepSchedule()
        let starts = [schedule.want(), schedule.want()]
        #expect(starts == [true, false])
        let first = schedule.next()
        #expect(first.map { $0 > .zero && $0 <= Limits.sweepPause } == true)
        schedule.looked = .seconds(60)
        schedule.finish()
        #expect(schedule.looked == .zero)
        let startsMeanwhile = schedule.want()
        #expect(!startsMeanwhile)
        let waits = [schedule.next(), schedule.next()]
        #expect(waits[0].map { $0 > Limits.sweepPause * 10 } == true)
        #expect(waits[1] == nil)
        let startsAgain = schedule.want()
        #expect(startsAgain)
        _ = schedule.next()
        schedule.postpone()
        let later = schedule.next()
        #expect(later.map { $0 > .zero && $0 <= Limits.sweepPause } == true)
    }
}

/// A change of a small set of entities, in which many are created and removed.
private enum SweptChange {
    case put(Entity)
    case append(EntityID, IRI, Attribute)
    case remove(EntityID)
    case forget(EntityID)
    case removeAttribute(EntityID, IRI)
    case retain(Int)
    case refused(Entity)
    case index(IRI)

    static func random(_ dice: inout SeededDice) -> SweptChange {
        let id = EntityID("urn:\(Int.random(in: 0..<8, using: &dice))")
        let name = name(&dice)
        switch Int.random(in: 0..<20, using: &dice) {
        case 0..<7: return .put(entity(id, &dice))
        case 7..<10: return .append(id, name, attribute(&dice))
        case 10..<13: return .remove(id)
        case 13..<15: return .forget(id)
        case 15: return .removeAttribute(id, name)
        case 16: return .retain(Int.random(in: 0..<100, using: &dice))
        case 17: return .index(name)
        default: return .refused(entity(id, &dice))
        }
    }

    private static func name(_ dice: inout SeededDice) -> IRI {
        IRI("urn:x:a\(Int.random(in: 0..<60, using: &dice))")
    }

    private static func entity(_ id: EntityID, _ dice: inout SeededDice) -> Entity {
        var entity = Entity(id: id, types: [IRI("urn:x:T\(Int.random(in: 0..<6, using: &dice))")])
        let names = Set((0..<Int.random(in: 0...4, using: &dice)).map { _ in name(&dice) })
        entity.attributes = names.sorted { $0.text < $1.text }.map {
            NamedAttribute(name: $0, instances: [attribute(&dice)])
        }
        if Bool.random(using: &dice) { entity.scopes = ["/a"] }
        entity.modifiedAt = seconds(Int.random(in: 0..<100, using: &dice))
        return entity
    }

    private static func attribute(_ dice: inout SeededDice) -> Attribute {
        let dataset = Int.random(in: 0..<40, using: &dice)
        var attribute = Attribute.reading(
            .number(JSONNumber(Int.random(in: 0..<9, using: &dice))),
            at: Int.random(in: 0..<100, using: &dice),
            dataset: dataset < 20 ? "urn:x:d\(dataset)" : nil
        )
        if Bool.random(using: &dice) {
            attribute.unitCode = "U\(Int.random(in: 0..<20, using: &dice))"
        }
        return attribute
    }

    func apply(to tenant: SQLiteTenantStore) async throws {
        switch self {
        case .put(let entity): try await write { try Self.put(entity, $0) }
        case .append(let id, let name, let attribute):
            try await write {
                try $0.appendHistory(
                    id,
                    types: [IRI("urn:x:T0")],
                    scopes: [],
                    [NamedAttribute(name: name, instances: [attribute])],
                    correcting: false
                )
            }
        case .remove(let id): try await write { _ = try $0.remove(id) }
        case .forget(let id):
            try await write {
                _ = try $0.remove(id)
                _ = try $0.removeHistory(id, .everything)
            }
        case .removeAttribute(let id, let name):
            try await write {
                _ = try $0.removeHistory(id, .allInstances(name))
                try ($0 as? Writer)?.removeEmptyHistories([id])
            }
        case .retain(let second):
            let rule = RetentionRule(type: nil, ageMicroseconds: 0, effect: .remove)
            let grant = InternalGrant(.retention)
            _ = try await tenant.retain([rule], now: seconds(second), grant: grant)
            // The former states of an entity are removed with the last of its history: here at
            // once in both.
            let ids = (0..<8).map { EntityID("urn:\($0)") }
            try await write { try ($0 as? Writer)?.removeEmptyHistories(ids[...]) }
        case .refused(let entity):
            await #expect(throws: CancellationError.self) {
                try await write {
                    try Self.put(entity, $0)
                    throw CancellationError()
                }
            }
        case .index(let name): try await tenant.filler.makeIndexes([name], for: .operator)
        }
        func write(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Void
        ) async throws {
            try await tenant.transact(body)
        }
    }

    private static func put(_ entity: Entity, _ transaction: any StoreTransaction) throws {
        try transaction.put(entity)
        try transaction.appendHistory(
            entity.id,
            types: entity.types,
            scopes: entity.scopes,
            entity.attributes,
            correcting: false
        )
    }
}

extension SQLiteTenantStore {
    /// The results of every kind of read, as text.
    fileprivate func everythingSeen() async throws -> [String] {
        var seen: [String] = []
        let all = EntityQuery(condition: .everything, limit: 100)
        seen.append("\(try await entities(all, grant: Grants.read()).entities)")
        for number in 0..<60 {
            let name = IRI("urn:x:a\(number)")
            seen.append("\(try await ids(.attribute(name)))")
            guard number % 5 == 0 else { continue }
            let test = ValueTest(path: AttributePath(names: [name]), comparison: .less(.number(5)))
            seen.append("\(try await ids(.value(test)))")
        }
        for grant in [Condition.everything] + (0..<6).map({ .type(IRI("urn:x:T\($0)")) }) {
            let whole = TemporalQuery(condition: .everything, instanceLimit: 1_000, limit: 100)
            let page = try await evolutions(whole, grant: Grants.read(grant))
            seen.append("\(page.evolutions.map { ($0.id, $0.types, $0.attributes) })")
            let shapes = try await shapes(grant: Grants.read(grant)).map { shape in
                let names = shape.attributes.map { "\($0.key) \($0.value.count)" }.sorted()
                return "\(shape.types.map(\.text).sorted()) \(names) \(shape.count)"
            }
            seen += shapes.sorted()
        }
        return seen
    }
}
