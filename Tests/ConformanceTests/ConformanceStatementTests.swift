import Foundation
import Testing

@Suite struct ConformanceStatementTests {
    private static let tests = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let page = tests.deletingLastPathComponent()
        .appending(path: "docs/conformance-statement.md")

    private static func statement() throws -> ConformanceStatement {
        let items = tests.appending(path: "ConformanceTests/StatementItems.tsv")
        return ConformanceStatement(
            tables: [StatementTable](tsv: try String(contentsOf: items, encoding: .utf8)),
            marks: try ClauseMarks(folder: tests)
        )
    }

    /// `make statement` sets the variable, and the page is written instead of compared.
    @Test func `the statement equals what the tests show`() throws {
        let current = try Self.statement().page
        if ProcessInfo.processInfo.environment["BALAI_WRITE_STATEMENT"] != nil {
            try current.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: Self.page, encoding: .utf8) == current,
            "docs/conformance-statement.md is out of date: run make statement."
        )
    }

    @Test func `every mark is a clause or an item`() throws {
        let statement = try Self.statement()
        let mnemonics = Set(statement.tables.items.map(\.mnemonic))
        for mark in statement.marks.suites.keys where !mnemonics.contains(mark) {
            #expect(mark.wholeMatch(of: /[0-9A-Z]+(\.[0-9]+)*/) != nil, "\(mark)")
        }
    }

    @Test func `a supported item has no remark`() throws {
        let statement = try Self.statement()
        let excused = statement.tables.items.filter { $0.reason != nil }
        #expect(excused.allSatisfy { statement.suites(for: $0).isEmpty })
    }

    @Test func `marks are read from suites and tests`() {
        let source = """
            @Suite(.clause("5.6.1"), .serialized) struct A {
                @Test(.clause("4.5.2", "P_UNITCODE"), arguments: ["1.2"]) func `f`() {}
            }
            """
        let marks = ClauseMarks(source: source, of: "A")
        #expect(Set(marks.suites.keys) == ["5.6.1", "4.5.2", "P_UNITCODE"])
        #expect(marks.suites(of: ["5.6.1", "4.5.2"]) == ["A"])
    }

    @Test func `a clause of several items shows none of them`() {
        let tables = [StatementTable](
            tsv: "T\tTable\n1\tOne\t1.1; 1.2\tONE\n2\tTwo\t1.2; 1.3\tTWO\tnot yet\n"
        )
        let marks = ClauseMarks(source: ".clause(\"1.2\") .clause(\"ONE\")", of: "A")
        let statement = ConformanceStatement(tables: tables, marks: marks)
        #expect(statement.evidence(for: tables[0].items[0]) == ["1.1", "ONE"])
        #expect(statement.unsupported == ["T/2"])
        #expect(statement.page.contains("| 2 | Two | 1.2; 1.3 | `TWO` | N | not yet |"))
    }
}
