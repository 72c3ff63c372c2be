import Broker
import Collect
import ContextModel
import Governance
import Storage

/// The hub itself as the target of an import, with the sender of the file as the caller.
///
/// The operations and the policy are those of the API: a file can do no more than its sender.
struct BrokerDestination: HubDestination {
    let hub: Hub
    let caller: Caller
    /// Called once for each request in which something was denied.
    let denied: @Sendable () -> Void

    func upsert(
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal] {
        try await batch(.upsert(replaces: false), entities, isLinkedData: isLinkedData)
    }

    func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal] {
        try await batch(.readings, readings, isLinkedData: false)
    }

    private func batch(
        _ operation: BatchOperation,
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal] {
        let elements = try read(entities).arrayValue ?? []
        return try await asking {
            var refusals: [EntityRefusal] = []
            var bodies: [(json: JSONValue, ld: LDContext)] = []
            for element in elements {
                do throws(BrokerError) {
                    let reference = isLinkedData ? element.objectValue?["@context"] : nil
                    let ld = try await hub.contextResolver.resolved(reference, for: caller.sharer)
                    bodies.append((element, ld))
                } catch {
                    refusals.append(Self.refusal(element.entityID, error))
                }
            }
            let result = try await hub.writing.batch(operation, bodies, caller: caller)
            if result.errors.contains(where: { $0.error.code == .forbidden }) { denied() }
            // A part of the batch may be stored; what follows would meet a full disk, too.
            if let stop = result.errors.first(where: \.error.stopsImport) { throw stop.error }
            return refusals + result.errors.map { Self.refusal($0.id, $0.error) }
        }
    }

    func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure) {
        let evolution = try read(temporalEntity)
        _ = try await asking {
            try await hub.writing.upsertEvolution(evolution, ld: .core, caller: caller)
        }
    }

    private static func refusal(_ id: EntityID?, _ error: BrokerError) -> EntityRefusal {
        EntityRefusal(entityID: id?.uri ?? "", reason: error.detail)
    }

    private func read(_ bytes: [UInt8]) throws(HubFailure) -> JSONValue {
        do throws(JSONError) { return try JSONReader.read(bytes) } catch {
            throw .refused(reason: "\(error)")
        }
    }

    /// Runs a request: a refusal affects this request alone, a store that cannot write stops the
    /// import.
    private func asking<Answer>(
        _ operation: () async throws -> Answer
    ) async throws(HubFailure) -> Answer {
        do {
            return try await operation()
        } catch let error as BrokerError {
            if error.code == .forbidden { denied() }
            if error.code == .storageFull { throw .full(reason: error.detail) }
            if error.stopsImport { throw .stopped(reason: "\(error.detail) Send the file again.") }
            throw .refused(reason: error.detail)
        } catch let error as StorageError where error.code == .diskFull {
            throw .full(reason: "The hub's disk is full.")
        } catch {
            throw .stopped(reason: "The hub is too busy; send the file again.")
        }
    }
}

extension BrokerError {
    /// Whether the reason is the state of the hub, and not the data.
    fileprivate var stopsImport: Bool { code == .storageFull || code == .overloaded }
}
