import Broker
import ContextModel
import HTTPTypes

/// The media types of the API (clauses 6.3.3 to 6.3.6).
enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case jsonLD = "application/ld+json"
    case geoJSON = "application/geo+json"
    /// Balai's own, for tables (RFC 4180).
    case csv = "text/csv"
    case mergePatch = "application/merge-patch+json"

    /// Chooses the best available type by the Accept header: by quality, then by the order of
    /// `available` (clause 6.3.6; RFC 9110 clause 12.5.1).
    static func negotiate(
        _ accept: String?,
        from available: [MediaType]
    ) throws(BrokerError) -> MediaType {
        guard let accept, !accept.isEmpty, accept != "*/*" else { return available[0] }
        if let exact = available.first(where: { $0.rawValue == accept }) { return exact }
        var best: (type: MediaType, quality: Double)?
        for type in available {
            let quality = Self.quality(of: type, in: accept)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        guard let best else {
            let list = available.map(\.rawValue).joined(separator: ", ")
            throw BrokerError(
                .notAcceptable,
                "'\(accept)' is not available here; available: \(list)."
            )
        }
        return best.type
    }

    /// The quality of the type in the header, from its most specific range.
    private static func quality(of type: MediaType, in accept: String) -> Double {
        var found = (specificity: -1, quality: 0.0)
        for range in HeaderText.elements(of: accept) {
            let parts = HeaderText.parameters(of: range)
            let name = parts[0].lowercased()
            let family = type.rawValue.prefix { $0 != "/" } + "/*"
            let specificity =
                name == type.rawValue ? 2 : name == family ? 1 : name == "*/*" ? 0 : -1
            guard specificity > found.specificity else { continue }
            let parameters = parts.dropFirst().lazy.compactMap(HeaderText.parameter)
            let quality = parameters.first { $0.name == "q" }
            found = (specificity, quality.flatMap { Double($0.value) } ?? 1)
        }
        return found.specificity < 0 ? 0 : found.quality
    }

    /// The type in a Content-Type header; parameters are ignored.
    init?(contentType: String) {
        if let plain = MediaType(rawValue: contentType) {
            self = plain
            return
        }
        let name = contentType.prefix { $0 != ";" }.trimmed.lowercased()
        self.init(rawValue: name)
    }

    /// The media type that `format` names: Balai's own way to ask for one by a URL alone.
    init?(format: String) {
        switch format {
        case "csv": self = .csv
        case "geojson": self = .geoJSON
        default: return nil
        }
    }
}
