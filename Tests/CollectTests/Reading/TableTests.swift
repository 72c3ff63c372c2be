import Testing

@testable import Collect

@Suite struct TableTests {
    @Test func `columns are found by name whatever their order`() throws {
        var table = try Table(MemoryBytes("b, a ,c\n1,2,3\n", name: "t.csv"))
        #expect(try table.index(of: "a") == 1 && table.index(of: "x") == nil)
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

    @Test func `columns without a name, or with equal names, matter only if they are used`()
        throws
    {
        var table = try Table(MemoryBytes(",a,b,a,\n0,1,2,3,\n4,5,6,7\n", name: "t.csv"))
        #expect(try table.index(of: "b") == 2)
        #expect(throws: SourceError("`t.csv` has more than one column `a`.")) {
            try table.index(of: "a")
        }
        #expect(try table.next() == .row)
        #expect(table.row.text(2) == "2" && table.row.count == 5)
        // A column without a name at the end may be missing from a row.
        #expect(try table.next() == .row)
        #expect(table.row.text(3) == "7" && table.row.count == 5)
        #expect(try table.next() == .end)
    }

    @Test func `empty fields after the last column are left out`() throws {
        var table = try Table(MemoryBytes("a,b\n1,2,,\n1,2,,3\n", name: "t.csv"))
        #expect(try table.next() == .row)
        #expect(table.row.count == 2)
        guard case .problem = try table.next() else {
            Issue.record("a field of no column was taken")
            return
        }
    }

    @Test func `a table without even a header is refused`() throws {
        #expect(throws: SourceError.self) { try Table(MemoryBytes("", name: "t.csv")) }
        let nothing = try Table.unlessEmpty(MemoryBytes("\n\n", name: "t.csv"))
        #expect(nothing == nil)
    }
}
