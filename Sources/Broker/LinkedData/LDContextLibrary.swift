package import ContextModel
import Synchronization

/// Gets the JSON of an `@context` from where its URL points.
package protocol LDContextSource: Sendable {
    func document(at url: String) async throws(LDContextError) -> JSONValue
}

/// Makes `@context` references usable and keeps those made: core, by URL, inline or mixed
/// (clauses 4.4 and 5.5.5).
package final class LDContextLibrary: Sendable {
    /// Contexts kept ready, at most; beyond it they are made again when needed.
    static let maximumKept = 1_000
    /// Documents that one `@context` may lead to, one inside the other.
    static let maximumDepth = 8
    /// Documents that one `@context` may lead to in all.
    static let maximumDocuments = 64

    private let source: any LDContextSource
    private let kept = Mutex<[JSONValue: LDContext]>([:])

    package init(source: any LDContextSource) { self.source = source }

    /// The context a request names, the core one when it names none.
    package func context(for reference: JSONValue?) async throws(LDContextError) -> LDContext {
        guard let reference, !Self.isCore(reference) else { return .core }
        if let ready = kept.withLock({ $0[reference] }) { return ready }
        try Self.checkShape(reference)
        var gathering = Gathering()
        try await gather(reference, into: &gathering, depth: 0)
        let context = LDContext(
            reference: reference,
            definitions: gathering.definitions
        )
        kept.withLock {
            if $0.count >= Self.maximumKept { $0.removeAll(keepingCapacity: true) }
            $0[reference] = context
        }
        return context
    }

    /// Forgets what was made from a URL, so that it is fetched anew (clause 5.13.5 `reload`).
    package func forget(_ url: String) {
        // Contexts that include the URL through another document are forgotten as well: all are.
        kept.withLock { $0.removeAll(keepingCapacity: true) }
    }

    /// Refuses what can be no `@context` before anything is fetched.
    private static func checkShape(_ reference: JSONValue) throws(LDContextError) {
        switch reference {
        case .null, .string, .object: break
        case .array(let parts): for part in parts { try checkShape(part) }
        case .bool, .number:
            throw LDContextError(
                .invalid,
                "An @context is a URL, an object or an array of these, not "
                    + "\(reference.excerpt)."
            )
        }
    }

    private struct Gathering {
        var definitions = LDContextDefinitions()
        var documents = 0
    }

    private func gather(
        _ reference: JSONValue,
        into gathering: inout Gathering,
        depth: Int
    ) async throws(LDContextError) {
        guard depth < Self.maximumDepth, gathering.documents < Self.maximumDocuments else {
            throw LDContextError(
                .invalid,
                "The @context includes too many others, or itself."
            )
        }
        switch reference {
        case .null: break
        case .string(let url) where CoreContext.isCore(url): break
        case .string(let url):
            guard URIText.isValid(url) else {
                throw LDContextError(.invalid, "The @context '\(url)' is not a URL.")
            }
            gathering.documents += 1
            let document = try await source.document(at: url)
            guard let inner = document.objectValue?["@context"] else {
                throw LDContextError(.invalid, "The document at '\(url)' has no @context.")
            }
            try await gather(inner, into: &gathering, depth: depth + 1)
        case .array(let parts):
            for part in parts { try await gather(part, into: &gathering, depth: depth + 1) }
        case .object(let object): try gathering.definitions.add(object)
        case .bool, .number: try Self.checkShape(reference)
        }
    }

    private static func isCore(_ reference: JSONValue) -> Bool {
        switch reference {
        case .string(let url): CoreContext.isCore(url)
        case .array(let parts): !parts.isEmpty && parts.allSatisfy(isCore)
        default: false
        }
    }
}
