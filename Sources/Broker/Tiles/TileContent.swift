package import ContextModel
package import Governance
package import Storage

/// What lies in a box of the map.
package struct TileContent: Disclosable {
    /// Few entities are shown as they are, many by their places alone.
    package enum Shown: Sendable {
        case entities([Entity])
        case places([EntityPlace])
    }
    package let shown: Shown
    fileprivate var entities: [EntityID] = []

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        if case .entities(let entities) = shown {
            for entity in entities { entity.noteDisclosure(note) }
        }
        for id in entities { note(id, [.location]) }
    }
}

extension Reading {
    /// The entities that meet the condition in the box: `mostEntities` at most as they are, more by their places.
    ///
    /// Not part of the standard. Throws `tooManyResults` for more than `maximumDownloadEntities`.
    package func tile(
        _ condition: Condition,
        in box: GeoBox,
        mostEntities: Int,
        caller: Caller
    ) async throws -> Disclosed<TileContent> {
        let whole = condition.and(.geometry(Self.test(of: box)))
        let session = try await session(caller, condition: whole)
        // Whose data is shown has to be known where it is about people.
        let mayBeUnnamed = session.grant.notes == nil
        let limit = limits.maximumDownloadEntities
        let content = try await session.read { transaction in
            // Of many entities the index of places knows enough.
            if mayBeUnnamed,
                let places = try transaction.places(condition, in: box, moreThan: mostEntities)
            {
                return TileContent(shown: .places(places))
            }
            let first = try transaction.entities(
                EntityQuery(condition: whole, limit: mostEntities + 1)
            )
            guard first.entities.count > mostEntities else {
                return TileContent(shown: .entities(first.entities))
            }
            return try Self.places(whole, limit: limit, transaction)
        }
        return try await session.seal(content)
    }

    private static func test(of box: GeoBox) -> GeoTest {
        func corner(_ longitude: Double, _ latitude: Double) -> Position {
            Position(longitudeDegrees: longitude, latitudeDegrees: latitude)
        }
        let ring = [
            corner(box.west, box.south), corner(box.east, box.south), corner(box.east, box.north),
            corner(box.west, box.north), corner(box.west, box.south),
        ]
        return GeoTest(relation: .intersects, reference: .polygon([ring]), attribute: .location)
    }

    /// The places of the entities, found by reading each entity.
    private static func places(
        _ condition: Condition,
        limit: Int,
        _ transaction: any ReadTransaction
    ) throws -> TileContent {
        var (places, ids) = ([EntityPlace](), [EntityID]())
        var query = EntityQuery(condition: condition, limit: 5_000)
        while true {
            let page = try transaction.entities(query)
            for entity in page.entities {
                let value = entity[.location].first { $0.kind == .geoProperty }?.value
                guard let value, let box = (try? Geometry(geoJSON: value)).flatMap(GeoBox.init)
                else { continue }
                places.append(EntityPlace(box))
                ids.append(entity.id)
            }
            guard page.hasMore else { break }
            query.offset += query.limit
            guard query.offset < limit else {
                throw BrokerError(
                    .tooManyResults,
                    "More than \(limit) entities are in this tile; narrow them by q."
                )
            }
        }
        var content = TileContent(shown: .places(places))
        content.entities = ids
        return content
    }
}
