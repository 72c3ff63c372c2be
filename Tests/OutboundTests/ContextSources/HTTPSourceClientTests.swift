import Broker
import Clauses
import ContextModel
import Federation
import Governance
import NIOHTTP1
import Testing

@testable import Outbound

@Suite(.timeLimit(.minutes(1)), .clause("4.3.6.5", "6.3.18")) struct HTTPSourceClientTests {
    private func ask(
        _ request: SourceRequest,
        allowsPrivate: Bool = true,
        maximumBytes: Int = 1_000,
        in memory: AnswerMemory? = nil
    ) async throws -> SourceAnswer {
        let web = OutboundWeb(allowsPrivateAddresses: allowsPrivate)
        let result: Result<SourceAnswer, SourceProblem>
        do throws(SourceProblem) {
            result = .success(
                try await HTTPSourceClient(web).answer(
                    to: request,
                    maximumBytes: maximumBytes,
                    in: memory ?? AnswerMemory(for: Sharer(.operator)),
                    for: Sharer(.operator),
                    signedBy: nil
                )
            )
        } catch {
            result = .failure(error)
        }
        try await web.shutdown()
        return try result.get()
    }

    @Test func `a request has the words of the standard`() async throws {
        let server = try await LoopbackServer { _ in
            .init(
                status: .ok,
                headers: ["Content-Type": "application/ld+json; charset=utf-8"],
                body: "[]"
            )
        }
        var request = SourceRequest(.queryEntity, at: server.url + "/broker1/")
        request.parameters = [
            KeyValuePair(key: "type", value: "Bus,(A;B)"), KeyValuePair(key: "q", value: "a>1&b"),
        ]
        request.tenant = "north"
        request.contextURL = "http://c.example/c.jsonld"
        request.via = ["hub-a", "hub-b"]
        request.version = "1.6"
        request.info = [KeyValuePair(key: "X-Key", value: "7")]
        let answer = try await ask(request)
        #expect(answer.status == 200)
        #expect(answer.hasInnerContext)
        #expect(answer.body == Array("[]".utf8))
        var requests = server.requests.makeAsyncIterator()
        let head = try #require(await requests.next()).head
        #expect(head.method == .GET)
        #expect(head.uri == "/broker1/ngsi-ld/v1/entities?type=Bus,%28A%3BB%29&q=a%3E1%26b")
        #expect(head.headers["Via"] == ["1.1 hub-a, 1.1 hub-b"])
        #expect(head.headers["NGSILD-Tenant"] == ["north"])
        #expect(head.headers["Prefer"] == ["ngsi-ld=1.6"])
        #expect(head.headers["X-Key"] == ["7"])
        #expect(head.headers["Link"] == [LinkHeader.value(for: "http://c.example/c.jsonld")])
        try await server.close()
    }

    @Test(.clause("6.3.10")) func `what an answer says of its rest is read`() async throws {
        let server = try await LoopbackServer { _ in
            .init(
                status: .partialContent,
                headers: [
                    "Link": "<http://x.example/>;rel=\"next\"",
                    "Content-Range": "date-time 2026-01-01T00:00:00Z-2026-01-02T03:04:05.678Z/*",
                ],
                body: "[]"
            )
        }
        let answer = try await ask(SourceRequest(.queryTemporal, at: server.url))
        #expect(answer.status == 206 && answer.hasNextPage)
        #expect(answer.partEnd == Timestamp("2026-01-02T03:04:05.678Z"))
        try await server.close()
        let ends: [String: String?] = [
            "DateTime 2026-01-02T00:00:00Z-2026-01-01T00:00:00Z/5": "2026-01-01T00:00:00Z",
            "date-time 2026-01-02T00:00:00Z/5": nil, "": nil, "bytes 0-5/7": nil,
        ]
        for (header, end) in ends {
            #expect(HTTPSourceClient.end(ofPart: header) == end.flatMap { Timestamp($0) })
        }
    }

    @Test func `a question is asked again where an idle connection is closed, and a change is not`()
        async throws
    {
        let source = try await ClosingSource()
        let web = OutboundWeb(allowsPrivateAddresses: true)
        func ask(_ request: SourceRequest) async throws(SourceProblem) -> SourceAnswer {
            try await HTTPSourceClient(web).answer(
                to: request,
                maximumBytes: 1_000,
                in: AnswerMemory(for: Sharer(.operator)),
                for: Sharer(.operator),
                signedBy: nil
            )
        }
        let question = SourceRequest(.queryEntity, at: source.url)
        for number in 1...3 {
            #expect(try await ask(question).status == 200)
            #expect(source.connections == number)
        }
        var change = SourceRequest(.createEntity, at: source.url)
        change.body = .json(["id": "urn:x:1", "type": "Bus"])
        await #expect(throws: SourceProblem.unreachable) { try await ask(change) }
        #expect(source.connections == 3)
        try await web.shutdown()
        try await source.close()
    }

    @Test func `a body has its media type`() async throws {
        let server = try await LoopbackServer { _ in .init(status: .created) }
        var request = SourceRequest(.createEntity, at: server.url)
        request.body = .json(["id": "urn:x:1", "type": "Bus"])
        #expect(try await ask(request).status == 201)
        request.body = .jsonLD(["id": "urn:x:1", "type": "Bus"])
        _ = try await ask(request)
        var requests = server.requests.makeAsyncIterator()
        for type in ["application/json", "application/ld+json"] {
            let seen = try #require(await requests.next())
            #expect(seen.head.method == .POST)
            #expect(seen.head.uri == "/ngsi-ld/v1/entities")
            #expect(seen.head.headers["Content-Type"] == [type])
            #expect(seen.body == #"{"id":"urn:x:1","type":"Bus"}"#)
        }
        try await server.close()
    }

    @Test(
        arguments: [
            (.updateEntity, "PATCH", "entities/urn:x:a%2Fb/attrs/"),
            (.appendAttrs, "POST", "entities/urn:x:a%2Fb/attrs/"),
            (.updateAttrs, "PATCH", "entities/urn:x:a%2Fb/attrs/speed"),
            (.replaceAttrs, "PUT", "entities/urn:x:a%2Fb/attrs/speed"),
            (.deleteAttrs, "DELETE", "entities/urn:x:a%2Fb/attrs/speed"),
            (.deleteEntity, "DELETE", "entities/urn:x:a%2Fb"),
            (.mergeEntity, "PATCH", "entities/urn:x:a%2Fb"),
            (.replaceEntity, "PUT", "entities/urn:x:a%2Fb"),
            (.retrieveEntity, "GET", "entities/urn:x:a%2Fb"),
            (.queryBatch, "POST", "entityOperations/query"),
            (.retrieveTemporal, "GET", "temporal/entities/urn:x:a%2Fb"),
            (.deleteTemporal, "DELETE", "temporal/entities/urn:x:a%2Fb"),
            (.appendAttrsTemporal, "POST", "temporal/entities/urn:x:a%2Fb/attrs/"),
            (.deleteAttrsTemporal, "DELETE", "temporal/entities/urn:x:a%2Fb/attrs/speed"),
            (
                .updateAttrInstanceTemporal, "PATCH",
                "temporal/entities/urn:x:a%2Fb/attrs/speed/urn:i:1"
            ),
            (
                .deleteAttrInstanceTemporal, "DELETE",
                "temporal/entities/urn:x:a%2Fb/attrs/speed/urn:i:1"
            ), (.upsertTemporal, "POST", "temporal/entities"),
        ] as [(DistributedOperation, String, String)]
    )
    func `each operation has its place`(
        operation: DistributedOperation,
        method: String,
        path: String
    ) {
        var request = SourceRequest(operation, at: "http://s.example")
        request.entityID = EntityID("urn:x:a/b")
        if path.contains("speed") { request.attribute = "speed" }
        if path.hasSuffix("urn:i:1") { request.instance = "urn:i:1" }
        let call = SourceCall(request)
        #expect(call.method == method)
        #expect(call.url == "http://s.example/ngsi-ld/v1/\(path)")
    }

    @Test func `what is too long, elsewhere or away is told`() async throws {
        let server = try await LoopbackServer { head in
            .init(
                status: head.uri.contains("moved") ? .found : .ok,
                headers: ["Location": "http://169.254.0.1/"],
                body: String(repeating: "x", count: 1_001)
            )
        }
        await #expect(throws: SourceProblem.tooMuch) {
            try await ask(SourceRequest(.queryEntity, at: server.url))
        }
        // An answer is counted as it comes, and not taken where others have the memory.
        let full = AnswerMemory(for: Sharer(.operator))
        while full.take(1 << 20) {}
        while full.take(1) {}
        await #expect(throws: SourceProblem.busy) {
            try await ask(
                SourceRequest(.queryEntity, at: server.url),
                maximumBytes: 2_000,
                in: full
            )
        }
        // A redirect is not followed: it might lead into the city's own network.
        let moved = SourceRequest(.queryEntity, at: server.url + "/moved")
        #expect(try await ask(moved, maximumBytes: 2_000).status == 302)
        await #expect(throws: SourceProblem.addressRefused) {
            try await ask(SourceRequest(.queryEntity, at: server.url), allowsPrivate: false)
        }
        let url = server.url
        try await server.close()
        await #expect(throws: SourceProblem.unreachable) {
            try await ask(SourceRequest(.queryEntity, at: url))
        }
    }
}
