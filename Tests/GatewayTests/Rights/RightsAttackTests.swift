import HTTPTypes
import Storage
import StorageSQLite
import Testing

@testable import Gateway

/// Ways around a person's choice that somebody might think of.
@Suite(.timeLimit(.minutes(5))) struct RightsAttackTests {
    private static let past =
        "timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt"
    private static let visit = RightsClass.personal
    private static let askers = [
        RightsAsker(.anonymous), RightsAsker(.stranger), RightsAsker(.clinic), RightsAsker(.admin),
    ]

    /// Asks all questions as everybody, and expects that nobody is told of the visit.
    private func expectSilence(
        _ client: RightsClient,
        _ what: String,
        of data: RightsClass = RightsAttackTests.visit,
        types: [String] = [RightsAttackTests.visit.type, RightsClass.public.type],
        from askers: [RightsAsker] = RightsAttackTests.askers
    ) async throws {
        let entities = "/ngsi-ld/v1/entities"
        let temporal = "/ngsi-ld/v1/temporal/entities"
        var questions = [
            "\(entities)/\(data.entity)?options=sysAttrs",
            "\(entities)?id=\(data.entity)", "\(temporal)/\(data.entity)?\(Self.past)",
            "\(temporal)/\(data.entity)?\(Self.past)&options=temporalValues",
            "\(temporal)/\(data.entity)?timerel=before&timeAt=2100-01-01T00:00:00Z"
                + "&timeproperty=deletedAt",
            "/ngsi-ld/v1/attributes", "/ngsi-ld/v1/types?details=true",
        ]
        for type in types {
            questions += [
                "\(entities)?type=\(type)", "\(temporal)?type=\(type)&\(Self.past)",
                "\(temporal)?type=\(type)&\(Self.past)&options=aggregatedValues"
                    + "&aggrMethods=totalCount&aggrPeriodDuration=PT0S",
                "/ngsi-ld/v1/types/\(type)",
            ]
        }
        for asker in askers {
            for uri in questions {
                let answer = try await client.send(WorldRequest(uri: uri), as: asker)
                #expect(
                    !answer.text.contains(data.marker),
                    "\(what): \(uri) tells \(asker.title): \(answer)"
                )
            }
        }
    }

    @Test func `an entity that comes again as a public one tells nothing of what it was`()
        async throws
    {
        try await RightsWorld().test { client in
            try await client.prepare()
            try await client.choose("object")
            let place = "/ngsi-ld/v1/entities/\(Self.visit.entity)"
            try await client.make(.delete, place, "")
            try await expectSilence(client, "deleted")
            try await client.make(
                "/ngsi-ld/v1/entities",
                #"{"id": "\#(Self.visit.entity)", "type": "Bench", "size": 1}"#
            )
            let shown = try await client.send(WorldRequest(uri: place), as: RightsAsker(.anonymous))
            #expect(shown.status == 200, "it is a bench now: \(shown)")
            try await expectSilence(client, "come again")
        }
    }

    @Test func `an entity that is public, too, is about the person still`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            try await client.choose("object")
            try await client.make(
                .patch,
                "/ngsi-ld/v1/entities/\(Self.visit.entity)",
                #"{"type": ["Visit", "Bench"]}"#
            )
            try await expectSilence(client, "of two types")
        }
    }

    @Test func `whom an entity was about before counts in its history`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            try await client.choose("object")
            try await client.make(
                .patch,
                "/ngsi-ld/v1/entities/\(Self.visit.entity)/attrs",
                "{\(RightsClass.patient("urn:x:person:budi"))}"
            )
            let now = try await client.send(
                WorldRequest(uri: "/ngsi-ld/v1/entities/\(Self.visit.entity)"),
                as: RightsAsker(.clinic)
            )
            #expect(now.body.contains("budi"), "it is about somebody else now: \(now)")
            let history = try await client.send(
                WorldRequest(
                    uri: "/ngsi-ld/v1/temporal/entities/\(Self.visit.entity)?\(Self.past)"
                ),
                as: RightsAsker(.clinic)
            )
            #expect(history.status == 404, "\(history)")
        }
    }

    @Test func `an entity of nobody, or of a broken name, is for nobody`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            let place = "/ngsi-ld/v1/entities/\(Self.visit.entity)/attrs"
            try await client.make(.delete, place + "/patient", "")
            // The history is of somebody who consents.
            let now = try await client.send(
                WorldRequest(uri: "/ngsi-ld/v1/entities/\(Self.visit.entity)"),
                as: RightsAsker(.clinic)
            )
            #expect(now.status == 404, "\(now)")
            try await client.make(
                .post,
                place,
                #"{"patient": {"type": "Property", "value": {"name": "urn:x:person:siti"}}}"#
            )
            let broken = try await client.send(
                WorldRequest(uri: "/ngsi-ld/v1/entities/\(Self.visit.entity)"),
                as: RightsAsker(.clinic)
            )
            #expect(broken.status == 404, "\(broken)")
        }
    }

    @Test func `notifications that wait, and all later ones, are silent of who objects`()
        async throws
    {
        let world = try await RightsWorld()
        try await world.test { client in
            try await client.prepare()
            try await client.subscribe()
            try await client.change(1)
            // Of three entities, by two protocols.
            while world.receivers.sent.count < 6 { await Task.yield() }
            try await client.choose("object")
            let before = world.receivers.sent.count
            for number in 2..<20 { try await client.change(number) }
            // A bike is public, and its personal attribute is not.
            for number in 0..<2 {
                try await client.make(
                    "/ngsi-ld/v1/entities/urn:x:Bike:1/attrs",
                    #"{"size": {"type": "Property", "value": \#(number)}}"#
                )
            }
            let tenant = try #require(try await world.store.tenant(nil))
            while try await tenant.outboxDepth().count > 0 { await Task.yield() }
            for sent in world.receivers.sent.dropFirst(before) {
                #expect(!sent.text.contains("canary"), "\(sent.url): \(sent.text)")
            }
        }
    }

    @Test func `what is erased is nowhere any more`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            let snapshot = try #require(RightsPath.all.first { $0.name == "Query in a snapshot" })
            let clinic = RightsAsker(.clinic)
            let made = try await snapshot.prepare(client, Self.visit, clinic)
            try await client.make(
                .delete,
                "/governance/v1/subjects/\(RightsWorld.person)/data",
                "",
                as: .person
            )
            let kept = try await snapshot.ask(client, Self.visit, clinic, made: made)
            #expect(!snapshot.tells(kept, of: Self.visit), "\(kept)")
            try await expectSilence(client, "erased", from: Self.askers + [RightsAsker(.person)])
            for data in RightsClass.allCases where data.isAboutPeople {
                let own = try await client.send(
                    WorldRequest(uri: "/governance/v1/subjects/\(RightsWorld.person)/data"),
                    as: RightsAsker(.person)
                )
                #expect(!own.text.contains(data.marker), "\(own)")
            }
        }
    }
}
