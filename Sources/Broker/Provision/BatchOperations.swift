package import ContextModel
package import Governance
import Storage

/// The batch operations (clauses 5.6.7 to 5.6.10 and 5.6.20): each entity succeeds or fails for
/// itself, all successes become durable together.
package enum BatchOperation: Sendable, Hashable {
    case create
    /// `replaces` false updates what exists (`options=update`).
    case upsert(replaces: Bool)
    case update(overwrites: Bool)
    case merge(MergeDefaults)

    /// Whether an entity that is not there comes into being.
    fileprivate var mayCreate: Bool {
        switch self {
        case .create, .upsert: true
        case .update, .merge: false
        }
    }
}

extension Hub {
    /// Runs a batch.
    ///
    /// `bodies` pairs each entity with the `@context` it is to be read with.
    package func batch(
        _ operation: BatchOperation,
        _ bodies: [(json: JSONValue, ld: LDContext)],
        caller: Caller
    ) async throws -> BatchResult {
        let (store, grant) = try await writing(caller)
        var result = BatchResult()
        let now = clock()
        var inputs: [BatchInput] = []
        inputs.reserveCapacity(bodies.count)
        for body in bodies {
            do throws(BrokerError) {
                inputs.append(try BatchInput(body.json, ld: body.ld, operation, at: now))
            } catch {
                result.errors.append((body.json.entityID, error))
            }
        }
        if inputs.isEmpty { return result }
        let ready = inputs
        let written = try await store.write(grant) { [observer] transaction in
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            return try BatchRun(writer: writer, grant: grant).run(ready)
        }
        result.created = written.created
        result.changed = written.changed
        result.errors += written.errors
        return result
    }

    /// Batch Delete (clause 5.6.10).
    package func batchDelete(_ ids: [EntityID], caller: Caller) async throws -> BatchResult {
        let (store, grant) = try await writing(caller, makesTenant: false)
        let now = clock()
        return try await store.write(grant) { [observer] transaction in
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            var result = BatchResult()
            for id in ids {
                if let entity = try transaction.writable(id, grant: grant, now: now) {
                    try writer.write(.deletion(of: entity))
                    result.changed.append(id)
                } else {
                    result.errors.append((id, BrokerError.unknown(id)))
                }
            }
            return result
        }
    }
}

/// One entity of a batch, read and ready.
private struct BatchInput: Sendable {
    let id: EntityID
    let operation: BatchOperation
    let fragment: EntityFragment
    /// The whole entity, where the operation may need one.
    let entity: Entity?
    /// What comes of an entity that is not there yet, where it mostly is not; made before the
    /// transaction, so that the one thread that writes has less to do.
    let creation: EntityChange?

    init(
        _ json: JSONValue,
        ld: LDContext,
        _ operation: BatchOperation,
        at now: Timestamp
    ) throws(BrokerError) {
        self.operation = operation
        let options: EntityReader.Options =
            switch operation {
            case .create, .upsert: .init()
            case .update: .init(allowsNull: true)
            case .merge: .init(allowsNull: true, allowsNullInside: true)
            }
        let reader = EntityReader(context: ld, options: options)
        (fragment, entity) = try BrokerError.reading { () throws(EntityError) in
            let fragment = try reader.fragment(json)
            guard operation.mayCreate else { return (fragment, nil) }
            return (fragment, try reader.entity(from: fragment))
        }
        creation = operation == .create ? entity.map { .creation(of: $0, at: now) } : nil
        guard let id = fragment.id else {
            throw BrokerError(.badRequestData, "An entity of the batch has no 'id'.")
        }
        self.id = id
    }
}

/// The part of a batch that runs inside the transaction.
private struct BatchRun {
    let writer: ChangeWriter
    let grant: WriteGrant

    func run(_ inputs: [BatchInput]) throws -> BatchResult {
        var result = BatchResult()
        for input in inputs {
            do {
                let isNew = try run(input)
                if isNew {
                    result.created.append(input.id)
                } else {
                    result.changed.append(input.id)
                }
            } catch let error as BrokerError {
                // Thrown before anything of this entity was written, or when some of it was left.
                result.errors.append((input.id, error))
            }
        }
        return result
    }

    /// Writes one entity; true when it is new.
    private func run(_ input: BatchInput) throws -> Bool {
        try grant.requireVisible(input.fragment.attributes.names)
        let stored = try writer.transaction.current(input.id, at: writer.now)
        if let stored, !stored.satisfies(grant.condition) {
            // What it may not touch does not exist for the writer, and it is not told otherwise.
            throw input.operation.mayCreate
                ? BrokerError.mayNotWrite(input.id) : BrokerError.unknown(input.id)
        }
        let seen = try BrokerError.reading { () throws(EntityError) in
            try self.change(of: stored.map(grant.shape), input)
        }
        guard let seen else {
            throw stored == nil ? BrokerError.unknown(input.id) : BrokerError.exists(input.id)
        }
        let change = grant.complete(seen, of: stored)
        if let after = change.after, !after.satisfies(grant.condition) {
            throw BrokerError.mayNotWrite(input.id)
        }
        try writer.write(change)
        if case .update(overwrites: false) = input.operation, !change.untouched.isEmpty {
            // The rest of this entity is written; what is not, is told as its error (5.6.9).
            let names = change.untouched.map { "'\($0)'" }.joined(separator: ", ")
            throw BrokerError(.badRequestData, "Attributes exist and were left: \(names).")
        }
        return stored == nil
    }

    /// The change, or nil when the entity should be there and is not, or the other way round.
    private func change(
        of stored: Entity?,
        _ input: BatchInput
    ) throws(EntityError) -> EntityChange? {
        let now = writer.now
        switch (input.operation, stored, input.entity) {
        case (.create, nil, _): return input.creation
        case (.upsert, nil, let entity?): return .creation(of: entity, at: now)
        case (.upsert(replaces: true), let stored?, let entity?):
            return .replacement(of: stored, with: entity, at: now)
        case (.upsert(replaces: false), let stored?, _):
            return try .appending(to: stored, input.fragment, overwrites: true, at: now)
        case (.update(true), let stored?, _):
            return try .update(of: stored, with: input.fragment, at: now)
        case (.update(false), let stored?, _):
            return try .appending(to: stored, input.fragment, overwrites: false, at: now)
        case (.merge(let defaults), let stored?, _):
            return try .merge(into: stored, input.fragment, common: defaults, at: now)
        default: return nil
        }
    }
}

extension JSONValue {
    /// The `id` of what may not be a whole entity, to name it in a list of errors.
    package var entityID: EntityID? {
        (objectValue?["id"] ?? objectValue?["@id"])?.stringValue.map(EntityID.init)
    }
}
