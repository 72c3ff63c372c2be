import Foundation
import Testing

@testable import Gateway

/// Who may learn what for which purpose, asked of the whole hub by every kind of read.
@Suite(.timeLimit(.minutes(5))) struct RightsMatrixTests {
    @Test func `the page of rights is what the hub does`() async throws {
        let page = try await Self.page()
        if ProcessInfo.processInfo.environment["BALAI_WRITE_RIGHTS_MATRIX"] != nil {
            try page.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOf: Self.file, encoding: .utf8)
        let (now, then) = (page.split(separator: "\n"), committed.split(separator: "\n"))
        #expect(
            now == then,
            """
            Rights have changed. If that is wanted, write docs/rights-matrix.md anew with
            BALAI_WRITE_RIGHTS_MATRIX=1 swift test --filter RightsMatrixTests
            New: \(Set(now).subtracting(then).sorted())
            Gone: \(Set(then).subtracting(now).sorted())
            """
        )
    }

    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/rights-matrix.md").standardized

    /// The cells of each table, row by row.
    private actor Cells {
        private(set) var all: [RightsClass: [[String]]] = [:]

        /// A column: what one asker is answered.
        func add(_ client: RightsClient, _ data: RightsClass, _ asker: RightsAsker) async throws {
            let prepared = try await client.prepare(data, asker)
            var rows = all[data] ?? RightsPath.all.map { _ in [] }
            for (index, path) in RightsPath.all.enumerated() {
                let answer = try await path.ask(client, data, asker, made: prepared[index])
                let other = answer.status < 300 ? "-" : "\(answer.status)"
                rows[index].append(path.tells(answer, of: data) ? "shown" : other)
            }
            all[data] = rows
        }
    }

    private static func page() async throws -> String {
        let cells = Cells()
        try await RightsWorld().test { client in
            try await client.prepare()
            for data in RightsClass.allCases {
                for asker in RightsAsker.all { try await cells.add(client, data, asker) }
            }
            // Last, for what comes after would be hidden too.
            try await client.choose("object")
            for data in RightsClass.allCases {
                try await cells.add(client, data, RightsAsker(.clinic))
            }
        }
        return text(await cells.all)
    }

    private static func text(_ cells: [RightsClass: [[String]]]) -> String {
        let heads =
            ["Kind of read"] + RightsAsker.all.map(\.title)
            + [RightsAsker(.clinic).title + ", after the objection"]
        let tables = RightsClass.allCases.map { data in
            let rows = zip(RightsPath.all, cells[data] ?? []).map { path, row in
                "| \(path.name) | \(row.joined(separator: " | ")) |"
            }
            return """
                ## \(data.title)

                | \(heads.joined(separator: " | ")) |
                |\(heads.map { _ in " --- |" }.joined())
                \(rows.joined(separator: "\n"))
                """
        }
        return """
            # Who may learn what, and what for

            Written by `RightsMatrixTests`, which asks a whole hub; a test fails when it is not true.
            Anyone may read what is public. A policy lets the clinic read what is about people for public
            health, a permission what is internal. A person, whom the personal and the sensitive data are
            about, consents to public health, and at last objects to it. *shown*: the answer tells of the
            data; *-*: it is good, and tells nothing of them; a number: the status of another answer.
            "Telepathy" is no purpose.

            \(tables.joined(separator: "\n\n"))

            """
    }
}
