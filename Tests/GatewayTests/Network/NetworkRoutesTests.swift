import ContextModel
import Foundation
import HTTPTypes
import Record
import Testing

@testable import Gateway

/// The rules about borders and the exemptions from them, over HTTP.
@Suite(.timeLimit(.minutes(5))) struct NetworkRoutesTests {
    private static let base = "/network/v1"
    private static let question = "source=SG&category=personal&controller=public&destination=MY"
    private static let anyone = RightsAsker(.anonymous, nil)
    private static let admin = RightsAsker(.admin, nil)

    private func json(_ answer: RightsAnswer) throws -> JSONObject {
        try #require(try JSONReader.read(Array(answer.body.utf8)).objectValue)
    }

    private func verdict(_ client: RightsClient, _ query: String) async throws -> JSONObject {
        let request = WorldRequest(uri: "\(Self.base)/verdict?\(query)")
        let answer = try await client.send(request, as: Self.anyone)
        #expect(answer.status == 200, "\(answer)")
        return try json(answer)
    }

    /// The body of an exemption that begins and ends so many days from now.
    private func exemption(from start: Int, to end: Int, _ client: RightsClient) -> String {
        let today = client.world.ahead.now()
        func moment(_ days: Int) -> String {
            Timestamp(microseconds: today.microseconds + Int64(days) * 86_400_000_000).text
        }
        return """
            {"title": "Clinics", "participants": ["urn:balai:party:clinic"],
             "purpose": "https://w3id.org/dpv#PublicHealth", "categories": ["personal"],
             "source": "SG", "destinations": ["MY"], "from": "\(moment(start))",
             "until": "\(moment(end))", "conditions": ["nothing is kept"], "report": "2030-01-01"}
            """
    }

    private func put(
        _ body: String,
        _ client: RightsClient,
        as asker: RightsAsker = admin
    ) async throws -> RightsAnswer {
        try await client.send(
            WorldRequest(method: .put, uri: "\(Self.base)/exemptions/causeway", body: body),
            as: asker
        )
    }

    @Test func `anyone may ask whether data may cross a border, and is told why`() async throws {
        try await RightsWorld().test { client in
            let verdict = try await verdict(client, "\(Self.question)&date=2026-12-01")
            #expect(verdict["verdict"] == "NEED_EXPLICIT_GRANT")
            #expect(verdict["rule"] == "SG-2" && verdict["date"] == "2018-04-01")
            #expect(verdict["article"]?.stringValue?.contains("s. 4(1)(c)") == true)
            #expect(verdict["explanation"]?.stringValue?.contains("SG to MY") == true)
            let unknown = try await self.verdict(
                client,
                "source=SG&category=telepathy&controller=private&destination=MY"
            )
            #expect(unknown["verdict"] == "DENY" && unknown["rule"] == "XX-0")
            let granted = try await self.verdict(client, Self.question + "&grounds=grant,consent")
            #expect(granted["allowed"] == true && granted["ground"] == "grant")
            for (query, place) in [
                ("source=SG&category=personal&controller=public", "destination"),
                (Self.question.replacing("SG", with: "Singapore"), "source"),
                (Self.question + "&grounds=luck", "grounds"),
                (Self.question + "&date=soon", "date"), (Self.question + "&people=-1", "people"),
                (Self.question + "&colour=red", "colour"),
                (
                    Self.question + "&via="
                        + Array(repeating: "TH", count: 11).joined(separator: ","), "via"
                ),
            ] {
                let request = WorldRequest(uri: "\(Self.base)/verdict?\(query)")
                let answer = try await client.send(request, as: Self.anyone)
                #expect(answer.status == 400 && answer.body.contains(place), "\(answer)")
            }
            let rules = try await client.send(
                WorldRequest(uri: "\(Self.base)/rules"),
                as: Self.anyone
            )
            #expect(try json(rules)["rules"]?.arrayValue?.count == 27)
        }
    }

    @Test func `an exemption is in the record, holds from its beginning, and ends by itself`()
        async throws
    {
        try await RightsWorld().test { client in
            let size = client.world.record.size
            let made = try await put(exemption(from: 2, to: 10, client), client)
            #expect(made.status == 201, "\(made)")
            let entries = try await client.world.record.newestEntries(1)
            #expect(client.world.record.size == size + 1)
            #expect(entries.first?.entry.kind == .exemption)
            let use =
                "\(Self.question)&exemption=causeway&party=urn:balai:party:clinic"
                + "&purpose=dpv:PublicHealth"
            func states(_ days: [Int]) async throws -> [String] {
                var states: [String] = []
                for day in days {
                    client.world.ahead.set(Int64(day) * 86_400_000_000 + 60_000_000)
                    let verdict = try await verdict(client, use)
                    states.append(verdict["verdict"]?.stringValue ?? "")
                }
                return states
            }
            let (yes, no) = ("TIME-BOXED PERMIT", "NEED_EXPLICIT_GRANT")
            #expect(try await states([0, 1, 2, 5, 9, 10, 30]) == [no, no, yes, yes, yes, no, no])
            client.world.ahead.set(5 * 86_400_000_000)
            for other in [
                use.replacing("party:clinic", with: "party:other"),
                use.replacing("PublicHealth", with: "Marketing"),
                use.replacing("category=personal", with: "category=sensitive"),
                use.replacing("destination=MY", with: "destination=TH"), use + "&via=TH",
                use + "&date=2026-12-01",
            ] {
                #expect(try await verdict(client, other)["verdict"]?.stringValue == no, "\(other)")
            }

            // Whoever reads the page of rules finds it, with its proof.
            let page = try await client.send(WorldRequest(uri: "/rules?lang=en"), as: Self.anyone)
            #expect(page.body.contains("Clinics <small>in force</small>"), "\(page)")
            #expect(page.body.contains("Conditions: nothing is kept."))
            #expect(page.body.contains("/record/proofs/\(size)"))
            #expect(page.body.contains("was published"))

            // A change is a new entry, and so is the end.
            let shown = try await client.send(
                WorldRequest(uri: "\(Self.base)/exemptions/causeway"),
                as: Self.anyone
            )
            let kept = try json(shown)
            #expect(kept["state"] == "in force" && kept["version"] == 1)
            #expect(kept["entry"] == .number(JSONNumber(size)))
            let ended = try await client.send(
                WorldRequest(method: .delete, uri: "\(Self.base)/exemptions/causeway"),
                as: Self.admin
            )
            #expect(ended.status == 204 && client.world.record.size == size + 2)
            #expect(try await verdict(client, use)["verdict"]?.stringValue == no)
            let list = try await client.send(
                WorldRequest(uri: "\(Self.base)/exemptions"),
                as: Self.anyone
            )
            #expect(list.body.contains("\"ended\""), "\(list)")
        }
    }

    @Test func `an exemption that is back-dated, too long or not understood is refused`()
        async throws
    {
        try await RightsWorld().test { client in
            let size = client.world.record.size
            for body in [
                exemption(from: -1, to: 10, client), exemption(from: -9, to: -1, client),
                exemption(from: 1, to: 800, client),
                exemption(from: 1, to: 9, client).replacing("PublicHealth", with: "Telepathy"),
                exemption(from: 1, to: 9, client).replacing("\"SG\"", with: "\"US\""),
                exemption(from: 1, to: 9, client).replacing("title", with: "name"), "[]",
            ] {
                let answer = try await put(body, client)
                #expect(answer.status == 400, "\(body): \(answer)")
            }
            for asker in [RightsAsker(.clinic, nil), Self.anyone] {
                let answer = try await put(exemption(from: 1, to: 9, client), client, as: asker)
                #expect(answer.status == 403 || answer.status == 401, "\(answer)")
            }
            #expect(client.world.record.size == size)
            let missing = try await client.send(
                WorldRequest(uri: "\(Self.base)/exemptions/causeway"),
                as: Self.anyone
            )
            #expect(missing.status == 404)
        }
    }
}
