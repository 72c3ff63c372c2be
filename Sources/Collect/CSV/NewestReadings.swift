import ContextModel

/// The newest reading of each attribute of the entities of a file: what is to be current state once
/// the file is read, or sooner when there are too many to hold.
///
/// Every other reading is history alone, which is much less work for a hub.
struct NewestReadings {
    /// More entities than this are not held; they take memory.
    static let maximumEntities = 20_000
    /// Nor are more bytes of readings.
    static let maximumBytes = 16 << 20

    /// One attribute as JSON text.
    struct Reading {
        var json: [UInt8]
        /// Whether it says itself when it was observed.
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

    /// Takes a reading; answers the older of it and the one held for the attribute, if any.
    ///
    /// Of two readings of one moment the later one counts.
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

    /// Gives all that is held to the batch.
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
            // The entity itself was counted when the file first spoke of it.
            origin.load = HubRequest.Load(readings: readings)
            batch.add(entity: json.bytes, origin: origin, as: .readings)
        }
        held.removeAll()
        numbers.removeAll()
        byteCount = 0
    }
}
