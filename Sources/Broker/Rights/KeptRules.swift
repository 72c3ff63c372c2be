package import ContextModel
package import Governance
import Logging
import Record
import Storage
import Synchronization

/// The rules for all tenants as the hub keeps them.
package struct KeptRules: Sendable {
    package var rules: CommonRules
    /// From 1 on; another one after each change.
    package var version: Int
    /// What the configuration said when the hub last compared it with these, with whole names.
    var configured: JSONObject

    static let id = "common"
    static let key = DocumentKey.document(.commonRules, id: id)

    init(_ rules: CommonRules, version: Int, configured: JSONObject) {
        self.rules = rules
        self.version = version
        self.configured = configured
    }

    var document: Document {
        let body: JSONObject = [
            "version": .number(JSONNumber(version)), "rules": .object(rules.source),
            "configured": .object(configured),
        ]
        return Document(
            kind: .commonRules,
            id: Self.id,
            body: JSONValue.object(body).serialized
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let version = json["version"]?.numberValue?.intValue,
            let source = json["rules"]?.objectValue,
            let configured = json["configured"]?.objectValue
        else { return nil }
        rules = CommonRules(source) { IRI($0) }
        guard rules.findings.isEmpty else { return nil }
        self.version = version
        self.configured = configured
    }
}

extension Governing {
    /// Puts the rules for all tenants into force that the hub keeps.
    ///
    /// At its first start these are those of the configuration. When the configuration says something else later on, the kept ones hold, and the log tells. Throws
    /// what the store throws, and an error where the kept rules are damaged: a hub without its rules must
    /// not run.
    package func keepRules(_ configured: CommonRules) async throws {
        let store = try await access.madeStore(nil)
        try await tenants.require(nil)
        self.configured.withLock { $0 = configured }
        guard try await store.document(.commonRules, id: KeptRules.id) == nil else {
            return try await compareRules(configured)
        }
        do { try await keep(configured, from: "configuration", replacing: nil) } catch {
            // Without a record nothing is kept; the next start tries again.
            guard (error as? BrokerError)?.code == .recordUnavailable else { throw error }
            rules.put(configured)
            reading.logger.error(
                "The rules of the configuration are in force, but are not kept yet: \(error)"
            )
        }
    }

    /// Tells the log when the configuration says something else than it did, and the kept rules do not.
    ///
    /// Nothing is changed.
    package func compareRules(_ configured: CommonRules) async throws {
        self.configured.withLock { $0 = configured }
        let store = try await access.madeStore(nil)
        guard let document = try await store.document(.commonRules, id: KeptRules.id) else {
            return
        }
        guard let kept = KeptRules(document) else {
            throw BrokerError(.internalError, "The kept rules are damaged.")
        }
        guard configured != kept.rules, configured.source != kept.configured else { return }
        reading.logger.warning(
            """
            public, permissions or prohibitions of the configuration have changed. They are not in force: \
            the hub keeps its rules since its first start (version \(kept.version)). To take those of the \
            configuration, send DELETE /governance/v1/rules; to change the kept ones, PUT.
            """
        )
    }

    /// The rules for all tenants, which anybody may know: as written, with their version.
    package func commonRules(ld: LDContext, caller: Caller) async throws -> JSONObject {
        let kept = try await keptRules()
        var json: JSONObject = ["version": .number(JSONNumber(kept?.version ?? 0))]
        for (name, value) in (kept?.rules ?? CommonRules()).written({ ld.compact($0) }).members {
            json[name] = value
        }
        return json
    }

    /// The rules for all tenants as they are kept; nil where none are.
    package func keptRules() async throws -> KeptRules? {
        let store = try await access.madeStore(nil)
        let document = try await store.document(.commonRules, id: KeptRules.id)
        return document.flatMap { KeptRules($0) }
    }

    /// Puts other rules for all tenants into force.
    ///
    /// What is not wholly understood is refused, with the member and the reason, and changes nothing. A
    /// `version` in the body must be the one that is replaced. Not part of the standard.
    package func putCommonRules(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        try requireAllTenants(caller)
        let (rules, version) = try commonRules(body, ld)
        try await keep(rules, from: "request", replacing: version)
    }

    /// Keeps what the configuration says in the place of the kept rules.
    package func adoptConfiguredRules(caller: Caller) async throws {
        try requireAllTenants(caller)
        try await keep(configured.withLock { $0 }, from: "configuration", replacing: nil)
    }

    /// The rules that a body says, and the version that it replaces.
    func commonRules(
        _ body: JSONValue,
        _ ld: LDContext
    ) throws(BrokerError) -> (CommonRules, version: Int?) {
        guard case .object(var json) = body else {
            throw BrokerError(
                .badRequestData,
                "Rules are a JSON object, not \(body.excerpt)."
            )
        }
        json["@context"] = nil
        var version: Int?
        if let value = json["version"] {
            guard let number = value.numberValue?.intValue else {
                throw BrokerError(.badRequestData, "version: It must be a whole number.")
            }
            version = number
            json["version"] = nil
        }
        let rules = CommonRules(json) { ld.expand($0) }
        guard rules.findings.isEmpty else {
            throw BrokerError(.badRequestData, rules.findings.joined(separator: " "))
        }
        guard JSONValue.object(rules.source).serialized.count <= DataPolicy.maximumBytes else {
            throw BrokerError(
                .badRequestData,
                "The rules have more than \(DataPolicy.maximumBytes) bytes."
            )
        }
        return (rules, version)
    }

    /// They hold in all tenants, so nobody changes them in the name of one.
    private func requireAllTenants(_ caller: Caller) throws {
        try access.requireAdministration(caller)
        guard caller.tenant == nil else {
            throw BrokerError(
                .badRequestData,
                "These rules are for all tenants: leave NGSILD-Tenant out."
            )
        }
    }

    private func keep(
        _ new: CommonRules,
        from source: String,
        replacing version: Int?
    ) async throws {
        let configured = configured.withLock { $0.source }
        var details: JSONObject = ["from": .string(source)]
        let text = JSONValue.object(new.source)
        if text.serialized.count <= DataPolicy.maximumBytesInRecord {
            details["rules"] = text
        } else {
            details["sha256"] = .string(DataPolicy.hash(of: text))
        }
        try await change(nil, .policy, details: details, reading: [KeptRules.key]) { changes, _ in
            let document = try changes.document(.commonRules, id: KeptRules.id)
            let current = document.flatMap { KeptRules($0)?.version } ?? 0
            guard version == nil || version == current else {
                throw BrokerError(
                    .conflict,
                    "version: The rules have changed meanwhile, and have version \(current) now."
                )
            }
            changes.put(
                KeptRules(new, version: current + 1, configured: configured).document
            )
        }
    }
}
