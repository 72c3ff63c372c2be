/// What a service shows to people: its content, of which the hub makes a page that looks like all
/// others.
package struct ServicePage: Sendable {
    /// Makes the content for whoever looks at it.
    package var content: @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceContent

    package init(
        content: @escaping @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceContent
    ) {
        self.content = content
    }
}

/// The content of a service's page: plain texts, which the hub escapes.
package struct ServiceContent: Sendable, Equatable {
    /// A table with a head.
    package struct Table: Sendable, Equatable {
        package var caption: String
        package var columns: [String]
        /// A row has a text for each column.
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
