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

    /// Each cell has its own hub, so that requests do not affect each other.
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
        for party in AccessParty.allCases {
            var cells: [String] = []
            for target in AccessTarget.allCases {
                let answer = try await answer(description, sample, target, party)
                cells.append(answer.cell(for: target, description))
                if party != .operator, answer.text.contains(AccessWorld.canary) {
                    row.leaks.append("\(party) sees \(answer.text)")
                }
            }
            row.cells.append(cells[0] == cells[1] ? cells[0] : cells.joined(separator: " / "))
        }
        return row
    }

    private static func answer(
        _ description: RouteDescription,
        _ sample: AccessSample,
        _ target: AccessTarget,
        _ party: AccessParty
    ) async throws -> AccessAnswer {
        let world = try await AccessWorld()
        let result = AnswerBox()
        try await world.test { client in
            var values = try await client.prepare()
            if description.path.contains("{instanceId}") {
                values["instanceId"] = try await client.instanceID(of: target)
            }
            if description.path.contains("{entityMapId}") {
                values["entityMapId"] = try await client.entityMapID(of: target)
            }
            if description.path.contains("/snapshots") {
                values["snapshotId"] = try await client.snapshotID(of: target)
            }
            if description.path.contains("csourceSubscriptions") {
                values["subscriptionId"] = "urn:ngsi-ld:Subscription:sources"
            }
            await result.put(
                try await client.ask(description, sample, target, values, as: party)
            )
        }
        return try #require(await result.answer)
    }

    private actor AnswerBox {
        private(set) var answer: AccessAnswer?
        func put(_ answer: AccessAnswer) { self.answer = answer }
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
