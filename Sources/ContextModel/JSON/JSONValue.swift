/// A JSON value (RFC 8259) with the order of its members and the spelling of its numbers kept.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in the order they were written.
package struct JSONObject: Sendable {
    package var members: [(key: String, value: JSONValue)]

    package init(_ members: [(key: String, value: JSONValue)] = []) {
        self.members = members
    }

    /// The value of the member, found by linear search.
    package subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The object with `id` and `type` in place of the keywords `@id` and `@type` (clause 4.4).
    ///
    /// A keyword stays beside its alias, so that readers refuse it.
    package var withPlainKeywords: JSONObject {
        var object = self
        for index in members.indices {
            let plain = ["@id": "id", "@type": "type"][members[index].key]
            if let plain, self[plain] == nil { object.members[index].key = plain }
        }
        return object
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
}

/// Objects are equal when they have equal members in any order.
extension JSONObject: Hashable {
    package static func == (a: JSONObject, b: JSONObject) -> Bool {
        // Most equal objects have their members in the same order.
        guard a.count == b.count else { return false }
        for (own, other) in zip(a.members, b.members)
        where own.key != other.key || own.value != other.value {
            var places = GrowingIndex<String>()
            return a.members.allSatisfy { key, value in
                places.place(of: key, in: b.members, by: \.key).map { b.members[$0].value } == value
            }
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        // The hash is independent of the order; it includes values, so that objects with the same
        // names do not collide.
        hasher.combine(
            members.reduce(0) { sum, member in
                var own = Hasher()
                own.combine(member.key)
                own.combine(member.value)
                return sum ^ own.finalize()
            }
        )
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { (key: $0.0, value: $0.1) }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    package init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
    package init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
    package var stringValue: String? {
        if case .string(let string) = self { string } else { nil }
    }
    package var numberValue: JSONNumber? {
        if case .number(let number) = self { number } else { nil }
    }
    package var boolValue: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }
    package var arrayValue: [JSONValue]? {
        if case .array(let array) = self { array } else { nil }
    }
    package var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }
    package var isNull: Bool { self == .null }
}
