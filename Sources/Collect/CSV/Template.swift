/// A text with columns in braces: `urn:ngsi-ld:Device:{site}:{number}`.
struct Template: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case text(String)
        case column(String)
    }

    let parts: [Part]

    init(column: String) { parts = [.column(column)] }

    /// Returns nil if a brace is not paired or is empty.
    ///
    /// `{{` stands for a brace.
    init?(_ text: String) {
        var parts: [Part] = []
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "{" || character == "}" else {
                plain.append(character)
                continue
            }
            if rest.first == character {
                plain.append(rest.removeFirst())
                continue
            }
            guard character == "{", let end = rest.firstIndex(of: "}"), end > rest.startIndex
            else { return nil }
            if !plain.isEmpty { parts.append(.text(plain)) }
            plain = ""
            parts.append(.column(String(rest[..<end])))
            rest = rest[rest.index(after: end)...]
        }
        if !plain.isEmpty || parts.isEmpty { parts.append(.text(plain)) }
        self.parts = parts
    }
}
