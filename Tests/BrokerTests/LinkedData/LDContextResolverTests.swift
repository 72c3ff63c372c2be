import Clauses
import ContextModel
import Governance
import Logging
import Storage
import Synchronization
import Testing

@testable import Broker

/// `@context` documents that refer to others.
@Suite(.clause("4.4", "5.5.7")) struct LDContextResolverTests {
    private static let url = "https://far.example/a/context.jsonld"

    /// A web of documents by URL; one of them is redirected.
    private struct Web: LDContextSource {
        var documents: [String: JSONValue]
        var redirects: [String: String] = [:]

        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            let target = redirects[url]
            guard let context = documents[target ?? url] else {
                throw LDContextError(.unavailable, "There is nothing at '\(url)'.")
            }
            return LDContextDocument(["@context": context], redirectedTo: target)
        }
    }

    private func context(
        _ reference: JSONValue,
        _ documents: [String: JSONValue] = [:],
        redirects: [String: String] = [:]
    ) async throws -> LDContext {
        try await context(reference, from: Web(documents: documents, redirects: redirects))
    }

    private func context(
        _ reference: JSONValue,
        from web: some LDContextSource
    ) async throws -> LDContext {
        let fixture = try await SubscriptionFixture()
        let store = LDContextStore(
            fixture.store,
            publicURL: "http://hub.example",
            clock: fixture.hub.clock,
            makeIdentifier: fixture.hub.makeIdentifier,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await LDContextResolver(LDContextFetcher(store, web)).context(
            for: reference,
            sharer: Sharer(.operator)
        )
    }

    private let bus: JSONValue = ["Bus": "https://far.example/Bus"]

    @Test(arguments: ["more.jsonld", "./more.jsonld", "../a/more.jsonld", "/a/more.jsonld"])
    func `a relative URL is relative to its document`(relative: String) async throws {
        let documents: [String: JSONValue] = [
            Self.url: [.string(relative), ["Tram": "https://far.example/Tram"]],
            "https://far.example/a/more.jsonld": bus,
        ]
        let ld = try await context(.string(Self.url), documents)
        #expect(ld.expand("Bus") == IRI("https://far.example/Bus"))
        #expect(ld.expand("Tram") == IRI("https://far.example/Tram"))
    }

    @Test func `URLs are relative to the target of a redirect`() async throws {
        let ld = try await context(
            "https://short.example/c",
            [Self.url: ["more.jsonld"], "https://far.example/a/more.jsonld": bus],
            redirects: ["https://short.example/c": Self.url]
        )
        #expect(ld.expand("Bus") == IRI("https://far.example/Bus"))
    }

    @Test func `an import adds terms, and the importer's take precedence`() async throws {
        let imported: JSONValue = [
            "@vocab": "https://v.example/", "Bus": "https://far.example/Bus",
            "Tram": "https://far.example/Tram",
        ]
        let own: JSONValue = ["@import": .string(Self.url), "Tram": "https://own.example/Tram"]
        let ld = try await context([own], [Self.url: imported])
        #expect(ld.expand("Bus") == IRI("https://far.example/Bus"))
        #expect(ld.expand("Tram") == IRI("https://own.example/Tram"))
        #expect(ld.expand("speed") == IRI("https://v.example/speed"))
        let core = try await context(["@import": .string(CoreContext.url), "Bus": "urn:x:Bus"])
        #expect(core.expand("Bus") == IRI("urn:x:Bus"))
    }

    @Test(
        arguments: [
            ["more.jsonld"], ["@import": "more.jsonld"], ["@import": 5],
            // Only one object can be imported, and it imports no other.
            ["@import": "https://far.example/array"], ["@import": "https://far.example/import"],
            "https://far.example/itself",
        ] as [JSONValue]
    )
    func `references that cannot be followed are refused`(reference: JSONValue) async throws {
        let documents: [String: JSONValue] = [
            "https://far.example/array": [bus],
            "https://far.example/import": ["@import": "array"],
            "https://far.example/itself": ["itself"],
        ]
        await #expect(throws: LDContextError(.invalid, "")) {
            try await context(reference, documents)
        }
    }

    @Test(
        arguments: [
            // In a cycle, through arrays and through imports.
            ["0": ["1"], "1": ["2"], "2": ["0"]],
            ["0": ["1", ["1"]], "1": [["@import": "2"], "0"], "2": ["Bus": "urn:x:Bus"]],
            ["0": ["@import": "1"], "1": ["@import": "0"]],
            ["0": ["@import": "0"]],
            // Without a cycle, five times as many at each step.
            [
                "0": ["1", "1", "1", "1", "1"], "1": ["2", "2", "2", "2", "2"],
                "2": ["3", "3", "3", "3", "3"], "3": ["Bus": "urn:x:Bus"],
            ],
        ] as [[String: JSONValue]]
    )
    func `documents that include each other endlessly are refused after a few`(
        documents: [String: JSONValue]
    ) async throws {
        let counter = Mutex(0)
        let web = CountingWeb(
            web: Web(
                documents: Dictionary(
                    uniqueKeysWithValues: documents.map { ("https://far.example/\($0)", $1) }
                )
            ),
            count: { counter.withLock { $0 += 1 } }
        )
        await #expect(throws: LDContextError(.invalid, "")) {
            try await context("https://far.example/0", from: web)
        }
        #expect(counter.withLock { $0 } <= LDContextResolver.maximumDocuments)
    }

    private struct CountingWeb: LDContextSource {
        var web: Web
        var count: @Sendable () -> Void

        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            count()
            return try await web.document(at: url, for: sharer)
        }
    }

    /// The `@context` in the bodies of answers must lead to the core, and need not do so twice.
    @Test func `the core is added where no document ends with it`() async throws {
        let core = JSONValue.string(CoreContext.url)
        let old: JSONValue = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"
        let url = JSONValue.string(Self.url)
        for (document, isWhole) in [
            (.array([bus, old]), true), (.array([bus, .array([core])]), true),
            (.array([core, bus]), false), (bus, false), (.array([bus, core, .null]), false),
        ] as [(JSONValue, Bool)] {
            for reference in [url, .array([url])] {
                let ld = try await context(reference, [Self.url: document])
                #expect(ld.embedded == (isWhole ? reference : .array([url, core])))
            }
            let ld = try await context(.array([url, bus]), [Self.url: document])
            #expect(ld.embedded == .array([url, bus, core]))
        }
    }

    @Test func `a null removes the definitions before it`() async throws {
        let ld = try await context([bus, .null, ["Tram": "https://far.example/Tram"]])
        #expect(ld.expand("Bus") == LDContext.core.expand("Bus"))
        #expect(ld.expand("Tram") == IRI("https://far.example/Tram"))
        await #expect(throws: LDContextError(.invalid, "")) {
            try await context([["@protected": true, "Bus": "urn:x:Bus"], .null])
        }
    }

    @Test func `the target of a copy's redirect is kept over a restart`() async throws {
        let fixture = try await SubscriptionFixture()
        var copy = fixture.hub.contextStore.core(Self.url)
        copy.redirectedTo = "https://far.example/b"
        #expect(StoredLDContext(copy.document) == copy)
        #expect(copy.baseURL == "https://far.example/b")
    }
}
