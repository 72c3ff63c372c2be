import Clauses
import ContextModel
import Testing

@Suite(.clause("6.3.6")) struct PreferHeaderTests {
    @Test(arguments: [
        "body=json", "Body = \"json\"", "respond-async, body=json", "body=json; q=1, body=ld+json",
        "x=\"a, body=b\", body=json",
    ])
    func `a preference is read in all the syntaxes of HTTP`(header: String) {
        #expect(PreferHeader.preference("body", in: header) == "json")
    }

    @Test(arguments: [
        "", "body", "body=", "nobody=json", "x; body=json", "a body=json", "x=\"a, body=json\"",
    ])
    func `something that only looks like a preference is ignored`(header: String) {
        #expect(PreferHeader.preference("body", in: header) == nil)
    }

    @Test func `a longer value is another one`() {
        #expect(PreferHeader.preference("body", in: "body=json-ld") == "json-ld")
    }
}
