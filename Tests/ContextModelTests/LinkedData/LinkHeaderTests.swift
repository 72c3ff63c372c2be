import Clauses
import ContextModel
import Testing

@Suite(.clause("6.3.5")) struct LinkHeaderTests {
    private static let rel = "rel=\"http://www.w3.org/ns/json-ld#context\""
    private static let url = "https://city.example/c.jsonld"

    @Test(
        arguments: [
            "<\(url)>; \(rel)", "<\(url)>; \(rel); type=\"application/ld+json\"",
            "<\(url)>;type=\"a,b\";\(rel)", "<https://x.example/>; rel=\"next\", <\(url)>; \(rel)",
            "<\(url)>; \(rel), <https://x.example/>; rel=next",
            "<\(url)>; rel=\"next http://www.w3.org/ns/json-ld#context \"",
            "<\(url)>; REL=\"http://www.w3.org/ns/json-ld#context\"",
        ]
    )
    func `the link to the @context is found`(header: String) throws {
        #expect(try LinkHeader.context(in: header) == Self.url)
    }

    @Test(arguments: ["", "<\(url)>", "<\(url)>; rel=\"next\"", url, "<\(url)"])
    func `another link is none`(header: String) throws {
        #expect(try LinkHeader.context(in: header) == nil)
    }

    @Test func `two @contexts are one too many`() {
        let header = "<\(Self.url)>; \(Self.rel), <https://x.example/>; \(Self.rel)"
        #expect(throws: LDContextError(.invalid, "")) {
            try LinkHeader.context(in: header)
        }
    }

    @Test func `what is written is read again as it was`() throws {
        #expect(try LinkHeader.context(in: LinkHeader.value(for: Self.url)) == Self.url)
    }
}
