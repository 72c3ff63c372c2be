import ContextModel
import Crypto
import Foundation
import Processes
import Testing

@testable import HubNetwork

/// What another implementation of RFC 9421 makes of requests between hubs: http-message-signatures, from PyPI.
@Suite(.timeLimit(.minutes(2))) struct IndependentPeerTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    /// Where `.ci/python-packages` installs it.
    private static let python = repository.appending(path: ".build/hub-peers/bin/python").path

    private let key = MemberKey()
    private let url =
        "http://b.example:1026/ngsi-ld/v1/entityOperations/query?limit=10&q=a%3D%22b%22"
    private let body = #"{"type": "Query"}"#

    private func run(
        _ what: String,
        _ asked: JSONObject
    ) async throws -> (code: Int32, said: String) {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages hub-peers first, as `make test` does."
        )
        let script = Self.repository
            .appending(path: "Tests/HubNetworkTests/Signatures/sign_and_verify.py").path
        let log = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: log) }
        let process = try ChildProcess(
            program: Self.python,
            [script, what, JSONValue.object(asked).text],
            log: log
        )
        // The answer is in one line of JSON.
        let line = await process.line(with: "\"")
        guard case .exited(let code) = await process.ended() else { return (-1, process.errors) }
        return (code, (line ?? "") + process.errors)
    }

    private func asked(_ headers: JSONObject, _ keyBytes: some Sequence<UInt8>) -> JSONObject {
        [
            "method": "POST", "url": .string(url), "headers": .object(headers),
            "body": .string(body), "key": .string(Base64.text(of: Array(keyBytes))),
        ]
    }

    @Test("it verifies what a hub signs, and nothing else")
    func verifies() async throws {
        var headers: JSONObject = [
            "Content-Type": "application/json", "Data-Purpose": "dpv:ServiceProvision",
            "Via": "1.1 a",
        ]
        let signer = RequestSigner(
            MemberID(firstKey: key.id),
            key,
            Requester(party: "Ban quản lý", through: [MemberID(firstKey: MemberKey().id)]),
            nonce: { "one" },
            clock: { Timestamp(Date()) }
        )
        let fields = try signer.fields(
            method: "POST",
            url: url,
            fields: headers.members.compactMap { member in
                member.value.stringValue.map { KeyValuePair(key: member.key, value: $0) }
            },
            body: Array(body.utf8)
        )
        for field in fields { headers[field.key] = .string(field.value) }
        let publicKey = key.secret.publicKey.rawRepresentation
        let answer = try await run("verify", asked(headers, publicKey))
        #expect(answer.code == 0, "\(answer.said)")
        for name in [
            "@method", "@authority", "@path", "@query", "content-digest", "data-requester",
        ] {
            #expect(answer.said.contains("\"\(name)\""), "\(name): \(answer.said)")
        }
        headers["Data-Purpose"] = "dpv:Marketing"
        #expect(try await run("verify", asked(headers, publicKey)).code == 1)
    }

    @Test("a hub verifies what it signs, and nothing else")
    func signs() async throws {
        var asked = asked(
            ["Content-Type": "application/json", "Data-Requester": "party=\"x\", through=()"],
            key.secret.rawRepresentation
        )
        asked["keyid"] = .string(MemberID(firstKey: key.id).text + "#" + key.id)
        asked["components"] = [
            "@method", "@authority", "@path", "@query", "content-type", "content-digest",
            "data-requester",
        ]
        let answer = try await run("sign", asked)
        #expect(answer.code == 0, "\(answer.said)")
        let headers = try #require(try JSONReader.read(Array(answer.said.utf8)).objectValue)
        var request = try #require(SignableRequest(method: "POST", url: url))
        for header in headers.members {
            request.add(header.key, try #require(header.value.stringValue))
        }
        let signature = try #require(try HubSignature(of: request))
        #expect(signature.requester.party == "x")
        try signature.requireTimely(at: Timestamp(Date()))
        try signature.verify(request, by: key.secret.publicKey)
        try ContentDigest.verify(
            try #require(request.value(of: "content-digest")),
            of: Array(body.utf8)
        )
        request.method = "PUT"
        #expect(throws: SignatureError.self) {
            try signature.verify(request, by: key.secret.publicKey)
        }
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) {
        self.init(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
    }
}
