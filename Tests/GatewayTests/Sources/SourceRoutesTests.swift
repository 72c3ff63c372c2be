import Broker
import Collect
import ContextModel
import Crypto
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import StorageMemory
import StoreDoubles
import Testing

@testable import Gateway

@Suite struct SourceRoutesTests {
    private static let boss = HTTPFields([
        HTTPField(name: .authorization, value: "Bearer \(SmallHub.operatorToken)")
    ])
    private static let secret = "correct horse battery staple"

    private func test(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await SourceHub.test(secret: Self.secret, body)
    }

    private static func definition(_ access: String) -> String {
        """
        about: The air of the north
        webhook: \(access)
        map:
          type: AirQualityObserved
          id: "urn:ngsi-ld:AirQualityObserved:{station}"
          time: {column: at}
          attributes:
            pm25: {column: pm25, as: number, unitCode: GQ}
        """
    }

    private func put(
        _ client: any TestClientProtocol,
        _ access: String = "{bearer: {variable: BALAI_SOURCE_AIR}}",
        name: String = "air"
    ) async throws -> TestResponse {
        try await client.execute(
            uri: "/sources/v1/\(name)",
            method: .put,
            headers: Self.boss.with(.contentType, "application/yaml"),
            body: ByteBuffer(string: Self.definition(access))
        )
    }

    private func send(
        _ text: String,
        _ client: any TestClientProtocol,
        to path: String = "air",
        _ headers: HTTPFields = [.authorization: "Bearer \(secret)"]
    ) async throws -> TestResponse {
        try await client.execute(
            uri: "/sources/" + path,
            method: .post,
            headers: headers,
            body: ByteBuffer(string: text)
        )
    }

    private static func reading(_ station: String, _ pm: String) -> String {
        #"{"station": "\#(station)", "at": "2026-05-01T07:00:00Z", "pm25": \#(pm)}"#
    }

    @Test func `a message becomes entities, and what is refused waits for another map`()
        async throws
    {
        try await test { client in
            #expect(try await put(client).status == .created)
            #expect(try await put(client).status == .noContent)
            let good = try await send(
                "[\(Self.reading("a", "1")), \(Self.reading("b", "2"))]",
                client
            )
            #expect(good.status == .noContent)
            let bad = try await send(
                "[\(Self.reading("c", "3")), \(Self.reading("d", #""x""#))]",
                client
            )
            #expect(bad.status == .accepted)
            let reasons = try bad.json["refused"]?.arrayValue
            #expect(reasons == ["Row 2: pm25: `x` is not a number."])
            for (station, value) in [("a", 1), ("b", 2), ("c", 3)] {
                let entity = try await client.execute(
                    uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:\(station)"
                        + "?format=simplified",
                    method: .get,
                    headers: Self.boss
                )
                #expect(try entity.json["pm25"] == .number(JSONNumber(value)))
            }
            let shown = try await client.execute(
                uri: "/sources/v1/air",
                method: .get,
                headers: Self.boss
            ).json
            #expect(shown["messages"] == 2 && shown["entities"] == 3 && shown["keptRefusals"] == 1)
            #expect(shown["definition"]?.stringValue?.contains("BALAI_SOURCE_AIR") == true)
            let list = try await client.execute(
                uri: "/sources/v1/air/refused",
                method: .get,
                headers: Self.boss
            )
            #expect(String(buffer: list.body).contains(#"\"pm25\": \"x\""#))
            let retried = try await client.execute(
                uri: "/sources/v1/air/refused/retry",
                method: .post,
                headers: Self.boss
            ).json
            #expect(retried["stored"] == 0 && retried["refused"] == 1)
            let dropped = try await client.execute(
                uri: "/sources/v1/air/refused",
                method: .delete,
                headers: Self.boss
            ).json
            #expect(dropped["dropped"] == 1)
        }
    }

