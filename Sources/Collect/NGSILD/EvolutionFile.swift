import ContextModel

/// A file of temporal evolutions (clause 5.2.20), as `balai export --history` writes them: one on
/// each line, each on several lines, or all in one JSON array.
///
/// Only instances with an `observedAt` can be imported as history; the rest of an entity belongs
/// to its current state.
package struct EvolutionFile: ImportSource {
    /// The most bytes of an evolution.
    package static let maximumEvolutionBytes = 64 << 20

    private var objects: ObjectReader
    /// The readings of the last evolution that are not sent yet.
    private var waiting: ArraySlice<Reading> = []
    private var type = ""
    private var origin: HubRequest.Origin?

    private struct Reading {
        var attribute: String
        var instance: [UInt8]
    }

    package init(
        _ source: any ByteSource,
        maximumBytes: Int = EvolutionFile.maximumEvolutionBytes
    ) {
        objects = ObjectReader(source, maximumBytes: maximumBytes)
    }

    package var extent: ImportExtent { objects.extent }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        if waiting.isEmpty {
            switch try objects.next() {
            case nil: return false
            case .problem(let problem): batch.add(problem)
            case .object(let evolution, let id):
                if let problem = take(evolution, id) { batch.add(problem) }
            }
        }
        send(into: &batch)
        return true
    }

    /// Adds a request with readings; a long evolution takes several.
    private mutating func send(into batch: inout ImportBatch) {
        guard let origin, !waiting.isEmpty else { return }
        let history = batch.history(type: type, origin: origin)
        for reading in waiting.prefix(ImportBatch.maximumInstancesPerRequest) {
            batch.add(instance: reading.instance, of: reading.attribute, to: history)
        }
        waiting = waiting.dropFirst(ImportBatch.maximumInstancesPerRequest)
    }

    /// Takes the readings of an evolution; returns its problem, if it has one.
    private mutating func take(_ evolution: JSONObject, _ id: String) -> RowProblem? {
        guard evolution["@context"] == nil else {
            return problem("An evolution has no `@context` of its own here; use --context.")
        }
        guard let type = Self.type(of: evolution) else {
            return problem("The evolution has no `type`.")
        }
        self.type = type
        origin = objects.origin(id)
        waiting =
            evolution.members.filter { !Self.notAttributes.contains($0.key) }
            .flatMap { name, value in Self.readings(name, value) }[...]
        return nil
    }

    private func problem(_ reason: String) -> RowProblem? {
        if case .problem(let problem) = objects.problem(reason) { problem } else { nil }
    }

    private static func type(of evolution: JSONObject) -> String? {
        let type = evolution["type"] ?? evolution["@type"]
        return type?.stringValue ?? type?.arrayValue?.first?.stringValue
    }

    private static func readings(_ name: String, _ value: JSONValue) -> [Reading] {
        (value.arrayValue ?? [value]).compactMap { instance in
            guard var members = instance.objectValue, members["observedAt"] != nil else {
                return nil
            }
            members.members.removeAll { madeByTheHub.contains($0.key) }
            return Reading(attribute: name, instance: JSONValue.object(members).serialized)
        }
    }

    private static let madeByTheHub: Set<String> = [
        "instanceId", "createdAt", "modifiedAt", "deletedAt",
    ]
    static let notAttributes: Set<String> =
        madeByTheHub.union(["id", "@id", "type", "@type", "scope", "expiresAt"])
}
