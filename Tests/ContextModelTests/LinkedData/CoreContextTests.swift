import Clauses
import ContextModel
import Testing

@Suite(.clause("4.4", "5.5.5")) struct CoreContextTests {
    private static let stem = "uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"

    @Test(arguments: ["", "-v1.3", "-v1.6", "-v1.8", "-v1.9"], ["https://", "http://"])
    func `every published version is the core @context`(version: String, scheme: String) {
        #expect(CoreContext.isCore("\(scheme)\(Self.stem)\(version).jsonld"))
    }

    @Test(
        arguments: [
            "", "https://city.example/c.jsonld", "https://\(stem).json",
            "https://\(stem)-v2.1.jsonld", "https://\(stem)-v1.x.jsonld",
            "https://\(stem)-v1.99.jsonld", "https://evil.example/\(stem).jsonld",
            "https://\(stem)-v1.9.jsonld?x",
        ]
    )
    func `anything else is not`(url: String) {
        #expect(!CoreContext.isCore(url))
    }

    @Test func `the version answered with is a core @context`() {
        #expect(CoreContext.isCore(CoreContext.url))
        #expect(LDContext.core.isCore)
    }

    @Test func `every term expands and compacts to itself`() {
        for (term, iri) in CoreContext.terms {
            #expect(LDContext.core.expand(LDContext.core.compact(iri)) == iri, "\(term)")
        }
    }

    @Test func `the document defines what the hub understands`() throws {
        let object = try #require(CoreContext.document.objectValue?["@context"]?.objectValue)
        #expect(object["type"] == "@type")
        #expect(object["@vocab"] == .string(CoreContext.defaultVocabulary))
        #expect(object["object"] == "https://uri.etsi.org/ngsi-ld/hasObject")
        for (term, iri) in CoreContext.terms { #expect(object[term] == .string(iri.text)) }
    }
}
