import ContextModel
import Governance

/// The classes that a tenant names itself, as they are written.
extension DataClasses {
    /// Reads `{"confidential": {"above": "internal", "grant": "purpose", "record": "counted",
    /// "choice": "none"}}`; a class stands above one that every tenant has, or that stands before it.
    init(_ value: JSONValue?) throws(BrokerError) {
        self.init()
        guard let value else { return }
        guard case .object(let json) = value else {
            throw Self.refusal("", "It must be an object with a member for each class.")
        }
        for (word, value) in json.members {
            guard case .object(let rule) = value else {
                throw Self.refusal(word, "It must be an object.")
            }
            try add(word, rule)
        }
    }

    private mutating func add(_ word: String, _ json: JSONObject) throws(BrokerError) {
        let known: Set = ["above", "grant", "record", "choice"]
        if let unknown = json.members.first(where: { !known.contains($0.key) }) {
            throw Self.refusal("\(word).\(unknown.key)", "The member is not understood.")
        }
        guard Self.isWord(word) else {
            throw Self.refusal(word, "A class has a name of small letters, digits and hyphens.")
        }
        guard let above = json["above"]?.stringValue else {
            throw Self.refusal("\(word).above", "It must name the class next below.")
        }
        func member<Value>(
            _ name: String,
            _ values: KeyValuePairs<String, Value>
        ) throws(BrokerError) -> Value {
            let text = json[name]?.stringValue
            guard let found = values.first(where: { $0.key == text })?.value else {
                let words = values.map(\.key).joined(separator: ", ")
                throw Self.refusal("\(word).\(name)", "It must be one of \(words).")
            }
            return found
        }
        let meaning = DataClass.Meaning(
            needsPurpose: try member("grant", Self.grants),
            isAboutPeople: try member("record", Self.records),
            choice: try member("choice", Self.choices)
        )
        do throws(Refusal) { try add(word, above: above, meaning) } catch {
            throw Self.refusal(word, error.text)
        }
    }

    private static func isWord(_ word: String) -> Bool {
        1...64 ~= word.utf8.count
            && word.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func refusal(_ member: String, _ reason: String) -> BrokerError {
        let place = ClassificationReader.classesMember + (member.isEmpty ? "" : ".")
        return ClassificationReader.refusal(place + member, reason)
    }

    private static let grants: KeyValuePairs = ["any": false, "purpose": true]
    private static let records: KeyValuePairs = ["counted": false, "logged": true]
    private static let choices: KeyValuePairs<String, DataClass.Choosing> = [
        "none": .none, "objection": .objection, "consent": .consent,
    ]

    /// The tenant's own classes as they are written.
    var json: JSONValue {
        func word<Value: Equatable>(
            _ value: Value,
            _ words: KeyValuePairs<String, Value>
        ) -> JSONValue {
            .string(words.first { $0.value == value }?.key ?? "")
        }
        var json = JSONObject()
        // From the lowest on, so that each stands above one that was there before.
        for one in own {
            json[one.word] = [
                "above": .string(below(one)?.word ?? ""),
                "grant": word(one.meaning.needsPurpose, Self.grants),
                "record": word(one.meaning.isAboutPeople, Self.records),
                "choice": word(one.meaning.choice, Self.choices),
            ]
        }
        return .object(json)
    }
}

extension DataClasses.Refusal {
    /// Why, in a sentence.
    fileprivate var text: String {
        switch self {
        case .isThere: "There is such a class already."
        case .isNoneBelow: "'above' names no class that stands before it."
        case .isHighest: "Nothing is above 'sensitive'."
        case .areTooMany: "A tenant names \(DataClasses.maximumOwn) classes at most."
        case .isOutOfOrder(let word):
            "It must need at least as much as the class below it, and no more than the one above: see "
                + "'\(word)'."
        case .isContradictory:
            "What is logged needs a purpose, and people can choose about it, and about nothing else."
        }
    }
}
