import Testing

@testable import Collect

@Suite struct TableTests {
    @Test func `columns are found by name whatever their order`() throws {
        var table = try Table(MemoryBytes("b, a ,c\n1,2,3\n", name: "t.csv"))
        #expect(table.index(of: "a") == 1 && table.index(of: "x") == nil)
        #expect(try table.next() == .row)
        #expect(table.row.text(1) == "2")
        #expect(try table.next() == .end)
    }

    @Test func `a row with missing or surplus fields is reported`() throws {
        var table = try Table(MemoryBytes("a,b\n1\n1,2,3\n1,2\n", name: "t.csv"))
        let short = RowProblem(
            file: "t.csv",
            line: 2,
            reason: "The row has 1 fields, the header 2."
        )
        #expect(try table.next() == .problem(short))
        var long = short
        long.line = 3
        long.reason = "The row has 3 fields, the header 2."
        #expect(try table.next() == .problem(long))
        #expect(try table.next() == .row)
    }

    @Test func `a problem names its column`() throws {
        var table = try Table(MemoryBytes("a,b\n1,2\"\n", name: "t.csv"))
        guard case .problem(let problem) = try table.next() else {
            Issue.record("no problem found")
            return
        }
        #expect(problem.column == .init(number: 2, name: "b"))
    }

    @Test func `a header with a column twice or without a name is refused`() {
        #expect(throws: SourceError("`t.csv`: column 2 `a` is there twice.")) {
            try Table(MemoryBytes("a,a\n", name: "t.csv"))
        }
        #expect(throws: SourceError("`t.csv`: column 2 has no name.")) {
            try Table(MemoryBytes("a,\n", name: "t.csv"))
        }
        #expect(throws: SourceError.self) { try Table(MemoryBytes("", name: "t.csv")) }
    }
}
