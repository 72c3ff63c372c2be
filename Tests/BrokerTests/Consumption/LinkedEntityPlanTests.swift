import ContextModel
import Testing

@testable import Broker

/// A graph by name: `["a": ["b"]]` is an entity `a` with a Relationship `to` that leads to `b`.
private typealias Graph = [String: [String]]

@Suite struct LinkedEntityPlanTests {
    private static let to = LDContext.core.expand("to")

    private static func entity(_ name: String, _ graph: Graph) -> Entity? {
        guard let targets = graph[name] else { return nil }
        let value = JSONValue.array(targets.map { .string("urn:x:\($0)") })
        let attribute = Attribute(kind: .listRelationship, value: value)
        return Entity(
            id: EntityID("urn:x:\(name)"),
            types: [LDContext.core.expand("Node")],
            attributes: targets.isEmpty ? [] : [NamedAttribute(name: to, instances: [attribute])]
        )
    }

    /// What the plan fetched, round by round, and the result.
    private struct Outcome {
        var fetched: [[String]] = []
        var appended: [String] = []
        var levels: Int?
        var isComplete = true
    }

    private func run(
        _ graph: Graph,
        from roots: [String],
        _ join: Join,
        projection: Projection = Projection(),
        limit: Int = 100
    ) -> Outcome {
        var plan = LinkedEntityPlan(
            from: roots.compactMap { Self.entity($0, graph) },
            join,
            in: Representation(projection: projection),
            limit: limit
        )
        var outcome = Outcome()
        while let ids = plan.next() {
            let names = ids.map { String($0.uri.dropFirst(6)) }.sorted()
            outcome.fetched.append(names)
            plan.take(names.compactMap { Self.entity($0, graph) })
        }
        switch plan.result {
        case .appended(let list):
            outcome.appended = list.map { String($0.entity.id.uri.dropFirst(6)) }
        case .inline(let inline): outcome.levels = inline.levels
        }
        outcome.isComplete = plan.isComplete
        return outcome
    }

    @Test(arguments: [Join.Format.inline, .flat])
    func `each level is fetched at once, and nothing twice`(format: Join.Format) {
        let graph = ["a": ["b", "c"], "b": ["d", "c"], "c": ["d"], "d": ["e"], "e": []]
        let outcome = run(graph, from: ["a"], Join(format, level: 3))
        #expect(outcome.fetched.filter { !$0.isEmpty } == [["b", "c"], ["d"], ["e"]])
        #expect(outcome.isComplete)
    }

    @Test func `flattened entities are listed once, in the order they are met`() {
        let graph = ["a": ["c", "b"], "x": ["b", "a"], "b": ["x", "d"], "c": ["b"], "d": []]
        let outcome = run(graph, from: ["a", "x"], Join(.flat, level: 2))
        #expect(outcome.appended == ["c", "b", "d"])
    }

    @Test(arguments: [Join.Format.inline, .flat])
    func `the level ends the search`(format: Join.Format) {
        let graph = ["a": ["b"], "b": ["c"], "c": ["d"], "d": []]
        #expect(run(graph, from: ["a"], Join(format, level: 2)).fetched == [["b"], ["c"]])
    }

    @Test func `a cycle is fetched once and ends`() {
        let graph = ["a": ["b"], "b": ["a"]]
        let flat = run(graph, from: ["a"], Join(.flat, level: 10))
        #expect(flat.fetched.flatMap(\.self) == ["b"] && flat.appended == ["b"])
        let inline = run(graph, from: ["a"], Join(.inline, level: 10))
        #expect(inline.fetched.flatMap(\.self) == ["b"] && inline.isComplete)
    }

    @Test func `an entity that refers to itself needs nothing`() {
        #expect(run(["a": ["a"]], from: ["a"], Join(.inline, level: 3)).fetched.isEmpty)
    }

    @Test func `entities that the caller has are neither fetched nor followed`() {
        let join = Join(.flat, level: 3, containedBy: [EntityID("urn:x:b")])
        let outcome = run(
            ["a": ["b", "c"], "b": ["d"], "c": [], "d": []],
            from: ["a"],
            join
        )
        #expect(outcome.fetched == [["c"]] && outcome.appended == ["c"])
    }

    @Test func `a missing entity is asked for once`() {
        let graph = ["a": ["b", "none"], "b": ["none"]]
        let outcome = run(graph, from: ["a"], Join(.inline, level: 4))
        #expect(outcome.fetched.flatMap(\.self) == ["b", "none"])
    }

    @Test func `only Relationships that are shown are followed`() {
        let hidden = Projection(omittedAttributes: [Self.to])
        let graph = ["a": ["b"], "b": ["c"], "c": []]
        #expect(
            run(graph, from: ["a"], Join(.flat, level: 2), projection: hidden).fetched.isEmpty
        )
        let further = Projection(linked: [Self.to: hidden])
        #expect(
            run(graph, from: ["a"], Join(.flat, level: 2), projection: further).fetched == [["b"]]
        )
    }

    @Test func `too many entities stop the search before they are fetched`() {
        let graph = ["a": ["b"], "b": ["c", "d", "e"], "c": [], "d": [], "e": []]
        let outcome = run(graph, from: ["a"], Join(.inline, level: 2), limit: 3)
        #expect(outcome.fetched == [["b"]])
        #expect(outcome.levels == 1 && !outcome.isComplete)
    }

    @Test func `an entity shown several times counts each time`() {
        // Ten entities that all lead to each other are shown 9, then 81, then 729 times.
        let names = (0..<10).map(String.init)
        let graph = Dictionary(uniqueKeysWithValues: names.map { ($0, names) })
        let outcome = run(graph, from: ["0"], Join(.inline, level: 10), limit: 100)
        #expect(outcome.levels == 2 && !outcome.isComplete)
        #expect(run(graph, from: ["0"], Join(.flat, level: 10), limit: 100).isComplete)
    }
}
