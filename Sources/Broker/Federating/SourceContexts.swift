import ContextModel
import Federation
import Governance
import Synchronization

/// The `@context`s of what one source answers to one question.
///
/// Each document is fetched once, and there may be few: else a source could have the hub call any
/// number of addresses.
final class SourceContexts: Sendable {
    private let resolver: LDContextResolver
    private let sharer: Sharer
    private let known = Mutex<[JSONValue: LDContext]>([:])

    init(_ resolver: LDContextResolver, for sharer: Sharer) {
        self.resolver = resolver
        self.sharer = sharer
    }

    /// The `@context` of the reference; throws `tooMuch` beyond the limit, and `noContext`.
    func resolved(_ reference: JSONValue) async throws(SourceProblem) -> LDContext {
        let (found, count) = known.withLock { ($0[reference], $0.count) }
        if let found { return found }
        guard count < FederationLimits.maximumContexts else { throw .tooMuch }
        let context: LDContext
        do throws(LDContextError) {
            context = try await resolver.context(for: reference, sharer: sharer)
        } catch {
            throw .noContext
        }
        known.withLock { $0[reference] = context }
        return context
    }
}
