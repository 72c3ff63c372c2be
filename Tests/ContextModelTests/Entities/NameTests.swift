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

    @Test(arguments: [
        "", "9Vehicle", "_a", "my attr", "a-b", "a.b", "a{b}", "@type", ":a", "a:", "\u{301}a",
    ])
    func `anything else is not a name`(name: String) {
        #expect(!Name.isValid(name))
    }

    @Test(arguments: ["/Madrid", "Madrid", "/Madrid/Gardens/ParqueNorte", "/ภูเก็ต/ป่าตอง"])
    func `scopes are names one below the other`(scope: String) {
        #expect(Scope.isValid(scope))
    }

    @Test(arguments: ["", "/", "/a//b", "/a/", "/1a", "/a-b", "/a/#", "/+", "/a b", "/\u{354}a"])
    func `anything else is not a scope`(scope: String) {
        #expect(!Scope.isValid(scope))
    }

    /// Found by libFuzzer: next to some letters a slash is a part of their character.
    @Test(arguments: ["/a\u{D4E}/b", "a\u{D4E}/b"])
    func `a scope is split by code points`(scope: String) {
        #expect(Scope.isValid(scope))
        #expect(Scope.levels(scope) == ["a\u{D4E}", "b"])
        let pattern = ScopePattern(segments: ["a\u{D4E}", "#"])
        #expect(pattern.matches(Scope.normalized(scope)))
    }

    @Test(arguments: [
        "urn:x:A\u{202E}B", "urn:x:A\u{200B}B", "urn:x:A\u{FEFF}B", "urn:x:A\u{2028}B",
        "urn:x:A\u{A0}B", "urn:x:A\u{FE0F}B", "urn:x:A\u{FFFE}B", "urn:x:A\u{3164}B",
        "urn:x:A\u{2800}B",
    ])
    func `an identifier has no invisible characters`(uri: String) {
        #expect(!URIText.isValid(uri))
        #expect(URIText.isValid("urn:x:ภูเก็ต"))
    }
}
