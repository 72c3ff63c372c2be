package import Governance

/// A page of reports.
package struct ReportPage: Sendable {
    package var reports: [KeptReport] = []
    package var hasMore = false
}

extension Coordinating {
    /// Reports of a page at most.
    package static let maximumPage = 1_000

    /// The reports that the filter lets through, in the order in which they came.
    ///
    /// Throws for a caller that may read none.
    package func queryReports(
        _ filter: ReportFilter,
        limit: Int,
        caller: Caller
    ) async throws -> ReportPage {
        try await requireReading(caller)
        return try await shelf().page(filter, limit: min(limit, Self.maximumPage))
    }
}
