package import ContextModel

/// How many readings the temporal evolutions of entities have, to compare the histories of two brokers.
///
/// Readings of one attribute (and `datasetId`) with the same `observedAt` are one, as they are in a hub.
package struct EvolutionCounts: Sendable, Equatable {
    /// The readings of each entity, by its identifier.
    package private(set) var readings: [String: Int] = [:]

    package init() {}

    /// Counts those of a file of evolutions, one on each line or all in an array.
    package init(file: any ByteSource) throws(SourceError) {
        var objects = ObjectReader(file, maximumBytes: EvolutionFile.maximumEvolutionBytes)
        while let found = try objects.next() {
            if case .object(let evolution, _) = found { add(evolution) }
        }
    }

    package var total: Int { readings.values.reduce(0, +) }

    /// Adds the readings of an evolution; an entity may have several, each of another span of time.
    package mutating func add(_ evolution: JSONObject) {
        guard let id = evolution["id"]?.stringValue else { return }
        var count = 0
        for (name, value) in evolution.members where !EvolutionFile.notAttributes.contains(name) {
            var known: Set<[String]> = []
            for instance in value.arrayValue ?? [value] {
                guard let instance = instance.objectValue,
                    let moment = instance["observedAt"]?.stringValue
                else { continue }
                known.insert([moment, instance["datasetId"]?.stringValue ?? ""])
            }
            count += known.count
        }
        if count > 0 { readings[id, default: 0] += count }
    }

    /// An entity of which the other broker has fewer readings.
    package struct Lack: Sendable, Equatable {
        package var id: String
        package var there: Int
        package var here: Int
    }

    /// The entities of which `own` has fewer readings, by their identifiers.
    package func lacks(of own: EvolutionCounts) -> [Lack] {
        readings.compactMap { id, there in
            let here = own.readings[id] ?? 0
            return here < there ? Lack(id: id, there: there, here: here) : nil
        }.sorted { $0.id < $1.id }
    }
}
