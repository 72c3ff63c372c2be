import Foundation
import HTTPTypes
import Testing

@testable import Gateway

/// The rights in the whole hub: every route, every kind of party.
@Suite struct AccessMatrixTests {
    /// A row of the page: the answers for each party, within the rules and beyond them.
    struct Row {
        var route: String
        var cells: [String]
        var leaks: [String] = []
    }

    @Test func `every route has a sample, and every sample a route`() async throws {
        let world = try await AccessWorld()
        let routes = Set(world.routes.descriptions.map(\.name))
        try await world.test { _ in }
        #expect(
            routes.subtracting(AccessSample.all.keys).isEmpty,
            "Say in AccessSample how a new route is asked, and read its row in the matrix."
        )
        #expect(Set(AccessSample.all.keys).subtracting(routes).isEmpty)
    }

    @Test func `without a rule only the operator sees data, on any route`() async throws {
        let rows = try await Self.rows.value
        for row in rows { #expect(row.leaks.isEmpty, "\(row.route): \(row.leaks)") }
    }

    @Test func `the access matrix equals what the hub does`() async throws {
        let page = Self.page(try await Self.rows.value)
        if ProcessInfo.processInfo.environment["BALAI_WRITE_ACCESS_MATRIX"] != nil {
            try page.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOf: Self.file, encoding: .utf8)
        let (now, then) = (Set(page.lines), Set(committed.lines))
        #expect(
            now == then,
            """
            Rights have changed. If that is wanted, write docs/access-matrix.md anew with
            BALAI_WRITE_ACCESS_MATRIX=1 swift test --filter AccessMatrixTests
            New: \(now.subtracting(then).sorted())
            Gone: \(then.subtracting(now).sorted())
            """
        )
    }

    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/access-matrix.md").standardized

    /// Computed once for all tests.
    private static let rows = Task { try await makeRows() }

    private static func makeRows() async throws -> [Row] {
        let world = try await AccessWorld()
        let descriptions = world.routes.descriptions
        try await world.test { _ in }
        var rows: [Row] = []
        for description in descriptions {
            guard let sample = AccessSample.all[description.name] else { continue }
            rows.append(try await row(description, sample))
        }
        return rows
    }

    private static func row(
        _ description: RouteDescription,
        _ sample: AccessSample
    ) async throws -> Row {
        var row = Row(route: description.name, cells: [])
        let answers = try await answers(description, sample)
        for party in AccessParty.allCases {
            var cells: [String] = []
            for target in AccessTarget.allCases {
                let answer = try #require(answers[AccessCell(party: party, target: target)])
                cells.append(answer.cell(for: target, description))
                if party != .operator, answer.text.contains(AccessWorld.canary) {
                    row.leaks.append("\(party) sees \(answer.text)")
                }
            }
            row.cells.append(cells[0] == cells[1] ? cells[0] : cells.joined(separator: " / "))
        }
        return row
    }

    /// What each party is answered: of one hub where requests change nothing, else of a hub for each cell, so
    /// that requests do not affect each other.
    private static func answers(
        _ description: RouteDescription,
        _ sample: AccessSample
    ) async throws -> [AccessCell: AccessAnswer] {
        let cells = AccessParty.allCases.flatMap { party in
            AccessTarget.allCases.map { AccessCell(party: party, target: $0) }
        }
        let groups = description.method == .get ? [cells] : cells.map { [$0] }
        let answers = Answers()
        for group in groups {
            try await AccessWorld().test { client in
                let values = try await client.prepare()
                for cell in group {
                    await answers.put(
                        try await answer(description, sample, cell, client, values),
                        at: cell
                    )
                }
            }
        }
        return await answers.all
    }

    private static func answer(
        _ description: RouteDescription,
        _ sample: AccessSample,
        _ cell: AccessCell,
        _ client: AccessClient,
        _ prepared: [String: String]
    ) async throws -> AccessAnswer {
        var values = prepared
        if description.path.contains("{instanceId}") {
            values["instanceId"] = try await client.instanceID(of: cell.target)
        }
        if description.path.contains("{entityMapId}") {
            values["entityMapId"] = try await client.entityMapID(of: cell.target)
        }
        if description.path.contains("/snapshots") {
            values["snapshotId"] = try await client.snapshotID(of: cell.target)
        }
        if description.path.contains("csourceSubscriptions") {
            values["subscriptionId"] = "urn:ngsi-ld:Subscription:sources"
        }
        return try await client.ask(description, sample, cell.target, values, as: cell.party)
    }

    private struct AccessCell: Hashable {
        let party: AccessParty
        let target: AccessTarget
    }

    private actor Answers {
        private(set) var all: [AccessCell: AccessAnswer] = [:]
        func put(_ answer: AccessAnswer, at cell: AccessCell) { all[cell] = answer }
    }

    private static func page(_ rows: [Row]) -> String {
        let heads = ["Route"] + AccessParty.allCases.map(\.rawValue.capitalized)
        let lines = rows.map { "| `\($0.route)` | \($0.cells.joined(separator: " | ")) |" }
        return """
            # Who may do what

            Written by `AccessMatrixTests`, which asks a whole hub; a test fails when it is not true.
            The hub has trees, which anyone may read but for one attribute, and a safe that no rule
            mentions. *Reader* may read trees, *Writer* may read, write and subscribe to them.
            A cell is the status of the answer; *shown* when what was asked for is in it. Two, when
            trees and the safe differ: `trees / safe`.

            | \(heads.joined(separator: " | ")) |
            |\(heads.map { _ in " --- |" }.joined())
            \(lines.joined(separator: "\n"))

            """
    }
}

extension RouteDescription {
    fileprivate var name: String { "\(method.rawValue) \(path)" }
}

extension String {
    fileprivate var lines: [Substring] { split(separator: "\n") }
}
