package import ContextModel
package import Governance
import Storage

/// What the batch operations that write entities have in common (clauses 5.6.7 to 5.6.9 and
/// 5.6.20): each entity succeeds or fails for itself, and what succeeds is on disk before the answer.
package struct BatchOperation: Sendable {
    /// The change to the stored entity, or to none; nil when it should be there and is not, or the
    /// other way round.
    typealias Change =
        @Sendable (_ stored: Entity?, BatchInput, _ now: Timestamp) throws(EntityError) ->
        EntityChange?

    /// What the entities of the request may hold.
    let reading: EntityReader.Options
    /// Whether an entity that is not there comes into being.
    let mayCreate: Bool
    /// Whether attributes that were left as they are make an error.
    var tellsUntouched = false
    /// Whether what was observed at a moment takes the place of what history has for it.
    var correctsHistory = false
    let change: Change

    init(
        reading: EntityReader.Options = .init(),
        mayCreate: Bool = false,
        _ change: @escaping Change
    ) {
        self.reading = reading
        self.mayCreate = mayCreate
        self.change = change
    }
}

extension Writing {
    /// Runs a batch.
    ///
    /// `bodies` pairs each entity with the `@context` it is to be read with.
    package func batch(
        _ operation: BatchOperation,
        _ bodies: [(json: JSONValue, ld: LDContext)],
        caller: Caller
    ) async throws -> BatchResult {
        let session = try await session(caller)
        var errors: [(id: EntityID?, error: BrokerError)] = []
        var inputs: [BatchInput] = []
        inputs.reserveCapacity(bodies.count)
        for body in bodies {
            do throws(BrokerError) {
                let input = try BatchInput(body.json, ld: body.ld, operation, at: session.now)
                inputs.append(input)
            } catch {
                errors.append((body.json.entityID, error))
            }
        }
        let written = try await session.changeEach(
            inputs,
            id: \.id,
            naming: \.fragment.attributes.names,
            correctsHistory: operation.correctsHistory
        ) { [now = session.now] input, stored in try input.change(stored, at: now) }
        var result = BatchResult(written)
        result.errors = errors + result.errors
        return result
    }
}

/// One entity of a batch, read and ready.
struct BatchInput: Sendable {
    let id: EntityID
    let operation: BatchOperation
    let fragment: EntityFragment
    /// The whole entity, where the operation may need one.
    let entity: Entity?
    /// What comes of an entity that is not there yet, or why none can; made before the transaction,
    /// so that the one thread that writes has less to do.
    let creation: Result<EntityChange, EntityError>?
    /// Given when there is more of something than an entity may have.
    let large: OversizedRequest?

    init(
        _ json: JSONValue,
        ld: LDContext,
        _ operation: BatchOperation,
        at now: Timestamp
    ) throws(BrokerError) {
        self.operation = operation
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
            // It may be there, and then something is to be removed from it.
            guard fragment.removesAnything, !fragment.types.isEmpty else { throw error }
            return (nil, .failure(error))
        }
    }
}

extension BatchInput {
    /// The change to the stored entity, or to none.
    fileprivate func change(
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
        if operation.tellsUntouched, !change.untouched.isEmpty {
            // The rest of this entity is written; what is not, is told as its error (5.6.9).
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
    /// The `id` of what may not be a whole entity, to name it in a list of errors.
    package var entityID: EntityID? {
        (objectValue?["id"] ?? objectValue?["@id"])?.stringValue.map(EntityID.init)
    }
}
