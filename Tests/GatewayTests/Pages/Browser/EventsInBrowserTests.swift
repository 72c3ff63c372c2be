import ContextModel
import Foundation
import Outbound
import Testing

/// `/events`, listened to by the `EventSource` of a real headless Chromium.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct EventsInBrowserTests {
    private static func write(_ method: String, _ path: String, _ body: String? = nil) -> String {
        let content = body.map { ", body: \(JSONValue.string($0).text)" } ?? ""
        return """
            fetch('/ngsi-ld/v1/\(path)', {
              method: '\(method)',
              headers: {
                'Authorization': 'Bearer \(SmallHub.operatorToken)',
                'Content-Type': 'application/json',
              }\(content)
            }).then((each) => each.status)
            """
    }

    private static let bus =
        #"{"id": "urn:x:bus", "type": "Bus", "speed": {"type": "Property", "value": 9}}"#

    /// Listens, and keeps what it is told as `told`.
    private static func listen(_ query: String) -> String {
        """
        (() => {
          window.told = [];
          const source = new EventSource('/events?type=Bus&options=keyValues\(query)');
          for (const kind of ['entity', 'end', 'reset']) {
            source.addEventListener(kind, (event) => {
              const data = JSON.parse(event.data);
              told.push([kind, data.id, data.speed].filter((each) => each !== undefined).join(' '));
            });
          }
          source.onopen = () => { window.opened = (window.opened ?? 0) + 1; };
        })()
        """
    }

    @Test func `a browser is told of changes and ends`() async throws {
        try await CityOnShow(isOpen: true, fill: { _ in }).test { address, browser in
            let page = try await BrowserPage(browser, address + "/rules", on: .desktop)
            #expect(try await page.becomes("document.readyState === 'complete'"))
            _ = try await page.value(Self.listen("&q=speed%3E5"))
            #expect(try await page.becomes("window.opened === 1"))
            #expect(try await page.value(Self.write("POST", "entities", Self.bus)) == 201)
            #expect(try await page.becomes("told.join() === 'entity urn:x:bus 9'"))
            let slow = #"{"speed": {"type": "Property", "value": 3}}"#
            #expect(
                try await page.value(Self.write("PATCH", "entities/urn:x:bus/attrs", slow)) == 204
            )
            #expect(try await page.becomes("told.join() === 'entity urn:x:bus 9,end urn:x:bus'"))
        }
    }

    /// With `once` the hub ends each answer, and the browser comes back by itself with `Last-Event-ID`.
    @Test func `a browser that was away is told of the ends meanwhile`() async throws {
        try await CityOnShow(isOpen: true, fill: { _ in }).test { address, browser in
            let page = try await BrowserPage(browser, address + "/rules", on: .desktop)
            #expect(try await page.becomes("document.readyState === 'complete'"))
            #expect(try await page.value(Self.write("POST", "entities", Self.bus)) == 201)
            _ = try await page.value(Self.listen("&once=true"))
            #expect(try await page.becomes("window.opened === 1"))
            #expect(try await page.value(Self.write("DELETE", "entities/urn:x:bus")) == 204)
            #expect(try await page.becomes("told.join() === 'end urn:x:bus'"))
            #expect(try await page.becomes("window.opened > 2"))
            #expect(try await page.value("told.join()") == "end urn:x:bus")
        }
    }
}
