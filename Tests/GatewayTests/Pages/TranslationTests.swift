import ContextModel
import Foundation
import Governance
import Testing

@testable import Gateway

/// The files of words, and whose language a page speaks.
@Suite struct TranslationTests {
    private let translations: Translations
    init() throws { translations = try Translations() }

    private func places(_ text: String) -> Set<String> {
        Set(Translation.parts(of: text).filter(\.isPlace).map(\.text))
    }

    @Test func `every language has the same keys, with the same places in each text`() throws {
        let english = translations.all[0]
        #expect(translations.all.map(\.language) == ["en", "fil", "id", "th", "vi"])
        for other in translations.all {
            #expect(Set(other.words.keys) == Set(english.words.keys), "\(other.language)")
            for (key, text) in other.words {
                #expect(!text.isEmpty && !text.contains("<"), "\(other.language) \(key)")
                #expect(
                    places(text) == places(english.words[key] ?? ""),
                    "\(other.language) \(key)"
                )
            }
        }
    }

    @Test func `purposes are called by words of each language, or by the vocabulary's name`() throws
    {
        for key in translations.all[0].words.keys where key.hasPrefix("dpv") {
            #expect(Purpose("dpv:" + key.dropFirst(3)).isKnown, "\(key)")
        }
        let thai = try #require(translations.all.first { $0.language == "th" })
        #expect(thai.label(ofPurpose: "dpv:PublicHealth") == "สาธารณสุข")
        #expect(thai.language(ofPurpose: "https://w3id.org/dpv#PublicHealth") == "th")
        #expect(thai.label(ofPurpose: "dpv:VendorPayment") == "Vendor payment")
        #expect(thai.language(ofPurpose: "dpv:VendorPayment") == "en")
        #expect(translations.all[0].label(ofPurpose: "dpv:PublicHealth") == "Public health")
    }

    @Test func `templates use the words that there are, and no words lie idle`() throws {
        let words = translations.all[0].words
        var used: Set<String> = []
        for (path, text) in EmbeddedFiles.texts where path.hasPrefix("templates/") {
            for match in text.matches(of: /\{\{t\.(\w+)\}\}/) {
                used.insert(String(match.1))
                #expect(words[String(match.1)] != nil, "\(path): \(match.1)")
            }
        }
        for (path, text) in EmbeddedFiles.texts where path.hasPrefix("js/") {
            for match in text.matches(of: /"((map|span|ago)[A-Z]\w*)"/) {
                used.insert(String(match.1))
                #expect(words[String(match.1)] != nil, "\(path): \(match.1)")
            }
        }
        for part in ["Pages", "Sources"] {
            let folder = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../Sources/Gateway/\(part)").standardized
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            where name.hasSuffix(".swift") {
                let source = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
                for match in source.matches(of: /"(\w+)"/) { used.insert(String(match.1)) }
            }
        }
        #expect(Set(words.keys).subtracting(used).isEmpty)
    }

    @Test(
        arguments: [
            (nil, nil, "en"), (nil, "", "en"), (nil, "th-TH,th;q=0.9,en;q=0.8", "th"),
            (nil, "de, vi;q=0.5, en;q=0.4", "vi"), (nil, "en;q=0.1, fil", "fil"),
            (nil, "ms-MY", "id"), (nil, "tl", "fil"), (nil, "th;q=0, vi;q=0.1", "vi"),
            (nil, "de,*;q=0.1", "en"), ("vi", "th", "vi"), ("xx", "th", "th"),
            (nil, "th;q=x, vi", "vi"), (nil, ";;;q=,,=", "en"),
        ] as [(String?, String?, String)]
    )
    func `the asked language counts, or else what the browser likes best`(
        asked: String?,
        accepted: String?,
        language: String
    ) {
        #expect(translations.best(asked: asked, accepted: accepted).language == language)
    }

    @Test func `times and types are said in each language`() throws {
        let now = Timestamp(microseconds: 1_777_622_400_000_000)
        func before(_ seconds: Int64) -> Timestamp {
            Timestamp(microseconds: now.microseconds - seconds * 1_000_000)
        }
        for (language, day, hours, label, ahead) in [
            ("en", "1 minute ago", "3 hours ago", "Traffic", "dated 2 days ahead"),
            (
                "fil", "1 minuto ang nakalipas", "3 oras ang nakalipas", "Trapiko",
                "may petsang 2 araw pa mula ngayon"
            ),
            ("id", "1 menit lalu", "3 jam lalu", "Lalu lintas", "bertanggal 2 hari dari sekarang"),
            ("th", "1 นาทีที่แล้ว", "3 ชั่วโมงที่แล้ว", "การจราจร", "ลงเวลาล่วงหน้า 2 วัน"),
            (
                "vi", "1 phút trước", "3 giờ trước", "Giao thông",
                "ghi thời điểm 2 ngày sau hiện tại"
            ),
        ] {
            let words = try #require(translations.all.first { $0.language == language })
            #expect(words.ago(before(61), now: now) == day)
            #expect(words.ago(before(3 * 3_600), now: now) == hours)
            #expect(words.ago(before(-172_800), now: now) == ahead)
            #expect(words.label(ofType: "TrafficFlowObserved") == label)
            #expect(words.label(ofType: "ParkingSpot") == "Parking spot")
        }
    }

    @Test func `the scripts of the map get their words, which may not end an attribute`() throws {
        for words in translations.all {
            let json = try JSONReader.read(Array(words.scriptWords.utf8)).objectValue
            #expect(json?["mapClose"]?.stringValue == words("mapClose"))
            #expect(json?["sourcesLead"] == nil)
        }
    }

    @Test func `a value is put in its place, and is no place itself`() {
        let text = translations.all[0]
        let said = text("verifyGoodPerson", ["person": "{party}", "party": "urn:clinic"])
        #expect(said == "It says of {party}: data went to urn:clinic.")
    }
}
