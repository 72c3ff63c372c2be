import ContextModel
import Synchronization

/// A page of a headless browser, with its errors and requests.
struct BrowserPage {
    /// A visitor's screen.
    struct Screen {
        var width = 1_440
        var height = 900
        var isPhone = false
        var isDark = false

        static let desktop = Screen()
        static let phone = Screen(width: 390, height: 844, isPhone: true)
        static let dark = Screen(isDark: true)
    }

    /// The errors and requests of the page.
    private final class Notes: Sendable {
        let errors = Mutex<[String]>([])
        let addresses = Mutex<[String]>([])

        func take(_ method: String, _ event: JSONObject) {
            switch method {
            case "Runtime.exceptionThrown":
                add(event["exceptionDetails"])
            case "Runtime.consoleAPICalled" where event["type"] == "error":
                add(event["args"])
            case "Log.entryAdded" where event["entry"]?.objectValue?["level"] == "error":
                add(event["entry"])
            case "Network.requestWillBeSent":
                let address = event["request"]?.objectValue?["url"]?.stringValue ?? ""
                addresses.withLock { $0.append(address) }
            default: break
            }
        }

        private func add(_ error: JSONValue?) {
            errors.withLock { $0.append(error?.text ?? "an error without words") }
        }
    }

    private let browser: Browser
    private let session: String
    private let notes = Notes()

    /// The time for a page to become what a test waits for.
    private static let patienceMilliseconds = 30_000

    /// Opens an address in its own window.
    init(_ browser: Browser, _ address: String, on screen: Screen) async throws {
        self.browser = browser
        let made = try await browser.send("Target.createTarget", ["url": "about:blank"])
        let attached = try await browser.send(
            "Target.attachToTarget",
            ["targetId": made["targetId"] ?? .null, "flatten": true]
        )
        session = attached["sessionId"]?.stringValue ?? ""
        browser.listen(to: session, notes.take)
        for domain in ["Page", "Runtime", "Log", "Network"] { try await send("\(domain).enable") }
        try await show(on: screen)
        try await send("Page.navigate", ["url": .string(address)])
    }

    /// Goes to another address, as if it were typed.
    func go(to address: String) async throws {
        try await send("Page.navigate", ["url": .string(address)])
    }

    /// Errors on its console.
    var errors: [String] { notes.errors.withLock { $0 } }

    /// Every address that it requested.
    var addresses: [String] { notes.addresses.withLock { $0 } }

    /// Changes the screen while the page is open.
    func show(on screen: Screen) async throws {
        try await send(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(JSONNumber(screen.width)),
                "height": .number(JSONNumber(screen.height)),
                "deviceScaleFactor": 1, "mobile": .bool(screen.isPhone),
            ]
        )
        let scheme: JSONValue = [
            "name": "prefers-color-scheme", "value": screen.isDark ? "dark" : "light",
        ]
        let calm: JSONValue = ["name": "prefers-reduced-motion", "value": "reduce"]
        try await send("Emulation.setEmulatedMedia", ["features": [scheme, calm]])
    }

    /// The value of an expression in the page; it waits for a promise.
    func value(_ expression: String) async throws -> JSONValue {
        let answer = try await send(
            "Runtime.evaluate",
            [
                "expression": .string(expression), "returnByValue": true, "awaitPromise": true,
                "userGesture": true,
            ]
        )
        if let problem = answer["exceptionDetails"] { throw BrowserError.refused(problem.text) }
        return answer["result"]?.objectValue?["value"] ?? .null
    }

    /// Whether the expression becomes true in time.
    func becomes(_ expression: String) async throws -> Bool {
        try await value(
            """
            new Promise((resolve) => {
              const end = performance.now() + \(Self.patienceMilliseconds);
              const look = () => {
                let isTrue = false;
                try { isTrue = Boolean(\(expression)); } catch { /* not there yet */ }
                if (isTrue || performance.now() > end) resolve(isTrue); else setTimeout(look, 30);
              };
              look();
            })
            """
        ) == true
    }

    /// Whether the expression becomes true in time, on this page or on one that it leads to.
    ///
    /// A page that is left takes the expression with it, so the next page is asked anew.
    func comes(to expression: String) async throws -> Bool {
        let end = ContinuousClock.now + .milliseconds(Self.patienceMilliseconds)
        let look = """
            new Promise((resolve) => {
              setTimeout(() => {
                try { resolve(Boolean(\(expression))); } catch { resolve(false); }
              }, 30);
            })
            """
        while .now < end {
            do {
                if try await value(look) == true { return true }
            } catch BrowserError.refused { continue }
        }
        return false
    }

    /// Presses and releases a key, by its DOM name and Windows code.
    func press(_ key: String, code: Int, text: String? = nil) async throws {
        var event: JSONObject = [
            "type": "keyDown", "key": .string(key), "code": .string(key),
            "windowsVirtualKeyCode": .number(JSONNumber(code)),
        ]
        if let text { event["text"] = .string(text) }
        try await send("Input.dispatchKeyEvent", event)
        event["type"] = "keyUp"
        event["text"] = nil
        try await send("Input.dispatchKeyEvent", event)
    }

    /// Clicks on the middle of the first element that the selector finds.
    func click(_ selector: String) async throws {
        let middle = try await value(
            """
            (() => {
              const box = document.querySelector(\(JSONValue.string(selector).text))
                .getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            })()
            """
        )
        let point = middle.arrayValue ?? []
        for type in ["mousePressed", "mouseReleased"] {
            try await send(
                "Input.dispatchMouseEvent",
                [
                    "type": .string(type), "x": point[0], "y": point[1], "button": "left",
                    "clickCount": 1,
                ]
            )
        }
    }

    /// Cuts the page off from the network, or connects it again.
    func goOffline(_ isOffline: Bool) async throws {
        try await send(
            "Network.emulateNetworkConditions",
            [
                "offline": .bool(isOffline), "latency": 0, "downloadThroughput": -1,
                "uploadThroughput": -1,
            ]
        )
    }

    @discardableResult
    private func send(_ method: String, _ parameters: JSONObject = [:]) async throws -> JSONObject {
        try await browser.send(method, parameters, session: session)
    }
}
