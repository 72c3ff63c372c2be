package import ContextModel
package import Governance

/// Query Context Source Registration Subscriptions (clause 5.11.5), in the order of creation.
extension Subscribing {
    package func queryContextSourceRegistrationSubscriptions(
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> SubscriptionPage {
        try await querySubscriptions(
            to: .registrations,
            offset: offset,
            limit: limit,
            wantsCount: wantsCount,
            ld: ld,
            sysAttrs: sysAttrs,
            caller: caller
        )
    }
}
