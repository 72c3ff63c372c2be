import ContextModel
import Governance
import Logging
import Storage
import Synchronization

/// The things whose messages a source has heard, and which of them are silent.
struct HeardThings: Sendable {
    /// When each was heard last, in microseconds since 1970; after a start, the moment of the start.
    var heard: [EntityID: Int64] = [:]
    var silent: Set<EntityID> = []
    /// Whether the stored list is another one.
    var isChanged = false

    /// The most things of a source whose silence is noticed.
    static let maximumThings = 20_000

    /// Whether a thing that reports has to be marked as heard again, or for the first time.
    func needsMark(_ id: EntityID, at moment: Timestamp) -> Bool {
        guard let last = heard[id] else { return heard.count < Self.maximumThings }
        return silent.contains(id) && last <= moment.microseconds
    }

    /// Notes a message of the thing; an earlier one, which is tried again, says nothing new.
    mutating func hear(_ id: EntityID, at moment: Timestamp) {
        guard heard[id] != nil || heard.count < Self.maximumThings else { return }
        guard (heard[id] ?? .min) <= moment.microseconds else { return }
        if heard.updateValue(moment.microseconds, forKey: id) == nil { isChanged = true }
        if silent.remove(id) != nil { isChanged = true }
    }

    mutating func forget(_ id: EntityID) {
        heard[id] = nil
        silent.remove(id)
        isChanged = true
    }

    /// Those that should have reported by now and are not marked yet.
    func overdue(at now: Timestamp, everySeconds seconds: Int) -> [EntityID] {
        let limit = now.microseconds - Int64(seconds) * 1_000_000
        return heard.filter { $0.value < limit && !silent.contains($0.key) }.map(\.key)
            .sorted { $0.uri < $1.uri }
    }

    func document(of name: SourceName) -> Document {
        let body: JSONObject = [
            "heard": .array(heard.keys.map { .string($0.uri) }),
            "silent": .array(silent.map { .string($0.uri) }),
        ]
        return Document(
            kind: .sourceThings,
            id: name.text,
            body: JSONValue.object(body).serialized,
            owner: name.text
        )
    }

    mutating func load(_ document: Document, at now: Timestamp) {
        guard let json = try? JSONReader.read(document.body).objectValue else { return }
        for id in json["heard"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
            heard[EntityID(id)] = now.microseconds
        }
        silent = Set(
            (json["silent"]?.arrayValue?.compactMap(\.stringValue) ?? []).map(EntityID.init)
        )
    }
}

extension Sourcing {
    /// The attribute that says whether a thing that should report does not.
    package static let silentAttribute = "silent"

    /// Marks the things that should have reported and did not; call it every few seconds.
    ///
    /// A thing is silent when nothing was heard of it for as long as its source says
    /// (`reportsEvery`). Its entity then has the attribute `silent` with the value true, and false
    /// once it reports again. Throws what the store throws; the next call tries again.
    package func noteSilence() async throws {
        for source in all where !source.kept.isPaused {
            guard let seconds = source.mapping.reportsEverySeconds else { continue }
            try await load(source)
            let now = clock()
            let overdue = source.history.state.withLock {
                $0.things.overdue(at: now, everySeconds: seconds)
            }
            for start in stride(from: 0, to: overdue.count, by: WritePortionSize.silence) {
                let end = min(start + WritePortionSize.silence, overdue.count)
                try await mark(Array(overdue[start..<end]), by: source, at: now)
            }
            try await keepThings(of: source)
        }
    }

    private func mark(
        _ ids: [EntityID],
        by source: LiveSource,
        at now: Timestamp
    ) async throws {
        let types = source.mapping.types
        let bodies = ids.map { id in
            var entity: JSONObject = [
                "id": .string(id.uri), Self.silentAttribute: Self.silence(true, at: now),
            ]
            // Of several types, an entity keeps its own.
            if types.count == 1 { entity["type"] = .string(types[0]) }
            return (json: JSONValue.object(entity), ld: LDContext.core)
        }
        let result = try await writing.batch(
            .update(overwrites: true),
            bodies,
            caller: source.key.caller
        )
        // What was deleted meanwhile is no thing of the source any more.
        let gone = Set(
            result.errors.filter { $0.error.code == .resourceNotFound }.compactMap(\.id)
        )
        if let error = result.errors.first(where: { $0.error.code != .resourceNotFound })?.error {
            logger.error("silence of the source '\(source.key.name)': \(error)")
        }
        source.history.state.withLock { state in
            for id in gone { state.things.forget(id) }
            for id in result.changed where state.things.heard[id] ?? .max <= now.microseconds {
                state.things.silent.insert(id)
                state.things.isChanged = true
            }
        }
    }

    private func keepThings(of source: LiveSource) async throws {
        let name = source.key.name
        let document = source.history.state.withLock { state -> Document? in
            guard state.things.isChanged else { return nil }
            state.things.isChanged = false
            return state.things.document(of: name)
        }
        guard let document else { return }
        do {
            try await access.madeStore(source.key.tenant).bookkeep {
                try $0.put(document, isQuiet: true)
            }
        } catch {
            source.history.state.withLock { $0.things.isChanged = true }
            throw error
        }
    }

    static func silence(_ isSilent: Bool, at moment: Timestamp) -> JSONValue {
        ["type": "Property", "value": .bool(isSilent), "observedAt": .string(moment.text)]
    }
}

/// The sizes of the hub's own batches.
private enum WritePortionSize {
    static let silence = 500
}
