import Foundation
import Testing

/// The numbers of `docs/limits.md` are those of the code.
@Suite struct LimitsPageTests {
    private static let page = SourceFile.root.appending(path: "docs/limits.md")

    /// `make limits` sets the variable, and the page is written instead of compared.
    @Test func `the limits page equals the code`() throws {
        let manual = try String(
            contentsOf: SourceFile.root.appending(path: "docs/configuration.md"),
            encoding: .utf8
        )
        let settings = manual.matches(of: /\n\| `([^`]+)` \|/).map { String($0.1) }
        let page = try LimitsPage(
            String(contentsOf: Self.page, encoding: .utf8),
            SourceConstants(SourceFile.all(in: "Sources")),
            settings: Set(settings)
        )
        #expect(page.unknown.isEmpty, "docs/limits.md names what is no constant with a number.")
        if ProcessInfo.processInfo.environment["BALAI_WRITE_LIMITS"] != nil {
            try page.text.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: Self.page, encoding: .utf8) == page.text,
            "docs/limits.md is out of date: run make limits."
        )
    }

    @Test func `a row gets the values of the constants that it names`() {
        let constants = SourceConstants([
            file(
                "Sources/A/Limits.swift",
                """
                enum Limits {
                    package static let rows = 5_000
                    /// Not a limit.
                    private static let bytes = 4 << 20
                    static var pause: Duration { .seconds(90) }
                }
                """
            ),
            file("Sources/B/Limits.swift", "struct Limits {\n    var rows: Int64 = 7\n}"),
        ])
        func value(_ name: String) -> String { page("| A |  | B | `\(name)` |", constants).text }
        #expect(value("A/Limits.rows") == "| A | 5,000 | B | `A/Limits.rows` |")
        #expect(value("B/Limits.rows") == "| A | 7 | B | `B/Limits.rows` |")
        #expect(value("limits.depth") == "| A | set | B | `limits.depth` |")
        let both = page("| A | 1 | B | `Limits.bytes`; `Limits.pause` |", constants)
        #expect(both.text == "| A | 4 MiB; 90 s | B | `Limits.bytes`; `Limits.pause` |")
        #expect(page("| A |  | B | `Limits.rows` |", constants).unknown == ["Limits.rows"])
        #expect(page("| A |  | B | `Limits.none` |", constants).unknown == ["Limits.none"])
        #expect(page("A | B", constants).text == "A | B")
    }

    @Test(arguments: [
        ("7", "count", "7"), ("1_024", "count", "1,024"), ("16 * 1024", "bodyBytes", "16 KiB"),
        ("512", "maximumBytes", "512 bytes"), ("1 << 16", "bytesAtOnce", "64 KiB"),
        ("25_000", "maximumMicroseconds", "25 ms"), ("10_000.0", "timeoutMilliseconds", "10 s"),
        ("Duration.milliseconds(4)", "gathering", "4 ms"), ("86_400", "keptSeconds", "1 d"),
        ("24 * 3_600", "freshSeconds", "1 d"), ("1_500", "pauseMicroseconds", "1,500 µs"),
    ])
    func `a value has its unit`(_ expression: String, _ name: String, _ text: String) {
        #expect(SourceConstants.text(expression, of: name) == text)
    }

    private func page(_ text: String, _ constants: SourceConstants) -> LimitsPage {
        LimitsPage(text, constants, settings: ["limits.depth"])
    }

    private func file(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: path, lines: text.split(separator: "\n").map(String.init))
    }
}
