import ContextModel
import HTTPTypes
import Hummingbird

/// What a client prefers of its answer (clauses 6.3.6 and 6.3.21; RFC 7240).
extension Exchange {
    /// What the client prefers by that name.
    func preference(_ name: String) -> String? {
        // Few requests prefer anything, and each asks here.
        guard request.headers[.prefer] != nil else { return nil }
        return request.headers[values: .prefer].lazy
            .compactMap { PreferHeader.preference(name, in: $0) }.first
    }

    /// The version of the specification that the answer is to conform to, as far as this hub can.
    var preferredVersion: SpecificationVersion? {
        preference("ngsi-ld").flatMap { SpecificationVersion($0) }.map { min($0, .own) }
    }

    /// 203 when entities were amended to an earlier version (clause 6.4.3.2).
    var versionStatus: HTTPResponse.Status? {
        preferredVersion.flatMap { $0 < .own ? .nonAuthoritativeInformation : nil }
    }
}

extension HTTPField.Name {
    /// RFC 7240.
    static let prefer = known("Prefer")
    /// RFC 7240.
    static let preferenceApplied = known("Preference-Applied")
}
