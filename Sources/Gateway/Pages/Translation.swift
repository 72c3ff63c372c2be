import ContextModel
import Governance
import HTTPTypes
import Hummingbird

/// The words of the pages in one language, from `Resources/words`.
struct Translation: Sendable {
    /// The tag of the language (BCP 47), as `fil`.
    let language: String
    let words: [String: String]

    /// The words with the key, with the values in the places of `{name}`.
    ///
    /// What a value says is never taken for a place itself.
    func callAsFunction(_ key: String, _ values: [String: String] = [:]) -> String {
        guard let text = words[key] else { preconditionFailure("no page has the words \(key)") }
        guard !values.isEmpty else { return text }
        return Self.parts(of: text).map { part in
            part.isPlace ? values[part.text] ?? "" : part.text
        }.joined()
    }

    /// A text cut at its places.
    static func parts(of text: String) -> [(text: String, isPlace: Bool)] {
        var parts: [(text: String, isPlace: Bool)] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "{"), let end = rest[start...].firstIndex(of: "}") {
            parts.append((String(rest[..<start]), false))
            parts.append((String(rest[rest.index(after: start)..<end]), true))
            rest = rest[rest.index(after: end)...]
        }
        return parts + [(String(rest), false)]
    }
}

/// The words of the pages in all languages.
struct Translations: Sendable {
    /// English first.
    let all: [Translation]

    /// Those of the program, read once.
    static let own = Result { try Translations() }

    /// Reads the files of the program; throws when one is no JSON object of texts.
    init(files: [String: String] = EmbeddedFiles.texts) throws {
        let found = try files.filter { $0.key.hasPrefix("words/") }.map { path, text in
            let members = try JSONReader.read(Array(text.utf8)).objectValue?.members ?? []
            let words = members.map { ($0.key, $0.value.stringValue ?? "") }
            let name = path.dropFirst("words/".count).prefix { $0 != "." }
            return Translation(
                language: String(name),
                words: Dictionary(words) { _, last in last }
            )
        }
        all =
            found.filter { $0.language == "en" }
            + found.filter { $0.language != "en" }.sorted { $0.language < $1.language }
        guard all.first?.language == "en" else {
            throw PageError(description: "The words en.json are missing.")
        }
    }

    /// The language that was asked for, or else what the reader's browser likes best of those there are.
    ///
    /// `accepted` is the value of Accept-Language (RFC 9110, clause 12.5.4).
    func best(asked: String?, accepted: String?) -> Translation {
        if let asked, let found = translation(for: asked) { return found }
        let wishes = (accepted ?? "").split(separator: ",").prefix(Self.maximumWishes).map { wish in
            let parts = wish.split(separator: ";").map { $0.filter { $0 != " " } }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            return (
                tag: parts.first ?? "", weight: weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            )
        }
        let liked = wishes.enumerated().filter { $0.element.weight > 0 }
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
        return liked.lazy.compactMap { translation(for: $0.element.tag) }.first ?? all[0]
    }

    private static let maximumWishes = 32

    /// By the language alone: regions and scripts have no files of their own.
    private func translation(for tag: String) -> Translation? {
        let language = tag.prefix { $0 != "-" && $0 != "_" }.lowercased()
        let name = Self.otherNames[language] ?? language
        return all.first { $0.language == name }
    }

    /// Languages that read the file of another: Malay that of Indonesian, and Tagalog of Filipino.
    private static let otherNames = ["ms": "id", "tl": "fil"]
}

/// In which language a page speaks, and to whom.
struct PageVoice: Sendable {
    var translation: Translation
    /// Whether the reader chose the language: links then keep it.
    var isChosen = false
    /// Whether the reader is signed in as a person.
    var isPerson = false
    /// Whether the reader runs the hub.
    var isOperator = false
    /// What the reader reads for.
    var purpose: Purpose?
    /// All languages with their own names.
    var languages: [(tag: String, name: String)] = []

    init(_ translation: Translation) { self.translation = translation }

    init(_ request: Request, _ caller: Caller, _ translations: Translations) {
        let asked = request.uri.queryParameters["lang"].map(String.init)
        translation = translations.best(asked: asked, accepted: request.headers[.acceptLanguage])
        isChosen = asked != nil
        isPerson = caller.subject != nil
        isOperator = caller.party == .operator || caller.roles.contains(.admin)
        purpose = caller.purpose
        languages = translations.all.map { ($0.language, $0("language")) }
    }

    /// The query of links, with the question mark; empty where the browser says the language.
    var query: String { isChosen ? "?lang=\(translation.language)" : "" }

    /// The query of a link with parameters of its own.
    func query(_ parameters: KeyValuePairs<String, String>) -> String {
        var pairs = parameters.map { "\($0)=\(TypeView.percentEncoded($1))" }
        if isChosen { pairs.append("lang=\(translation.language)") }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
