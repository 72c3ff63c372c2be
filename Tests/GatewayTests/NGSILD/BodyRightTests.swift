import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// A caller without the right is refused for any body, which is not read.
@Suite struct BodyRightTests {
    private let reader = Policy(permissions: [
        Permission(assignee: .anyone, actions: [.read], target: .everything)
    ])

    private func answer(
        to method: HTTPRequest.Method,
        _ path: String,
        _ body: ByteBuffer,
        token: String?
    ) async throws -> HTTPResponse.Status? {
        var status: HTTPResponse.Status?
        let (sent, answered) = AsyncStream.makeStream(of: HTTPResponse.Status.self)
        try await ServedHub(policy: reader).test { served in
            var headers: HTTPFields = [.contentType: "application/json"]
            if let token { headers[.authorization] = "Bearer \(token)" }
            let answer = try await served.client.execute(
                uri: "\(Paths.base)/\(path)",
                method: method,
                headers: headers,
                body: body
            )
            answered.yield(answer.status)
        }
        answered.finish()
        for await answer in sent { status = answer }
        return status
    }

    /// A stored body that is read repeatedly has a smaller limit than data.
    @Test(
        arguments: [
            (.post, "subscriptions"), (.patch, "subscriptions/urn:x"),
            (.post, "csourceRegistrations"), (.patch, "csourceRegistrations/urn:x"),
            (.post, "csourceSubscriptions"), (.post, "snapshots"), (.patch, "snapshots/urn:x"),
        ] as [(HTTPRequest.Method, String)]
    )
    func `a kept body has 64 KiB at most`(method: HTTPRequest.Method, path: String) async throws {
        func status(_ count: Int) async throws -> HTTPResponse.Status? {
            let body = ByteBuffer(repeating: UInt8(ascii: " "), count: count)
            return try await answer(to: method, path, body, token: ServedHub.operatorToken)
        }
        #expect(try await status(65_536) == .badRequest)
        #expect(try await status(65_537) == .contentTooLarge)
    }

    @Test(
        arguments: [
            (.post, "entities"), (.put, "entities/urn:x"), (.patch, "entities/urn:x"),
            (.post, "entities/urn:x/attrs"), (.patch, "entities/urn:x/attrs"),
            (.put, "entities/urn:x/attrs/a"), (.patch, "entities/urn:x/attrs/a"),
            (.post, "entityOperations/create"), (.post, "entityOperations/upsert"),
            (.post, "entityOperations/update"), (.post, "entityOperations/merge"),
            (.post, "entityOperations/delete"), (.post, "temporal/entities"),
            (.post, "temporal/entities/urn:x/attrs"), (.post, "subscriptions"),
            (.patch, "subscriptions/urn:x"), (.post, "jsonldContexts"),
            (.post, "csourceRegistrations"),
            (.patch, "csourceRegistrations/urn:x"), (.post, "csourceSubscriptions"),
            (.patch, "csourceSubscriptions/urn:x"),
        ] as [(HTTPRequest.Method, String)]
    )
    func `without the right a body is not read`(
        method: HTTPRequest.Method,
        path: String
    ) async throws {
        let broken = ByteBuffer(string: "{")
        #expect(try await answer(to: method, path, broken, token: nil) == .unauthorized)
        #expect(
            try await answer(to: method, path, broken, token: ServedHub.officeToken) == .forbidden
        )
        #expect(
            try await answer(to: method, path, broken, token: ServedHub.operatorToken)
                == .badRequest
        )
    }

    @Test(arguments: ["entityOperations/query", "temporal/entityOperations/query"])
    func `a question has a small limit`(path: String) async throws {
        let long = ByteBuffer(repeating: UInt8(ascii: " "), count: (1 << 20) + 1)
        #expect(try await answer(to: .post, path, long, token: nil) == .contentTooLarge)
    }
}
