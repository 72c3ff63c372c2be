import Foundation
import Gateway
import Governance

/// Where the operator keeps what TLS needs.
struct TLSPaths: Sendable, Hashable {
    var certificate: String
    var key: String
    /// The authorities whose certificates identify clients; nil when none do.
    var clientCertificates: String?
}

extension SettingsReader {
    /// What `tls` says; nil for plain HTTP.
    mutating func tls() -> TLSPaths? {
        let authorities = text("tls.clientCertificates")
        switch (text("tls.certificate"), text("tls.key")) {
        case (let certificate?, let key?):
            return TLSPaths(
                certificate: certificate,
                key: key,
                clientCertificates: authorities
            )
        case (nil, nil) where authorities == nil: return nil
        default:
            findings.append("tls needs certificate and key.")
            return nil
        }
    }

    /// What `certificateParties` says, by the subjects of certificates.
    mutating func certificateParties(names: [String], tls: TLSPaths?) -> [String: Credential] {
        if !names.isEmpty, tls?.clientCertificates == nil {
            findings.append("certificateParties needs tls.clientCertificates.")
        }
        var parties: [String: Credential] = [:]
        for name in names {
            let section = "certificateParties.\(name)"
            guard let subject = text("certificateParties", name, "subject"), !subject.isEmpty,
                let party = text("certificateParties", name, "party"), Party.isName(party)
            else {
                findings.append("\(section) needs subject, and party: the name of one.")
                continue
            }
            let standing = Standing(roleNames: list("certificateParties", name, "roles"))
            let credential = Credential(
                party: .named(PartyID(party)),
                roles: standing.roles,
                otherRoles: standing.otherRoles
            )
            if parties.updateValue(credential, forKey: subject) != nil {
                findings.append("\(section): another party has the subject \"\(subject)\".")
            }
        }
        return parties
    }
}
