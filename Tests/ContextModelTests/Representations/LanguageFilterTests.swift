import Clauses
import ContextModel
import Testing

@Suite(.clause("4.15", "LANGFILTER")) struct LanguageFilterTests {
    @Test(
        arguments: [
            ("en", "en"), ("fr-CH,fr", "fr"), ("fr;q=0.2,en;q=0.9", "en"),
            ("fr;q=0.2, en; q=0.9", "en"), ("FR;Q=0.9,en;q=0.8", "fr"), ("de,fr,en", "fr"),
            ("en;q=0.5,fr;q=0.5", "en"), ("en;q=0.001,fr;q=0", "en"), ("en;q=1.000,fr", "en"),
            // The languages that no other range names.
            ("*", "@none"), ("en;q=0.9,*", "@none"), ("en;q=0.9,*;q=0.5", "en"),
            ("de,*;q=0.1,fr;q=0.5", "fr"),
            // A wider language when the narrow one is missing, and the reverse.
            ("en-GB,fr;q=0.9", "en"), ("pt", "pt-BR"), ("p", "@none"),
            // Quality 0 is shown only when nothing else is left.
            ("en;q=0", "@none"), ("@none", nil), ("pt-BR;q=0,pt", "@none"),
            ("pt-BR,pt;q=0", "pt-BR"), ("de", "@none"),
        ]
    )
    func `the language of the best quality is chosen`(lang: String, chosen: String?) {
        let tags = ["th", "en", "@none", "pt-BR", "fr"]
        #expect(LanguageFilter(lang)?.choice(among: tags) == chosen)
    }

    @Test(
        arguments: [
            ("de", "th"), ("th;q=0", "en"), ("th;q=0,en;q=0", "th"), ("*;q=0", "th"),
            ("en,*;q=0", "en"), ("th;q=0,*", "en"),
        ]
    )
    func `without its own language a text is shown in any`(lang: String, chosen: String) {
        #expect(LanguageFilter(lang)?.choice(among: ["th", "en"]) == chosen)
        #expect(LanguageFilter(lang)?.choice(among: []) == nil)
    }

    @Test(
        arguments: [
            "", ";", ",", "en,", "en,;q=1", " ", "en;q=2", "en;q=1.1", "en;q=0.1234", "en;q=.5",
            "en;q=", "en;q=-1", "en;q=0,5", "en;level=1", "en;q=1;q=1", "english language", "e n",
            "en_GB", "englishlike", "1a", "en-", "-en", "é", "**", "en-*",
        ]
    )
    func `a text that is not a list of language ranges is invalid`(lang: String) {
        #expect(LanguageFilter(lang) == nil)
    }

    @Test func `a list of too many languages is invalid`() {
        let most = [String](repeating: "en", count: LanguageFilter.maximumRanges)
        #expect(LanguageFilter(most.joined(separator: ",")) != nil)
        #expect(LanguageFilter((most + ["th"]).joined(separator: ",")) == nil)
    }

    @Test(arguments: ["en", "zh-Hant-TW", "de-CH-1996", "sl-rozaj-biske", "x-default", "i-klingon"])
    func `a tag has the syntax of RFC 5646`(tag: String) {
        #expect(LanguageTag.isValid(tag))
        #expect(!LanguageTag.isValid(tag + "_x"))
    }
}
