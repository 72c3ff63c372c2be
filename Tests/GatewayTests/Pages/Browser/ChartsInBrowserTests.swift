import ContextModel
import Foundation
import Testing

/// The charts of the page *Now*, in a real headless Chromium.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ChartsInBrowserTests {
    private static let isReady = "document.body.dataset.ready === ''"
    private static let canvas = "document.querySelector('#detail .canvas')"
    private static let note = canvas + ".querySelector('.note').textContent"
    private static let ticks = """
        [...document.querySelectorAll('.canvas text[text-anchor=middle]')].map((each) => each.textContent)
        """

    /// Opens a thermometer, or another sensor, with the chart of a period.
    private func open(
        _ name: String,
        type: String = "Thermometer",
        _ time: String? = nil,
        at address: String,
        in browser: Browser
    ) async throws -> BrowserPage {
        let url = "\(address)/#urn:ngsi-ld:\(type):\(name)"
        let page = try await BrowserPage(browser, url, on: .desktop)
        #expect(try await page.becomes("\(Self.isReady) && \(Self.canvas).children.length > 0"))
        guard let time else { return page }
        _ = try await page.value("\(Self.canvas).replaceChildren()")
        let button = "[...document.querySelectorAll('.choice button')]"
        _ = try await page.value("\(button).find((each) => each.textContent === '\(time)').click()")
        #expect(try await page.becomes("\(Self.canvas).children.length > 0"))
        return page
    }

    @Test func `many readings are aggregated by the hub, period by period`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("fast", "Day", at: address, in: browser)
            #expect(try await page.value(Self.canvas + ".querySelectorAll('.band').length") == 1)
            #expect(try await page.becomes("/^Of 17.2[78]. readings/.test(\(Self.note))"))
            let words = "mean of each period of 10 minutes"
            #expect(try await page.becomes("\(Self.note).includes('\(words)')"))
            #expect(page.addresses.contains { $0.contains("aggrMethods=avg%2Cmin%2Cmax") })
            let marks = Self.canvas + ".querySelector('.band').points.length"
            #expect(try await page.value("\(marks) > 250 && \(marks) < 500") == true)
            let all = try await open("fast", "All", at: address, in: browser)
            #expect(try await all.becomes("/^Of 25.920 readings/.test(\(Self.note))"))
            #expect(page.errors.isEmpty, "\(page.errors)")
        }
    }

    @Test func `a gap is marked, and years are shown where there are several`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("years", "All", at: address, in: browser)
            #expect(try await page.becomes(Self.canvas + ".querySelectorAll('.gap').length === 1"))
            #expect(try await page.value(Self.canvas + ".querySelectorAll('.line').length") == 2)
            #expect(try await page.value("\(Self.note).includes('shaded there are none')") == true)
            let areYears = "\(Self.ticks).every((each) => /^(... )?20[0-9][0-9]$/.test(each))"
            #expect(try await page.value(areYears) == true)
            #expect(try await page.value("\(Self.ticks).length > 2") == true)
        }
    }

    @Test func `ticks are round in the city's time zone, and the note names it`()
        async throws
    {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("fast", "Day", at: address, in: browser)
            // Bangkok has no summer time: midnight is at 17:00 UTC, and the label is the day.
            let areRound =
                "\(Self.ticks).every((each) => /^(00|06|12|18):00$|^[0-9]+ [A-Z]/.test(each))"
            #expect(try await page.value("\(Self.ticks).length > 2 && \(areRound)") == true)
            #expect(try await page.value("\(Self.note).includes('Asia/Bangkok')") == true)
            let isOfBangkok = """
                import('/assets/js/times.js').then((times) => times
                  .ticks(Date.UTC(2026, 0, 5, 16, 50), Date.UTC(2026, 0, 5, 18, 10), 4)
                  .map(({ at, text }) => `${new Date(at).toISOString().slice(11, 16)} ${text}`).join())
                """
            let ticks = try await page.value(isOfBangkok)
            #expect(ticks == "17:00 6 Jan,17:30 00:30,18:00 01:00")
        }
    }

    @Test func `a period without readings is empty, which differs from an error`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            // It opens with the shortest period that has readings.
            let page = try await open("old", at: address, in: browser)
            let pressed = "document.querySelector('.choice[aria-label=Time] [aria-pressed=true]')"
            #expect(try await page.value(pressed + ".textContent") == "All")
            #expect(try await page.becomes("\(Self.note).startsWith('Readings: 2.')"))
            let week = try await open("old", "Week", at: address, in: browser)
            let text = Self.canvas + ".textContent"
            #expect(
                try await week.becomes(
                    "\(text).startsWith('No readings in this period. The newest')"
                )
            )
            #expect(week.errors.isEmpty, "\(week.errors)")
        }
    }

    @Test func `a reading in the future is marked, and does not count as present`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("ahead", "All", at: address, in: browser)
            let fact = "document.querySelector('#detail .fact').textContent"
            #expect(try await page.value("/dated [23] days ahead/.test(\(fact))") == true)
            #expect(try await page.becomes("\(Self.note).startsWith('Readings: 2.')"))
            #expect(
                try await page.value("\(Self.canvas).textContent.includes('in the future')") == true
            )
            // A crowd of tomorrow does not count as the present maximum.
            #expect(try await page.value("document.querySelectorAll('#highlights li').length") == 0)
            let people = "document.querySelector('[data-type=CrowdFlowObserved] time').textContent"
            #expect(try await page.value("/^dated .* ahead$/.test(\(people))") == true)
            #expect(try await page.value("document.body.innerText.includes('just now')") == false)
        }
    }

    @Test func `the chart has the headline's unit`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("one", type: "WasteContainer", at: address, in: browser)
            let fact = "document.querySelector('#detail .fact').textContent"
            #expect(try await page.value("\(fact).startsWith('80% full')") == true)
            let reading = Self.canvas + ".querySelector('.reading').textContent"
            #expect(try await page.becomes("\(reading).startsWith('80 %')"))
            let table = "document.querySelector('#detail .values').textContent"
            #expect(try await page.value("\(table).includes('80 %')") == true)
        }
    }

    @Test func `arrow keys go from reading to reading`() async throws {
        try await CityOnShow(fill: CityOnShow.sensors).test { address, browser in
            let page = try await open("one", type: "WasteContainer", at: address, in: browser)
            _ = try await page.value(Self.canvas + ".querySelector('svg').focus()")
            let reading = Self.canvas + ".querySelector('.reading').textContent"
            try await page.press("ArrowLeft", code: 37)
            #expect(try await page.becomes("\(reading).startsWith('76 %')"))
            try await page.press("Home", code: 36)
            #expect(try await page.becomes("\(reading).startsWith('4 %')"))
        }
    }
}
