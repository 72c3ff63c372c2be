import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

struct PageRendererTests {
    private let now = Timestamp(microseconds: 1_795_395_600_000_000)
    private let assets: PageAssets
    init() throws { assets = try PageAssets(leafletFolder: "/nowhere") }

    private func renderer(isOpen: Bool = false, tileURL: String? = nil) throws -> PageRenderer {
        var settings = PageSettings()
        settings.isOpen = isOpen
        settings.tileURL = tileURL
        return try PageRenderer(templates: assets.templates, settings: settings)
    }

    private func type(
        _ name: String,
        isSimulated: Bool = false,
        source: String = "City hall"
    )
        -> TypeSummary
    {
        TypeSummary(
            name: name,
            count: 1_234,
            attributes: [
                AttributeSummary(name: "pm25", kind: .property, unitCode: "GQ"),
                AttributeSummary(name: "location", kind: .geoProperty),
            ],
            sources: [source],
            newest: Timestamp(microseconds: now.microseconds - 7_000_000),
            isSimulated: isSimulated
        )
    }

    private func health(_ text: String = "disk full") -> HealthSummary {
        HealthSummary(
            version: "1",
            startedAt: Timestamp(microseconds: now.microseconds - 90_000_000),
            measures: [
                .init(
                    name: .words("healthRequests"),
                    value: 12,
                    unit: .words("healthPerSecond"),
                    explanation: .same("E"),
                    history: [1, 2, 3],
                    state: .attention
                )
            ],
            errors: [.init(at: now, place: "Store", text: text)]
        )
    }

    private func allPages(_ summary: HubSummary, isOpen: Bool = false) throws -> [String] {
        let renderer = try renderer(isOpen: isOpen)
        return [
            try renderer.now(summary, at: now), try renderer.data(summary, at: now),
            try renderer.health(health(), summary, at: now),
        ]
    }

    @Test func `a type is shown with its count, attributes, unit, source and age`() throws {
        let html = try renderer().data(HubSummary(types: [type("AirQualityObserved")]), at: now)
        for text in [
            "AirQualityObserved", ">Air</a>", "1\u{202F}234", "pm25", "value, µg/m³",
            "<span>place</span>", "City hall", "7 seconds ago",
            "type=AirQualityObserved&amp;limit=10",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\" onmouseover=\"x", "' autofocus onfocus='x", "&lt;b&gt;",
        // A quote with a combining accent is one character, and still a quote to a browser.
        "\"\u{301} onmouseover=x", "<\u{301}b>", "{{shell.title}}", "</title><img src=x>",
    ])
    func `malicious names stay text`(name: String) throws {
        let summary = HubSummary(types: [type(name, source: name)])
        let renderer = try renderer()
        let pages = [
            try renderer.now(summary, at: now), try renderer.data(summary, at: now),
            try renderer.health(health(name), summary, at: now),
        ]
        for page in pages {
            let scalars = Array(page.unicodeScalars)
            let hostile = Array(name.unicodeScalars)
            let isThere = scalars.indices.contains { scalars[$0...].starts(with: hostile) }
            #expect(!isThere || name == "{{shell.title}}")
        }
        #expect(pages[0].contains("data-type"))
    }

    @Test func `example requests cannot break out of the shell's quotes`() throws {
        let summary = HubSummary(types: [type("x'; rm -rf / #&y=<")])
        let html = try renderer().data(summary, at: now)
        #expect(html.contains("type=x%27%3B%20rm%20-rf%20%2F%20%23%26y%3D%3C&amp;limit"))
    }

    @Test func `every page says when the hub is open and when data is simulated`() throws {
        let simulated = HubSummary(types: [type("Beach", isSimulated: true)])
        for page in try allPages(simulated, isOpen: true) {
            #expect(page.contains("Open hub"))
            #expect(page.contains("Simulated"))
        }
        for page in try allPages(HubSummary(types: [type("Beach")])) {
            #expect(!page.contains("Open hub"))
            #expect(!page.contains("Simulated"))
        }
    }

    @Test func `an empty hub explains how to import data`() throws {
        let pages = try allPages(HubSummary(types: [], isForOperator: true))
        #expect(pages[0].contains("balai import gtfs"))
        #expect(pages[1].contains("balai import csv"))
    }

    private static let place = HubPlace(
        dataFolder: "/srv/our city",
        host: "127.0.0.1",
        port: 2_000,
        isForThisMachine: true
    )

    private func rendererAtPlace(port: Int = 2_000) throws -> PageRenderer {
        var settings = PageSettings()
        settings.place = Self.place
        settings.place?.port = port
        return try PageRenderer(templates: assets.templates, settings: settings)
    }

