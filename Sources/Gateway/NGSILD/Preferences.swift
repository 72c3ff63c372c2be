import ContextModel
import HTTPTypes
import Hummingbird

/// What a client prefers of its answer (clauses 6.3.6 and 6.3.21; RFC 7240).
extension Exchange {
    /// The preferences, each as it was written.
    var preferences: [String] {
        // Few requests prefer anything, and each asks here.
        guard request.headers[.prefer] != nil else { return [] }
        return request.headers[values: .prefer].flatMap { header in
            header.split(separator: ",").map { $0.trimmed }
        }
    }

    /// The version of the specification that entities are to conform to, as far as this hub can.
    var preferredVersion: SpecificationVersion? {
        for preference in preferences where preference.hasPrefix("ngsi-ld=") {
            let text = preference.dropFirst(8).filter { $0 != "\"" }
            if let version = SpecificationVersion(text) { return min(version, .own) }
        }
        return nil
    }

    /// Tells the version that the answer conforms to.
    var versionHeaders: HTTPFields {
        preferredVersion.map { [.preferenceApplied: "ngsi-ld=\($0.text)"] } ?? [:]
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
