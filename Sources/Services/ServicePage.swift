/// A service's page for people: the hub puts its content into a page that looks like all others.
package struct ServicePage: Sendable {
    /// Creates the content for the person who opens the page.
    package var content: @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceContent

    package init(
        content: @escaping @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceContent
    ) {
        self.content = content
    }
}

/// The content of a service's page: plain texts, which the hub escapes.
package struct ServiceContent: Sendable, Equatable {
    /// A table with a header.
    package struct Table: Sendable, Equatable {
        package var caption: String
        package var columns: [String]
        /// The rows, each with a text for each column.
        package var rows: [[String]]

        package init(caption: String, columns: [String], rows: [[String]]) {
            self.caption = caption
            self.columns = columns
            self.rows = rows
        }
    }

    /// What the page is about, in a sentence or two.
    package var lead: String
    package var paragraphs: [String]
    package var tables: [Table]

    package init(lead: String, paragraphs: [String] = [], tables: [Table] = []) {
        self.lead = lead
        self.paragraphs = paragraphs
        self.tables = tables
    }
}
