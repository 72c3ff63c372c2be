import Broker
import ContextModel
import Storage

/// Writes vector tiles (Vector Tile Specification 2.1): one layer, with the name of its collection.
struct TileWriter {
    /// A tile is divided into so many columns and rows of clusters.
    private static let cells = 64
    /// The fields of the messages (clause 4.1).
    private enum Field {
        static let layers = 3
        static let name = 1, features = 2, keys = 3, values = 4, extent = 5, version = 15
        static let tags = 2, type = 3, geometry = 4
    }

    let tile: TilePlace
    let name: String
    let entities: EntityWriter

    private var keys: [String] = []
    private var keyPlaces: [String: UInt32] = [:]
    private var values: [JSONValue] = []
    private var valuePlaces: [JSONValue: UInt32] = [:]
    private var features: [[UInt8]] = []

    init(_ tile: TilePlace, of name: String, _ entities: EntityWriter) {
        self.tile = tile
        self.name = name
        self.entities = entities
    }

    mutating func bytes(of shown: TileContent.Shown) -> [UInt8] {
        switch shown {
        case .entities(let list): for entity in list { add(entity) }
        case .places(let places): addClusters(of: places)
        }
        guard !features.isEmpty else { return [] }
        var layer = ProtobufWriter()
        layer.varint(Field.version, 2)
        layer.string(Field.name, name)
        for feature in features { layer.data(Field.features, feature) }
        for key in keys { layer.string(Field.keys, key) }
        for value in values { layer.data(Field.values, Self.encoded(value)) }
        layer.varint(Field.extent, UInt64(TilePlace.extent))
        var tile = ProtobufWriter()
        tile.data(Field.layers, layer.bytes)
        return tile.bytes
    }

    // MARK: Features

    private mutating func add(_ entity: Entity) {
        let place = entity[.location].first { $0.kind == .geoProperty }?.value
        guard let place, let read = try? Geometry(geoJSON: place),
            let geometry = TileGeometry(read, in: tile)
        else { return }
        var tags = tags([
            ("id", .string(entity.id.uri)), ("type", .string(entities.typeText(entity.types))),
        ])
        for attribute in entity.attributes where attribute.name != .location {
            guard let instance = attribute.instances.first(where: { $0.datasetID == nil }) else {
                continue
            }
            let value = entities.shownValue(of: instance)
            switch value {
            // Layers have no other values.
            case .null, .array, .object: continue
            case .bool, .number, .string:
                tags += self.tags([(entities.context.compact(attribute.name), value)])
            }
        }
        add(geometry, tags)
    }

    /// One feature for each cell of the tile, where its entities are on average.
    private mutating func addClusters(of places: [EntityPlace]) {
        let side = TilePlace.extent / Double(Self.cells)
        var sums = Array(repeating: (count: 0, x: 0.0, y: 0.0), count: Self.cells * Self.cells)
        for place in places {
            let point = tile.point(longitude: place.longitude, latitude: place.latitude)
            // What lies in the margin is in the cell at the edge of the neighbour, too.
            let (column, row) = (
                Int((point.x / side).rounded(.down)), Int((point.y / side).rounded(.down))
            )
            guard (0..<Self.cells).contains(column), (0..<Self.cells).contains(row) else {
                continue
            }
            let cell = row * Self.cells + column
            sums[cell].count += 1
            sums[cell].x += point.x
            sums[cell].y += point.y
        }
        for sum in sums where sum.count > 0 {
            let count = Double(sum.count)
            add(
                TileGeometry(TilePoint(x: sum.x / count, y: sum.y / count)),
                tags([("point_count", .number(JSONNumber(sum.count))), ("cluster", true)])
            )
        }
    }

    private mutating func add(_ geometry: TileGeometry, _ tags: [UInt32]) {
        var feature = ProtobufWriter()
        feature.packed(Field.tags, tags)
        feature.varint(Field.type, geometry.kind.rawValue)
        feature.packed(Field.geometry, geometry.commands)
        features.append(feature.bytes)
    }

    // MARK: Tags

    /// The places of the keys and values, each of which the layer has once (clause 4.4).
    private mutating func tags(_ members: [(String, JSONValue)]) -> [UInt32] {
        members.flatMap { key, value in
            let keyPlace = keyPlaces[key] ?? UInt32(keys.count)
            if keyPlace == keys.count {
                keys.append(key)
                keyPlaces[key] = keyPlace
            }
            let valuePlace = valuePlaces[value] ?? UInt32(values.count)
            if valuePlace == values.count {
                values.append(value)
                valuePlaces[value] = valuePlace
            }
            return [keyPlace, valuePlace]
        }
    }

    private static func encoded(_ value: JSONValue) -> [UInt8] {
        var message = ProtobufWriter()
        switch value {
        case .string(let text): message.string(1, text)
        case .bool(let bool): message.varint(7, bool ? 1 : 0)
        case .number(let number):
            if let whole = number.intValue {
                message.varint(4, UInt64(bitPattern: Int64(whole)))
            } else {
                message.double(3, number.doubleValue)
            }
        case .null, .array, .object: break
        }
        return message.bytes
    }
}
