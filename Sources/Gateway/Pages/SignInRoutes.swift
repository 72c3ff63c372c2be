import Broker
package import Governance
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Tells for which purposes a caller may read.
    package typealias PurposesOfCaller = @Sendable (Caller) async throws -> [Purpose]

    /// Adds the page by which people sign in and out, and choose what they read for.
    package mutating func addSignIn(
        _ signIn: SignIn,
        assets: PageAssets,
        settings: PageSettings,
        purposes: @escaping PurposesOfCaller = { _ in [] }
    ) throws {
        let renderer = try PageRenderer(templates: assets.templates, settings: settings)
        var page = Self.page("/sign-in", "Show how to sign in")
        page.query = [QueryParameter("link", "What \"balai login\" printed")]
        add(page) { request, context in
            let link = request.uri.queryParameters["link"].map(String.init)
            let party: Party? =
                if let link { try await signIn.party(ofLink: link) } else { nil }
            let asked = context.caller.party
            var choices: [Purpose]?
            if link == nil {
                choices = try await signIn.purposes(request, context.caller, purposes)
            }
            var response = Response.page(
                try renderer.speaking(to: request, context.caller).signIn(
                    link: link,
                    as: party?.text,
                    current: asked == .anonymous ? nil : asked.text,
                    providers: signIn.providers,
                    purposes: choices ?? [],
                    purpose: context.caller.purpose
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
            return Self.home([
                try await signIn.cookie(forLink: String(body.dropFirst(5))),
                signIn.cookie(ofPurpose: nil),
            ])
        }
        add(Self.submission("/sign-out", "Sign out, here or everywhere")) { request, _ in
            try signIn.requireOwnPage(request.head)
            let body = try await request.bytes(limit: UnverifiedToken.maximumBytes)
            try await signIn.signOut(
                cookies: request.headers[values: .cookie].joined(separator: ";"),
                everywhere: String(buffer: body) == "everywhere=yes"
            )
            return Self.home([signIn.endingCookie, signIn.cookie(ofPurpose: nil)])
        }
        addPurposeChoice(signIn, purposes)
        addProviders(signIn, renderer, settings)
    }

    /// Adds the choice of what a session reads for, out of what its party may read for.
    private mutating func addPurposeChoice(
        _ signIn: SignIn,
        _ purposes: @escaping PurposesOfCaller
    ) {
        add(Self.submission("/sign-in/purpose", "Choose what a session reads for")) {
            request,
            context in
            try signIn.requireOwnPage(request.head)
            guard let own = try await signIn.purposes(request, context.caller, purposes) else {
                throw BrokerError(.unauthenticated, "Nobody is signed in.")
            }
            let body = try await request.bytes(limit: UnverifiedToken.maximumBytes)
            let fields = try QueryItems(urlQuery: String(buffer: body))
            guard let chosen = fields["purpose"].map({ Purpose($0) }) else {
                throw BrokerError(.badRequestData, "The form has one field, \"purpose\".")
            }
            guard chosen.text.isEmpty || own.contains(chosen) else {
                throw BrokerError(
                    .badRequestData,
                    "No rule lets you read for '\(chosen.text.prefix(100))'."
                )
            }
            let cookie = signIn.cookie(ofPurpose: chosen.text.isEmpty ? nil : chosen)
            return Self.leading(to: "/sign-in", [cookie])
        }
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

    /// Leads to the map, with other cookies.
    private static func home(_ cookies: [String]) -> Response { leading(to: "/", cookies) }

    private static func leading(to path: String, _ cookies: [String]) -> Response {
        var response = Response(status: .seeOther, headers: [.location: path])
        for cookie in cookies {
            response.headers.append(HTTPField(name: .setCookie, value: cookie))
        }
        return response
    }
}

extension SignIn {
    /// For which purposes the session of the request may read; nil without a session.
    fileprivate func purposes(
        _ request: Request,
        _ caller: Caller,
        _ purposes: RouteTable.PurposesOfCaller
    ) async throws -> [Purpose]? {
        let cookies = request.headers[values: .cookie].joined(separator: ";")
        guard let session = await credential(cookies: cookies) else { return nil }
        return try await purposes(caller).filter { purpose in
            session.purpose.map(purpose.isOrNarrower) ?? true
        }
    }
}

extension HTTPField.Name {
    /// Where a browser goes on to, after so many seconds (HTML section 4.2.5.3).
    fileprivate static let refresh = known("Refresh")
}
