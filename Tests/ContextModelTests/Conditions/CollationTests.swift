import ContextModel
import Testing

@Suite struct CollationTests {
    @Test(arguments: [
        ("und", Collation.root), ("und-x-icu", .root), ("de-u-co-phonebk", .root),
        ("und-u-ks-level1", Collation(strength: .letters)),
        ("UND-U-KS-LEVEL2", Collation(strength: .accents)),
        ("und-u-ks-identic", Collation(strength: .everything)),
        ("th-u-kn-ks-level1", Collation(strength: .letters, isNumeric: true)),
        ("en-u-kn-false", .root),
    ])
    func `a tag determines how texts are compared`(tag: String, collation: Collation) {
        #expect(Collation(tag) == collation)
    }

    @Test(arguments: ["", "!!nope", "not a tag", "d", "und-", "und-u-ks-level9", "und-u-kn-maybe"])
    func `an invalid tag is refused`(tag: String) {
        #expect(Collation(tag) == nil)
    }
}
