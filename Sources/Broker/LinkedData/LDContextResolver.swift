package import ContextModel
package import Governance
import Synchronization

/// Resolves `@context` references into `@context`s that are ready for use: core, by URL, inline or
/// mixed (clauses 4.4 and 5.5.5).
///
/// All code that needs an `@context` asks here. Results are cached, within limits. Their documents
/// come from `LDContextFetcher`, and `LDContextStore` stores them.
package final class LDContextResolver: Sendable {
    /// The most cached `@context`s, and the most bytes of them; the least recently used are
    /// evicted.
    static let maximumKept = 1_000
    static let maximumBytes = 32 << 20
    /// The depth of documents that refer to others.
    static let maximumDepth = 8
    /// The most documents of one `@context`.
    static let maximumDocuments = 64

    private struct Ready: Sendable {
        var context: LDContext
        /// When one of its documents must be fetched again.
        var freshUntil: Timestamp?
        /// The version of the cache of documents when it was created.
        var cacheVersion: Int
    }

    /// Gets the documents of references.
    let fetcher: LDContextFetcher
    private let kept = Mutex(
        FairCache<JSONValue, Ready>(maximumBytes: maximumBytes, maximumCount: maximumKept)
    )

    let longWork: LongWork
    private let cache: LDContextCache

    init(_ fetcher: LDContextFetcher, _ longWork: LongWork = LongWork()) {
        self.fetcher = fetcher
        cache = fetcher.store.cache
        self.longWork = longWork
    }

    /// The `@context` of a request, or the core one when it has none.
    ///
    /// The cache counts it for `sharer`.
    ///
    /// Without `mayFetch`, a document that is not stored is unavailable, and an expired one is
    /// used.
    package func context(
        for reference: JSONValue?,
        sharer: Sharer,
        mayFetch: Bool = true
    ) async throws(LDContextError) -> LDContext {
        guard let reference, !Self.isCore(reference) else { return .core }
        if let ready = ready(reference, sharer.party) { return ready }
        try Self.checkShape(reference)
        // A reference of a few bytes may lead to documents of a megabyte each.
        return try await longWork.run(for: sharer) { () throws(LDContextError) in
            try await make(reference, sharer, mayFetch)
        }
    }

    /// The same, with errors for callers.
    package func resolved(
        _ reference: JSONValue?,
        for sharer: Sharer,
        mayFetch: Bool = true
    ) async throws(BrokerError) -> LDContext {
        do {
            return try await context(for: reference, sharer: sharer, mayFetch: mayFetch)
        } catch {
            throw BrokerError(error)
        }
    }

    private func make(
        _ reference: JSONValue,
        _ sharer: Sharer,
        _ mayFetch: Bool
    ) async throws(LDContextError) -> LDContext {
        let version = cache.version
        var gathering = Gathering(sharer: sharer, mayFetch: mayFetch)
        try await gather(reference, in: nil, into: &gathering, depth: 0)
        let context = LDContext(reference: reference, definitions: gathering.definitions)
        let ready = Ready(
            context: context,
            freshUntil: gathering.freshUntil,
            cacheVersion: version
        )
        // Terms are stored for both directions.
        let bytes = reference.serialized.count + 2 * gathering.definitions.bytes
        kept.withLock { _ = $0.put(ready, for: reference, bytes: bytes, owner: sharer.party) }
        return context
    }

    private func ready(_ reference: JSONValue, _ party: Party) -> LDContext? {
        guard let (ready, owner) = kept.withLock({ $0.use(reference) }) else { return nil }
        // An `@context` counted for the anonymous party is created again for another party, which
        // keeps it longer.
        if owner == .anonymous && party != .anonymous { return nil }
        // One of its documents may have changed.
        guard ready.cacheVersion == cache.version else { return nil }
        if let freshUntil = ready.freshUntil, freshUntil <= fetcher.store.clock() { return nil }
        return ready.context
    }

    /// Throws for a reference that cannot be an `@context`, before anything is fetched.
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
        let sharer: Sharer
        let mayFetch: Bool
        var definitions = LDContextDefinitions()
        var documents = 0
        var freshUntil: Timestamp?

        init(sharer: Sharer, mayFetch: Bool) {
            self.sharer = sharer
            self.mayFetch = mayFetch
        }
    }

    /// Adds the definitions of the reference, which is in the document at `url`, if in any.
    private func gather(
        _ reference: JSONValue,
        in base: String?,
        into gathering: inout Gathering,
        depth: Int
    ) async throws(LDContextError) {
        switch reference {
        case .null: try gathering.definitions.reset()
        case .string(let text):
            guard let document = try await document(text, in: base, for: &gathering, depth: depth)
            else {
                if base != nil { gathering.definitions.addCore() }
                break
            }
            let inner = document.body.objectValue?["@context"] ?? .null
            try await gather(inner, in: document.baseURL, into: &gathering, depth: depth + 1)
        case .array(let parts):
            for part in parts {
                try await gather(part, in: base, into: &gathering, depth: depth + 1)
            }
        case .object(let object):
            let whole = try await importing(into: object, in: base, for: &gathering, depth: depth)
            try gathering.definitions.add(whole)
        case .bool, .number: try Self.checkShape(reference)
        }
    }

    /// The document of a URL, which is relative to the document that contains it (JSON-LD 1.1,
    /// context processing); nil for the core `@context`, which holds in any case.
    private func document(
        _ text: String,
        in base: String?,
        for gathering: inout Gathering,
        depth: Int
    ) async throws(LDContextError) -> StoredLDContext? {
        let url = URIText.isValid(text) ? text : base.flatMap { URIText.resolve(text, against: $0) }
        guard let url, URIText.isValid(url) else {
            throw LDContextError(
                .invalid,
                "The @context '\(text)' is not a URL; a relative one is for documents that have a "
                    + "URL themselves."
            )
        }
        if CoreContext.isCore(url) { return nil }
        guard depth < Self.maximumDepth, gathering.documents < Self.maximumDocuments else {
            throw LDContextError(
                .invalid,
                "The @context includes too many others, or itself."
            )
        }
        gathering.documents += 1
        let document = try await fetcher.document(
            at: url,
            for: gathering.sharer,
            mayFetch: gathering.mayFetch
        )
        gathering.freshUntil = [gathering.freshUntil, document.expiresAt].compactMap(\.self).min()
        return document
    }

    /// The object with the definitions of the document that it imports; its own take precedence
    /// (JSON-LD 1.1, `@import`).
    private func importing(
        into object: JSONObject,
        in base: String?,
        for gathering: inout Gathering,
        depth: Int
    ) async throws(LDContextError) -> JSONObject {
        guard let reference = object["@import"] else { return object }
        guard let text = reference.stringValue else {
            throw LDContextError(.invalid, "'@import' is a URL, not \(reference.excerpt).")
        }
        let imported =
            try await document(text, in: base, for: &gathering, depth: depth)
            .map { $0.body.objectValue?["@context"] ?? .null } ?? [:]
        guard var whole = imported.objectValue, whole["@import"] == nil else {
            throw LDContextError(
                .invalid,
                "The @context '\(text)' cannot be imported: it is not one object of terms, or it "
                    + "imports another."
            )
        }
        for (key, value) in object.members where key != "@import" { whole[key] = value }
        return whole
    }

    private static func isCore(_ reference: JSONValue) -> Bool {
        switch reference {
        case .string(let url): CoreContext.isCore(url)
        case .array(let parts): !parts.isEmpty && parts.allSatisfy(isCore)
        default: false
        }
    }
}
