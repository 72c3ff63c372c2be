import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// The index of places alone tells where entities are, and tells no more than reading them would.
@Suite struct PlaceScanTests {
    private static func box(_ dice: inout SeededDice) -> GeoBox {
        let (x, y) = (
            Double.random(in: -6...4, using: &dice), Double.random(in: -6...4, using: &dice)
        )
        return GeoBox(
            west: x,
            south: y,
            east: x + Double.random(in: 1...10, using: &dice),
            north: y + Double.random(in: 1...10, using: &dice)
        )
    }

    private static func grant(_ dice: inout SeededDice) throws -> ReadGrant {
        let rules: [Prohibition] = [
            Prohibition(assignee: .anyone, target: .type(.station), attributes: [.place]),
            Prohibition(assignee: .anyone, target: .type(.station), attributes: [.speed]),
        ]
        return try Grants.read(
            [.everything, .everything, .type(.sensor)].randomElement(using: &dice) ?? .everything,
            hidden: Int.random(in: 0..<8, using: &dice) == 0 ? [.place] : [],
            prohibiting: rules.filter { _ in Int.random(in: 0..<4, using: &dice) == 0 }
        )
    }

    /// The places in the box of the entities that the reader finds by reading them, in the precision of the index.
    private static func read(
        _ condition: Condition,
        in box: GeoBox,
        _ transaction: any ReadTransaction
    ) throws -> [String] {
        let query = EntityQuery(condition: condition, limit: 1_000)
        return try transaction.entities(query).entities.compactMap { entity in
            let value = entity[.place].first?.value
            guard let value, let own = try GeoBox(Geometry(geoJSON: value)), own.intersects(box)
            else { return nil }
            return text(EntityPlace(own))
        }.sorted()
    }

    private static func text(_ place: EntityPlace) -> String {
        "\((place.longitude * 1_000).rounded()) \((place.latitude * 1_000).rounded())"
    }

    @Test func `lines whose boxes meet the box alone are not counted`() async throws {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        var dice = SeededDice(1)
        let found = (0..<100).compactMap { number -> Entity? in
            var entity = RandomEntities.entity(number, &dice)
            guard let place = entity.attributes.firstIndex(where: { $0.name == .place }) else {
                return nil
            }
            entity.types = [.station]
            entity.attributes[place].instances[0].value = [
                "type": "LineString", "coordinates": [[-5, -5], [5, 5]],
            ]
            return entity
        }
        let lines = found.prefix(9)
        _ = try await tenant.transact { transaction in
            for line in lines { try transaction.put(line) }
        }
        let (corner, whole) = try await tenant.read(Grants.read()) { transaction in
            func places(_ box: GeoBox) throws -> [EntityPlace]? {
                try transaction.places(.type(.station), in: box, moreThan: 3)
            }
            return (
                try places(GeoBox(west: 3, south: -4, east: 4, north: -3)),
                try places(GeoBox(west: -6, south: -6, east: 6, north: 6))
            )
        }
        #expect(corner == nil && whole?.count == 9)
        await store.close()
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `places are those of the entities that the reader sees`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        var answered = 0
        for _ in 0..<5 {
            let put = (0..<40).map { _ in
                var entity = RandomEntities.entity(.random(in: 0..<80, using: &dice), &dice)
                // Places of whole thousandths are the same in the index.
                entity.movePlace(&dice)
                return entity
            }
            let removed = (0..<5).map { _ in
                EntityID("urn:\(Int.random(in: 0..<80, using: &dice))")
            }
            _ = try await tenant.transact { transaction in
                for entity in put { try transaction.put(entity) }
                for id in removed { _ = try transaction.remove(id) }
            }
            for _ in 0..<40 {
                let (box, grant) = (Self.box(&dice), try Self.grant(&dice))
                let condition =
                    [.everything, .type(.sensor), .type(.station), .attribute(.speed)]
                    .randomElement(using: &dice) ?? Condition.everything
                let least = Int.random(in: 0..<4, using: &dice)
                let (known, read) = try await tenant.read(grant) { transaction in
                    (
                        try transaction.places(condition, in: box, moreThan: least),
                        try Self.read(condition, in: box, transaction)
                    )
                }
                guard let known else {
                    // All conditions here are about types and names, which the shapes decide.
                    #expect(read.count <= least, "seed \(seed), \(condition), \(grant)")
                    continue
                }
                answered += 1
                #expect(read.count > least)
                #expect(known.map(Self.text).sorted() == read, "seed \(seed), \(condition)")
            }
        }
        #expect(answered > 20)
        await store.close()
    }
}

extension Entity {
    /// Moves its place, if it has one, to whole thousandths of a degree.
    fileprivate mutating func movePlace(_ dice: inout SeededDice) {
        guard let place = attributes.firstIndex(where: { $0.name == .place }) else { return }
        let numbers = (0..<2).map { _ in
            JSONValue.number(
                JSONNumber(Double(Int.random(in: -5_000...5_000, using: &dice)) / 1_000)
            )
        }
        attributes[place].instances[0].value = [
            "type": "Point", "coordinates": .array(numbers),
        ]
    }
}
