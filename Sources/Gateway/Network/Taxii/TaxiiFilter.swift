import Broker
import ContextModel
import HubNetwork

/// The parameters by which a client says which objects it wants (TAXII 2.1, clauses 3.4 and 3.5).
struct TaxiiFilter {
    /// Objects of a page where the client names no limit.
    static let defaultLimit = 100

    var filter = ReportFilter()
    var limit = Self.defaultLimit

    static let parameters = [
        QueryParameter("added_after", "Objects that came after the moment"),
        QueryParameter("limit", "Objects of a page at most, up to 1,000", kind: .integer),
        QueryParameter("next", "Where the page goes on: next of the page before"),
        QueryParameter("match[id]", "Identifiers of objects, separated by commas"),
        QueryParameter("match[type]", "Types of objects, separated by commas"),
        QueryParameter(
            "match[version]",
            "first, last, all or moments, separated by commas; last"
        ),
        QueryParameter("match[spec_version]", "Versions of STIX, separated by commas"),
    ]

    /// Throws `BrokerError` for what is not understood.
    init(_ items: QueryItems) throws(BrokerError) {
        if let after = try items.text("added_after") {
            guard let moment = Timestamp(dateTime: after) else {
                throw Self.error("added_after", "'\(after)' is no moment.")
            }
            filter.addedAfter = moment
        }
        if let next = try items.text("next") {
            guard let last = Int64(next), last > 0 else {
                throw Self.error("next", "'\(next)' is of no page.")
            }
            filter.addedAfter = max(
                filter.addedAfter ?? Timestamp(microseconds: 0),
                Timestamp(microseconds: last)
            )
        }
        if let text = try items.text("limit") {
            guard let limit = Int(text), limit > 0 else {
                throw Self.error("limit", "It must be a whole number from 1 on.")
            }
            self.limit = min(limit, Coordinating.maximumPage)
        }
        filter.ids = try items.list("match[id]").map { Set($0) }
        filter.types = try items.list("match[type]").map { Set($0) }
        filter.specVersions = try items.list("match[spec_version]").map { Set($0) }
        if let versions = try items.list("match[version]") {
            filter.versions = []
            for text in versions { filter.versions.insert(try Self.version(text)) }
        }
    }

    private static func version(_ text: String) throws(BrokerError) -> ReportFilter.Version {
        switch text {
        case "first": return .first
        case "last": return .last
        case "all": return .all
        default:
            guard let moment = Timestamp(dateTime: text) else {
                throw error("match[version]", "'\(text)' is no version.")
            }
            return .at(moment)
        }
    }

    private static func error(_ name: String, _ problem: String) -> BrokerError {
        BrokerError(.badRequestData, "\(name): \(problem)")
    }
}
