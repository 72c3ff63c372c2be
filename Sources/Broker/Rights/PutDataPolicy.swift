package import ContextModel
import Crypto
package import Governance
import Record
import Storage

extension Governing {
    /// Puts a policy into force, or another one in its place; returns whether it is new.
    ///
    /// One that is not wholly understood is refused, with the member and the reason, and changes nothing.
    /// Not part of the standard.
    package func putPolicy(
        _ id: String,
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> Bool {
        try access.requireAdministration(caller)
        let policy = try await policy(body, ld, of: caller.tenant)
        guard policy.id == id else {
            throw BrokerError(
                .badRequestData,
                "uid: It is '\(policy.id)', and the path says '\(id)'."
            )
        }
        let (document, most) = (policy.document, Self.maximumPolicies)
        let kind: EntryKind =
            policy.permissions.contains { $0.basis == .override } ? .override : .policy
        let details = policy.details
        return try await change(
            caller.tenant,
            kind,
            details: details.of(caller.tenant),
            reading: [.all(.dataPolicy)]
        ) { changes, _ in
            let kept = try changes.documents(.dataPolicy)
            let isNew = !kept.contains { $0.id == id }
            guard !isNew || kept.count < most else {
                throw BrokerError(.tooManyResults, "A tenant has \(most) policies at most.")
            }
            changes.put(document)
            return isNew
        }
    }

    /// Policies of a tenant at most.
    package static let maximumPolicies = 1_000

    /// Reads a policy of the tenant, by whose classification it may name classes.
    func policy(
        _ body: JSONValue,
        _ ld: LDContext,
        of tenant: TenantName?
    ) async throws -> DataPolicy {
        try await tenants.require(tenant)
        let classes = rules.rules(of: tenant)?.classification.classes ?? DataClasses()
        return try policy(body, ld, classes)
    }

    func policy(
        _ body: JSONValue,
        _ ld: LDContext,
        _ classes: DataClasses
    ) throws(BrokerError) -> DataPolicy {
        guard case .object(let object) = body else {
            throw BrokerError(.badRequestData, "A policy is a JSON object, not \(body.excerpt).")
        }
        let reader = ODRLReader(isClass: { classes[$0] != nil }) { ld.expand($0) }
        do throws(PolicyError) { return try reader.policy(object) } catch {
            throw BrokerError(.badRequestData, "\(error)")
        }
    }
}

extension DataPolicy {
    /// The policy as everybody may know it from the record: the text itself and what its names stand for, or
    /// its hash where it is long.
    var details: JSONObject {
        let text = JSONValue.object(source)
        let whole: JSONObject = ["policy": text, "names": .object(wholeNames)]
        guard JSONValue.object(whole).serialized.count > Self.maximumBytesInRecord else {
            return whole
        }
        return ["uid": .string(id), "sha256": .string(Self.hash(of: text))]
    }

    /// The SHA-256 of what is too long for the record.
    static func hash(of text: JSONValue) -> String {
        Hexadecimal.text(of: Array(SHA256.hash(data: text.serialized)))
    }

    /// An entry of the record has 64 KiB at most.
    static let maximumBytesInRecord = 48 << 10
}
