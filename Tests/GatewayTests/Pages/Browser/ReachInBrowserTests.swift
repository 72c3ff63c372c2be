import ContextModel
import Foundation
import Outbound
import Testing

/// Finding and reaching the content of a hub, in a real headless Chromium.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReachInBrowserTests {
    private static let isReady = "document.body.dataset.ready === ''"
    private static let isDetailOpen = "!document.getElementById('detail').hidden"
    private static let heading = "document.getElementById('detail-name').textContent"
    private static let found = "document.getElementById('found').innerText"

    private func find(_ text: String, on page: BrowserPage) async throws {
        let quoted = JSONValue.string(text).text
        _ = try await page.value(
            """
            (() => {
              const box = document.getElementById('find');
              box.value = \(quoted);
              box.dispatchEvent(new Event('input'));
            })()
            """
        )
    }

    @Test func `Find searches the hub, not only what is loaded`() async throws {
        try await CityOnShow(fill: CityOnShow.manySpots).test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            try await find("parkingspot:1199", on: page)
            #expect(try await page.becomes("\(Self.found).includes('1199')"))
            _ = try await page.value("document.querySelector('#found button').click()")
            #expect(try await page.becomes("\(Self.isDetailOpen) && \(Self.heading) === '1199'"))
            // By kind, even if the kind is not on the map.
            try await find("permit", on: page)
            #expect(try await page.becomes("\(Self.found).includes('Permit')"))
            try await find("nothing like it (*[", on: page)
            #expect(try await page.becomes("\(Self.found).includes('Nothing of that name')"))
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `an address opens the named entity, loaded or not`() async throws {
        try await CityOnShow(fill: CityOnShow.manySpots).test { address, browser in
            for name in ["ParkingSpot:777", "Permit:1"] {
                let url = address + "/#urn:ngsi-ld:\(name)"
                let page = try await BrowserPage(browser, url, on: .desktop)
                #expect(try await page.becomes(Self.isDetailOpen), "\(name)")
            }
            let page = try await BrowserPage(browser, address + "/#urn:x:none", on: .desktop)
            let status = "document.getElementById('status').textContent"
            #expect(try await page.becomes("\(status).includes('no such thing')"))
        }
    }

    @Test func `the colour of a type does not depend on the counts`() async throws {
        try await CityOnShow(fill: CityOnShow.strangers).test { address, browser in
            let layers = "[...document.querySelectorAll('.layers li')]"
            let colour = "each.querySelector('.symbol').className"
            let colours =
                "\(layers).map((each) => `${each.dataset.type} ${\(colour)}`).sort().join()"
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            let before = try await page.value(colours)
            let hub = HTTPHub(base: address, token: SmallHub.operatorToken)
            try await CityOnShow.addTrees(to: hub)
            let again = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await again.becomes(Self.isReady))
            #expect(try await again.value(colours) == before)
            let distinct = "new Set(\(layers).map((each) => \(colour))).size"
            #expect(try await again.value(distinct) == 4)
        }
    }

    @Test func `an identifier is shown as a name, and its links lead there`() async throws {
        try await CityOnShow(fill: CityOnShow.strangers).test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            try await find("main street", on: page)
            #expect(try await page.becomes("\(Self.found).includes('Main Street')"))
            _ = try await page.value("document.querySelector('#found button').click()")
            #expect(try await page.becomes("\(Self.heading) === 'Main Street'"))
            let link = "fetch(document.querySelector('#detail .id a').href)"
            let id = try await page.value(
                "\(link).then((each) => each.json()).then((each) => each.id)"
            )
            #expect(id == "urn:ngsi-ld:Street:Main%20Street")
            let reloaded = try await page.value("location.href").stringValue ?? ""
            let again = try await BrowserPage(browser, reloaded, on: .desktop)
            #expect(try await again.becomes("\(Self.heading) === 'Main Street'"))
            try await again.click("#detail .values a")
            #expect(try await again.becomes("location.hash.endsWith('Kiosk%3A1')"))
            #expect(
                try await again.becomes(
                    "document.querySelector('#detail .id').textContent.includes('Kiosk:1')"
                )
            )
        }
    }

    @Test func `the keyboard reaches the symbols and shows where it is`() async throws {
        try await CityOnShow(fill: CityOnShow.strangers).test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            let active = "document.activeElement"
            let isRinged = "getComputedStyle(\(active)).outlineStyle === 'solid'"
            _ = try await page.value("document.getElementById('map').focus()")
            try await page.press("Tab", code: 9)
            #expect(try await page.becomes("\(active).matches('.leaflet-marker-icon')"))
            #expect(try await page.value(isRinged) == true)
            try await page.press("ArrowDown", code: 40)
            for _ in 0..<3 { try await page.press("ArrowLeft", code: 37) }
            #expect(try await page.value("\(active).getAttribute('aria-label')") == "1")
            try await page.press("ArrowUp", code: 38)
            #expect(try await page.value("\(active).getAttribute('aria-label')") == "Main Street")
            try await page.press("Enter", code: 13, text: "\r")
            #expect(
                try await page.becomes("\(Self.isDetailOpen) && \(Self.heading) === 'Main Street'")
            )
            try await page.press("Escape", code: 27)
            #expect(try await page.value("\(active).getAttribute('aria-label')") == "Main Street")
            for control in ["zoom-in", "zoom-out"] {
                try await page.press("Tab", code: 9)
                #expect(
                    try await page.value("\(active).matches('.leaflet-control-\(control)')") == true
                )
                #expect(try await page.value(isRinged) == true, "\(control)")
            }
        }
    }

    @Test func `a closed hub says so, and an unknown address is a page`()
        async throws
    {
        try await CityOnShow(isClosed: true).test { address, browser in
            for path in ["/", "/data"] {
                let page = try await BrowserPage(browser, address + path, on: .phone)
                let says = "document.body.innerText.includes('This hub is closed')"
                #expect(try await page.becomes(says), "\(path)")
                #expect(page.errors.isEmpty, "\(path): \(page.errors)")
            }
            let page = try await BrowserPage(browser, address + "/nowhere", on: .phone)
            #expect(
                try await page.becomes(
                    "document.querySelector('h1').textContent === 'Resource not found'"
                )
            )
            #expect(try await page.value("document.querySelectorAll('main a').length") == 3)
            #expect(try await page.value("document.documentElement.scrollWidth <= 390") == true)
        }
    }
}
