import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Mustache
import Services
import Synchronization

/// Turns summaries into HTML.
///
/// The result depends only on the summaries and the time.
package struct PageRenderer: Sendable {
    private let templates: MustacheLibrary
    let settings: PageSettings
    private let hasServices: Bool
    let translations: Translations
    var voice: PageVoice

    /// Compiles the templates; throws when one is invalid or missing.
    ///
    /// With `hasServices`, every page has a link to the list of the city's services.
    package init(
        templates: [String: String],
        settings: PageSettings,
        hasServices: Bool = false
    ) throws {
        self.templates = try Self.compiled(templates)
        self.settings = settings
        self.hasServices = hasServices
        translations = try Translations.own.get()
        voice = PageVoice(translations.all[0])
    }

    /// The templates that were compiled last.
    ///
    /// A hub has a renderer for each group of pages, all of the same templates; to compile them takes longer than
    /// the rest of its start.
    private static let last = Mutex<(texts: [String: String], library: MustacheLibrary)?>(nil)

    private static func compiled(_ templates: [String: String]) throws -> MustacheLibrary {
        try last.withLock { last in
            if let last, last.texts == templates { return last.library }
            let library = try compile(templates)
            last = (templates, library)
            return library
        }
    }

    private static func compile(_ templates: [String: String]) throws -> MustacheLibrary {
        MustacheContentTypes.register(PageText(), named: "PAGE")
        var library = MustacheLibrary()
        for (name, text) in templates {
            try library.register("{{% CONTENT_TYPE:PAGE}}" + text, named: name)
        }
        for name in pages where library.getTemplate(named: name) == nil {
            throw PageError(description: "The template \(name).mustache is missing.")
        }
        return library
    }

    private static let pages = [
        "now", "data", "health", "problem", "services", "service", "sign-in", "my-data", "rules",
        "record", "sources", "rows", "setup", "parties", "network",
    ]

    /// The renderer of pages in the language of who asks.
    func speaking(to request: Request, _ caller: Caller) -> PageRenderer {
        var renderer = self
        renderer.voice = PageVoice(request, caller, translations)
        return renderer
    }

    func now(
        _ summary: HubSummary,
        for visit: PageVisit = PageVisit(),
        at now: Timestamp
    ) throws -> String {
        let words = voice.translation
        let title = words("nowTitle", ["city": settings.shownName])
        var shell = shell(title, summary, isTranslated: true)
        shell.isNow = true
        let newest = summary.newest(at: now)
        let types = Words.visitorsOrder(summary.types).map {
            TypeView($0, in: words, keeping: voice, now: now)
        }
        let unplaced = types.filter { !$0.hasPlace }
        let view = NowView(
            shell: shell,
            t: words.words,
            words: words.scriptWords,
            absence: AbsenceView(summary, visit, settings.place, in: words),
            count: Words.count(summary.entityCount),
            typeCount: Words.count(summary.types.count),
            newest: newest.map { words.ago($0, now: now) } ?? words("agoNever"),
            newestAt: newest?.text ?? "",
            now: now.text,
            placed: types.filter(\.hasPlace),
            unplaced: unplaced,
            hasUnplaced: !unplaced.isEmpty,
            pastTypes: pastTypes(summary),
            hasPastTypes: !summary.pastTypes.isEmpty,
            timeZone: settings.timeZone,
            latitude: settings.city?.current.map { "\($0.latitude)" } ?? "",
            longitude: settings.city?.current.map { "\($0.longitude)" } ?? "",
            tileURL: settings.tileOrigin == nil ? "" : settings.tileURL ?? "",
            tileAttribution: settings.tileAttribution
        )
        return try render(view, "now")
    }

    private func pastTypes(_ summary: HubSummary) -> [PastTypeView] {
        summary.pastTypes.map { PastTypeView($0, in: voice.translation, keeping: voice) }
    }

    func data(
        _ summary: HubSummary,
        for visit: PageVisit = PageVisit(),
        at now: Timestamp
    ) throws -> String {
        let words = voice.translation
        let title = words("dataTitle", ["city": settings.shownName])
        var shell = shell(title, summary, isTranslated: true)
        shell.isData = true
        let newest = summary.newest(at: now)
        let view = DataView(
            shell: shell,
            t: words.words,
            absence: AbsenceView(summary, visit, settings.place, in: words),
            count: words(
                "dataCount",
                [
                    "count": Words.count(summary.entityCount),
                    "types": Words.count(summary.types.count),
                    "ago": newest.map { words.ago($0, now: now) } ?? words("agoNever"),
                ]
            ),
            address: visit.address,
            query: voice.query,
            types: Words.visitorsOrder(summary.types).map {
                TypeView($0, in: words, keeping: voice, now: now)
            },
            pastTypes: pastTypes(summary),
            hasPastTypes: !summary.pastTypes.isEmpty
        )
        return try render(view, "data")
    }

    func health(
        _ health: HealthSummary,
        _ summary: HubSummary,
        at now: Timestamp
    ) throws -> String {
        let words = voice.translation
        var shell = shell(words("healthTitle"), summary, isTranslated: true)
        shell.isHealth = true
        return try render(HealthView(shell: shell, health, in: words, now: now), "health")
    }

    /// The page that a browser shows for a problem.
    func problem(_ problem: ProblemDetails) throws -> String {
        let view = ProblemView(
            shell: shell(problem.title, HubSummary(types: [])),
            detail: problem.detail,
            status: "\(problem.status.code)"
        )
        return try render(view, "problem")
    }

    func services(_ services: [ServiceView]) throws -> String {
        var shell = shell("Services of \(settings.shownName)", HubSummary(types: []))
        shell.isServices = true
        return try render(ServicesView(shell: shell, services: services), "services")
    }

    func service(_ title: String, _ content: ServiceContent) throws -> String {
        var shell = shell(title, HubSummary(types: []))
        shell.isServices = true
        let view = ServicePageView(
            shell: shell,
            lead: content.lead,
            paragraphs: content.paragraphs,
            tables: content.tables
        )
        return try render(view, "service")
    }

    /// How somebody signs in, who is signed in, or both.
    func signIn(
        link: String? = nil,
        as party: String? = nil,
        current: String?,
        providers: [OpenIDSettings] = [],
        purposes: [Purpose] = [],
        purpose: Purpose? = nil
    ) throws -> String {
        let t = voice.translation
        let view = SignInView(
            shell: shell(t("signInTitle"), isTranslated: true, hasLanguages: link == nil),
            link: link ?? "",
            party: t("signInLink", ["party": party ?? ""]),
            current: t("signedInAs", ["party": current ?? ""]),
            hasLink: link != nil,
            isSignedIn: current != nil,
            providers: link == nil && current == nil
                ? providers.map {
                    SignInView.Provider(
                        label: t("signInWith", ["provider": $0.label]),
                        path: "/sign-in/with/" + TypeView.percentEncoded($0.name)
                    )
                } : [],
            t: t.words,
            purposes: purposes.map {
                SignInView.Purpose(
                    term: $0.text,
                    label: t.label(ofPurpose: $0.text),
                    language: t.language(ofPurpose: $0.text),
                    isChosen: $0 == purpose
                )
            },
            hasPurposes: current != nil && link == nil && !purposes.isEmpty
        )
        return try render(view, "sign-in")
    }

    /// What is around a page; `isTranslated` if its own words are in the language of the head.
    func shell(
        _ title: String,
        _ summary: HubSummary = HubSummary(types: []),
        isTranslated: Bool = false,
        hasLanguages: Bool = true
    ) -> PageShell {
        var shell = PageShell(
            title: title,
            cityName: settings.shownName,
            isOpen: settings.isOpen,
            isSimulated: summary.isSimulated,
            hasServices: hasServices,
            hasNetwork: settings.hasNetwork,
            voice: voice
        )
        if !isTranslated { shell.language = "en" }
        if !hasLanguages { shell.languages = [] }
        return shell
    }

    func render(_ view: Any, _ template: String) throws -> String {
        guard let page = templates.render(view, withTemplate: template) else {
            throw PageError(description: "The template \(template).mustache is missing.")
        }
        return page
    }
}

/// The reason why the pages cannot be served, which is found at the start and not at the first
/// visit.
package struct PageError: Error, CustomStringConvertible {
    package var description: String
}

/// Escapes text for HTML by Unicode scalars.
///
/// The library works by whole characters: it misses a quotation mark that is followed by a
/// combining accent, which a browser still takes for one.
struct PageText: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let entity = Self.entities[scalar] {
                escaped.append(contentsOf: entity.unicodeScalars)
            } else {
                escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    private static let entities: [Unicode.Scalar: String] = [
        "<": "&lt;", ">": "&gt;", "&": "&amp;", "\"": "&quot;", "'": "&#39;",
    ]
}