    @Test func `hints name the hub's own port and folder to the operator`() throws {
        let summary = HubSummary(types: [], isForOperator: true)
        let page = try rendererAtPlace().now(summary, at: now)
        #expect(page.contains("Nothing here yet"))
        #expect(
            page.contains(
                "balai import gtfs timetable.zip --hub http://127.0.0.1:2000 "
                    + "--data &#39;/srv/our city&#39;"
            )
        )
        #expect(page.contains("balai demo --port 2001"))
        let visit = PageVisit(port: 3_000)
        #expect(try rendererAtPlace(port: 0).now(summary, for: visit, at: now).contains(":3000 "))
    }

    @Test
    func `a closed hub says that it is closed, and shows its folder on its own machine alone`()
        throws
    {
        let closed = HubSummary(types: [], reach: .nothing)
        let renderer = try rendererAtPlace()
        for page in [try renderer.now(closed, at: now), try renderer.data(closed, at: now)] {
            #expect(page.contains("This hub is closed"))
            #expect(!page.contains("ready and empty"))
            #expect(!page.contains("/srv/our city") && !page.contains("2000"))
        }
        let here = try renderer.now(closed, for: PageVisit(isAtMachine: true), at: now)
        #expect(here.contains("This hub is closed"))
        #expect(here.contains("/srv/our city") && here.contains("/ngsi-ld/v1/types"))
        let named = try renderer.now(closed, for: PageVisit(isAnonymous: false), at: now)
        #expect(named.contains("Your token does not let you see"))
    }

    @Test func `a visitor who may see a part does not learn whether there is more`() throws {
        let page = try renderer().now(HubSummary(types: [], reach: .part), at: now)
        #expect(page.contains("Nothing here that you may see"))
        #expect(!page.contains("balai import"))
    }

    @Test func `a reading in the future is marked as such`() throws {
        var beach = type("Beach")
        beach.furthest = Timestamp(microseconds: now.microseconds + 7_200_000_000)
        let page = try renderer().data(HubSummary(types: [beach]), at: now)
        #expect(page.contains("some: dated 2 hours ahead"))
        beach.newest = beach.furthest
        let alone = try renderer().now(HubSummary(types: [beach]), at: now)
        #expect(alone.contains("dated 2 hours ahead"))
        #expect(!alone.contains(">just now<"))
    }

    @Test func `a problem has a page, and quoted input stays text`() throws {
        let error = BrokerError(.resourceNotFound, "There is nothing at \"/<b>\".")
        let page = try renderer().problem(ProblemDetails(error))
        #expect(page.contains("Resource not found"))
        #expect(page.contains("There is nothing at &quot;/&lt;b&gt;&quot;."))
        #expect(page.contains("Status 404"))
    }

    @Test func `a full disk is always an error`() throws {
        var full = health()
        full.measures = []
        full.store = .full
        let summary = HubSummary(types: [])
        #expect(try renderer().health(full, summary, at: now).contains("The disk is full"))
        full.measures = nil
        let page = try renderer().health(full, summary, at: now)
        #expect(page.contains("The disk is full") && page.contains("state-bad"))
        full.store = .failing
        #expect(try renderer().health(full, summary, at: now).contains("cannot be read or written"))
    }

    @Test func `errors are shown only with the right to see them`() throws {
        var hidden = health()
        hidden.errors = nil
        let summary = HubSummary(types: [])
        let page = try renderer().health(hidden, summary, at: now)
        #expect(page.contains("people who run this hub"))
        #expect(!page.contains("disk full"))
        #expect(try renderer().health(health(), summary, at: now).contains("disk full"))
    }

    @Test func `figures are shown only with the right to see them`() throws {
        var hidden = health()
        hidden.measures = nil
        let summary = HubSummary(types: [])
        let page = try renderer().health(hidden, summary, at: now)
        #expect(page.contains("The hub answers"))
        #expect(page.contains("How busy the hub is"))
        #expect(!page.contains("per second"))
        #expect(!page.contains("Something needs a look"))
        let open = try renderer().health(health(), summary, at: now)
        #expect(!open.contains("How busy the hub is"))
    }

    @Test func `Data has the address at which it was asked, also without scripts`() throws {
        let summary = HubSummary(types: [type("Beach")])
        func page(_ authority: String, _ settings: PageSettings = PageSettings()) throws -> String {
            let head = HTTPRequest(method: .get, scheme: nil, authority: authority, path: "/data")
            let visit = PageVisit(head, Caller(party: .anonymous), settings)
            return try renderer().data(summary, for: visit, at: now)
        }
        #expect(try page("hub.example:81").contains("curl 'http://hub.example:81/ngsi-ld/"))
        #expect(try page("[::1]:81").contains("curl 'http://[::1]:81/ngsi-ld/"))
        // What is no host and port is not put into a shell line.
        #expect(try page("x'; rm -rf /").contains("curl 'http://localhost/ngsi-ld/"))
        var settings = PageSettings()
        settings.hasTLS = true
        #expect(try page("hub.example", settings).contains("https://hub.example/ngsi-ld/"))
        settings.publicURL = "https://data.city.example/hub"
        #expect(try page("10.0.0.1", settings).contains("https://data.city.example/hub/ngsi-ld/"))
    }

    @Test func `types with a past alone lead to their readings`() throws {
        let summary = HubSummary(types: [], pastTypes: ["TideGauge", "<b>"])
        let renderer = try renderer()
        for page in [try renderer.data(summary, at: now), try renderer.now(summary, at: now)] {
            #expect(page.contains("<a href=\"/data/rows?type=TideGauge\">Tide gauge</a>"))
            #expect(!page.contains("<b>:") && !page.contains("code><b>"))
            #expect(!page.contains("This hub is ready and empty"))
        }
    }

    @Test func `Data and Health speak every language`() throws {
        let summary = HubSummary(types: [type("Beach", isSimulated: true)])
        let translations = try Translations()
        let english = translations.all[0]
        // Words that a page has in English alone, as names and commands.
        let shared: Set<String> = ["openHub", "kindJSON"]
        for translation in translations.all {
            var renderer = try renderer()
            renderer.voice = PageVoice(translation)
            renderer.voice.isChosen = true
            let pages = [
                try renderer.data(summary, at: now),
                try renderer.health(health(), summary, at: now),
            ]
            #expect(pages[0].contains("<html lang=\"\(translation.language)\""))
            #expect(pages[0].contains("?type=Beach&amp;lang=\(translation.language)"))
            #expect(pages[1].contains("\(translation("healthRequests"))"))
            guard translation.language != "en" else { continue }
            for (key, text) in english.words where text.count > 12 && !shared.contains(key) {
                for page in pages where ["data", "health"].contains(where: { key.hasPrefix($0) }) {
                    #expect(!page.contains(text), "\(translation.language) \(key)")
                }
            }
        }
    }

    @Test func `a page marks itself in the menu and what needs attention`() throws {
        let summary = HubSummary(types: [])
        let page = try renderer().health(health(), summary, at: now)
        #expect(page.contains("<a href=\"/hub\" aria-current=\"page\">"))
        #expect(page.contains("Something needs a look"))
        #expect(page.contains("Running for 1 minute"))
        #expect(page.contains("<span class=\"worry\">look</span>"))
        #expect(page.contains("<polyline points=\"0.0,"))
        #expect(page.contains("<span class=\"top\" aria-hidden=\"true\">3</span>"))
        #expect(page.contains("10 seconds ago</span>"))
    }

    @Test func `no page or asset names a foreign host`() throws {
        let pages = try allPages(HubSummary(types: [type("Beach", isSimulated: true)]))
        let texts = pages + assets.files.values.map { String(buffer: $0.bytes) }
        let allowed = [
            "http://www.w3.org/2000/svg"  // A name, never fetched.
        ]
        for text in texts {
            for match in text.matches(of: /(https?:)?\/\/[a-z0-9.-]+\.[a-z0-9:\/.]+/) {
                #expect(allowed.contains { match.output.0.hasPrefix($0) }, "\(match.output.0)")
            }
        }
    }

    @Test func `no page has an inline script or style`() throws {
        for page in try allPages(HubSummary(types: [type("Beach")])) {
            for match in page.matches(of: /<script[^>]*>/) {
                #expect(match.output.contains("src=\"/assets/"))
            }
            #expect(!page.contains(" style="))
            #expect(!page.contains("<style"))
            #expect(page.firstMatch(of: /\son[a-z]+=/) == nil)
        }
    }

    @Test func `every asset that a page names exists`() throws {
        for page in try allPages(HubSummary(types: [type("Beach")])) {
            for match in page.matches(of: /"\/assets\/([^"]+)"/) {
                let path = String(match.output.1)
                #expect(path.hasPrefix("leaflet/") || assets.files[path] != nil, "\(path)")
            }
        }
    }

    @Test func `a missing or broken template is found at the start`() {
        #expect(throws: PageError.self) {
            try PageRenderer(templates: ["now": "", "data": ""], settings: PageSettings())
        }
        #expect(throws: (any Error).self) {
            try PageRenderer(templates: ["now": "{{#open}}"], settings: PageSettings())
        }
    }

    @Test func `tiles are named only when the operator configured them`() throws {
        let summary = HubSummary(types: [type("Beach")])
        let url = "https://tiles.example.org/{z}/{x}/{y}.png"
        #expect(try renderer(tileURL: url).now(summary, at: now).contains("data-tiles=\"\(url)\""))
        #expect(try renderer().now(summary, at: now).contains("data-tiles=\"\""))
    }
}
