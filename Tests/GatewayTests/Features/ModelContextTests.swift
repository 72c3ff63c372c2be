import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// The Model Context Protocol.
@Suite struct ModelContextTests {
    private func ask(
        _ client: ServedClient,
        _ method: String,
        _ parameters: JSONValue = [:]
    ) async throws -> JSONObject {
        let message: JSONValue = [
            "jsonrpc": "2.0", "id": 7, "method": .string(method), "params": parameters,
        ]
        let answer = try await client.send(.post, "/mcp", message).json
        #expect(answer["id"] == 7)
        return answer
    }

    private func use(
        _ client: ServedClient,
        _ tool: String,
        _ arguments: JSONValue = [:]
    ) async throws -> (isError: Bool, text: String) {
        let answer = try await ask(
            client,
            "tools/call",
            ["name": .string(tool), "arguments": arguments]
        )
        let result = try #require(answer["result"]?.objectValue)
        let text = result["content"]?.arrayValue?.first?.objectValue?["text"]?.stringValue
        return (result["isError"] == true, try #require(text))
    }

    @Test(arguments: [("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-06-18")])
    func `the hub introduces itself in a revision that both know`(
        wanted: String,
        given: String
    ) async throws {
        try await ServedHub().test { client in
            let answer = try await ask(client, "initialize", ["protocolVersion": .string(wanted)])
            let result = answer["result"]?.objectValue
            #expect(result?["protocolVersion"] == .string(given))
            #expect(result?["capabilities"] == ["tools": [:]])
            let note: JSONValue = ["jsonrpc": "2.0", "method": "notifications/initialized"]
            #expect(try await client.send(.post, "/mcp", note).status == .accepted)
        }
    }

    @Test func `every tool reads, and names its arguments`() async throws {
        try await ServedHub().test { client in
            let tools = try await ask(client, "tools/list")["result"]?.objectValue?["tools"]?
                .arrayValue
            #expect(tools?.count == 5)
            for tool in tools ?? [] {
                let hints = tool.objectValue?["annotations"]?.objectValue
                #expect(hints?["readOnlyHint"] == true)
            }
        }
    }

    @Test func `tools answer as the API does`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([10, 20, 30])
            let types = try await use(client, "list_types")
            #expect(types.text.contains("\"Bus\""))
            let fast = try await use(
                client,
                "query_entities",
                ["type": "Bus", "q": "speed>15", "limit": 1]
            )
            #expect(!fast.isError)
            #expect(fast.text.contains("\"matched\":2"))
            #expect(fast.text.contains("urn:x:20"))
            #expect(!fast.text.contains("urn:x:30"))
            let history = try await use(client, "read_history", ["type": "Bus"])
            #expect(!history.isError, "\(history.text)")
            let sums = try await use(
                client,
                "aggregate_history",
                [
                    "type": "Bus", "aggrMethods": ["max", "totalCount"], "timerel": "after",
                    "timeAt": "2000-01-01T00:00:00Z",
                ]
            )
            #expect(!sums.isError, "\(sums.text)")
            let why = try await use(client, "explain_access", ["type": "Tram"])
            #expect(why.text.contains("no entity of the type 'Tram'"))
        }
    }

    @Test func `a wrong argument is told to the model, an unknown tool is an error`() async throws {
        try await ServedHub().test { client in
            let unknown = try await use(client, "query_entities", ["colour": "red"])
            #expect(unknown.isError)
            #expect(unknown.text.contains("colour"))
            let wrong = try await use(client, "query_entities", ["type": "Bus", "q": "speed>"])
            #expect(wrong.isError)
            let tool = try await ask(client, "tools/call", ["name": "delete_all"])
            #expect(tool["error"]?.objectValue?["code"] == -32602)
            let method = try await ask(client, "resources/list")
            #expect(method["error"]?.objectValue?["code"] == -32601)
        }
    }

    @Test func `a page of another origin is refused`() async throws {
        try await ServedHub().test { client in
            let message: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "ping"]
            let answer = try await client.send(
                .post,
                "/mcp",
                message,
                headers: [.origin: "https://evil.example"]
            )
            #expect(answer.status == .forbidden)
            // The owner of a name may let it lead to this machine.
            let rebound = try await client.send(
                .post,
                "/mcp",
                message,
                headers: [.origin: "http://evil.example"]
            )
            #expect(rebound.status == .forbidden)
        }
    }

    @Test func `an unknown revision is refused, and an answer is for nobody`() async throws {
        try await ServedHub().test { client in
            let message: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "ping"]
            let revision = try #require(HTTPField.Name("MCP-Protocol-Version"))
            let answer = try await client.send(
                .post,
                "/mcp",
                message,
                headers: [revision: "1999-01-01"]
            )
            #expect(answer.status == .badRequest)
            let reply: JSONValue = ["jsonrpc": "2.0", "id": 1, "result": [:]]
            #expect(try await client.send(.post, "/mcp", reply).status == .accepted)
        }
    }
}
