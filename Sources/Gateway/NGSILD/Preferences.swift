import ContextModel
import HTTPTypes
import Hummingbird

/// The client's preferences for its answer (clauses 6.3.6 and 6.3.21; RFC 7240).
extension Exchange {
    /// The client's preference with this name.
    func preference(_ name: String) -> String? {
        // Few requests have preferences, and each one runs this.
        guard request.headers[.prefer] != nil else { return nil }
        return request.headers[values: .prefer].lazy
            .compactMap { PreferHeader.preference(name, in: $0) }.first
    }

    /// The version of the specification for the answer, as far as this hub supports it.
    var preferredVersion: SpecificationVersion? {
        preference("ngsi-ld").flatMap { SpecificationVersion($0) }.map { min($0, .own) }
    }

    /// The status 203 when entities were adapted to an earlier version (clause 6.4.3.2).
    var versionStatus: HTTPResponse.Status? {
        preferredVersion.flatMap { $0 < .own ? .nonAuthoritativeInformation : nil }
    }
}

extension HTTPField.Name {
    /// The Prefer header (RFC 7240).
    static let prefer = known("Prefer")
    /// The Preference-Applied header (RFC 7240).
    static let preferenceApplied = known("Preference-Applied")
}
