/// ETSI's Implementation Conformance Statement, filled in from tests.
///
/// An item is supported when a test is marked with its mnemonic, or with a clause that no other
/// mnemonic refers to.
struct ConformanceStatement {
    let tables: [StatementTable]
    let marks: ClauseMarks

    /// The marks of tests that show the item.
    func evidence(for item: StatementItem) -> [String] {
        let items = tables.items
        let clauses = item.clauses.filter { clause in
            items.allSatisfy { $0.mnemonic == item.mnemonic || !$0.clauses.contains(clause) }
        }
        let isAlone = items.allSatisfy {
            $0.clauses == item.clauses || $0.mnemonic != item.mnemonic
        }
        return clauses + (isAlone ? [item.mnemonic] : [])
    }

    func suites(for item: StatementItem) -> [String] { marks.suites(of: evidence(for: item)) }

    var unsupported: [String] {
        tables.flatMap { table in
            table.items.filter { suites(for: $0).isEmpty }.map { "\(table.number)/\($0.number)" }
        }
    }

    var page: String {
        ([head] + tables.map(section)).joined(separator: "\n")
    }

    private var head: String {
        """
        # Conformance statement

        The Implementation Conformance Statement of ETSI GS CIM 029 V2.1.1 (annex A) for Balai, against
        ETSI GS CIM 009 V1.9.1. `make statement` writes this page from the marks of the tests (`.clause(…)`):
        an item is supported when a test is marked with its clause or its mnemonic, and `make test` fails when
        the page says otherwise. How the hub stands with ETSI's test suite is in
        [conformance.md](conformance.md).

        - **Date of the statement** (A.2.2): that of the commit this page is in.
        - **Implementation under test** (A.2.3): Balai, in the version this page belongs to.
        - **System under test** (A.2.4): a hub started with `balai serve`, on Linux.
        - **Supplier, contact** (A.2.5 to A.2.7): the Balai project.
        - **Are all mandatory capabilities implemented?** (A.4) \(answer)

        """
    }

    private var answer: String {
        let missing = unsupported
        if missing.isEmpty { return "Yes: every item below is supported." }
        let count = tables.items.count
        return "Of \(count) items \(count - missing.count) are supported; not supported: "
            + missing.joined(separator: ", ") + "."
    }

    private func section(_ table: StatementTable) -> String {
        let rows = table.items.map { item in
            let suites = suites(for: item)
            let evidence =
                suites.isEmpty
                ? item.reason ?? "no test shows it"
                : suites.map { "`\($0)`" }.joined(separator: ", ")
            let cells = [
                item.number, item.feature, item.clauses.joined(separator: "; "),
                "`\(item.mnemonic)`", suites.isEmpty ? "N" : "Y", evidence,
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let head = """
            ## \(table.number) \(table.title)

            | Item | Feature | Clauses | Mnemonic | Support | Shown by |
            | ---: | --- | --- | --- | --- | --- |
            """
        return ([head] + rows).joined(separator: "\n") + "\n"
    }
}
