import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// Whoever signs in chooses what it reads for, out of what its party may read for.
@Suite struct SessionPurposeTests {
    private static let clinic = Credential(party: .named(PartyID("clinic")))

    /// The cookie that the answer sets beside others.
    private func purpose(_ answer: TestResponse) -> String? {
        answer.headers[values: .setCookie].first { $0.hasPrefix("balai-purpose=") }
            .map { String($0.prefix { $0 != ";" }) }
    }

    @Test
    func `pages show data about people for the purpose that was chosen, and the record tells`()
        async throws
    {
        let world = try await SignedInWorld()
        let link = try world.link(for: Self.clinic)
        try await world.test { visitor in
            let session = try await visitor.cookies(ofLink: link)
            func text(_ path: String, _ cookies: String) async throws -> String {
                String(buffer: try await visitor.ask(path, cookies: cookies).body)
            }
            let before = try await text("/sign-in", session)
            #expect(
                before.contains(
                    #"<option value="dpv:PublicHealth" lang="en">Public health</option>"#
                )
            )
            #expect(!before.contains("Marketing"))
            #expect(try await !text("/data", session).contains("Visit"))
            let chosen = try await visitor.ask(
                "/sign-in/purpose",
                cookies: session,
                form: "purpose=dpv%3APublicHealth"
            )
            #expect(chosen.status == .seeOther && chosen.headers[.location] == "/sign-in")
            let both = session + "; " + (try #require(purpose(chosen)))
            #expect(
                try await text("/sign-in", both).contains(
                    #"value="dpv:PublicHealth" lang="en" selected"#
                )
            )
            let data = try await text("/data", both)
            #expect(data.contains("Visit") && data.contains("For: Public health"))
            let read = try await text("/ngsi-ld/v1/entities?type=Visit", both)
            #expect(read.contains("secret-ann"))
            let told = try await text(
                "/governance/v1/subjects/\(SignedInWorld.ann)/accesses",
                try #require(visitor.cookies[SignedInWorld.ann])
            )
            #expect(told.contains("dpv:PublicHealth") && told.contains("urn:balai:party:clinic"))
            // Not to read for it any more, and to sign out, ends it.
            for (path, form) in [("/sign-in/purpose", "purpose="), ("/sign-out", "")] {
                let ended = try await visitor.ask(path, cookies: both, form: form)
                #expect(ended.status == .seeOther && purpose(ended) == "balai-purpose=")
            }
        }
    }

    @Test func `no other purpose can be chosen, by no page of others, and by nobody else`()
        async throws
    {
        let world = try await SignedInWorld()
        let link = try world.link(for: Self.clinic)
        try await world.test { visitor in
            let session = try await visitor.cookies(ofLink: link)
            func status(
                _ form: String,
                _ cookies: String,
                site: String = "same-origin"
            ) async throws -> Int {
                let answer = try await visitor.ask(
                    "/sign-in/purpose",
                    cookies: cookies,
                    form: form,
                    site: site
                )
                #expect(purpose(answer) == nil)
                return answer.status.code
            }
            #expect(try await status("purpose=dpv%3AMarketing", session) == 400)
            #expect(try await status("purpose=dpv%3ATelepathy", session) == 400)
            #expect(try await status("reason=dpv%3APublicHealth", session) == 400)
            #expect(
                try await status("purpose=dpv%3APublicHealth", session, site: "cross-site") == 403
            )
            #expect(try await status("purpose=dpv%3APublicHealth", "other=1") == 401)
            let ann = try #require(visitor.cookies[SignedInWorld.ann])
            #expect(try await status("purpose=dpv%3APublicHealth", ann) == 400)
        }
    }

    @Test func `the words of the choice are in the language of the reader`() async throws {
        let world = try await SignedInWorld()
        let link = try world.link(for: Self.clinic)
        try await world.test { visitor in
            let session = try await visitor.cookies(ofLink: link)
            for (language, word) in [("vi", "Bạn đọc để làm gì"), ("th", "คุณอ่านเพื่ออะไร")] {
                let answer = try await visitor.ask("/sign-in?lang=\(language)", cookies: session)
                let text = String(buffer: answer.body)
                #expect(text.contains(#"<html lang="\#(language)""#) && text.contains(word))
            }
        }
    }
}
