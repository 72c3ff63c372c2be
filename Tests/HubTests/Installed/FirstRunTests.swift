import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub that nobody has used before, as its operator meets it: from the link to the first data on its pages.
@Suite(.timeLimit(.minutes(3))) struct FirstRunTests {
    @Test func `four steps lead from an empty folder to a city that anyone may see`() async throws {
        try await HubClient.with { client in
            let folder = try TestFolder()
            var hub = try await RealHub(folder: folder, arguments: [])
            let stranger = try await client.send(.GET, "/setup", to: hub)
            #expect(stranger.text.contains("balai login") && !stranger.text.contains("<form"))
            #expect(!stranger.text.contains(folder.path), "strangers read where the data is")

            let operatorsPage = try await Self.signedIn(to: hub, folder, client)
            let first = try await operatorsPage("/setup")
            for text in [
                "Name and place of the city", "What anyone may see", "/setup/city", "upload",
            ] {
                #expect(first.text.contains(text), "\(text)")
            }
            let city = try await Self.submit(
                "/setup/city",
                "name=Ranong&latitude=9.97&longitude=98.64&license=&contact=mailto:d@r.example",
                hub,
                folder,
                client
            )
            #expect(city.status == 303)
            #expect(try await client.send(.GET, "/", to: hub).text.contains("Ranong, now"))
            #expect(
                try await client.send(.GET, "/hub/city", to: hub).json.objectValue?["latitude"]
                    == 9.97
            )
            #expect(
                try await client.send(.GET, "/catalog", to: hub).text.contains(
                    "Open data of Ranong"
                )
            )

            let wrong = try await Self.submit(
                "/setup/city",
                "name=X&latitude=99&longitude=1",
                hub,
                folder,
                client
            )
            #expect(wrong.status == 400 && wrong.text.contains("latitude: It must be degrees"))

            let loaded = try await Self.submit(
                "/hub/imports/geojson?type=District",
                Self.districts,
                hub,
                folder,
                client,
                type: "application/octet-stream"
            )
            #expect(loaded.status == 200, "\(loaded.text)")
            let form =
                "name=air&way=poll&address=http%3A%2F%2F127.0.0.1%3A9%2Fair&every=3600&action=put"
            let map =
                "&map=type%3A+Air%0Aid%3A+%22urn%3Ax%3A%7Bname%7D%22%0A"
                + "attributes%3A%0A++pm%3A+%7Bcolumn%3A+pm%7D"
            let made = try await Self.submit("/sources", form + map, hub, folder, client)
            #expect(made.text.contains("air is kept."), "\(made.text)")
            #expect(try await operatorsPage("/setup").text.contains("Sources: air."))
            #expect(try await Self.districts(hub, client) == 0, "nothing is public yet")
            let rules = try await Self.submit(
                "/setup/rules",
                "public=types&types=District",
                hub,
                folder,
                client
            )
            #expect(rules.status == 303, "\(rules.text)")
            #expect(try await Self.districts(hub, client) == 2)
            let rows = try await client.send(.GET, "/data/rows?type=District", to: hub)
            #expect(rows.text.contains("Old town") && rows.text.contains("d@r.example"))

            // What is kept is there after a restart.
            #expect(await hub.stop() == .exited(0))
            hub = try await RealHub(folder: folder, arguments: [])
            #expect(try await client.send(.GET, "/", to: hub).text.contains("Ranong, now"))
            #expect(try await Self.districts(hub, client) == 2)
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test func `the commands beside the steps do what the forms do`() async throws {
        try await HubClient.with { client in
            let folder = try TestFolder()
            let hub = try await RealHub(folder: folder, arguments: [])
            let kept: JSONValue = [
                "public": [
                    "types": ["District"], "hiddenAttributes": ["secret"], "measures": true,
                ]
            ]
            try await Self.put(kept, hub, folder, client)
            let before = try await Self.publicRules(hub, folder, client)
            let page = try await Self.signedIn(to: hub, folder, client)("/setup").text
            let commands = page.matches(of: /<code>(curl [^<]+)<\/code>/).map {
                String($0.output.1).replacing("&#39;", with: "'").replacing("&quot;", with: "\"")
                    .replacing("&amp;", with: "&")
                // That of a source sends a file, which the command before it makes.
            }.filter { !$0.contains("@air.source.yaml") }
            #expect(commands.count == 2, "\(commands)")
            for command in commands {
                let process = try ChildProcess(
                    program: "/bin/sh",
                    ["-c", command],
                    log: folder.log
                )
                #expect(await process.ended() == .exited(0), "\(command): \(process.errors)")
            }
            #expect(try await client.send(.GET, "/", to: hub).text.contains("Ranong, now"))
            // As nothing was chosen, nothing else is public than before, and what is hidden stays so.
            #expect(try await Self.publicRules(hub, folder, client) == before)
            // The command names the version that it was made for, and replaces no newer rules.
            let again = try ChildProcess(
                program: "/bin/sh",
                ["-c", try #require(commands.last)],
                log: folder.log
            )
            #expect(await again.ended() != .exited(0))
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test func `nothing can be chosen where attributes are hidden, and types need a name`()
        async throws
    {
        try await HubClient.with { client in
            let folder = try TestFolder()
            let hub = try await RealHub(folder: folder, arguments: [])
            let kept: JSONValue = [
                "public": [
                    "types": ["District"], "scopes": ["/open"], "hiddenAttributes": ["secret"],
                    "measures": true,
                ]
            ]
            try await Self.put(kept, hub, folder, client)
            let before = try await Self.publicRules(hub, folder, client)
            for form in ["public=types&types=", "public=types&types=%20,", "types=District"] {
                let refused = try await Self.submit("/setup/rules", form, hub, folder, client)
                #expect(refused.status == 400, "\(form)")
                #expect(try await Self.publicRules(hub, folder, client) == before)
            }
            let same = "public=types&types=District"
            #expect(try await Self.submit("/setup/rules", same, hub, folder, client).status == 303)
            #expect(try await Self.publicRules(hub, folder, client) == before)
            let none = try await Self.submit("/setup/rules", "public=none", hub, folder, client)
            #expect(none.status == 303, "\(none.text)")
            #expect(try await Self.publicRules(hub, folder, client) == ["measures": true])
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test func `nobody but the operator sets the hub up, and no other site does it for them`()
        async throws
    {
        try await HubClient.with { client in
            let folder = try TestFolder()
            let hub = try await RealHub(folder: folder, arguments: [])
            for (path, form) in [
                ("/setup/city", "name=X&latitude=1&longitude=1"), ("/setup/rules", "public=all"),
            ] {
                let anonymous = try await client.send(
                    .POST,
                    path,
                    to: hub,
                    headers: Self.form,
                    body: Array(form.utf8)
                )
                #expect(anonymous.status == 401, "\(anonymous.text)")
                let forged = try await Self.submit(
                    path,
                    form,
                    hub,
                    folder,
                    client,
                    site: "cross-site"
                )
                #expect([401, 403].contains(forged.status), "\(forged.status) \(forged.text)")
            }
            #expect(try await client.send(.GET, "/hub/city", to: hub).status == 404)
            #expect(try await Self.districts(hub, client) == 0)
            #expect(await hub.stop() == .exited(0))
        }
    }

    // MARK: -

    private static let districts = """
        {"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": "old", "properties": {"name": "Old town"}, "geometry":
        {"type": "Polygon", "coordinates": [[[98.6, 9.9], [98.7, 9.9], [98.7, 10], [98.6, 9.9]]]}},
        {"type": "Feature", "id": "new", "properties": {"name": "New town"}, "geometry": null}]}
        """
    private static let form = [("Content-Type", "application/x-www-form-urlencoded")]

    /// What makes a request one of the operator.
    private static func bearer(_ folder: TestFolder) throws -> (String, String) {
        let token = try String(contentsOfFile: folder.data + "/operator.token", encoding: .utf8)
        return ("Authorization", "Bearer " + token.prefix { !$0.isWhitespace })
    }

    private static func put(
        _ rules: JSONValue,
        _ hub: RealHub,
        _ folder: TestFolder,
        _ client: HubClient
    ) async throws {
        let answer = try await client.send(
            .PUT,
            "/governance/v1/rules",
            to: hub,
            headers: [("Content-Type", "application/json"), try bearer(folder)],
            body: rules.serialized
        )
        try #require(answer.isGood, "\(answer.text)")
    }

    private static func publicRules(
        _ hub: RealHub,
        _ folder: TestFolder,
        _ client: HubClient
    ) async throws -> JSONValue {
        let answer = try await client.send(
            .GET,
            "/governance/v1/rules",
            to: hub,
            headers: [try bearer(folder)]
        )
        return try #require(answer.json.objectValue?["public"], "\(answer.text)")
    }

    private static func districts(_ hub: RealHub, _ client: HubClient) async throws -> Int {
        let answer = try await client.send(.GET, "/ngsi-ld/v1/entities?type=District", to: hub)
        return try answer.json.arrayValue?.count ?? -1
    }

    /// What gets pages of the hub as the operator, who signs in with what `balai login` prints.
    private static func signedIn(
        to hub: RealHub,
        _ folder: TestFolder,
        _ client: HubClient
    ) async throws -> (String) async throws -> HubAnswer {
        let cookie = try await cookie(hub, folder, client)
        return { path in try await client.send(.GET, path, to: hub, headers: [("Cookie", cookie)]) }
    }

    private static func cookie(
        _ hub: RealHub,
        _ folder: TestFolder,
        _ client: HubClient
    ) async throws -> String {
        let login = try ChildProcess(["login", "--data", folder.data], log: folder.log)
        let line = await login.line(with: "/sign-in?link=")
        let link = try #require(line?.split(separator: "=").last, "\(login.errors)")
        let answer = try await client.send(
            .POST,
            "/sign-in",
            to: hub,
            headers: form + [("Sec-Fetch-Site", "same-origin")],
            body: Array("link=\(link)".utf8)
        )
        let cookie = answer.headers.first(name: "Set-Cookie")?.prefix { $0 != ";" }
        return String(try #require(cookie, "\(answer.text)"))
    }

    private static func submit(
        _ path: String,
        _ body: String,
        _ hub: RealHub,
        _ folder: TestFolder,
        _ client: HubClient,
        type: String = "application/x-www-form-urlencoded",
        site: String = "same-origin"
    ) async throws -> HubAnswer {
        try await client.send(
            .POST,
            path,
            to: hub,
            headers: [
                ("Content-Type", type), ("Sec-Fetch-Site", site),
                ("Cookie", try await cookie(hub, folder, client)),
            ],
            body: Array(body.utf8)
        )
    }
}
