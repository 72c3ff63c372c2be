import Collect
import NIOHTTP1
import Outbound
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(4))) struct HTTPHubTests {
    private static let known = LoopbackServer.Answer(
        status: .ok,
        body: #"{"contextSourceAlias": "harbour"}"#
    )

    /// The result of asking a hub for its identity when it gives these answers one after the
    /// other.
    private func asking(
        _ answers: LoopbackServer.Answer...
    ) async throws -> (identity: Result<String?, HubFailure>, requests: [HTTPRequestHead]) {
        let requests = Mutex<[HTTPRequestHead]>([])
        let server = try await LoopbackServer { head in
            let count = requests.withLock {
                $0.append(head)
                return $0.count
            }
            return answers[min(count, answers.count) - 1]
        }
        let hub = HTTPHub(base: server.url, tenant: "new", context: "urn:c") { _ in }
        let identity: Result<String?, HubFailure>
        do throws(HubFailure) {
            identity = .success(try await hub.identity())
        } catch {
            identity = .failure(error)
        }
        try await server.close()
        return (identity, requests.withLock { $0 })
    }

    @Test func `a hub that is busy or starting is asked for its identity again`() async throws {
        let busy = LoopbackServer.Answer(status: .serviceUnavailable)
        let many = LoopbackServer.Answer(status: .tooManyRequests, headers: ["Retry-After": "1"])
        let (identity, requests) = try await asking(busy, many, Self.known)
        #expect(try identity.get() == "harbour")
        #expect(requests.count == 3)
    }

    @Test func `a hub is asked for its own identity, not its tenant's`() async throws {
        let (identity, requests) = try await asking(Self.known)
        #expect(try identity.get() == "harbour")
        let request = try #require(requests.first)
        #expect(request.uri == "/ngsi-ld/v1/info/sourceIdentity")
        #expect(request.headers["NGSILD-Tenant"] == [])
        #expect(request.headers["Link"] == [])
    }

    @Test func `a hub without the identity operation has none`() async throws {
        let (identity, requests) = try await asking(.init(status: .notFound))
        #expect(try identity.get() == nil)
        #expect(requests.count == 1)
    }

    @Test(arguments: [
        LoopbackServer.Answer(status: .serviceUnavailable), .init(status: .internalServerError),
        .init(status: .unauthorized), .init(status: .ok, body: "{}"),
        .init(status: .ok, body: "<html>"),
    ])
    func `a hub that fails to tell its identity does not count as one without`(
        answer: LoopbackServer.Answer
    ) async throws {
        let (identity, _) = try await asking(answer)
        #expect(throws: HubFailure.self) { try identity.get() }
    }
}
