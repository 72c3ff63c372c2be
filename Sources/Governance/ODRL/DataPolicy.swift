package import ContextModel

/// A policy of a tenant: an ODRL document (ODRL Information Model 2.2), and the rules that it makes.
package struct DataPolicy: Sendable {
    /// The `uid`.
    package let id: String
    package let permissions: [Permission]
    package let prohibitions: [Prohibition]
    /// What was written.
    package let source: JSONObject
    /// What the names of types and attributes in it stand for.
    package let names: [String: IRI]

    package init(
        id: String,
        permissions: [Permission],
        prohibitions: [Prohibition],
        source: JSONObject,
        names: [String: IRI]
    ) {
        self.id = id
        self.permissions = permissions
        self.prohibitions = prohibitions
        self.source = source
        self.names = names
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
}
