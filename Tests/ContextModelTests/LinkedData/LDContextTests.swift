import ContextModel
import Testing

@Suite struct LDContextTests {
    private func context(_ terms: JSONObject) throws -> LDContext {
        var definitions = LDContextDefinitions()
        try definitions.add(terms)
        return LDContext(reference: "http://v.example/context.jsonld", definitions: definitions)
    }

    @Test func `a name comes back as it was expanded`() throws {
        let ld = try context(["Bus": "http://v.example/Bus", "v": "http://v.example/"])
        for name in ["Bus", "location", "unknown", "v:Tram", "urn:a:1"] {
            #expect(ld.compact(ld.expand(name)) == name)
        }
    }

    @Test func `a prefix shortens an IRI that no term stands for`() throws {
        let ld = try context([
            "v": "http://v.example/", "deep": "http://v.example/deep#",
            "word": "http://v.example/w",
        ])
        #expect(ld.compact(IRI("http://v.example/Tram")) == "v:Tram")
        #expect(ld.compact(IRI("http://v.example/deep#Tram")) == "deep:Tram")
        // JSON-LD 1.1 lets no term that ends in a letter be a prefix.
        #expect(ld.compact(IRI("http://v.example/word")) == "v:word")
        #expect(ld.compact(IRI("http://v.example/")) == "v")
        #expect(ld.compact(IRI("http://other.example/Tram")) == "http://other.example/Tram")
    }

    @Test func `a term taken by another IRI does not stand for the default one`() throws {
        let ld = try context(["Bus": "http://v.example/Bus"])
        let iri = LDContext.core.expand("Bus")
        #expect(LDContext.core.compact(iri) == "Bus")
        #expect(ld.compact(iri) == "ngsi-ld:default-context/Bus")
        #expect(ld.expand(ld.compact(iri)) == iri)
    }

    @Test func `what would not expand to the same IRI stays whole`() throws {
        let ld = try context(["http": "http://v.example/", "v": "http://w.example/"])
        #expect(ld.compact(IRI("http://w.example///x")) == "http://w.example///x")
    }
}
