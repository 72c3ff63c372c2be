import ContextModel
import Foundation
import Testing

/// The pages in a real headless Chromium.
///
/// `.ci/set-up test` installs it; without one these tests fail.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct PagesInBrowserTests {
    private static let isReady = "document.body.dataset.ready === ''"
    private static let isDetailOpen = "!document.getElementById('detail').hidden"
    private static let status = "document.getElementById('status').textContent"
    private static let isInFound = "document.activeElement.closest('#found') !== null"

    private static func count(_ selector: String) -> String {
        "document.querySelectorAll('\(selector)').length"
    }

    @Test func `Now shows symbols, layers and their freshness, and calls nothing but the hub`()
        async throws
    {
        try await CityOnShow().test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            #expect(try await page.becomes(Self.count(".symbol") + " > 150"))
            #expect(try await page.becomes(Self.count("path.land") + " > 3"))
            #expect(try await page.value(Self.count(".layers li")) == 8)
            let haveAges = """
                [...document.querySelectorAll('.layers time')]
                  .every((each) => / ago|now/.test(each.textContent))
                """
            #expect(try await page.value(haveAges) == true)
            #expect(try await page.becomes(Self.count("#highlights button") + " === 4"))
            #expect(page.addresses.count > 10)
            #expect(page.addresses.allSatisfy { $0.hasPrefix(address) || $0 == "about:blank" })
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `with the keyboard alone a device is found, opened with its chart, and closed`()
        async throws
    {
        try await CityOnShow().test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            _ = try await page.value("document.getElementById('find').focus()")
            for letter in "bangla road, middle" {
                try await page.press(String(letter), code: 0, text: String(letter))
            }
            #expect(try await page.becomes(Self.count("#found button") + " > 0"))
            try await page.press("Tab", code: 9)
            #expect(try await page.value(Self.isInFound) == true)
            let outline = "getComputedStyle(document.activeElement).outlineStyle"
            #expect(try await page.value(outline) == "solid")
            try await page.press("Enter", code: 13, text: "\r")
            #expect(try await page.becomes(Self.isDetailOpen))
            #expect(try await page.becomes(Self.count("#detail svg polyline") + " > 0"))
            #expect(try await page.value("document.activeElement.id") == "detail")
            try await page.press("Escape", code: 27)
            #expect(try await page.value(Self.isDetailOpen) == false)
            #expect(try await page.value(Self.isInFound) == true)
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `a click on a symbol opens it, and its layer can be hidden`() async throws {
        try await CityOnShow().test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            try await page.click("#highlights li:nth-child(1) button")
            #expect(try await page.becomes("document.querySelector('.symbol.chosen') !== null"))
            _ = try await page.value("document.querySelector('.symbol.chosen').id = 'picked'")
            try await page.click("#detail .close")
            #expect(try await page.value(Self.isDetailOpen) == false)
            try await page.click("#picked")
            #expect(try await page.becomes(Self.isDetailOpen))
            let people = Self.count(".leaflet-marker-icon .symbol.square")
            #expect(try await page.value(people) == 30)
            let box = "document.querySelector('[data-type=CrowdFlowObserved] input')"
            _ = try await page.value(box + ".click()")
            #expect(try await page.value(people) == 0)
        }
    }

    @Test func `on a phone no page is wider than the screen`() async throws {
        try await CityOnShow().test { address, browser in
            for path in ["/", "/data", "/hub"] {
                let page = try await BrowserPage(browser, address + path, on: .phone)
                #expect(try await page.becomes("document.readyState === 'complete'"))
                let isNarrow = "document.documentElement.scrollWidth <= 390"
                #expect(try await page.value(isNarrow) == true, "\(path)")
                #expect(page.errors.isEmpty, "\(path): \(page.errors)")
            }
        }
    }

    @Test func `in dark mode the pages are dark, and the map too`() async throws {
        try await CityOnShow().test { address, browser in
            let brightness = """
                (selector) => getComputedStyle(document.querySelector(selector)).backgroundColor
                  .match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 3
                """
            let grounds = [("/", ["body", "#map", ".story"]), ("/data", ["body", ".type"])]
            for (path, selectors) in grounds {
                let page = try await BrowserPage(browser, address + path, on: .dark)
                #expect(try await page.becomes("document.readyState === 'complete'"))
                for selector in selectors {
                    let isDark = "(\(brightness))('\(selector)') < 60"
                    #expect(try await page.value(isDark) == true, "\(path) \(selector)")
                }
                try await page.show(on: .desktop)
                #expect(try await page.value("(\(brightness))('body') > 200") == true)
            }
        }
    }

    @Test func `of a type too large for the map the part in view is read`() async throws {
        try await CityOnShow(fill: CityOnShow.manySpots).test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            let what = "document.querySelector('[data-type=ParkingSpot] .what').textContent"
            #expect(try await page.becomes("\(what).endsWith(' in view')"))
            for _ in 0..<3 { try await page.click(".leaflet-control-zoom-out") }
            #expect(try await page.becomes("\(what).startsWith('1\u{202F}200 in view: zoom in')"))
            #expect(try await page.becomes(Self.count(".cluster") + " > 1"))
            let sum = """
                [...document.querySelectorAll('.cluster')]
                  .reduce((sum, each) => sum + Number(each.textContent), 0)
                """
            // What stands alone is a dot.
            let grouped = try await page.value(sum).numberValue?.doubleValue ?? 0
            #expect((1_150...1_200).contains(grouped), "\(grouped)")
            let shown = Self.count(".leaflet-marker-icon .symbol")
            #expect(try await page.value(shown + " <= 1000") == true)
            for _ in 0..<4 { try await page.click(".leaflet-control-zoom-in") }
            #expect(try await page.becomes("\(what).endsWith(' in view')"))
            let elsewhere = "document.querySelector('.elsewhere').textContent.includes('Permit')"
            #expect(try await page.value(elsewhere) == true)
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `silence, ages, what only history has, and the ground are on the map`() async throws
    {
        try await CityOnShow(fill: CityOnShow.quietCity).test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            #expect(try await page.value(Self.count(".leaflet-marker-icon .symbol.silent")) == 1)
            let what = "document.querySelector('[data-type=AirQualityObserved] .what').textContent"
            #expect(try await page.value("\(what).endsWith('1 silent')") == true)
            let text = """
                [...document.querySelectorAll('.leaflet-marker-icon .symbol span')]
                  .map((each) => each.textContent.trim()).sort().join()
                """
            let labels = try await page.value(text).stringValue ?? ""
            #expect(labels.contains("3.25m2 h") && labels.contains("12.5"), "\(labels)")
            #expect(try await page.value(Self.count("path.shape.ground.line")) == 1)
            #expect(try await page.value(Self.count("path.shape.ground.area")) == 1)
            let isHidden = """
                [...document.querySelectorAll('.leaflet-marker-icon .symbol.ground')]
                  .every((each) => each.offsetWidth === 0)
                """
            #expect(try await page.value(isHidden) == true)
            _ = try await page.value("document.querySelector('path.shape.line').id = 'street'")
            _ = try await page.value(
                "document.getElementById('street').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
            )
            #expect(try await page.becomes(Self.isDetailOpen))
            // A well has its readings in history alone: they are charted.
            _ = try await page.value("location.hash = '#urn:ngsi-ld:Well:1'")
            #expect(try await page.becomes(Self.count("#detail svg") + " > 0"))
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `an empty hub explains how to import data, and an open one that it is open`()
        async throws
    {
        try await CityOnShow(isOpen: true, fill: CityOnShow.nothing).test { address, browser in
            for path in ["/", "/data", "/hub"] {
                let page = try await BrowserPage(browser, address + path, on: .desktop)
                #expect(try await page.becomes(Self.count(".notice.open") + " === 1"), "\(path)")
                let says = "document.body.innerText.includes('balai import gtfs')"
                #expect(try await page.value(says).boolValue == (path != "/hub"), "\(path)")
                #expect(page.errors.isEmpty, "\(path): \(page.errors)")
            }
        }
    }

    @Test func `without the hub the page says so, and continues when it is back`() async throws {
        try await CityOnShow().test { address, browser in
            let page = try await BrowserPage(browser, address + "/", on: .desktop)
            #expect(try await page.becomes(Self.isReady))
            try await page.goOffline(true)
            #expect(try await page.becomes(Self.status + ".includes('does not answer')"))
            try await page.goOffline(false)
            #expect(try await page.becomes(Self.status + " === ''"))
        }
    }
}
