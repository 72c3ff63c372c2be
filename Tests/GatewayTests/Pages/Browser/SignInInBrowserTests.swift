import Broker
import ContextModel
import Foundation
import Governance
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// People who sign in and choose, in a real headless Chromium.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SignInInBrowserTests {
    private func button(_ selector: String) -> String {
        "document.querySelector('\(selector)') !== null && document.readyState === 'complete'"
    }

    private func says(_ text: String) -> String {
        "document.body.innerText.includes(\(JSONValue.string(text).text))"
    }

    @Test func `a person signs in by a link, objects with one click, and sees it in force`()
        async throws
    {
        let world = try await SignedInWorld()
        let link = try world.link(for: SignedInWorld.ann)
        let browser = try Browser()
        defer { browser.close() }
        try await world.test(.live) { visitor in
            #expect(try await visitor.clinicReads().contains("secret-ann"))
            let address = "http://127.0.0.1:\(visitor.client.port ?? 0)"
            let page = try await BrowserPage(
                browser,
                address + "/sign-in?link=\(link)",
                on: .phone
            )
            let signIn = "form[action=\"/sign-in\"] button"
            #expect(try await page.comes(to: button(signIn)))
            try await page.click(signIn)
            // Signed in, one is on the map.
            #expect(try await page.comes(to: "location.pathname === '/'"))
            try await page.go(to: address + "/my-data")
            let object = "form[action^=\"/my-data/choices\"] button[value=object]"
            #expect(try await page.comes(to: button(object)))
            #expect(try await page.value(says(SignedInWorld.ann)) == true)
            #expect(try await page.value(says("clinic")) == true)
            _ = try await page.value("document.querySelector('\(object)').scrollIntoView()")
            try await page.click(object)
            #expect(try await page.comes(to: button(".done[role=status]")))
            #expect(
                try await page.value("document.querySelectorAll('.is-unused').length > 0") == true
            )
            let answer = try await visitor.clinicReads()
            #expect(!answer.contains("secret-ann") && answer.contains("secret-bob"))
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    /// What asks an identity provider for somebody's consent, which it always has.
    private func provider(of world: OpenIDWorld) -> some ApplicationProtocol {
        let router = Router()
        router.get("/authorize") { request, _ -> Response in
            let asked = request.uri.queryParameters
            let claims: JSONObject = ["nonce": .string(String(asked["nonce"] ?? ""))]
            let token = try world.token(claims)
            world.set { $0.token = { _ in (200, ["id_token": .string(token)]) } }
            let back = asked["redirect_uri"].map(String.init) ?? ""
            let state = asked["state"].map(String.init) ?? ""
            return Response(
                status: .seeOther,
                headers: [.location: "\(back)?code=c&state=\(state)"]
            )
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("localhost", port: 0)),
            logger: logger
        )
    }

    @Test func `a browser that comes back from an identity provider is signed in`() async throws {
        let world = try await OpenIDWorld()
        let browser = try Browser()
        defer { browser.close() }
        var routes = RouteTable()
        try routes.addSignIn(
            world.signIn,
            assets: PageAssets(leafletFolder: "/nowhere"),
            settings: PageSettings()
        )
        // Stands for the map.
        routes.add(RouteTable.page("/", "Say who asks")) { _, context in
            Response.page("<p id=\"who\">\(context.caller.party.text)</p>", PageSettings())
        }
        var settings = GatewaySettings()
        settings.port = 0
        let hub = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList(),
            signIn: world.signIn,
            registry: MetricRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let provider = provider(of: world)
        try await provider.test(.live) { other in
            // Another site than the hub's, so that no cookie of a session comes with the way back.
            let start = "http://localhost:\(other.port ?? 0)/authorize"
            world.set { $0.metadata["authorization_endpoint"] = .string(start) }
            try await hub.test(.live) { client in
                let address = "http://127.0.0.1:\(client.port ?? 0)"
                let page = try await BrowserPage(browser, address + "/sign-in", on: .desktop)
                #expect(try await page.comes(to: button("a[href=\"/sign-in/with/city\"]")))
                // Where the link leads.
                try await page.go(to: address + "/sign-in/with/city")
                let isThere = try await page.comes(to: button("#who"))
                let shown = try await page.value("location.href + document.body.innerText")
                #expect(isThere, "\(shown)")
                #expect(try await page.value(says("urn:city:user:ann")) == true)
            }
        }
    }
}