    @Test func `a sender is known by bearer, basic, query or signature, and nobody else gets in`()
        async throws
    {
        let secret = "{variable: BALAI_SOURCE_AIR}"
        let body = Self.reading("a", "1")
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(body.utf8),
            using: SymmetricKey(data: Array(Self.secret.utf8))
        )
        let hex = Hexadecimal.text(of: code)
        let basic = Base64URL.basic("gateway:\(Self.secret)")
        let query = Self.secret.replacing(" ", with: "%20")
        let signature = HTTPField.Name("X-Signature")!
        let ways: [(String, String, String, HTTPFields)] = [
            ("bearer", "{bearer: \(secret)}", "bearer", [.authorization: "Bearer \(Self.secret)"]),
            (
                "basic", "{basic: {user: gateway, password: \(secret)}}", "basic",
                [.authorization: "Basic \(basic)"]
            ),
            ("query", "{query: {name: key, secret: \(secret)}}", "query?key=\(query)", [:]),
            (
                "hex", "{hmac: {header: X-Signature, prefix: \"sha256=\", secret: \(secret)}}",
                "hex", [signature: "sha256=\(hex)"]
            ),
            (
                "base64", "{hmac: {header: X-Signature, encoding: base64, secret: \(secret)}}",
                "base64", [signature: Data(code).base64EncodedString()]
            ),
        ]
        try await test { client in
            for (name, access, _, _) in ways {
                #expect(try await put(client, access, name: name).status == .created)
            }
            for (name, _, _, _) in ways {
                for (other, _, path, headers) in ways {
                    let target = name + path.drop { $0 != "?" }
                    let answer = try await send(body, client, to: target, headers)
                    let expected: HTTPResponse.Status = name == other ? .noContent : .unauthorized
                    #expect(answer.status == expected, "\(other) at \(name)")
                }
                for headers in [
                    [:], [.authorization: "Bearer wrong"], Self.boss,
                    [.authorization: "Basic \(Base64URL.basic("other:\(Self.secret)"))"],
                    [signature: "sha256=00"], [signature: ""],
                ] as [HTTPFields] {
                    let answer = try await send(body, client, to: name, headers)
                    #expect(answer.status == .unauthorized)
                }
                // A signature is for its body.
                let changed = try await send(
                    body + " ",
                    client,
                    to: name,
                    [signature: "sha256=\(hex)"]
                )
                #expect(changed.status == .unauthorized)
            }
            let unknown = try await send(body, client, to: "none")
            let wrong = try await send(body, client, to: "bearer", [:])
            #expect(unknown.status == .unauthorized && unknown.body == wrong.body)
        }
    }

    @Test func `a message with a key that is known changes nothing`() async throws {
        try await test { client in
            _ = try await put(client)
            let headers: HTTPFields = [
                .authorization: "Bearer \(Self.secret)", .idempotencyKey: "7",
            ]
            for value in ["1", "2"] {
                let answer = try await send(Self.reading("a", value), client, headers)
                #expect(answer.status == .noContent)
            }
            let entity = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:a?format=simplified",
                method: .get,
                headers: Self.boss
            )
            #expect(try entity.json["pm25"] == 1)
        }
    }

    @Test func `what is too long or comes to a paused source is not taken`() async throws {
        try await test { client in
            _ = try await put(client)
            let pause = try await client.execute(
                uri: "/sources/v1/air/pause",
                method: .post,
                headers: Self.boss
            )
            #expect(pause.status == .noContent)
            let answer = try await send(Self.reading("a", "1"), client)
            #expect(answer.status == .serviceUnavailable)
            _ = try await client.execute(
                uri: "/sources/v1/air/resume",
                method: .post,
                headers: Self.boss
            )
            #expect(try await send(Self.reading("a", "1"), client).status == .noContent)
            // Last, for the connection may be closed before all of it was sent.
            let long = String(repeating: " ", count: ReceivedMessage.maximumBytes + 1)
            let refused = try? await send(long, client)
            #expect(refused == nil || refused?.status == .contentTooLarge)
        }
    }

    @Test func `a definition is tried on a sample before it is kept`() async throws {
        try await test { client in
            let trial: JSONValue = [
                "definition": .string(Self.definition("{bearer: {file: air}}")),
                "message": ["station": "a", "at": "2026-05-01T07:00:00Z", "pm25": "7"],
            ]
            let answer = try await client.execute(
                uri: "/sources/v1/air/try",
                method: .post,
                headers: Self.boss.with(.contentType, "application/json"),
                body: ByteBuffer(bytes: trial.serialized)
            )
            #expect(answer.status == .ok)
            let entity = try answer.json["entities"]?.arrayValue?.first?.objectValue
            #expect(entity?["pm25"]?.objectValue?["value"] == 7)
            let list = try await client.execute(
                uri: "/sources/v1",
                method: .get,
                headers: Self.boss
            )
            #expect(String(buffer: list.body) == "[]")
            let wrong = try await client.execute(
                uri: "/sources/v1/air",
                method: .put,
                headers: Self.boss.with(.contentType, "application/yaml"),
                body: ByteBuffer(string: "map: {type: A, id: b, atributes: {}}")
            )
            #expect(wrong.status == .badRequest)
            #expect(String(buffer: wrong.body).contains("There is no such key"))
        }
    }

    @Test func `strangers neither see nor change sources`() async throws {
        try await test { client in
            _ = try await put(client)
            let requests: [(HTTPRequest.Method, String)] = [
                (.get, ""), (.get, "/air"), (.put, "/air"), (.delete, "/air"),
                (.post, "/air/pause"),
                (.post, "/air/resume"), (.post, "/air/try"), (.get, "/air/refused"),
                (.post, "/air/refused/retry"), (.delete, "/air/refused"),
            ]
            for (method, path) in requests {
                for headers in [[:], [.authorization: "Bearer \(Self.secret)"]] as [HTTPFields] {
                    let answer = try await client.execute(
                        uri: "/sources/v1" + path,
                        method: method,
                        headers: headers.with(.contentType, "application/json"),
                        body: ByteBuffer(string: "{}")
                    )
                    #expect(answer.status == .unauthorized, "\(method) \(path)")
                }
            }
        }
    }
}

extension HTTPFields {
    fileprivate func with(_ name: HTTPField.Name, _ value: String) -> HTTPFields {
        var fields = self
        fields[name] = value
        return fields
    }
}
