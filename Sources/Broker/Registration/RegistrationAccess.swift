import ContextModel
import Federation
import Governance
import Storage

/// The common parts of the operations on context source registrations.
///
/// Registrations tell where data is and how to reach it: at present, only those who run the hub
/// may read or write them.
extension Registering {
    /// The registration; throws when there is none.
    func registrationRecord(_ id: String, _ caller: Caller) async throws -> RegistrationRecord {
        guard URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "The registration id '\(id)' is not a URI.")
        }
        try access.requireAdministration(caller)
        let store = try await access.existingStore(caller.tenant)
        let document = try await store.document(.registration, id: id)
        guard let record = document.flatMap({ RegistrationRecord($0) }),
            !record.hasExpired(at: clock())
        else { throw BrokerError.unknownRegistration(id) }
        return record
    }

    /// Throws when the hub or another source has what an exclusive or redirect source registers
    /// (clauses 4.3.6.3, 5.9.2 and 5.9.3).
    ///
    /// Returns a check to run inside the transaction, of the few registrations that were added or
    /// changed since: only there can no other registration come in between.
    func requireNoConflict(
        _ registration: ContextSourceRegistration,
        _ caller: Caller
    ) async throws -> @Sendable (DocumentChanges) throws -> Void {
        guard registration.isProxied else { return { _ in } }
        let view = try await registrations.view(of: caller.tenant)
        try requireNoConflict(registration, with: view.index.candidates(overlapping: registration))
        try await requireNoEntity(of: registration, caller)
        return { [self] changes in
            let new = try changes.documents(.registration, putSince: view.number)
                .compactMap { RegistrationRecord($0).flatMap { KeptRegistration($0) } }
            try requireNoConflict(registration, with: new)
        }
    }

    private func requireNoConflict(
        _ registration: ContextSourceRegistration,
        with others: [KeptRegistration]
    ) throws(BrokerError) {
        let (budget, now) = (DecisionBudget(steps: RegistrationQuery.maximumSteps), clock())
        for kept in others where kept.record.id != registration.id {
            let other = kept.registration
            guard other.isInForce(at: now) else { continue }
            // Two redirect sources are both asked; an exclusive source allows no other.
            guard other.isProxied, registration.mode == .exclusive || other.mode == .exclusive,
                registration.information.contains(where: { info in
                    other.information.contains { info.overlaps($0, within: budget) }
                })
            else { continue }
            guard !budget.isSpent else { break }
            throw BrokerError(
                .conflict,
                "The \(other.mode.rawValue) registration '\(other.id)' is about the same entities "
                    + "and attributes already."
            )
        }
        guard !budget.isSpent else { throw BrokerError.tooManyComparisons }
    }

    /// Throws when the hub has data of what is registered.
    ///
    /// The check is before the transaction: an entity that is created in between counts as created
    /// after the registration: what is registered of it is not shown.
    private func requireNoEntity(
        of registration: ContextSourceRegistration,
        _ caller: Caller
    ) async throws {
        let condition = Condition.any(of: registration.information.map(\.condition))
        let session = try await reading.session(caller, condition: condition)
        let page = try await session.entities(EntityQuery(condition: condition, limit: 1))
        guard let entity = page.entities.first else { return }
        throw BrokerError(
            .conflict,
            "The hub has data of its own that the source would be alone to have: the entity "
                + "'\(try entity.value().id)'."
        )
    }
}

/// A stored registration, with its form for matching.
struct KeptRegistration: Sendable {
    let record: RegistrationRecord
    let registration: ContextSourceRegistration

    /// Returns nil when the record is not valid any more.
    init?(_ record: RegistrationRecord) {
        guard let registration = try? record.registration() else { return nil }
        self.record = record
        self.registration = registration
    }
}

extension BrokerError {
    static func unknownRegistration(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no context source registration '\(id)'.")
    }
}
