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
                    current: asked == .anonymous ? nil : asked.text,
                    providers: signIn.providers
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
        add(Self.submission("/sign-out", "Sign out, here or everywhere")) { request, _ in
            try signIn.requireOwnPage(request.head)
            let body = try await request.bytes(limit: UnverifiedToken.maximumBytes)
            try await signIn.signOut(
                cookies: request.headers[values: .cookie].joined(separator: ";"),
                everywhere: String(buffer: body) == "everywhere=yes"
            )
            return Self.home(signIn.endingCookie)
        }
        addProviders(signIn, renderer, settings)
    }

    /// Adds the way to the page of an identity provider, and back.
    private mutating func addProviders(
        _ signIn: SignIn,
        _ renderer: PageRenderer,
        _ settings: PageSettings
    ) {
        let there = RouteDescription(
            .get,
            "/sign-in/with/{provider}",
            .pages,
            "Lead to the identity provider where somebody signs in",
            status: 303
        )
        add(there) { request, context in
            let begun = try await signIn.begin(
                at: try context.parameters.require("provider"),
                authority: request.head.authority
            )
            return Response(
                status: .seeOther,
                headers: [
                    .location: begun.address, .setCookie: begun.cookie, .cacheControl: "no-store",
                ]
            )
        }
        var back = Self.page("/sign-in/from/{provider}", "Sign in whom an identity provider knows")
        back.query = [
            QueryParameter("state", "Which sign-in it is", isRequired: true),
            QueryParameter("code", "What the hub exchanges for an ID token"),
            QueryParameter("error", "Why the provider signed nobody in"),
            QueryParameter("iss", "Who the provider is"),
        ]
        add(back) { request, context in
            let cookies = request.headers[values: .cookie].joined(separator: ";")
            let done = try await signIn.finish(
                at: try context.parameters.require("provider"),
                QueryItems(urlQuery: request.uri.query ?? ""),
                cookies: cookies,
                authority: request.head.authority
            )
            let text = try renderer.speaking(to: request, context.caller)
                .signIn(current: done.party.text)
            var response = Response.page(text, settings)
            for cookie in done.cookies {
                response.headers.append(HTTPField(name: .setCookie, value: cookie))
            }
            // What leads on is to be the hub's own page: from another one's the browser sends no session.
            response.headers[.refresh] = "0; url=/"
            return response
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

extension HTTPField.Name {
    /// Where a browser goes on to, after so many seconds (HTML section 4.2.5.3).
    fileprivate static let refresh = known("Refresh")
}
