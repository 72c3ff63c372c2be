import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// *My data*, *Rules* and *Record*, as their readers see them.
@Suite struct RightsPagesTests {
    // MARK: My data

    @Test func `who is no person is told how to sign in, and nothing else`() async throws {
        try await SignedInWorld().test { visitor in
            for token in [nil, "operator", "clinic"] {
                let page = try await visitor.page("/my-data", token: token)
                #expect(page.contains("balai login"))
                #expect(!page.contains("of-ann") && !page.contains("<form"))
            }
            #expect(try await visitor.page("/my-data", token: "clinic").contains("as clinic"))
        }
    }

    @Test func `a person sees what is held about it, who read it, and nobody else's data`()
        async throws
    {
        try await SignedInWorld().test { visitor in
            #expect(try await visitor.clinicReads().contains("of-ann"))
            let page = try await visitor.page("/my-data", as: SignedInWorld.ann)
            for text in [
                "You are urn:person:ann", "urn:ngsi-ld:Visit:of-ann", "Diagnosis:of-ann", "ward",
                ">clinic</td>", "Public health", "urn:balai:policy:clinic",
                "/governance/v1/subjects/urn%3Aperson%3Aann/data?limit=1000&amp;offset=0",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            #expect(!page.contains("bob"))
            let proof = try #require(page.firstMatch(of: /\/record\/proofs\/\d+\?subject=[^"]+/))
            let file = try await visitor.client.execute(
                uri: String(proof.output),
                method: .get,
                headers: [.cookie: visitor.cookies[SignedInWorld.ann] ?? ""]
            )
            #expect(file.status == .ok)
            let stranger = try await visitor.client.execute(
                uri: String(proof.output),
                method: .get,
                headers: [.cookie: visitor.cookies[SignedInWorld.bob] ?? ""]
            )
            #expect(stranger.status == .forbidden)
        }
    }

    @Test func `one click objects, and the page says what holds then`() async throws {
        try await SignedInWorld().test { visitor in
            let before = try await visitor.page("/my-data", as: SignedInWorld.ann)
            #expect(before.contains("Visit: may be used until you object."))
            #expect(before.contains("Diagnosis: may be used only while you consent."))
            let form = "purpose=dpv:PublicHealth&recipient=urn%3Abalai%3Aparty%3Aclinic&choice="
            let done = try await visitor.send(
                "/my-data/choices",
                form + "object",
                as: SignedInWorld.ann
            )
            #expect(done.status == .seeOther)
            #expect(done.headers[.location] == "/my-data?done=object")
            #expect(!(try await visitor.clinicReads().contains("of-ann")))
            #expect(try await visitor.clinicReads().contains("of-bob"))
            let after = try await visitor.page("/my-data?done=object", as: SignedInWorld.ann)
            #expect(after.contains("Your objection is in force."))
            #expect(after.contains("You objected on 2026-"))
            #expect(!after.contains("Now it may be used."))
            // Consent lets the sensitive data be used, too.
            _ = try await visitor.send("/my-data/choices", form + "consent", as: SignedInWorld.ann)
            #expect(try await visitor.clinicReads().contains("Diagnosis:of-ann"))
            let consented = try await visitor.page("/my-data", as: SignedInWorld.ann)
            #expect(consented.contains("value=\"withdraw\""))
            _ = try await visitor.send("/my-data/choices", form + "withdraw", as: SignedInWorld.ann)
            #expect(!(try await visitor.clinicReads().contains("of-ann")))
            // What is chosen for everybody is told in a sentence.
            let all = "purpose=dpv:PublicHealth&recipient=&choice=object"
            _ = try await visitor.send("/my-data/choices", all, as: SignedInWorld.ann)
            let told = try await visitor.page("/my-data", as: SignedInWorld.ann)
            #expect(told.contains("Your objection, for all recipients together"))
        }
    }

    @Test func `the forms are for the hub's own pages and for persons alone`() async throws {
        try await SignedInWorld().test { visitor in
            for (path, form) in [
                ("/my-data/choices", "purpose=dpv:PublicHealth&choice=object"),
                ("/my-data/erasure", "confirm=yes"),
            ] {
                for site in ["cross-site", "same-site", "none"] {
                    let answer = try await visitor.send(
                        path,
                        form,
                        as: SignedInWorld.ann,
                        site: site
                    )
                    #expect(answer.status == .forbidden)
                }
                #expect(try await visitor.send(path, form).status == .unauthorized)
                let other = try await visitor.send(path, form, token: "operator")
                #expect(other.status == .forbidden)
            }
            #expect(try await visitor.clinicReads().contains("Visit:of-ann"))
        }
    }

    @Test func `erasure needs a confirmation, and is about oneself`() async throws {
        try await SignedInWorld().test { visitor in
            let hasty = try await visitor.send("/my-data/erasure", "", as: SignedInWorld.ann)
            #expect(hasty.status == .badRequest)
            #expect(try await visitor.clinicReads().contains("Visit:of-ann"))
            let done = try await visitor.send(
                "/my-data/erasure?lang=th",
                "confirm=yes&subject=urn:person:bob",
                as: SignedInWorld.ann
            )
            #expect(done.headers[.location] == "/my-data?done=erasure&count=2&lang=th")
            #expect(!(try await visitor.clinicReads().contains("of-ann")))
            #expect(try await visitor.clinicReads().contains("of-bob"))
            let page = try await visitor.page(
                "/my-data?done=erasure&count=2",
                as: SignedInWorld.ann
            )
            #expect(page.contains("Entities that are gone: 2."))
            #expect(page.contains("Nothing that is held now is about you."))
        }
    }

    // MARK: Rules

    @Test func `the rules are in sentences beside their source, for anybody`() async throws {
        try await SignedInWorld().test { visitor in
            let page = try await visitor.page("/rules")
            for text in [
                "clinic may read, be told of changes of: Visit, Diagnosis. Purpose: Public health.",
                "nobody has objected to", "personal: about people", "whoever patient names",
                "&quot;uid&quot;: &quot;urn:balai:policy:clinic&quot;",
                "A policy was put into force: urn:balai:policy:clinic",
                "What kind of data it is was said anew.",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            #expect(!page.contains("urn:person"))
        }
    }

    @Test func `older changes of rules are on further pages`() async throws {
        try await SignedInWorld().test { visitor in
            for number in 0..<Rules.changeLimit {
                try await visitor.classify("Type\(number)")
            }
            let newest = try await visitor.page("/rules")
            #expect(!newest.contains("A policy was put into force: urn:balai:policy:clinic"))
            let link = try #require(newest.firstMatch(of: /href="(\/rules\?before=\d+)"/)?.1)
            let older = try await visitor.page(String(link))
            #expect(older.contains("A policy was put into force: urn:balai:policy:clinic"))
            #expect(!older.contains("before="))
        }
    }

    // MARK: Record

    @Test func `the record is shown to anybody, and names nobody`() async throws {
        try await SignedInWorld().test { visitor in
            _ = try await visitor.clinicReads()
            _ = try await visitor.client.execute(uri: "/record/checkpoint", method: .get)
            let page = try await visitor.page("/record")
            for text in [
                "hub.example/record+", "Data about people was read. People: 2.", "balai verify",
                "/record/tile/entries/N",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            #expect(!page.contains("urn:person") && !page.contains("urn:balai:party:clinic<"))
        }
    }

    private func upload(_ text: String, file: String = "") -> String {
        """
        --mark\r
        Content-Disposition: form-data; name="file"; filename="a"\r
        Content-Type: application/octet-stream\r
        \r
        \(file)\r
        --mark\r
        Content-Disposition: form-data; name="text"\r
        \r
        \(text)\r
        --mark--\r

        """
    }

    @Test func `a proof is checked, from a file or as text, and a false one is told`() async throws
    {
        try await SignedInWorld().test { visitor in
            let answer = try await visitor.client.execute(uri: "/record/proofs/0", method: .get)
            let proof = String(buffer: answer.body)
            let forged = proof.replacing("index 0", with: "index 1")
            // A browser writes the lines of a text field with both marks.
            let pasted = proof.replacing("\n", with: "\r\n")
            for (form, text) in [
                (upload("", file: proof), "this is entry 0 of the record"),
                (upload(pasted), "this is entry 0 of the record"),
                (upload(forged), "the entry is not in the record"),
                (upload("nonsense"), "This is no proof"), (upload(""), "Choose a file"),
            ] {
                let page = try await visitor.client.execute(
                    uri: "/record",
                    method: .post,
                    headers: [.contentType: "multipart/form-data; boundary=mark"],
                    body: ByteBuffer(string: form)
                )
                #expect(page.status == .ok)
                #expect(String(buffer: page.body).contains(text), "\(text)")
            }
            for (type, body) in [
                ("multipart/form-data; boundary=mark", "--mark\r\nno end"),
                ("application/x-www-form-urlencoded", "text=a"),
                ("multipart/form-data", upload("")),
            ] {
                let page = try await visitor.client.execute(
                    uri: "/record",
                    method: .post,
                    headers: [.contentType: type],
                    body: ByteBuffer(string: body)
                )
                #expect(page.status == .badRequest)
            }
        }
    }

    // MARK: Languages

    @Test func `pages speak the reader's language, and links keep a chosen one`() async throws {
        try await SignedInWorld().test { visitor in
            let thai = try await visitor.page("/rules", language: "th-TH")
            #expect(thai.contains("<html lang=\"th\">") && thai.contains("<h1>กฎ</h1>"))
            #expect(thai.contains("href=\"/record\""))
            let chosen = try await visitor.page("/record?lang=vi", language: "th")
            #expect(chosen.contains("<h1>Sổ ghi</h1>"))
            #expect(chosen.contains("href=\"/rules?lang=vi\""))
            let mine = try await visitor.page("/my-data?lang=fil", as: SignedInWorld.bob)
            #expect(mine.contains("action=\"/my-data/choices?lang=fil\""))
            #expect(mine.contains("<a href=\"/my-data?lang=fil\" aria-current=\"page\">Datos ko"))
            #expect(!chosen.contains("/my-data?lang=vi\""))
        }
    }
}
