import Broker
import ContextModel
import Governance
import NIOHTTP1
import Testing

@testable import Outbound

@Suite(.timeLimit(.minutes(1))) struct HTTPContextSourceTests {
    private func fetch(_ path: String, allowsPrivate: Bool = true) async throws -> LDContextDocument
    {
        let server = try await LoopbackServer { head in
            switch head.uri {
            case "/good": .init(status: .ok, body: #"{"@context": {"a": "urn:a"}}"#)
            case "/lasting":
                .init(
                    status: .ok,
                    headers: ["Cache-Control": "public, max-age=600"],
                    body: #"{"@context": {}}"#
                )
            case "/moved": .init(status: .found, headers: ["Location": "/good"])
            case "/round": .init(status: .found, headers: ["Location": "/round"])
            case "/broken": .init(status: .ok, body: "<html>")
            case "/huge":
                .init(
                    status: .ok,
                    body: String(repeating: " ", count: HTTPContextSource.maximumBytes + 1)
                )
            default: .init(status: .notFound)
            }
        }
        let web = OutboundWeb(allowsPrivateAddresses: allowsPrivate)
        let result: Result<LDContextDocument, LDContextError>
        do {
            result = .success(
                try await HTTPContextSource(web)
                    .document(at: server.url + path, for: Sharer(.anonymous))
            )
        } catch {
            result = .failure(error)
        }
        try await web.shutdown()
        try await server.close()
        return try result.get()
    }

    @Test(arguments: ["/good", "/moved"])
    func `a document is fetched, also over a redirect, with its final URL`(
        path: String
    ) async throws {
        let document = try await fetch(path)
        #expect(document.body == ["@context": ["a": "urn:a"]])
        let place: Bool? = path == "/moved" ? true : nil
        #expect(document.redirectedTo?.hasSuffix("/good") == place)
    }

    @Test func `a document stays fresh as long as its server tells`() async throws {
        #expect(try await fetch("/lasting").freshSeconds == 600)
    }

    @Test(arguments: ["/round", "/huge", "/missing"])
    func `a document that cannot be fetched is unavailable`(path: String) async {
        await #expect(throws: LDContextError(.unavailable, "")) { try await fetch(path) }
    }

    @Test func `a fetched document that is not JSON is invalid (clause 5_5_6)`() async {
        await #expect(throws: LDContextError(.invalid, "")) { try await fetch("/broken") }
    }

    @Test func `this machine is not called unless allowed`() async {
        await #expect(throws: LDContextError(.unavailable, "")) {
            try await fetch("/good", allowsPrivate: false)
        }
    }
}
