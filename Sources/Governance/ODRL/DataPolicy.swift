package import ContextModel

/// A policy of a tenant: an ODRL document (ODRL Information Model 2.2), and the rules that it makes.
package struct DataPolicy: Sendable {
    /// The `uid`.
    package let id: String
    /// What people call it; a lawful override has one.
    package let title: String?
    package let permissions: [Permission]
    package let prohibitions: [Prohibition]
    /// What was written.
    package let source: JSONObject
    /// What the names of types and attributes in it stand for.
    package let names: [String: IRI]

    /// Bytes of a policy at most.
    package static let maximumBytes = 256 << 10
    /// Rules that a policy may make.
    package static let maximumRules = 1_000
}

extension TenantRules {
    /// The rules that the policies of a tenant make together.
    package init(
        classification: Classification,
        policies: some Sequence<DataPolicy>,
        choices: ChoiceBook
    ) {
        let ordered = policies.sorted { $0.id < $1.id }
        self.init(
            classification: classification,
            permissions: ordered.flatMap(\.permissions),
            prohibitions: ordered.flatMap(\.prohibitions),
            choices: choices
        )
    }
}

/// Why a policy is refused: nothing of it is in force then.
package struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it is wrong, as `permission[0].constraint[1].operator`.
    package let member: String
    /// What is wrong there, in a sentence.
    package let reason: String

    package init(_ member: String, _ reason: String) {
        self.member = member
        self.reason = reason
    }

    package var description: String { "\(member): \(reason)" }

    /// The same, in a part of the place.
    func within(_ place: String) -> PolicyError {
        member.hasPrefix(place) ? self : PolicyError(place + "." + member, reason)
    }
}
