package import ContextModel
import Federation
package import Governance
import Storage

/// Query Context Source Registrations (clause 5.10.2), in the order of creation.
///
/// The answer has whole registrations: the standard prefers to reduce them to what matches, but
/// its own conformance cases expect them as they were written. Notifications reduce them.
extension Registering {
    package func queryContextSourceRegistrations(
        _ query: RegistrationQuery,
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> RegistrationPage {
        try access.requireAdministration(caller)
        _ = try await access.existingStore(caller.tenant)
        let view = try await registrations.view(of: caller.tenant)
        let now = clock()
        let budget = DecisionBudget(steps: RegistrationQuery.maximumSteps)
        let found = view.index.candidates(for: query).filter {
            !budget.isSpent && $0.registration.isInForce(at: now)
                && query.match($0.registration, within: budget) != nil
        }
        guard !budget.isSpent else { throw BrokerError.tooManyComparisons }
        return RegistrationPage(
            registrations: found.dropFirst(offset).prefix(limit).map {
                .object($0.record.shown(ld, .init(sysAttrs: sysAttrs)))
            },
            count: wantsCount ? found.count : nil,
            hasMore: limit > 0 && found.count > offset + limit
        )
    }
}

/// A page of context source registrations.
package struct RegistrationPage: Sendable, Equatable {
    package var registrations: [JSONValue]
    /// The number of all that the caller may see, if it asked.
    package var count: Int?
    package var hasMore: Bool
}
