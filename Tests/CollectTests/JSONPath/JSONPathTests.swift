import ContextModel
import Foundation
import Testing

@testable import Collect

/// JSONPath by the clauses of RFC 9535, with examples of our own.
@Suite struct JSONPathTests {
    private static let station = """
        {"site": {"name": "North", "tags": ["a", "b", "c", "d", "e"]},
         "readings": [
            {"sensor": "s1", "kind": "pm25", "value": 12.5, "unit": "GQ"},
            {"sensor": "s2", "kind": "pm10", "value": 40, "flags": ["late"]},
            {"sensor": "s3", "kind": "no2", "value": null},
            {"sensor": "s4", "kind": "pm25", "value": 12.50}
         ], "limit": 12.5, "wanted": "pm25"}
        """

    private func select(_ path: String, in text: String = station) throws -> String {
        let values = try JSONPath(path).values(in: JSONReader.read(text))
        return String(decoding: JSONValue.array(values).serialized, as: UTF8.self)
    }

    @Test(arguments: [
        // Clauses 2.2 and 2.3.1: the root, and names.
        ("$.site.name", #"["North"]"#), ("$['site']['name']", #"["North"]"#),
        ("$[\"site\"] . name", ""), ("$ .site [ 'name' ]", #"["North"]"#), ("$.nothing", "[]"),
        (#"$['\u0073ite'].name"#, #"["North"]"#),
        // Clause 2.3.2: wildcards.
        ("$.site.*", #"["North",["a","b","c","d","e"]]"#), ("$.limit.*", "[]"),
        // Clause 2.3.3: indexes.
        ("$.site.tags[1]", #"["b"]"#), ("$.site.tags[-1]", #"["e"]"#), ("$.site.tags[9]", "[]"),
        // Clause 2.3.4: slices.
        ("$.site.tags[1:3]", #"["b","c"]"#), ("$.site.tags[::-2]", #"["e","c","a"]"#),
        ("$.site.tags[3:0:-1]", #"["d","c","b"]"#), ("$.site.tags[-2:]", #"["d","e"]"#),
        ("$.site.tags[0:5:0]", "[]"), ("$.site.tags[ 1 : 5 : 3 ]", #"["b","e"]"#),
        // Clause 2.5: several selectors, and descendants.
        ("$.site.tags[0, -1, 0]", #"["a","e","a"]"#),
        ("$..sensor", #"["s1","s2","s3","s4"]"#),
        ("$..[0]", #"["a",{"sensor":"s1","kind":"pm25","value":12.5,"unit":"GQ"},"late"]"#),
    ])
    func selects(_ path: String, _ expected: String) throws {
        guard !expected.isEmpty else {
            #expect(throws: JSONPathError.self) { try JSONPath(path) }
            return
        }
        #expect(try select(path) == expected)
    }

    @Test(arguments: [
        ("?@.kind == 'pm25'", "s1,s4"), ("?@.kind == $.wanted && @.unit", "s1"),
        ("?@.value == 12.5", "s1,s4"), ("?@.value >= $.limit", "s1,s2,s4"),
        ("?@.value == null", "s3"), ("?@.flags", "s2"), ("?!@.flags", "s1,s3,s4"),
        ("?@.flags == @.other", "s1,s3,s4"), ("?@.value < 'a'", ""),
        ("?(@.kind == 'no2' || @.kind == 'pm10') && !(@.value > 50)", "s2,s3"),
        ("?length(@.kind) == 3", "s3"), ("?count(@.*) > 3", "s1,s2"),
        ("?match(@.kind, 'pm[0-9]+')", "s1,s2,s4"), ("?search(@.kind, '25|^o')", "s1,s4"),
        ("?match(@.kind, 'm25')", ""), ("?value(@..flags[0]) == 'late'", "s2"),
        ("?@.kind <= 'pm10'", "s2,s3"), ("?match(@.kind, $.wanted)", "s1,s4"),
    ])
    func filters(_ filter: String, _ sensors: String) throws {
        let found = try JSONPath("$.readings[\(filter)]")
            .values(in: JSONReader.read(Self.station)).compactMap {
                $0.objectValue?["sensor"]?.stringValue
            }
        #expect(found.joined(separator: ",") == sensors)
    }

    @Test(arguments: [
        "", "site", "$.", "$..", "$ ", " $", "$[", "$[]", "$['a", "$[01]", "$[-0]", "$[1.0]",
        "$[9007199254740992]", "$.1a", "$['\\x']", "$['\\ud800']", "$[?]", "$[?1]", "$[?'a']",
        "$[?@.a == @..b]", "$[?@.a == @.*]", "$[?length(@.a)]", "$[?match(@.a, 'b') == true]",
        "$[?count(1) == 1]", "$[?length(@.*) == 1]", "$[?unknown(@.a)]", "$[?count(@.a, @.b) == 1]",
        "$[?length (@.a) == 1]", "$[?@.a = 1]", "$[?(@.a]", "$.a b", "$[?true]", "$[?@.a == 01]",
    ])
    func refusesWhatIsNotValid(_ path: String) {
        #expect(throws: JSONPathError.self) { try JSONPath(path) }
    }

    @Test func comparesTextsByScalars() throws {
        // The same letter, composed and decomposed: two names (clause 2.3.1.2).
        let text = "{\"caf\u{E9}\": 1}"
        #expect(try select("$['caf\u{E9}']", in: text) == "[1]")
        #expect(try select("$['cafe\u{301}']", in: text) == "[]")
    }

    @Test func endsWhereAQueryWouldTakeTooLong() throws {
        let wide = "[" + String(repeating: "[1,1,1,1],", count: 2_000) + "1]"
        let path = try JSONPath("$[?count($..*) > 1]")
        #expect(throws: JSONPathError.self) { try path.values(in: JSONReader.read(wide)) }
    }

    @Test func countsWhatComparisonsTake() throws {
        let members = (0..<3_000).map { #""m\#($0)": 1"# }.joined(separator: ",")
        let path = try JSONPath("$.list[?@ == $.one]")
        let list = Array(repeating: "{\(members)}", count: 3).joined(separator: ",")
        let text = #"{"one": {\#(members)}, "list": [\#(list)]}"#
        #expect(throws: JSONPathError.self) { try path.values(in: JSONReader.read(text)) }
    }

    @Test func readsDeepFiltersUpToALimit() {
        func path(_ depth: Int) -> String {
            "$[?" + String(repeating: "(", count: depth) + "@.a"
                + String(repeating: ")", count: depth) + "]"
        }
        #expect(throws: Never.self) { try JSONPath(path(50)) }
        #expect(throws: JSONPathError.self) { try JSONPath(path(500)) }
    }

    /// The public suite of the RFC's authors, where a copy of it is at hand.
    @Test(.enabled(if: JSONPathSuite.file != nil))
    func agreesWithThePublicSuite() throws {
        let file = try #require(JSONPathSuite.file)
        let tests = try JSONReader.read([UInt8](Data(contentsOf: URL(filePath: file))))
            .objectValue?["tests"]?.arrayValue
        for test in try #require(tests) {
            let test = try #require(test.objectValue)
            let selector = try #require(test["selector"]?.stringValue)
            let name = Comment(rawValue: test["name"]?.stringValue ?? "")
            if test["invalid_selector"]?.boolValue == true {
                #expect(throws: JSONPathError.self, name) { try JSONPath(selector) }
                continue
            }
            let document = try #require(test["document"])
            let found = Result { try JSONPath(selector).values(in: document) }
            let expected = test["result"].map { [$0] } ?? test["results"]?.arrayValue ?? []
            #expect(throws: Never.self, name) { try found.get() }
            #expect(expected.contains(.array((try? found.get()) ?? ["none"])), name)
        }
    }
}

/// The suite jsonpath-compliance-test-suite, `cts.json`, which is not part of this repository.
enum JSONPathSuite {
    static var file: String? { ProcessInfo.processInfo.environment["BALAI_JSONPATH_SUITE"] }
}
