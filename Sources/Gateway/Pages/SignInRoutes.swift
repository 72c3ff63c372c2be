import Broker
import Governance
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Adds the page by which people sign in and out.
    package mutating func addSignIn(
        _ signIn: SignIn,
        assets: PageAssets,
        settings: PageSettings
    ) throws {
        let renderer = try PageRenderer(templates: assets.templates, settings: settings)
        var page = Self.page("/sign-in", "Show how to sign in")
        page.query = [QueryParameter("link", "What \"balai login\" printed")]
        add(page) { request, context in
            let link = request.uri.queryParameters["link"].map(String.init)
            let party: Party? =
                if let link { try await signIn.party(ofLink: link) } else { nil }
            let asked = context.caller.party
            var response = Response.page(
                try renderer.speaking(to: request, context.caller).signIn(
                    link: link,
                    as: party?.text,
                    current: asked == .anonymous ? nil : asked.text
                ),
                settings
            )
            // The browser is to say that the form is the hub's own.
            response.headers[.referrerPolicy] = "same-origin"
            return response
        }
        add(Self.submission("/sign-in", "Sign in")) { request, _ in
            try signIn.requireOwnPage(request.head)
            let body = String(buffer: try await request.bytes(limit: UnverifiedToken.maximumBytes))
            guard body.hasPrefix("link=") else {
                throw BrokerError(.badRequestData, "The form has one field, \"link\".")
            }
            return Self.home(try await signIn.cookie(forLink: String(body.dropFirst(5))))
        }
        add(Self.submission("/sign-out", "Sign out")) { request, _ in
            try signIn.requireOwnPage(request.head)
            return Self.home(signIn.endingCookie)
        }
    }

    static func submission(_ path: String, _ summary: String) -> RouteDescription {
        RouteDescription(
            .post,
            path,
            .pages,
            summary,
            accepts: ["application/x-www-form-urlencoded"],
            status: 303
        )
    }

    /// Leads to the map, with another cookie.
    private static func home(_ cookie: String) -> Response {
        Response(status: .seeOther, headers: [.location: "/", .setCookie: cookie])
    }
}
