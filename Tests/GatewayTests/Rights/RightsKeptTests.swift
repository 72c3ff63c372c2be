import HTTPTypes
import Testing

@testable import Gateway

/// What was made while it was allowed, and is used when it is not, or by somebody else.
@Suite(.timeLimit(.minutes(5))) struct RightsKeptTests {
    private static let data = RightsClass.personal
    private static let kept = RightsPath.all.filter {
        $0.name.contains("EntityMap") || $0.name.contains("snapshot")
    }

    @Test func `nobody else is told by what the clinic has made`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            #expect(Self.kept.count >= 6)
            let others = [
                RightsAsker(.anonymous), RightsAsker(.stranger), RightsAsker(.admin),
                RightsAsker(.person), RightsAsker(.clinic, nil),
                RightsAsker(.clinic, "dpv:Marketing"),
            ]
            for path in Self.kept {
                let made = try await path.prepare(client, Self.data, RightsAsker(.clinic))
                let own = try await path.ask(client, Self.data, RightsAsker(.clinic), made: made)
                #expect(path.tells(own, of: Self.data), "\(path.name): \(own)")
                for other in others {
                    let answer = try await path.ask(client, Self.data, other, made: made)
                    #expect(
                        !path.tells(answer, of: Self.data),
                        "\(path.name) tells \(other.title): \(answer)"
                    )
                }
            }
        }
    }

    @Test func `a copy of a snapshot that is made after an objection is as silent`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            let path = try #require(Self.kept.first { $0.name == "Query in a snapshot" })
            let clinic = RightsAsker(.clinic)
            let made = try #require(try await path.prepare(client, Self.data, clinic))
            try await client.choose("object")
            let clone = try await client.send(
                WorldRequest(
                    method: .post,
                    uri: "/ngsi-ld/v1/snapshots/\(made)/clone",
                    body: #"{"type": "Snapshot"}"#
                ),
                as: clinic
            )
            #expect(!clone.text.contains(Self.data.marker))
            guard let place = clone.location else {
                #expect(clone.status >= 400, "\(clone)")
                return
            }
            while try await client.send(WorldRequest(uri: place), as: clinic).body
                .contains("preparing")
            { await Task.yield() }
            let id = String(place.split(separator: "/").last ?? "").replacing("%3A", with: ":")
            for name in [made, id] {
                let answer = try await path.ask(client, Self.data, clinic, made: name)
                #expect(!path.tells(answer, of: Self.data), "\(name): \(answer)")
            }
            // It is the choice that hides it: with consent the copy tells what it had.
            try await client.choose("consent")
            let answer = try await path.ask(client, Self.data, clinic, made: made)
            #expect(path.tells(answer, of: Self.data), "\(answer)")
        }
    }

    /// In the tenant north everybody may read everything, and nobody has objected.
    private static func makeLaxTenant(_ client: RightsClient) async throws {
        let north = ["NGSILD-Tenant": "north"]
        for (method, uri, body) in [
            (
                HTTPRequest.Method.put, "/governance/v1/classification",
                #"{"Visit": {"class": "public"}}"#
            ),
            (
                .put, "/governance/v1/policies/urn:policy:all",
                """
                {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
                 "uid": "urn:policy:all", "permission": [{"action": "read", "target": "Visit"}]}
                """
            ),
            (
                .post, "/ngsi-ld/v1/entities",
                #"{"id": "urn:x:Visit:north", "type": "Visit", "size": 1}"#
            ),
        ] {
            let answer = try await client.send(
                WorldRequest(method: method, uri: uri, body: body, headers: north),
                as: RightsAsker(.admin, nil)
            )
            try #require(answer.status < 300, "\(uri): \(answer)")
        }
    }

    @Test func `the laxer rules of another tenant open nothing of this one`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            try await Self.makeLaxTenant(client)
            let clinic = RightsAsker(.clinic)
            var prepared: [(RightsPath, String?)] = []
            for path in RightsPath.all {
                prepared.append((path, try await path.prepare(client, Self.data, clinic)))
            }
            let askers = [RightsAsker(.anonymous), RightsAsker(.stranger), clinic]
            for choice in ["consent", "object"] {
                try await client.choose(choice)
                for (path, made) in prepared {
                    for asker in askers {
                        let answer = try await path.ask(
                            client,
                            Self.data,
                            asker,
                            made: made,
                            headers: ["NGSILD-Tenant": "north"]
                        )
                        #expect(
                            !answer.text.contains(Self.data.marker + " "),
                            "\(path.name) tells \(asker.title): \(answer)"
                        )
                    }
                }
            }
            // What is said of the person in one tenant is not said in another.
            let accesses = try await client.send(
                WorldRequest(
                    uri: "/governance/v1/subjects/\(RightsWorld.person)/accesses",
                    headers: ["NGSILD-Tenant": "north"]
                ),
                as: RightsAsker(.person)
            )
            #expect(accesses.status == 200 && accesses.body == "[]", "\(accesses)")
        }
    }

    /// Ways in which whoever may write makes something else of the entity.
    private static let moves: [(String, HTTPRequest.Method, String, String)] = [
        (
            "replaced", .put, "/ngsi-ld/v1/entities/\(data.entity)",
            #"{"id": "\#(data.entity)", "type": "Bench", "size": 1}"#
        ),
        (
            "replaced in a batch", .post, "/ngsi-ld/v1/entityOperations/upsert",
            #"[{"id": "\#(data.entity)", "type": "Bench", "size": 1}]"#
        ),
        (
            "given another type", .post, "/ngsi-ld/v1/entities/\(data.entity)/attrs",
            #"{"type": "Bench", "more": {"type": "Property", "value": 1}}"#
        ),
        (
            "merged with another type", .patch, "/ngsi-ld/v1/entities/\(data.entity)",
            #"{"type": "Bench", "size": 1}"#
        ),
        (
            "of another type in its history", .post, "/ngsi-ld/v1/temporal/entities",
            """
            {"id": "\(data.entity)", "type": "Bench", "size": [{"type": "Property", "value": 1,
             "observedAt": "2024-01-01T00:00:00Z"}]}
            """
        ),
    ]

    @Test(arguments: moves.indices)
    func `an entity that is made another one tells nothing of what it was`(move: Int) async throws {
        let (name, method, uri, body) = Self.moves[move]
        try await RightsWorld().test { client in
            try await client.prepare()
            try await client.choose("object")
            try await client.make(method, uri, body)
            for path in RightsPath.all where path.name != "Own data" {
                for asker in [
                    RightsAsker(.anonymous), RightsAsker(.stranger), RightsAsker(.clinic),
                    RightsAsker(.admin),
                ] {
                    let made = try await path.prepare(client, Self.data, asker)
                    for data in [Self.data, RightsClass.public] {
                        let answer = try await path.ask(client, data, asker, made: made)
                        #expect(
                            !answer.text.contains(Self.data.marker + " "),
                            "\(name): \(path.name) tells \(asker.title): \(answer)"
                        )
                    }
                }
            }
        }
    }
}
