package import Broker
import ContextModel
import Governance
import HTTPTypes
import Synchronization

/// Who bears which certificate.
package final class ClientCertificates: Sendable {
    /// What is asked whether a certificate still counts.
    private let tls: ServerTLS
    private let clock: HubClock
    /// Who is meant by the subject of a certificate.
    private let subjects: Mutex<[String: Credential]>

    package init(_ tls: ServerTLS, subjects: [String: Credential], clock: HubClock) {
        self.tls = tls
        self.subjects = Mutex(subjects)
        self.clock = clock
    }

    /// Has other subjects mean somebody from now on, also on connections that are open.
    package func replace(with subjects: [String: Credential]) {
        self.subjects.withLock { $0 = subjects }
    }

    /// Whom the certificate identifies: who has its subject by the configuration, or else its one URI.
    ///
    /// Throws `unauthenticated` for a certificate that names nobody or several, has expired, or was signed
    /// by an authority that counts no more.
    func credential(of certificate: PeerCertificate) throws(BrokerError) -> Credential {
        guard tls.isCurrent(certificate) else {
            throw BrokerError(
                .unauthenticated,
                "The authorities of certificates have changed; connect again."
            )
        }
        guard certificate.validity.contains(clock()) else {
            throw BrokerError(.unauthenticated, "The certificate has expired.")
        }
        if let known = subjects.withLock({ $0[certificate.subject] }) { return known }
        guard certificate.uris.count == 1, let uri = certificate.uris.first,
            URIText.isValid(uri), Party.isName(uri)
        else {
            throw BrokerError(
                .unauthenticated,
                "The certificate names no party: it has one URI among the other names of its "
                    + "subject, or the hub's configuration has its subject "
                    + "\"\(certificate.subject)\"."
            )
        }
        return Credential(party: .named(PartyID(uri)))
    }
}
