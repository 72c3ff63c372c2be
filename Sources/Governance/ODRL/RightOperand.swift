import ContextModel

/// The operator and the right operand of a constraint.
struct RightOperand {
    /// The operator, as a term.
    let comparison: String
    /// The values, without what only says their type.
    let values: [JSONValue]
    /// The datatypes of the values, as terms.
    private let types: [String?]
    private let names: ODRLNames
    /// Where the right operand is, and the rest.
    let place: String
    let leftPlace: String
    private let operatorPlace: String

    /// Values of an operand at most.
    static let maximumValues = 1_000
    private static let datatypes: Set = [
        "xsd:string", "xsd:anyURI", "xsd:boolean", "xsd:integer", "xsd:decimal", "xsd:double",
        "xsd:float", "xsd:int", "xsd:long", "xsd:dateTime", "xsd:date", "xsd:dateTimeStamp",
    ]

    init(_ node: ODRLNode) throws(PolicyError) {
        names = node.names
        place = node.place(of: "rightOperand")
        leftPlace = node.place(of: "leftOperand")
        operatorPlace = node.place(of: "operator")
        comparison = try node.term("operator")
        let written = node.values("rightOperand")
        guard !written.isEmpty, written.count <= Self.maximumValues else {
            throw PolicyError(place, "It must have 1 to \(Self.maximumValues) values.")
        }
        let common = node["dataType"] == nil ? nil : try node.term("dataType")
        var values: [JSONValue] = []
        var types: [String?] = []
        for one in written {
            var value = one
            var type = common
            if case .object(let object) = one, let inner = object["@value"] {
                guard object.members.allSatisfy({ ["@value", "@type"].contains($0.key) }),
                    object["@type"] == nil || object["@type"]?.stringValue != nil
                else { throw PolicyError(place, "It is a value and perhaps its type.") }
                value = inner
                type = object["@type"]?.stringValue.map(node.names.term) ?? common
            } else if let text = ODRLNode.text(one) {
                value = .string(text)
            }
            // Geometries are JSON as they are.
            guard type.map({ Self.datatypes.contains($0) || $0 == "@json" }) ?? true else {
                throw PolicyError(place, "The datatype '\(type ?? "")' is not understood.")
            }
            values.append(value)
            types.append(type)
        }
        self.values = values
        self.types = types
        let isOne = ["eq", "neq", "lt", "lteq", "gt", "gteq"].contains(comparison)
        guard !isOne || values.count == 1 else {
            throw PolicyError(place, "'\(comparison)' compares with one value; use isAnyOf.")
        }
    }

    // MARK: Texts

    var texts: [String] { values.compactMap(\.stringValue) }

    /// The values, all of which must be texts.
    func requireTexts() throws(PolicyError) -> [String] {
        guard texts.count == values.count else {
            throw PolicyError(place, "It must be a text, or an array of texts.")
        }
        return texts
    }

    /// The only value.
    var single: JSONValue {
        get throws(PolicyError) {
            guard values.count == 1 else { throw PolicyError(place, "It must be one value.") }
            return values[0]
        }
    }

    func require(_ known: [String]) throws(PolicyError) {
        guard known.contains(comparison) else { throw refusal(known.joined(separator: ", ")) }
        _ = try requireTexts()
    }

    func refusal(_ known: String) -> PolicyError {
        PolicyError(operatorPlace, "'\(comparison)' is none of \(known).")
    }

    // MARK: Terms

    var purposes: [Purpose] {
        get throws(PolicyError) {
            try require(["eq", "isA", "isAnyOf"])
            var purposes: [Purpose] = []
            for text in try requireTexts() {
                let purpose = Purpose(names.term(text))
                guard purpose.isKnown else {
                    throw PolicyError(
                        place,
                        "'\(text)' is no purpose of the Data Privacy Vocabulary."
                    )
                }
                purposes.append(purpose)
            }
            return purposes
        }
    }

    var roles: [Permission.Assignee] {
        get throws(PolicyError) {
            try require(["eq", "isA", "hasPart", "isAnyOf", "anyOf"])
            var roles: [Permission.Assignee] = []
            for text in try requireTexts() {
                guard !text.isEmpty, text.utf8.count <= 128, !text.hasLookAlikes else {
                    throw PolicyError(place, "'\(text)' is no role.")
                }
                roles.append(Roles.byName[text].map { .role($0) } ?? .otherRole(text))
            }
            return roles
        }
    }

