import Clauses
import ContextModel
import Testing

@Suite(.clause("4.4")) struct LDContextReferenceTests {
    private static let core = JSONValue.string(CoreContext.url)
    private static let old = JSONValue.string(
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld"
    )
    private static let url = JSONValue.string("https://city.example/c.jsonld")
    private static let other = JSONValue.string("https://city.example/d.jsonld")
    private static let inline = JSONValue.object(["Bus": "https://city.example/Bus"])

    @Test(arguments: [core, old, .array([]), .array([old, core]), .null])
    func `a lone core @context stays alone`(given: JSONValue) {
        #expect(given.endingWithCore == Self.core)
        #expect(given.contextURL == CoreContext.url)
    }

    @Test(
        arguments: [
            url, .array([url]), .array([url, core]), .array([url, old]), .array([core, url]),
            .array([core, .array([url, core])]),
        ]
    )
    func `a body's @context has the core one once, at its end`(given: JSONValue) {
        #expect(given.endingWithCore == .array([Self.url, Self.core]))
        #expect(given.contextURL == Self.url.stringValue)
    }

    @Test func `a context with more than a URL has none`() {
        let several: [[JSONValue]] = [
            [Self.url, Self.other], [Self.inline], [Self.url, Self.inline],
        ]
        for parts in several {
            for given in [JSONValue.array(parts), .array(parts + [Self.core])] {
                #expect(given.contextURL == nil)
                #expect(given.endingWithCore == .array(parts + [Self.core]))
            }
        }
        #expect(Self.inline.contextURL == nil)
        #expect(Self.inline.endingWithCore == .array([Self.inline, Self.core]))
    }
}
