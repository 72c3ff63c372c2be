import ContextModel

/// Takes the members of an object one by one, so that those nobody took are found.
struct BorderFields {
    private var object: JSONObject
    var place: String

    init(_ object: JSONObject, _ place: String) {
        self.object = object
        self.place = place
    }

    private mutating func take(_ name: String) -> JSONValue? {
        defer { object[name] = nil }
        return object[name]
    }

    private func error(_ name: String, _ problem: String) -> BorderRuleError {
        BorderRuleError("\(place).\(name)", problem)
    }

    /// Throws when there is a member that was not asked for.
    func end() throws(BorderRuleError) {
        guard let unknown = object.members.first else { return }
        throw error(unknown.key, "The member is not understood.")
    }

    mutating func text(_ name: String) throws(BorderRuleError) -> String {
        guard let text = take(name)?.stringValue, !text.isEmpty else {
            throw error(name, "It must be a text.")
        }
        return text
    }

    mutating func texts(_ name: String) throws(BorderRuleError) -> [String] {
        guard let value = take(name) else { return [] }
        guard let array = value.arrayValue else { throw error(name, "It must be an array.") }
        let texts = array.compactMap(\.stringValue)
        guard texts.count == array.count, Set(texts).count == texts.count else {
            throw error(name, "It must be an array of texts that differ.")
        }
        return texts
    }

    mutating func objects(_ name: String) throws(BorderRuleError) -> [JSONObject] {
        guard let value = take(name) else { return [] }
        let array = value.arrayValue ?? []
        let objects = array.compactMap(\.objectValue)
        guard !objects.isEmpty, objects.count == array.count else {
            throw error(name, "It must be an array of objects.")
        }
        return objects
    }

    mutating func flag(_ name: String) throws(BorderRuleError) -> Bool {
        guard let value = take(name) else { return false }
        guard let flag = value.boolValue else { throw error(name, "It must be true or false.") }
        return flag
    }

    mutating func number(_ name: String) throws(BorderRuleError) -> Int? {
        guard let value = take(name) else { return nil }
        guard let number = value.numberValue?.intValue else {
            throw error(name, "It must be a whole number.")
        }
        return number
    }

    mutating func date(_ name: String) throws(BorderRuleError) -> CivilDate? {
        guard let value = take(name) else { return nil }
        guard let date = value.stringValue.flatMap({ CivilDate($0) }) else {
            throw error(name, "It must be a date, as 2026-01-31.")
        }
        return date
    }

    /// A moment, or the beginning of a day in UTC.
    mutating func moment(_ name: String) throws(BorderRuleError) -> Timestamp {
        let text = take(name)?.stringValue
        if let moment = text.flatMap({ Timestamp(dateTime: $0) }) { return moment }
        if let day = text.flatMap({ CivilDate($0) }) { return Timestamp(day) }
        throw error(name, "It must be a date, or a moment as 2026-01-31T08:00:00Z.")
    }

    mutating func duration(_ name: String) throws(BorderRuleError) -> ISODuration? {
        guard let value = take(name) else { return nil }
        guard let duration = value.stringValue.flatMap({ ISODuration($0) }) else {
            throw error(name, "It must be a duration, as P60D.")
        }
        return duration
    }

    mutating func words<Word: RawRepresentable<String>>(
        _ name: String
    ) throws(BorderRuleError) -> [Word]? {
        guard object[name] != nil else { return nil }
        var words: [Word] = []
        for text in try texts(name) {
            guard let word = Word(rawValue: text) else {
                throw error(name, "'\(text)' is not known.")
            }
            words.append(word)
        }
        guard !words.isEmpty else { throw error(name, "It is empty.") }
        return words
    }

    mutating func word<Word: RawRepresentable<String>>(
        _ name: String
    ) throws(BorderRuleError) -> Word? {
        guard let value = take(name) else { return nil }
        guard let word = value.stringValue.flatMap({ Word(rawValue: $0) }) else {
            throw error(name, "\(value.excerpt) is not known.")
        }
        return word
    }

    mutating func requiredWord<Word: RawRepresentable<String>>(
        _ name: String
    ) throws(BorderRuleError) -> Word {
        guard let word: Word = try word(name) else { throw error(name, "It is missing.") }
        return word
    }
}
