import Broker
import ContextModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// The calls of FIWARE's tutorials about the IoT Agent for JSON.
@Suite struct DeviceRoutesTests {
    private static let boss = HTTPFields([
        HTTPField(name: .authorization, value: "Bearer \(SmallHub.operatorToken)"),
        HTTPField(name: .contentType, value: "application/json"),
    ])
    private static let key = "4jggokgpepnvsb2uv4s40d59ov"
    private static let group = """
        {"services": [{"apikey": "\(key)", "cbroker": "http://orion:1026", "entity_type": "Thing",
                       "resource": "/iot/json"}]}
        """
    private static let device = """
        {"devices": [{"device_id": "motion001", "entity_name": "urn:ngsi-ld:Motion:001",
            "entity_type": "Motion", "timezone": "Europe/Berlin",
            "attributes": [{"object_id": "c", "name": "count", "type": "Integer"}],
            "static_attributes": [
                {"name": "refStore", "type": "Relationship", "value": "urn:ngsi-ld:Store:001"}]}]}
        """

    private struct Answer {
        var status: HTTPResponse.Status
        var text: String
        var json: JSONObject {
            get throws { try JSONReader.read(Array(text.utf8)).objectValue ?? [:] }
        }
    }

    /// Sends with the headers that the tutorials have; `fiware` are service and path.
    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        _ client: any TestClientProtocol,
        as headers: HTTPFields = boss,
        fiware: (String, String)? = ("openiot", "/")
    ) async throws -> Answer {
        var headers = headers
        if let (service, path) = fiware {
            headers[.fiwareService] = service
            headers[.fiwareServicePath] = path
        }
        let response = try await client.execute(
            uri: path,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        )
        return Answer(status: response.status, text: String(buffer: response.body))
    }

    private func test(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await SourceHub.test(secret: "none", body)
    }

    @Test func `the calls of the tutorial provision groups and devices`() async throws {
        try await test { client in
            #expect(try await send(.post, "/iot/services", Self.group, client).status == .created)
            #expect(try await send(.post, "/iot/services", Self.group, client).status == .conflict)
            #expect(try await send(.post, "/iot/devices", Self.device, client).status == .created)
            let groups = try await send(.get, "/iot/services?resource=/iot/json", nil, client)
            #expect(groups.status == .ok && !groups.text.contains(Self.key))
            #expect(try groups.json["count"] == 1)
            let found = try groups.json["services"]?.arrayValue?.first?.objectValue
            #expect(found?["service"] == "openiot" && found?["subservice"] == "/")
            #expect(found?["entity_type"] == "Thing" && found?["commands"] == [])
            let one = try await send(.get, "/iot/devices/motion001", nil, client).json
            #expect(one["entity_name"] == "urn:ngsi-ld:Motion:001" && one["service_path"] == "/")
            let list = try await send(.get, "/iot/devices?limit=1", nil, client).json
            #expect(list["count"] == 1 && list["devices"]?.arrayValue?.count == 1)
            let changed = try await send(
                .put,
                "/iot/devices/motion001",
                #"{"entity_type": "IoT_Device"}"#,
                client
            )
            #expect(changed.status == .noContent)
            let named = "/iot/services?resource=/iot/json&apikey=\(Self.key)"
            #expect(
                try await send(.put, named, #"{"attributes": []}"#, client).status == .noContent
            )
            #expect(
                try await send(.delete, "/iot/devices/motion001", nil, client).status == .noContent
            )
            #expect(
                try await send(.get, "/iot/devices/motion001", nil, client).status == .notFound
            )
            #expect(try await send(.delete, named, nil, client).status == .noContent)
            #expect(try await send(.get, "/iot/services", nil, client).json["count"] == 0)
        }
    }

    @Test func `a measure of the tutorial becomes an entity of the tenant`() async throws {
        try await test { client in
            _ = try await send(.post, "/iot/services", Self.group, client)
            _ = try await send(.post, "/iot/devices", Self.device, client)
            let sender = "k=\(Self.key)&i=motion001"
            let none: HTTPFields = [.contentType: "application/json"]
            let taken = try await send(
                .post,
                "/iot/json?\(sender)",
                #"{"c": 1}"#,
                client,
                as: none,
                fiware: nil
            )
            #expect(taken.status == .ok && taken.text == "{}")
            var headers = Self.boss
            headers[.ngsildTenant] = "openiot"
            let entity = try await send(
                .get,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Motion:001?format=simplified",
                nil,
                client,
                as: headers,
                fiware: nil
            )
            #expect(try entity.json["count"] == 1)
            #expect(try entity.json["refStore"] == "urn:ngsi-ld:Store:001")
            let bad = try await send(
                .post,
                "/iot/json/attrs/c?\(sender)&t=2026-05-01T08:00:00Z",
                "many",
                client,
                as: none,
                fiware: nil
            )
            #expect(bad.status == .accepted, "bytes that are no number: \(bad.text)")
            let asked = try await send(
                .get,
                "/iot/json?\(sender)&getCmd=1",
                nil,
                client,
                as: none,
                fiware: nil
            )
            #expect(asked.status == .ok && asked.text == "{}")
        }
    }

    @Test func `who has no key sends nothing, and learns of no device`() async throws {
        try await test { client in
            _ = try await send(
                .post,
                "/iot/services",
                Self.group.replacing(
                    "\"resource\"",
                    with: "\"autoprovision\": false, \"resource\""
                ),
                client
            )
            _ = try await send(.post, "/iot/devices", Self.device, client)
            for query in ["i=motion001", "k=&i=motion001", "k=x&i=motion001", "k=\(Self.key)x&i=a"]
            {
                for path in ["/iot/json", "/iot/json/attrs/c", "/iot/json/commands"] {
                    let answer = try await send(
                        .post,
                        "\(path)?\(query)",
                        "{}",
                        client,
                        as: Self.boss
                    )
                    #expect(answer.status == .unauthorized, "\(path)?\(query)")
                }
                let asked = try await send(.get, "/iot/json?getCmd=1&\(query)", nil, client)
                #expect(asked.status == .unauthorized)
            }
            for id in ["", "&i=", "&i=other", "&i=a%2Fb"] {
                let answer = try await send(
                    .post,
                    "/iot/json?k=\(Self.key)\(id)",
                    #"{"c": 1}"#,
                    client
                )
                #expect(answer.status == .notFound, "\(id)")
            }
        }
    }

    @Test func `strangers provision nothing`() async throws {
        try await test { client in
            let none: HTTPFields = [.contentType: "application/json"]
            let requests: [(HTTPRequest.Method, String, String?)] = [
                (.get, "/iot/services", nil), (.post, "/iot/services", Self.group),
                (.put, "/iot/services?apikey=x", "{}"), (.delete, "/iot/services?apikey=x", nil),
                (.get, "/iot/devices", nil), (.post, "/iot/devices", Self.device),
                (.get, "/iot/devices/a", nil), (.put, "/iot/devices/a", "{}"),
                (.delete, "/iot/devices/a", nil),
            ]
            for (method, path, body) in requests {
                let answer = try await send(method, path, body, client, as: none)
                #expect(answer.status == .unauthorized, "\(method) \(path)")
            }
        }
    }

    @Test(arguments: [
        ("{}", "a list `services`"), ("[]", "a list `services`"),
        (#"{"services": []}"#, "one to 1000"),
        (#"{"services": [7]}"#, "`services[0]` is an object"),
        (#"{"services": [{"apikey": "a", "entity_type": "T"}], "more": 1}"#, "no member `more`"),
    ])
    func `what is no provision is refused with the reason`(
        body: String,
        reason: String
    ) async throws {
        try await test { client in
            let answer = try await send(.post, "/iot/services", body, client)
            #expect(answer.status == .badRequest && answer.text.contains(reason), "\(answer.text)")
        }
    }

    @Test func `two names of a tenant in one request are refused`() async throws {
        try await test { client in
            var headers = Self.boss
            headers[.ngsildTenant] = "other"
            let answer = try await send(.get, "/iot/services", nil, client, as: headers)
            #expect(answer.status == .badRequest)
            let wrong = try await send(
                .get,
                "/iot/services",
                nil,
                client,
                fiware: ("../etc", "/")
            )
            #expect(wrong.status == .badRequest)
        }
    }
}
