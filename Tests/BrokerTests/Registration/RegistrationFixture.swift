import ContextModel
import Federation
import Governance

@testable import Broker

/// Registrations for tests.
enum Sample {
    /// A registration of buses, with these members added, or left out if nil.
    static func registration(_ members: [String: JSONValue?] = [:]) -> JSONObject {
        var body: JSONObject = [
            "type": "ContextSourceRegistration", "endpoint": "http://source.example/",
            "information": [["entities": [["type": "Bus"]]]],
        ]
        for (key, value) in members { body[key] = value }
        return body
    }

    /// A registration ready for matching.
    static func read(
        _ members: [String: JSONValue?] = [:],
        ld: LDContext = .core
    ) throws -> ContextSourceRegistration {
        var body = registration(members)
        body["type"] = nil
        return try RegistrationReader(context: ld).registration(body, id: "urn:r:1")
    }

    /// `information` about entities of one selector, with attributes if given.
    static func information(_ entity: JSONValue?, _ properties: [JSONValue] = []) -> JSONValue {
        var info = JSONObject()
        if let entity { info["entities"] = [entity] }
        if !properties.isEmpty { info["propertyNames"] = .array(properties) }
        return [.object(info)]
    }
}

extension SubscriptionFixture {
    @discardableResult
    func register(
        _ members: [String: JSONValue?] = [:],
        ld: LDContext = .core,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> String {
        let body = Sample.registration(members)
        return try await hub.registering.registerContextSource(
            .object(body),
            ld: ld,
            caller: caller
        )
    }

    func update(_ id: String, _ fragment: JSONValue) async throws {
        try await hub.registering.updateContextSourceRegistration(
            id,
            fragment,
            ld: .core,
            caller: Self.boss
        )
    }

    func retrieve(
        _ id: String,
        ld: LDContext = .core,
        sysAttrs: Bool = false
    ) async throws -> JSONObject {
        let shown = try await hub.registering.retrieveContextSourceRegistration(
            id,
            ld: ld,
            sysAttrs: sysAttrs,
            caller: Self.boss
        )
        return shown.objectValue ?? [:]
    }
}