    /// The classes; `isKnown` says which words are classes of the tenant.
    func classes(_ isKnown: (String) -> Bool) throws(PolicyError) -> ClassSelection.Test {
        try require(["eq", "neq", "isAnyOf", "isNoneOf", "lt", "lteq", "gt", "gteq"])
        let words = try requireTexts()
        for word in words where !isKnown(word) {
            throw PolicyError(
                place,
                "'\(word)' is no class: it must be public, internal, personal, sensitive, or one that the "
                    + "classification names."
            )
        }
        switch comparison {
        case "neq", "isNoneOf": return .words(Set(words), isNegated: true)
        case "lt": return .below(words[0], isOrEqual: false, isNegated: false)
        case "lteq": return .below(words[0], isOrEqual: true, isNegated: false)
        case "gt": return .below(words[0], isOrEqual: true, isNegated: true)
        case "gteq": return .below(words[0], isOrEqual: false, isNegated: true)
        default: return .words(Set(words), isNegated: false)
        }
    }

    private static let bases: [String: LegalBasis] = [
        "dpv:Consent": .consent, "dpv:InformedConsent": .consent, "dpv:ExpressedConsent": .consent,
        "dpv:ExplicitlyExpressedConsent": .consent, "consent": .consent,
        "dpv:LegitimateInterest": .untilObjected, "dpv:PublicInterest": .untilObjected,
        "dpv:LegalObligation": .override, "dpv:VitalInterest": .override,
        "dpv:VitalInterestOfDataSubject": .override, "dpv:VitalInterestOfNaturalPerson": .override,
    ]

    var basis: LegalBasis {
        get throws(PolicyError) {
            try require(["eq", "isA"])
            let texts = try requireTexts()
            guard texts.count == 1, let found = Self.bases[names.term(texts[0])] else {
                throw PolicyError(
                    place,
                    "It must be one of \(Self.bases.keys.sorted().joined(separator: ", "))."
                )
            }
            return found
        }
    }

    // MARK: Times

    /// The times in which the comparison holds; a date is a day in UTC.
    var times: [Validity] {
        get throws(PolicyError) {
            let text = try requireTexts()[0]
            guard values.count == 1, let moment = Self.moments(text) else {
                throw PolicyError(place, "It must be a time such as 2026-12-01T00:00:00Z.")
            }
            switch comparison {
            case "gteq": return [Validity(from: moment.from)]
            case "gt": return [Validity(from: moment.until)]
            case "lt": return [Validity(until: moment.from)]
            case "lteq": return [Validity(until: moment.until)]
            case "eq": return [moment]
            case "neq": return [Validity(until: moment.from), Validity(from: moment.until)]
            default: throw refusal("eq, neq, gteq, gt, lteq, lt")
            }
        }
    }

    /// The moment, a microsecond long, or the day.
    private static func moments(_ text: String) -> Validity? {
        if let moment = Timestamp(text) {
            return Validity(from: moment, until: Timestamp(microseconds: moment.microseconds + 1))
        }
        guard text.utf8.count == 10, let day = Timestamp(text + "T00:00:00Z") else { return nil }
        let next = Timestamp(microseconds: day.microseconds + 86_400_000_000)
        return Validity(from: day, until: next)
    }

    // MARK: Values

    /// The values as `q` compares with them.
    var operands: [Operand] {
        get throws(PolicyError) {
            var operands: [Operand] = []
            for (value, type) in zip(values, types) {
                guard let operand = Self.operand(value, type) else {
                    throw PolicyError(
                        place,
                        "It must be a number, a text, a truth value or a time."
                    )
                }
                operands.append(operand)
            }
            return operands
        }
    }

    private static func operand(_ value: JSONValue, _ type: String?) -> Operand? {
        switch value {
        case .bool(let truth): return type == nil || type == "xsd:boolean" ? .bool(truth) : nil
        case .number(let number):
            let isNumber = type.map { numbers.contains($0) } ?? true
            return isNumber && number.doubleValue.isFinite ? .number(number.doubleValue) : nil
        case .string(let text):
            switch type {
            case nil: return Timestamp(text).map { .dateTime($0) } ?? .string(text)
            case "xsd:string": return .string(text)
            case "xsd:anyURI": return .uri(text)
            case "xsd:dateTime", "xsd:dateTimeStamp": return Timestamp(text).map { .dateTime($0) }
            case "xsd:date": return moments(text).map { _ in .date(text) }
            case "xsd:boolean":
                return text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
            default:
                return JSONNumber(text).map(\.doubleValue).flatMap {
                    $0.isFinite ? .number($0) : nil
                }
            }
        default: return nil
        }
    }

    private static let numbers: Set = [
        "xsd:integer", "xsd:decimal", "xsd:double", "xsd:float", "xsd:int", "xsd:long",
    ]
}
