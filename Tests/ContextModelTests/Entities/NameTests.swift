import ContextModel
import Testing

/// Clauses 4.6.2 and 4.18.
@Suite struct NameTests {
    @Test(arguments: [
        "speed", "a1_b", "Škola", "výška_1", "ที่ตั้ง", "ex:speed", "https://example.org/a-b.c",
        "urn:x:speed",
    ])
    func `letters, digits and underscores make a name`(name: String) {
        #expect(Name.isValid(name))
    }

    @Test(arguments: ["", "9Vehicle", "_a", "my attr", "a-b", "a.b", "a{b}", "@type", ":a", "a:"])
    func `anything else is no name`(name: String) {
        #expect(!Name.isValid(name))
    }

    @Test(arguments: ["/Madrid", "Madrid", "/Madrid/Gardens/ParqueNorte", "/ภูเก็ต/ป่าตอง"])
    func `scopes are names one below the other`(scope: String) {
        #expect(Scope.isValid(scope))
    }

    @Test(arguments: ["", "/", "/a//b", "/a/", "/1a", "/a-b", "/a/#", "/+", "/a b"])
    func `anything else is no scope`(scope: String) {
        #expect(!Scope.isValid(scope))
    }

    @Test(arguments: [
        "urn:x:A\u{202E}B", "urn:x:A\u{200B}B", "urn:x:A\u{FEFF}B", "urn:x:A\u{2028}B",
        "urn:x:A\u{A0}B", "urn:x:A\u{FE0F}B", "urn:x:A\u{FFFE}B", "urn:x:A\u{3164}B",
        "urn:x:A\u{2800}B",
    ])
    func `an identifier has nothing that cannot be seen`(uri: String) {
        #expect(!URIText.isValid(uri))
        #expect(URIText.isValid("urn:x:ภูเก็ต"))
    }
}
