import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("5.6.21")) struct PurgePlanTests {
    private typealias Sample = FederationSample

    private static let manner = SourceManner(context: .core, via: ["hub"])
    private static let all = Set(DistributedOperation.allCases)

    private func plan(
        _ selection: EntitySelection = EntitySelection(types: .type(Sample.iri("Bus"))),
        _ extent: PurgeExtent = .entities,
        filters: [KeyValuePair] = [],
        passesFilters: Bool = true,
        to registrations: [ContextSourceRegistration],
        via: [String] = []
    ) -> PurgePlan {
        PurgePlan(
            FederatedQuestion(
                selections: [selection],
                filters: filters,
                filterAttributes: filters.isEmpty ? [] : [Sample.iri("speed")],
                passesFilters: passesFilters
            ),
            extent,
            to: registrations.map {
                MatchedRegistration($0, information: Array($0.information.indices))
            },
            via: via
        )
    }

    private func words(_ plan: PurgePlan) -> [String] {
        plan.parts.map { part in
            let request = part.request(in: Self.manner, isInCallersWords: true)
            let parameters = request?.parameters.map { "\($0.key)=\($0.value)" } ?? ["none"]
            return parameters.joined(separator: "&")
        }
    }

    private static func registration(
        _ mode: ContextSourceRegistration.Mode = .inclusive,
        _ info: RegistrationInfo = Sample.info(types: ["Bus"]),
        operations: Set<DistributedOperation> = all
    ) -> ContextSourceRegistration {
        Sample.registration("urn:r:1", mode, about: [info], operations: operations)
    }

    @Test func `a source is asked for what it has registered`() throws {
        #expect(words(plan(to: [Self.registration()])) == ["type=Bus"])
        let one = Self.registration(.exclusive, Sample.info(types: ["Bus"], id: "urn:x:1"))
        #expect(words(plan(to: [one])) == ["type=Bus&id=urn:x:1"])
        let pattern = Sample.info(types: ["Bus"], idPattern: try Pattern("urn:x:.*"))
        #expect(
            words(plan(to: [Self.registration(.redirect, pattern)])) == [
                "type=Bus&idPattern=urn:x:.*"
            ]
        )
        #expect(words(plan(EntitySelection(types: .type(Sample.iri("Tram"))), to: [one])) == [])
    }

    @Test func `attributes go where they are registered`() {
        let speed = Self.registration(
            .exclusive,
            Sample.info(types: ["Bus"], attributes: ["speed"])
        )
        let names = Set(["speed", "name"].map(Sample.iri))
        #expect(words(plan(to: [speed])) == ["type=Bus"])
        let (bus, whole) = (EntitySelection(types: .type(Sample.iri("Bus"))), Self.registration())
        #expect(words(plan(bus, .attributes(names), to: [speed])) == ["type=Bus&drop=speed"])
        #expect(words(plan(bus, .attributes(names), to: [whole])) == ["type=Bus&drop=name,speed"])
        let name = Set([Sample.iri("name")])
        #expect(words(plan(bus, .attributes(name), to: [speed])) == [])
        #expect(words(plan(bus, .attributesExcept(name), to: [speed])) == ["type=Bus&drop=speed"])
        #expect(words(plan(bus, .attributesExcept(name), to: [whole])) == ["type=Bus&keep=name"])
        #expect(words(plan(bus, .attributesExcept(names), to: [speed])) == [])
    }

    /// Without the filter more would be gone.
    @Test func `who cannot decide a filter is not asked`() throws {
        let filters = [KeyValuePair(key: "q", value: "speed>5")]
        let whole = Self.registration()
        let passed = plan(filters: filters, to: [whole])
        #expect(words(passed) == ["type=Bus&q=speed>5"])
        #expect(passed.parts[0].request(in: Self.manner, isInCallersWords: false) == nil)
        let name = Self.registration(.inclusive, Sample.info(types: ["Bus"], attributes: ["name"]))
        for plan in [
            plan(filters: filters, to: [name]),
            plan(filters: filters, passesFilters: false, to: [whole]),
        ] {
            #expect(plan.parts.isEmpty && plan.inexact.map(\.id) == ["urn:r:1"])
        }
        // Two patterns cannot be said in one.
        let selection = EntitySelection(
            types: .type(Sample.iri("Bus")),
            idPattern: try Pattern("urn:x:1.*")
        )
        let pattern = Sample.info(types: ["Bus"], idPattern: try Pattern("urn:x:.*"))
        let two = plan(selection, to: [Self.registration(.inclusive, pattern)])
        #expect(two.parts.isEmpty && two.inexact.count == 1)
        #expect(words(plan(selection, to: [whole])) == ["type=Bus&idPattern=urn:x:1.*"])
        // Identifiers and a pattern can: by the identifiers that match it.
        var both = selection
        both.ids = ["urn:x:1", "urn:x:12", "urn:x:2"].reduce(into: []) { $0.insert(EntityID($1)) }
        #expect(words(plan(both, to: [whole])) == ["type=Bus&id=urn:x:1,urn:x:12"])
    }

    @Test func `who alone has it and does not offer to purge is told of`() {
        let proxied = plan(to: [Self.registration(.redirect, operations: [.deleteEntity])])
        #expect(proxied.parts.isEmpty && proxied.refused.map(\.id) == ["urn:r:1"])
        let inclusive = plan(to: [Self.registration(operations: [.deleteEntity])])
        #expect(inclusive.parts.isEmpty && inclusive.refused.isEmpty)
        #expect(plan(to: [Self.registration(.auxiliary)]).parts.isEmpty)
        var known = Self.registration()
        known.alias = "city-b"
        #expect(plan(to: [known], via: ["city-b"]).parts.isEmpty)
    }
}
