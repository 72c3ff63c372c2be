package import ContextModel

/// What a token says of its bearer beside the party: its roles, and the person whose token it is.
///
/// What the hub goes on to do for somebody (a subscription, a snapshot) keeps it, and is decided by it.
package struct Standing: Sendable, Hashable {
    /// What its bearer may do beside what the policy permits its party.
    package var roles: Roles = []
    /// Roles that only policies know: the issuer of the token gave them.
    package var otherRoles: Set<String> = []
    /// The person whose token it is; nil where it is nobody's own.
    package var subject: SubjectID?

    package init(
        roles: Roles = [],
        otherRoles: Set<String> = [],
        subject: SubjectID? = nil
    ) {
        self.roles = roles
        self.otherRoles = otherRoles
        self.subject = subject
    }

    /// Reads the result of `roleNames`; names that no policy can have are left out.
    package init(roleNames: [String], subject: SubjectID? = nil) {
        self.subject = subject
        for name in roleNames {
            if let own = Roles.byName[name] {
                roles.formUnion(own)
            } else if Self.isRoleName(name) {
                otherRoles.insert(name)
            }
        }
    }

    /// Every role by its name, in the order of the alphabet.
    package var roleNames: [String] { (roles.names + otherRoles).sorted() }

    /// Whether a policy can name a role so: it has 1 to 128 bytes.
    package static func isRoleName(_ text: String) -> Bool { (1...128).contains(text.utf8.count) }
}

extension Caller {
    package var standing: Standing {
        Standing(roles: roles, otherRoles: otherRoles, subject: subject)
    }

    /// A caller with what it was when it had something made.
    package init(party: Party, standing: Standing, purpose: Purpose?, tenant: TenantName?) {
        self.init(
            party: party,
            roles: party == .operator ? nil : standing.roles,
            subject: standing.subject,
            purpose: purpose,
            tenant: tenant
        )
        otherRoles = standing.otherRoles
    }
}
