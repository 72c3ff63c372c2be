import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Storage
import Testing

@testable import Gateway

@Suite struct OperationRoutesTests {
    @Test func `a sound hub is healthy`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/health", method: .get)
            #expect(answer.status == .ok)
            #expect(try answer.json["status"] == "ok")
            #expect(try answer.json["version"] == "1.2.3")
        }
    }

    @Test func `a hub whose store fails reports it without its reasons`() async throws {
        var hub = SmallHub()
        hub.probe = { throw StorageError(.damaged, note: "secret") }
        try await hub.test { client in
            let answer = try await client.execute(uri: "/health", method: .get)
            #expect(answer.status == .serviceUnavailable)
            #expect(try answer.json["store"] == "failing")
            #expect(!String(buffer: answer.body).contains("secret"))
        }
    }

    @Test func `metrics count requests by route, not by path`() async throws {
        try await SmallHub().test { client in
            for id in 1...3 {
                _ = try await client.execute(
                    uri: "/things/\(id)",
                    method: .post,
                    body: ByteBuffer(string: "x")
                )
            }
            _ = try await client.execute(uri: "/nowhere/at/all", method: .get)
            let answer = try await client.execute(
                uri: "/metrics",
                method: .get,
                headers: [.authorization: "Bearer \(SmallHub.operatorToken)"]
            )
            let text = String(buffer: answer.body)
            let route = "method=\"POST\",route=\"/things/{thingId}\""
            #expect(text.contains("http_requests_total{\(route),status=\"2xx\"} 3\n"))
            #expect(text.contains("http_request_duration_seconds_count{\(route)} 3\n"))
            #expect(text.contains("route=\"unknown\",status=\"4xx\"} 1\n"))
            #expect(!text.contains("/nowhere"))
            #expect(text.contains("process_resident_memory_bytes "))
        }
    }

    @Test func `metrics are for those who may see how much the hub does`() async throws {
        var hub = SmallHub()
        try await hub.test { client in
            let answer = try await client.execute(uri: "/metrics", method: .get)
            #expect(answer.status == .unauthorized)
            #expect(!String(buffer: answer.body).contains("http_requests"))
        }
        hub.policy = Policy(permissions: [
            Permission(assignee: .anyone, actions: [.measure], target: .nothing)
        ])
        try await hub.test { client in
            let answer = try await client.execute(uri: "/metrics", method: .get)
            #expect(answer.status == .ok)
        }
    }

    @Test func `metrics have the hub's figures, and no empty series`() async throws {
        var hub = SmallHub()
        hub.figures = {
            HubFigures(
                entities: 7,
                databaseBytes: 8,
                disk: DiskSpace(freeBytes: 9, totalBytes: 19)
            )
        }
        try await hub.test { client in
            let answer = try await client.execute(
                uri: "/metrics",
                method: .get,
                headers: [.authorization: "Bearer \(SmallHub.operatorToken)"]
            )
            let text = String(buffer: answer.body)
            #expect(text.contains("# TYPE balai_entities gauge\nbalai_entities 7\n"))
            #expect(text.contains("\nbalai_database_bytes 8\n"))
            #expect(text.contains("\nbalai_disk_free_bytes 9\n"))
            #expect(text.contains("\nbalai_disk_used_bytes 10\n"))
            #expect(!text.contains("http_request"), "nothing was asked before")
        }
    }

    @Test func `metrics have the counters even when the store does not answer`() async throws {
        var hub = SmallHub()
        hub.figures = { throw StorageError(.overloaded, note: "secret queue") }
        try await hub.test { client in
            let answer = try await client.execute(
                uri: "/metrics",
                method: .get,
                headers: [.authorization: "Bearer \(SmallHub.operatorToken)"]
            )
            #expect(answer.status == .ok)
            #expect(!String(buffer: answer.body).contains("balai_entities"))
        }
    }

    @Test func `every route is described once, and nothing else`() async throws {
        let hub = SmallHub()
        try await hub.test { client in
            let answer = try await client.execute(uri: "/openapi.json", method: .get)
            let document = try answer.json
            #expect(document["openapi"] == "3.1.0")
            var described: Set<String> = []
            for (path, item) in document["paths"]?.objectValue?.members ?? [] {
                for (method, _) in item.objectValue?.members ?? [] {
                    described.insert("\(method.uppercased()) \(path)")
                }
            }
            let served = hub.routes.descriptions.map { "\($0.method.rawValue) \($0.path)" }
            #expect(described == Set(served))
            #expect(described.count == served.count)
        }
    }

    @Test func `a path's captures are described as parameters`() async throws {
        try await SmallHub().test { client in
            let document = try await client.execute(uri: "/openapi.json", method: .get).json
            let parameters = document["paths"]?.objectValue?["/things/{thingId}"]?
                .objectValue?["post"]?.objectValue?["parameters"]?.arrayValue
            #expect(parameters?.first?.objectValue?["name"] == "thingId")
            #expect(parameters?.first?.objectValue?["required"] == true)
        }
    }
}
