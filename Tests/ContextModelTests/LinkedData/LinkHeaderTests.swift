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
            "<\(url)>; rel = \"http://www.w3.org/ns/json-ld#context\"",
            "<\(url)> \t;\t\(rel) ; type=\"application/ld+json\" ", ",, <\(url)>;;\(rel),",
            "<\(url)>; title=\"a; rel=b\"; \(rel)", "<\(url)>; title=\"a, <b>; c\"; \(rel)",
            "<\(url)>; title=\"say \\\"; rel=b; \\\"\"; \(rel)",
            "<\(url)>; title*=UTF-8''a; \(rel)",
            "<\(url)>; title=\"\u{301}\"; \(rel)",
            "<\(url)>; rel=http://www.w3.org/ns/json-ld#context",
            "<\(url)>; rel=\"HTTP://www.w3.org/ns/JSON-LD#context\"",
            "<https://x.example/?a=1,2;3>; rel=\"next\", <\(url)>; \(rel)",
        ]
    )
    func `the link to the @context is found`(header: String) throws {
        #expect(try LinkHeader.context(in: [header]) == Self.url)
    }

    @Test(
        arguments: [
            "", ",", "<\(url)>", "<\(url)>; rel=\"next\"", "<\(url)>; rel", "<\(url)>; rel=",
            "<\(url)>; rel=\"next\"; \(rel)", "<\(url)>; title=\"\(url); rel=a\"",
        ]
    )
    func `another link is ignored`(header: String) throws {
        #expect(try LinkHeader.context(in: [header]) == nil)
    }

    @Test(
        arguments: [
            url, "<\(url)", "\(url); \(rel)", "<\(url)> \(rel)", "\(url)>; \(rel)",
            "<https://x.example/>; rel=next, \(url); \(rel)", "\"<\(url)>\"; \(rel)",
        ]
    )
    func `an invalid Link header is refused`(header: String) {
        #expect(throws: LDContextError(.invalid, "")) { try LinkHeader.context(in: [header]) }
    }

    @Test(.clause("6.3.10")) func `a next page is found among links`() {
        let next = "<https://x.example/?offset=2>;rel=\"next\";type=\"application/json\""
        let link = "<\(Self.url)>; \(Self.rel)"
        #expect(LinkHeader.hasNextPage(in: [link, next]))
        #expect(LinkHeader.hasNextPage(in: ["\(link), \(next)"]))
        #expect(LinkHeader.hasNextPage(in: ["garbage, \(next)"]))
        #expect(!LinkHeader.hasNextPage(in: [link, "<https://x.example/>; rel=prev", "garbage"]))
        #expect(!LinkHeader.hasNextPage(in: []))
    }

    @Test func `the lines of the header are one list`() throws {
        let (next, link) = ("<https://x.example/>; rel=\"next\"", "<\(Self.url)>; \(Self.rel)")
        #expect(try LinkHeader.context(in: [next, link]) == Self.url)
        #expect(try LinkHeader.context(in: [link, next]) == Self.url)
        #expect(try LinkHeader.context(in: [next, ""]) == nil)
        #expect(throws: LDContextError(.invalid, "")) {
            try LinkHeader.context(in: [link, "<https://x.example/>; \(Self.rel)"])
        }
        #expect(throws: LDContextError(.invalid, "")) {
            try LinkHeader.context(in: [next, Self.url])
        }
    }

    @Test func `two @contexts are refused`() {
        let header = "<\(Self.url)>; \(Self.rel), <https://x.example/>; \(Self.rel)"
        #expect(throws: LDContextError(.invalid, "")) {
            try LinkHeader.context(in: [header])
        }
    }

    @Test func `a written header reads back as it was`() throws {
        #expect(try LinkHeader.context(in: [LinkHeader.value(for: Self.url)]) == Self.url)
    }
}
