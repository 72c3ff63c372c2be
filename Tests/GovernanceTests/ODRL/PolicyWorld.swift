import ContextModel
import Governance
import Storage
import Testing

/// Policies in force, and what callers may do under them.
struct PolicyWorld {
    let source: PolicySource

    init(
        _ policies: [JSONValue],
        classification: Classification = Classification(),
        common: [Permission] = [],
        clock: @escaping @Sendable () -> Timestamp = { Timestamp(microseconds: 0) }
    ) throws {
        let read = try policies.map { try Self.read($0) }
        let rules = TenantRules(
            classification: classification,
            permissions: read.flatMap(\.permissions),
            prohibitions: read.flatMap(\.prohibitions)
        )
        source = PolicySource(Policy(permissions: common), tenants: [nil: rules], clock: clock)
    }

    static func read(_ policy: JSONValue) throws -> DataPolicy {
        let object = try #require(policy.objectValue)
        return try ODRLReader { LDContext.core.expand($0) }.policy(object)
    }

    func mayRead(_ entity: Entity, _ caller: Caller, _ action: Action = .read) -> Bool {
        let decision = source.policy(of: nil).decideRead(caller, action: action)
        guard case .grant(let grant) = decision else { return false }
        return grant.covers(entity)
    }

    func mayWrite(_ entity: Entity, _ caller: Caller) -> Bool {
        guard case .grant(let grant) = source.policy(of: nil).decideWrite(caller) else {
            return false
        }
        return grant.condition.matches(entity)
    }

    func hidden(in entity: Entity, from caller: Caller) -> Set<String> {
        guard case .grant(let grant) = source.policy(of: nil).decideRead(caller) else { return [] }
        return Set(grant.hidden.names(in: entity).map { LDContext.core.compact($0) })
    }

    static func caller(_ party: String?, purpose: String? = nil, roles: Set<String> = []) -> Caller
    {
        var caller = Caller(
            party: party.map { .named(PartyID($0)) } ?? .anonymous,
            purpose: purpose.map { Purpose($0) }
        )
        caller.otherRoles = roles
        return caller
    }

    /// An entity as it would be made by a request.
    static func entity(_ json: JSONObject) throws -> Entity {
        try EntityReader(context: .core).entity(.object(json))
    }

    /// A policy of one rule.
    static func policy(
        _ rule: JSONObject,
        as kind: String = "permission",
        title: String? = nil
    ) -> JSONValue {
        var policy: JSONObject = [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
            "uid": "urn:balai:policy:test",
        ]
        if let title { policy["title"] = .string(title) }
        policy[kind] = [.object(rule)]
        return .object(policy)
    }

    static func constraint(_ left: String, _ comparison: String, _ right: JSONValue) -> JSONValue {
        [
            "leftOperand": .string(left), "operator": .string(comparison), "rightOperand": right,
        ]
    }
}
