package import ContextModel
import Federation
package import Governance
import Storage

/// A batch operation that writes entities (clauses 5.6.7 to 5.6.9 and 5.6.20).
///
/// Each entity succeeds or fails for itself, and what succeeds is on disk before the answer.
package struct BatchOperation: Sendable {
    /// The change of the stored entity, which may be nil; nil when the entity must exist and does
    /// not, or the reverse.
    typealias Change =
        @Sendable (_ stored: Entity?, BatchInput, _ now: Timestamp) throws(EntityError) ->
        EntityChange?

    /// The members that the entities of the request may have.
    let reading: EntityReader.Options
    /// Whether an entity that does not exist is created.
    let mayCreate: Bool
    /// Whether attributes that were left as they were are reported as an error.
    var reportsUntouched = false
    /// Whether an instance replaces the one that the history has for the same moment.
    var correctsHistory = false
    /// How sources make it; nil where they take no part.
    var atSources: SourceBatch?
    let change: Change

    init(
        reading: EntityReader.Options = .init(),
        mayCreate: Bool = false,
        atSources: SourceBatch? = nil,
        _ change: @escaping Change
    ) {
        self.atSources = atSources
        self.reading = reading
        self.mayCreate = mayCreate
        self.change = change
    }
}

extension Writing {
    /// Runs a batch here and, where it is passed on, at the sources whose registrations match.
    ///
    /// `bodies` has each entity with the `@context` to read it with. What cannot be read goes to
    /// nobody.
    package func batch(
        _ operation: BatchOperation,
        _ bodies: [(json: JSONValue, ld: LDContext)],
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> BatchResult {
        let session = try await session(caller)
        var errors: [BatchError] = []
        var inputs: [BatchInput] = []
        inputs.reserveCapacity(bodies.count)
        for body in bodies {
            do throws(BrokerError) {
                let input = try BatchInput(body.json, ld: body.ld, operation, at: session.now)
                inputs.append(input)
            } catch {
                errors.append(BatchError(body.json.entityID, error))
            }
        }
        let own = { @Sendable [inputs, now = session.now] (parts: [BatchOwnPart]) async throws in
            let some = try parts.map { try inputs[$0.index].without($0.removed, at: now) }
            return try await session.changeEach(
                some,
                id: \.id,
                naming: \.fragment.attributes.names,
                correctsHistory: operation.correctsHistory
            ) { input, stored in try input.change(stored, at: now) }
        }
        var distribution: BatchDistribution?
        if let batch = operation.atSources {
            distribution = try await self.distribution(
                of: batch,
                inputs.map(BatchElement.init),
                forwarding,
                session,
                caller
            )
        }
        var result: BatchResult
        if let distribution {
            result = try await distributed(distribution, caller, own: own)
        } else {
            result = BatchResult(try await own(inputs.indices.map { BatchOwnPart(index: $0) }))
        }
        result.errors = errors + result.errors
        return result
    }
}

/// One entity of a batch after reading.
struct BatchInput: Sendable {
    let id: EntityID
    let json: JSONValue
    let ld: LDContext
    let operation: BatchOperation
    var fragment: EntityFragment
    /// The whole entity, if the operation may need one.
    let entity: Entity?
    /// The change that creates the entity, or the reason why it cannot be created.
    ///
    /// It is computed before the transaction, because there is only one thread that writes.
    let creation: Result<EntityChange, EntityError>?
    /// Set when the entity has more of something than an entity may have.
    let large: OversizedRequest?

    init(
        _ json: JSONValue,
        ld: LDContext,
        _ operation: BatchOperation,
        at now: Timestamp
    ) throws(BrokerError) {
        self.operation = operation
        self.json = json
        self.ld = ld
        let reader = EntityReader(context: ld, options: operation.reading)
        let fragment = try BrokerError.reading { () throws(EntityError) in
            try reader.fragment(json)
        }
        self.fragment = fragment
        large = OversizedRequest(fragment)
        (entity, creation) = try BrokerError.reading { () throws(EntityError) in
            try Self.creation(of: fragment, reader, operation, at: now)
        }
        guard let id = fragment.id else {
            throw BrokerError(.badRequestData, "An entity of the batch has no 'id'.")
        }
        self.id = id
    }

    private static func creation(
        of fragment: EntityFragment,
        _ reader: EntityReader,
        _ operation: BatchOperation,
        at now: Timestamp
    ) throws(EntityError) -> (Entity?, Result<EntityChange, EntityError>?) {
        guard operation.mayCreate else { return (nil, nil) }
        do throws(EntityError) {
            let entity = try reader.entity(from: fragment)
            return (entity, .success(.creation(of: entity, at: now)))
        } catch {
            // If the entity exists, it may be a removal of parts.
            guard fragment.removesAnything, !fragment.types.isEmpty else { throw error }
            return (nil, .failure(error))
        }
    }
}

extension BatchInput {
    /// The entity without attributes that the hub does not hold itself.
    func without(_ removed: Set<IRI>, at now: Timestamp) throws(BrokerError) -> BatchInput {
        guard !removed.isEmpty else { return self }
        let rest = ChangeAttributes(fragment, body: json, ld).body(without: removed)
        return try BatchInput(rest ?? json, ld: ld, operation, at: now)
    }

    /// The change of the stored entity, which may be nil.
    func change(
        _ stored: Entity?,
        at now: Timestamp
    ) throws(BrokerError) -> (EntityChange, BatchOutcome) {
        try large?.require(for: stored)
        let change = try BrokerError.reading { () throws(EntityError) in
            try operation.change(stored, self, now)
        }
        guard let change else {
            throw stored == nil ? BrokerError.unknown(id) : BrokerError.exists(id)
        }
        var outcome = BatchOutcome(isNew: stored == nil)
        if operation.reportsUntouched, !change.untouched.isEmpty {
            // The rest of this entity is written; what is not is reported as its error (5.6.9).
            let names = change.untouched.map { "'\($0)'" }.joined(separator: ", ")
            outcome.problem = BrokerError(
                .badRequestData,
                "Attributes exist and were left: \(names)."
            )
        }
        return (change, outcome)
    }
}

extension JSONValue {
    /// The `id` of a fragment, to name it in a list of errors.
    package var entityID: EntityID? {
        (objectValue?["id"] ?? objectValue?["@id"])?.stringValue.map(EntityID.init)
    }
}
