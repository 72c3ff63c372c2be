import ContextModel
import Foundation
import HummingbirdTesting
import Testing

@testable import Gateway

/// The pages about rights in a real headless Chromium, on a narrow phone.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RightsInBrowserTests {
    private static let narrow = BrowserPage.Screen(width: 360, height: 740, isPhone: true)

    /// Whether the expression comes to be true, also on a page that is opened meanwhile.
    private func comes(_ expression: String, on page: BrowserPage) async throws -> Bool {
        for _ in 0..<200 {
            if let value = try? await page.value("Boolean(\(expression))"), value == true {
                return true
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private static let isLabelled = """
        [...document.querySelectorAll('input:not([type=hidden]), textarea, button')]
          .every((each) => each.labels?.length > 0 || each.textContent.trim())
        """
    private static let steps =
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => h.tagName[1])"
    /// Whether no heading is more than a level below the one before.
    private static let areInOrder =
        "\(steps).every((level, i, all) => i === 0 ? level == 1 : level - all[i - 1] <= 1)"

    private func checkReach(_ page: BrowserPage, _ note: String) async throws {
        #expect(try await page.value("document.documentElement.scrollWidth") == 360, "\(note)")
        #expect(try await page.value(Self.isLabelled) == true, "\(note)")
        #expect(try await page.value(Self.areInOrder) == true, "\(note)")
    }

    @Test func `a person signs in, objects with one click, and the pages fit a narrow phone`()
        async throws
    {
        let world = try await SignedInWorld()
        let link = try world.link(for: SignedInWorld.ann)
        try await world.test(.live) { visitor in
            let browser = try Browser()
            defer { browser.close() }
            _ = try await visitor.clinicReads()
            let address = "http://127.0.0.1:\(visitor.client.port ?? 0)"
            let page = try await BrowserPage(
                browser,
                address + "/sign-in?link=\(link)",
                on: Self.narrow
            )
            #expect(try await comes("document.querySelector('main form button')", on: page))
            _ = try await page.value("document.querySelector('main form button').click()")
            #expect(try await comes("location.pathname === '/'", on: page))
            for language in ["en", "th", "vi", "fil", "id"] {
                for path in ["/my-data", "/rules", "/record"] {
                    let url = "\(path)?lang=\(language)"
                    _ = try await page.value("location.assign('\(url)')")
                    let isThere =
                        "location.pathname === '\(path)' && document.querySelector('.foot nav')"
                        + " && document.documentElement.lang === '\(language)'"
                    #expect(try await comes(isThere, on: page), "\(url)")
                    try await checkReach(page, url)
                }
            }
            _ = try await page.value("location.assign('/my-data')")
            let button = "document.querySelector('button[value=object]')"
            #expect(try await comes("location.pathname === '/my-data' && \(button)", on: page))
            _ = try await page.value("\(button).click()")
            let said = "document.querySelector('[role=status]').textContent.includes('in force')"
            #expect(try await comes(said, on: page))
            #expect(!(try await visitor.clinicReads().contains("Visit:of-ann")))
        }
    }
}
