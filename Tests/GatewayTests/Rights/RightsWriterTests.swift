import HTTPTypes
import Testing

@testable import Gateway

/// What somebody learns who may write about people and may not read about them.
///
/// Whether an entity is there, and which attributes it has, a writer may learn (docs/threat-model.md). So
/// there are two worlds with the same entities, about somebody who objects, that differ in values alone.
@Suite(.timeLimit(.minutes(5))) struct RightsWriterTests {
    private static let entities = "/ngsi-ld/v1/entities"
    private static let operations = "/ngsi-ld/v1/entityOperations"
    private static let temporal = "/ngsi-ld/v1/temporal/entities"

    /// Requests of the writer, in an order in which later ones show what earlier ones did.
    private static func writes(_ data: RightsClass) -> [WorldRequest] {
        let place = "\(entities)/\(data.entity)"
        let guess = "q=\(data.marker)==%22\(data.marker)%20north%22"
        func post(_ uri: String, _ body: String) -> WorldRequest {
            WorldRequest(method: .post, uri: uri, body: body)
        }
        func patch(_ uri: String, _ body: String) -> WorldRequest {
            WorldRequest(method: .patch, uri: uri, body: body)
        }
        func delete(_ uri: String) -> WorldRequest { WorldRequest(method: .delete, uri: uri) }
        let other = data.body(value: "other").replacing(data.entity, with: data.entity + "1")
        let attribute = #"{"\#(data.marker)": {"type": "Property", "value": 1}}"#
        let both = "[\(data.body(value: "mine")), \(other)]"
        return [
            // A purge that finds what its sender may not read would tell it by what is gone.
            delete("\(entities)?type=\(data.type)&\(guess)"),
            delete("\(entities)?type=\(data.type)&\(guess)&drop=\(data.marker)"),
            delete("\(entities)?type=\(data.type)&\(guess)&keep=size"),
            delete("\(entities)?type=\(data.type)&q=size==7%3B\(data.marker)~=north"),
            delete("\(entities)?q=patient==%22\(RightsWorld.person)%22"),
            post(entities, data.body(value: "mine")),
            post(place + "/attrs?options=noOverwrite", attribute),
            post(operations + "/create", both),
            patch(place + "/attrs", #"{"absent": {"type": "Property", "value": 1}}"#),
            patch(place + "/attrs/\(data.marker)", #"{"observedAt": "2020-01-01T00:00:00Z"}"#),
            patch(place + "/attrs/absent", #"{"value": 1}"#),
            patch(place + "?type=Nothing", #"{"size": 8}"#),
            delete(place + "/attrs/\(data.marker)?datasetId=urn:x:d1"),
            delete(place + "/attrs/absent"),
            post("\(temporal)/\(data.entity)/attrs", history(data)),
            post(temporal, temporalBody(data)),
            delete("\(temporal)/\(data.entity)/attrs/\(data.marker)/urn:ngsi-ld:Instance:1"),
            post(operations + "/update?options=noOverwrite", both),
            post(operations + "/merge", both),
            post("/hub/readings", both), post("/hub/imports/entities", both),
            post("/hub/imports/history", "[\(temporalBody(data))]"),
            post("/hub/imports/geojson?type=\(data.type)", feature(data)),
            post(operations + "/upsert?options=update", both),
            post(operations + "/delete", #"["\#(data.entity)", "urn:x:nothing"]"#),
            post(operations + "/delete", #"["\#(data.entity)"]"#),
            delete(place), delete("\(temporal)/\(data.entity)"), post(entities, data.body()),
        ]
    }

    private static func history(_ data: RightsClass) -> String {
        """
        {"\(data.marker)": [{"type": "Property", "value": 3,
          "observedAt": "2024-01-01T00:00:00Z"}]}
        """
    }

    private static func feature(_ data: RightsClass) -> String {
        #"{"type": "Feature", "id": "\#(data.entity)", "properties": {"\#(data.marker)": 3}}"#
    }

    private static func temporalBody(_ data: RightsClass) -> String {
        let attribute = history(data).dropFirst()
        return #"{"id": "\#(data.entity)", "type": "\#(data.type)", \#(attribute)"#
    }

    /// Prepares a world whose values about people say which one it is.
    private static func prepare(_ client: RightsClient, _ name: String, reads: Bool) async throws {
        try await client.prepare()
        if reads {
            try await client.make(
                .put,
                "/governance/v1/policies/urn:policy:writer",
                RightsClass.policy(of: "writer")
            )
        }
        for data in RightsClass.allCases where data.isAboutPeople {
            try await client.make(
                "\(entities)/\(data.entity)/attrs",
                """
                {"\(data.marker)": {"type": "Property", "value": "\(data.marker) \(name)"}}
                """
            )
        }
        try await client.choose("object")
    }

    @Test(arguments: [false, true])
    func `no write tells of values that its sender may not read`(reads: Bool) async throws {
        try await RightsWorld().test { north in
            try await Self.prepare(north, "north", reads: reads)
            try await RightsWorld().test { south in
                try await Self.prepare(south, "south", reads: reads)
                var statuses: Set<Int> = []
                for data in RightsClass.allCases where data.isAboutPeople {
                    for write in Self.writes(data) {
                        let writer = RightsAsker(.writer)
                        let first = try await north.send(write, as: writer)
                        let second = try await south.send(write, as: writer)
                        #expect(
                            first.comparable == second.comparable,
                            "\(write) is answered \(first) and \(second)"
                        )
                        #expect(!first.text.contains("north"), "\(write) tells \(first)")
                        statuses.insert(first.status)
                    }
                }
                // Most of them do something: otherwise nothing is proved.
                #expect(statuses.isSuperset(of: [201, 204, 207, 404, 409]), "\(statuses)")
            }
        }
    }

    @Test func `who may read, and writes, learns of values by a purge until somebody objects`()
        async throws
    {
        for (choice, isGone) in [("consent", true), ("object", false)] {
            try await RightsWorld().test { client in
                try await Self.prepare(client, "north", reads: true)
                try await client.choose(choice)
                let data = RightsClass.personal
                let purge = try #require(Self.writes(data).first)
                try await client.send(purge, as: RightsAsker(.writer))
                let again = try await client.send(
                    WorldRequest(method: .post, uri: Self.entities, body: data.body()),
                    as: RightsAsker(.writer)
                )
                #expect(again.status == (isGone ? 201 : 409), "\(choice): \(again)")
            }
        }
    }

    @Test func `an @context of the writer's own puts nothing past the classification`()
        async throws
    {
        try await RightsWorld().test { client in
            try await client.prepare()
            // The person's name under another term: the entity is about nobody, and so for nobody.
            let contexts = [
                #"{"patient": "https://elsewhere.example/patient"}"#,
                #"{"Visit": "https://elsewhere.example/Visit", "patient": "https://elsewhere.example/p"}"#,
                """
                {"Thing": "\(Self.vocabulary)Visit", "seen": "\(Self.vocabulary)canaryVisit",
                 "who": "https://elsewhere.example/who"}
                """,
            ]
            let bodies = [
                ("urn:x:smuggled:1", "Visit", "patient", "canaryVisit"),
                ("urn:x:smuggled:2", "Visit", "patient", "canaryVisit"),
                ("urn:x:smuggled:3", "Thing", "who", "seen"),
            ]
            for (context, (id, type, person, marker)) in zip(contexts, bodies) {
                let made = try await client.send(
                    WorldRequest(
                        method: .post,
                        uri: Self.entities,
                        body: """
                            {"@context": \(context), "id": "\(id)", "type": "\(type)",
                             "\(person)": {"type": "Relationship",
                              "object": "\(RightsWorld.person)"},
                             "\(marker)": {"type": "Property", "value": "canaryVisit smuggled"}}
                            """,
                        headers: ["Content-Type": "application/ld+json"]
                    ),
                    as: RightsAsker(.writer)
                )
                // The writer may write no type that its rule does not name, by whatever word.
                #expect(made.status == (id.hasSuffix("2") ? 403 : 201), "\(id): \(made)")
            }
            for asker in [RightsAsker(.anonymous), RightsAsker(.stranger), RightsAsker(.clinic)] {
                for uri in [
                    "\(Self.entities)?type=Visit", "\(Self.entities)?type=*",
                    "\(Self.entities)?id=urn:x:smuggled:1,urn:x:smuggled:3",
                    "\(Self.temporal)?type=Visit&timerel=before&timeAt=2100-01-01T00:00:00Z",
                ] {
                    let answer = try await client.send(WorldRequest(uri: uri), as: asker)
                    #expect(
                        !answer.text.contains("smuggled"),
                        "\(uri) tells \(asker.title): \(answer)"
                    )
                }
            }
        }
    }

    private static let vocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"
}

extension RightsAnswer {
    /// What must be the same in two worlds: all but what is made by chance.
    fileprivate var comparable: [String] {
        let id = /urn:(ngsi-ld|balai):[A-Za-z:]*[0-9a-f-]{32,36}/
        return [
            "\(status)", (location ?? "").replacing(id, with: "SOME"),
            body.replacing(id, with: "SOME"),
        ]
    }
}
