package import Governance

/// What a token says of whoever bears it.
package struct Credential: Sendable, Hashable {
    package var party: Party
    package var roles: Roles
    /// Roles that only policies know.
    package var otherRoles: Set<String>
    /// The person whose token it is.
    package var subject: SubjectID?
    /// All that the token is for; nil where it leaves that open.
    package var purpose: Purpose?

    package init(
        party: Party,
        roles: Roles = [],
        otherRoles: Set<String> = [],
        subject: SubjectID? = nil,
        purpose: Purpose? = nil
    ) {
        self.party = party
        self.roles = roles
        self.otherRoles = otherRoles
        self.subject = subject
        self.purpose = purpose
    }

    package var standing: Standing {
        Standing(roles: roles, otherRoles: otherRoles, subject: subject)
    }
}
