import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("4.3.6", "5.7.1", "5.7.2")) struct ReadPlanTests {
    private typealias Sample = FederationSample

    private func urls(
        _ question: FederatedQuestion,
        _ registrations: [ContextSourceRegistration],
        isRetrieval: Bool = false,
        via: [String] = []
    ) -> [String] {
        let matches = registrations.map {
            MatchedRegistration($0, information: Array($0.information.indices))
        }
        let plan = ReadPlan(question, to: matches, isRetrieval: isRetrieval, via: via)
        return plan.questions.map { question in
            let request = question.request(
                in: SourceManner(context: .core, via: via + ["me"]),
                offset: 0,
                limit: 7
            )
            let parameters = request.parameters.filter { $0.key != "options" && $0.key != "limit" }
            return "\(request.operation) \(request.entityID?.uri ?? "") "
                + parameters.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        }
    }

    private func buses(
        _ ids: Set<EntityID>? = nil,
        idPattern: Pattern? = nil
    ) -> EntitySelection {
        EntitySelection(types: .type(Sample.iri("Bus")), ids: ids, idPattern: idPattern)
    }

    @Test func `a source is asked for no more than its registration says`() throws {
        let pattern = try Pattern("urn:x:.*")
        let question = FederatedQuestion(
            selections: [buses()],
            filters: [KeyValuePair(key: "q", value: "speed>5")],
            filterAttributes: [Sample.iri("speed")]
        )
        let asked = urls(
            question,
            [
                Sample.registration(about: [Sample.info(types: ["Bus"], idPattern: pattern)]),
                Sample.registration(
                    about: [
                        Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["name", "speed"])
                    ]
                ),
                // It has a part of an entity, and cannot decide the filter.
                Sample.registration(about: [Sample.info(types: ["Bus"], attributes: ["name"])]),
                Sample.registration(about: [Sample.info(attributes: ["speed"])]),
            ]
        )
        #expect(
            asked == [
                "queryEntity  type=Bus&idPattern=urn:x:.*&q=speed>5",
                "queryEntity  type=Bus&id=urn:x:1&attrs=name,speed&q=speed>5",
                "queryEntity  type=Bus&attrs=name",
                "queryEntity  type=Bus&attrs=speed&q=speed>5",
            ]
        )
    }

    @Test func `identifiers are met by what is registered`() throws {
        let (one, two) = (EntityID("urn:x:1"), EntityID("urn:y:2"))
        let asked = urls(
            FederatedQuestion(selections: [buses([one, two])]),
            [
                Sample.registration(
                    about: [Sample.info(types: ["Bus"], idPattern: try Pattern("urn:x:.*"))]
                ),
                Sample.registration(about: [Sample.info(types: ["Bus"], id: "urn:z:3")]),
            ]
        )
        #expect(asked == ["queryEntity  type=Bus&id=urn:x:1"])
    }

    @Test func `entities that are registered one by one are asked for together`() {
        let registration = Sample.registration(about: [
            RegistrationInfo(entities: [
                EntityInfo(types: [Sample.iri("Bus")], id: EntityID("urn:x:2")),
                EntityInfo(types: [Sample.iri("Bus")], id: EntityID("urn:x:1")),
            ])
        ])
        #expect(
            urls(FederatedQuestion(selections: [buses()]), [registration])
                == ["queryEntity  type=Bus&id=urn:x:1,urn:x:2"]
        )
    }

    @Test(
        .clause("4.20"),
        arguments: [
            (["retrieveEntity"], ["retrieveEntity urn:x:1 type=Bus"]),
            (["queryEntity"], ["queryEntity  type=Bus&id=urn:x:1"]),
            (["queryBatch"], ["queryBatch  "]),
            (["updateOps"], []),
            (["federationOps"], ["retrieveEntity urn:x:1 type=Bus"]),
        ]
    )
    func `an entity is retrieved by an operation that the source offers`(
        names: [String],
        expected: [String]
    ) {
        let operations = names.compactMap(DistributedOperation.operations(named:))
            .reduce(into: Set()) { $0.formUnion($1) }
        let question = FederatedQuestion(
            selections: [EntitySelection(ids: [EntityID("urn:x:1")])]
        )
        let registration = Sample.registration(operations: operations)
        #expect(urls(question, [registration], isRetrieval: true) == expected)
    }

    @Test(.clause("5.12")) func `a source that the request came through is not asked`() {
        var registration = Sample.registration()
        registration.alias = "city-b"
        let question = FederatedQuestion(selections: [buses()])
        #expect(urls(question, [registration], via: ["city-a"]).count == 1)
        #expect(urls(question, [registration], via: ["city-b", "city-a"]).isEmpty)
    }

    @Test func `too many sources are left out, and told of`() {
        let all = (0...ReadPlan.maximumQuestions).map { Sample.registration("urn:r:\($0)") }
        let plan = ReadPlan(
            FederatedQuestion(selections: [buses()]),
            to: all.map { MatchedRegistration($0, information: [0]) }
        )
        #expect(plan.questions.count == ReadPlan.maximumQuestions)
        #expect(plan.leftOut.map(\.id) == ["urn:r:\(ReadPlan.maximumQuestions)"])
    }

    @Test func `split entities are asked for without filters`() {
        let question = FederatedQuestion(
            selections: [buses()],
            filters: [KeyValuePair(key: "q", value: "speed>5")],
            filterAttributes: [Sample.iri("speed")],
            passesFilters: false
        )
        #expect(urls(question, [Sample.registration()]) == ["queryEntity  type=Bus"])
    }
}
