import ContextModel
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// The answer to a request of the matrix.
struct AccessAnswer {
    var status: Int
    /// Header fields and body: everything that left the hub.
    var text: String

    /// The cell of the matrix: for a success, whether the target is in the answer.
    func cell(for target: AccessTarget, _ description: RouteDescription) -> String {
        guard (200..<300).contains(status), description.answers != nil else { return "\(status)" }
        return text.contains(target.attribute) ? "\(status) shown" : "\(status)"
    }
}

/// Sends requests to the hub of the matrix.
struct AccessClient {
    let client: any TestClientProtocol

    /// Creates what the samples need, as the operator and, for own data, as the writer.
    func prepare() async throws -> [String: String] {
        for target in AccessTarget.allCases {
            try await make(
                "/ngsi-ld/v1/entities",
                """
                {"id": "\(target.entity)", "type": "\(target.type)",
                 "\(target.attribute)": {"type": "Property", "value": "\(target.secret)"},
                 "note": {"type": "Property", "value": "\(AccessWorld.canary) note"}}
                """
            )
        }
        try await subscribe("urn:ngsi-ld:Subscription:Tree", as: .writer, to: .covered)
        try await subscribe("urn:ngsi-ld:Subscription:Safe", as: .operator, to: .beyond)
        try await make(
            "/ngsi-ld/v1/csourceRegistrations",
            """
            {"id": "urn:ngsi-ld:ContextSourceRegistration:1", "type": "ContextSourceRegistration",
             "information": [{"entities": [{"type": "\(AccessWorld.canary)"}]}],
             "endpoint": "http://source.example/\(AccessWorld.canary)"}
            """
        )
        try await make(
            "/ngsi-ld/v1/csourceSubscriptions",
            """
            {"id": "urn:ngsi-ld:Subscription:sources", "type": "Subscription",
             "entities": [{"type": "\(AccessWorld.canary)"}],
             "notification": {"endpoint": {"uri": "http://receiver.example/"}}}
            """
        )
        let context = try await make(
            "/ngsi-ld/v1/jsonldContexts",
            #"{"@context": {"colour": "https://example.org/colour"}}"#
        )
        return ["contextId": String(context.split(separator: "/").last ?? "")]
    }

    /// The `instanceId` of the target's own attribute.
    func instanceID(of target: AccessTarget) async throws -> String {
        let answer = try await client.execute(
            uri: "/ngsi-ld/v1/temporal/entities/\(target.entity)",
            method: .get,
            headers: AccessParty.operator.headers
        )
        let attribute = try answer.json[target.attribute]
        let instance = attribute?.arrayValue?.first ?? attribute
        return try #require(instance?.objectValue?["instanceId"]?.stringValue)
    }

    /// An EntityMap of the target: the writer's own of trees, the operator's of the safe.
    func entityMapID(of target: AccessTarget) async throws -> String {
        let answer = try await client.execute(
            uri: "/ngsi-ld/v1/entityMaps?type=\(target.type)",
            method: .get,
            headers: (target == .covered ? AccessParty.writer : .operator).headers
        )
        return try #require(try answer.json["id"]?.stringValue)
    }

    /// A snapshot of the target: the writer's own of trees, the operator's of the safe.
    func snapshotID(of target: AccessTarget) async throws -> String {
        let place = try await make(
            "/ngsi-ld/v1/snapshots",
            """
            {"type": "Snapshot",
             "snapshotQueries": [{"type": "Query", "entities": [{"type": "\(target.type)"}]}]}
            """,
            as: target == .covered ? .writer : .operator
        )
        return String(place.split(separator: "/").last ?? "")
    }

    func ask(
        _ description: RouteDescription,
        _ sample: AccessSample,
        _ target: AccessTarget,
        _ values: [String: String],
        as party: AccessParty
    ) async throws -> AccessAnswer {
        var headers = party.headers
        if !description.accepts.isEmpty { headers[.contentType] = description.sampleType }
        let answer = try await client.execute(
            uri: sample.uri(description.path, target, values),
            method: description.method,
            headers: headers,
            body: sample.body(target).map(ByteBuffer.init(string:))
        )
        let fields = answer.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        return AccessAnswer(
            status: answer.status.code,
            text: fields + "\n" + String(buffer: answer.body)
        )
    }

    private func subscribe(
        _ id: String,
        as party: AccessParty,
        to target: AccessTarget
    ) async throws {
        try await make(
            "/ngsi-ld/v1/subscriptions",
            """
            {"id": "\(id)", "type": "Subscription", "entities": [{"type": "\(target.type)"}],
             "description": "\(target.attribute) \(target.secret)",
             "notification": {"endpoint": {"uri": "http://receiver.example/"}}}
            """,
            as: party
        )
    }

    @discardableResult
    private func make(
        _ path: String,
        _ body: String,
        as party: AccessParty = .operator
    ) async throws -> String {
        var headers = party.headers
        headers[.contentType] = "application/json"
        let answer = try await client.execute(
            uri: path,
            method: .post,
            headers: headers,
            body: ByteBuffer(string: body)
        )
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
        return answer.headers[.location] ?? ""
    }
}

extension AccessTarget {
    /// The value of its own attribute.
    var secret: String { self == .covered ? "for all" : "\(AccessWorld.canary) value" }
    var subscription: String { "urn:ngsi-ld:Subscription:\(rawValue)" }
}

extension RouteDescription {
    /// The media type of a sample's body.
    var sampleType: String { accepts == [Taxii.mediaType] ? Taxii.mediaType : "application/json" }
}
