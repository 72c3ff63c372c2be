import ContextModel

/// The newest reading of each attribute of the entities in a file.
///
/// They become current state when the file is read, or earlier when there are too many to keep.
/// Every other reading goes to history alone, which costs a hub much less.
struct NewestReadings {
    /// The most entities that are kept in memory.
    static let maximumEntities = 20_000
    /// The most bytes of readings that are kept.
    static let maximumBytes = 16 << 20

    /// One attribute in JSON.
    struct Reading {
        var json: [UInt8]
        /// Whether it has an `observedAt`.
        var isObserved: Bool
    }

    private struct Held {
        var origin: HubRequest.Origin
        var attributes: [(name: String, time: Int64, reading: Reading)] = []
    }

    private let type: String
    private var held: [Held] = []
    private var numbers: [String: Int] = [:]
    private var byteCount = 0

    init(type: String) { self.type = type }

    var isFull: Bool { held.count >= Self.maximumEntities || byteCount >= Self.maximumBytes }

    /// Takes a reading; returns the older one of it and the kept one of the attribute, if there is
    /// any.
    ///
    /// Of two readings of one moment, the one taken later counts as newer.
    mutating func take(
        _ reading: Reading,
        of name: String,
        at time: Int64,
        origin: HubRequest.Origin
    ) -> Reading? {
        let number = number(of: origin)
        let index = held[number].attributes.firstIndex { $0.name == name }
        guard let index else {
            held[number].attributes.append((name, time, reading))
            byteCount += reading.json.count
            return nil
        }
        guard time >= held[number].attributes[index].time else { return reading }
        let older = held[number].attributes[index].reading
        held[number].attributes[index] = (name, time, reading)
        byteCount += reading.json.count - older.json.count
        return older
    }

    private mutating func number(of origin: HubRequest.Origin) -> Int {
        if let known = numbers[origin.entityID] { return known }
        numbers[origin.entityID] = held.count
        held.append(Held(origin: origin))
        return held.count - 1
    }

    /// Moves all kept readings into the batch.
    mutating func drain(into batch: inout ImportBatch) {
        for entity in held {
            var json = JSONWriter(reservingBytes: 512)
            json.beginEntity(id: entity.origin.entityID, type: type)
            for attribute in entity.attributes {
                json.key(attribute.name)
                json.raw(attribute.reading.json)
            }
            json.endObject()
            var origin = entity.origin
            let readings = entity.attributes.filter(\.reading.isObserved).count
            // The entity itself was counted when the file first mentioned it.
            origin.load = HubRequest.Load(readings: readings)
            batch.add(entity: json.bytes, origin: origin, as: .readings)
        }
        held.removeAll()
        numbers.removeAll()
        byteCount = 0
    }
}
