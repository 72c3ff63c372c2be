import ContextModel

/// An object of a policy: its members by the terms that they stand for, and where it is.
struct ODRLNode {
    let members: [String: JSONValue]
    /// Such as `permission[0]`; empty for the policy.
    let place: String
    let names: ODRLNames

    /// Members that say what the node is called: several may say the same.
    private static let identifiers: Set = ["@id", "id", "uid"]
    private static let types: Set = ["@type", "type"]

    /// A member that is none of the `known` is refused, and one that is said twice.
    init(
        _ object: JSONObject,
        _ names: ODRLNames,
        known: Set<String>,
        at place: String
    ) throws(PolicyError) {
        var members: [String: JSONValue] = [:]
        for (key, value) in object.members where place.isEmpty == false || key != "@context" {
            let term = names.term(key)
            let name =
                Self.identifiers.contains(term) ? "uid" : Self.types.contains(term) ? "@type" : term
            let member = place.isEmpty ? key : place + "." + key
            guard known.contains(name) else {
                throw PolicyError(member, "The member is not understood.")
            }
            guard members[name] == nil || (name == "uid" && members[name] == value) else {
                throw PolicyError(member, "It is said twice.")
            }
            members[name] = value
        }
        self.members = members
        self.place = place
        self.names = names
    }

    subscript(name: String) -> JSONValue? { members[name] }

    func place(of member: String) -> String { place.isEmpty ? member : place + "." + member }

    // MARK: Values

    /// The values of a member: an array, a set and a list are many, anything else is one.
    func values(_ member: String) -> [JSONValue] { Self.values(members[member]) }

    static func values(_ value: JSONValue?) -> [JSONValue] {
        switch value {
        case nil: []
        case .array(let elements): elements
        case .object(let object) where object.count == 1:
            Self.values(object["@list"] ?? object["@set"], or: .object(object))
        case .some(let one): [one]
        }
    }

    private static func values(_ list: JSONValue?, or one: JSONValue) -> [JSONValue] {
        list.map { values($0) } ?? [one]
    }

    /// The texts of a member, of which there must be at least one.
    func texts(_ member: String) throws(PolicyError) -> [String] {
        let values = values(member)
        guard !values.isEmpty else { throw PolicyError(place(of: member), "It is missing.") }
        var texts: [String] = []
        for value in values {
            guard let text = Self.text(value) else {
                throw PolicyError(place(of: member), "It must be a text, or an array of texts.")
            }
            texts.append(text)
        }
        return texts
    }

    /// The one text of a member.
    func text(_ member: String) throws(PolicyError) -> String {
        let texts = try texts(member)
        guard texts.count == 1 else { throw PolicyError(place(of: member), "It must be one text.") }
        return texts[0]
    }

    /// The terms of a member.
    func terms(_ member: String) throws(PolicyError) -> [String] {
        try texts(member).map(names.term)
    }

    /// The one term of a member.
    func term(_ member: String) throws(PolicyError) -> String { names.term(try text(member)) }

    /// A text: plain, as a reference, or as a value that is a text.
    static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text
        case .object(let object):
            if object.count == 1, let text = object["@id"] ?? object["uid"] ?? object["id"] {
                return text.stringValue
            }
            guard object["@value"] != nil,
                object.members.allSatisfy({ ["@value", "@type"].contains($0.key) })
            else { return nil }
            return object["@value"]?.stringValue
        default: return nil
        }
    }

    /// Refuses what is not of one of the types, if it says its type at all.
    func requireType(_ types: Set<String>) throws(PolicyError) {
        guard members["@type"] != nil else { return }
        for type in try terms("@type") where !types.contains(type) {
            throw PolicyError(
                place(of: "@type"),
                "'\(type)' is none of \(types.sorted().joined(separator: ", "))."
            )
        }
    }

    /// The objects of a member, each with its place.
    func objects(
        _ member: String,
        known: Set<String>
    ) throws(PolicyError) -> [ODRLNode] {
        let values = values(member)
        var nodes: [ODRLNode] = []
        for (index, value) in values.enumerated() {
            let place = place(of: member) + "[\(index)]"
            guard case .object(let object) = value else {
                throw PolicyError(place, "It must be an object.")
            }
            nodes.append(try ODRLNode(object, names, known: known, at: place))
        }
        return nodes
    }
}
