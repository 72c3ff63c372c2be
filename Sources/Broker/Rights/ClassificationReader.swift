import ContextModel
import Governance
import Storage

/// Reads a classification as it is written in a request.
struct ClassificationReader {
    let context: LDContext

    /// The member that names further classes; no type can have that name.
    static let classesMember = "@classes"

    /// Reads `{"Visit": {"class": "personal", "subject": "patient", "attributes": {"ward": "internal"}}}`.
    func classification(_ json: JSONObject) throws(BrokerError) -> Classification {
        var types: [IRI: Classification.TypeRule] = [:]
        let classes = try DataClasses(json[Self.classesMember])
        for (name, value) in json.members
        where name != "@context" && name != Self.classesMember {
            let iri = context.expand(name)
            guard !iri.text.hasPrefix("@") else { throw Self.refusal(name, "It cannot be a type.") }
            guard case .object(let rule) = value else {
                throw Self.refusal(name, "It must be an object with a class.")
            }
            guard types[iri] == nil else { throw Self.refusal(name, "The type is named twice.") }
            types[iri] = try self.rule(rule, of: name, classes)
        }
        return Classification(types, classes: classes)
    }

    private func rule(
        _ json: JSONObject,
        of name: String,
        _ classes: DataClasses
    ) throws(BrokerError) -> Classification.TypeRule {
        let known: Set = ["class", "subject", "attributes", "retention", "controller"]
        if let unknown = json.members.first(where: { !known.contains($0.key) }) {
            throw Self.refusal("\(name).\(unknown.key)", "The member is not understood.")
        }
        var rule = Classification.TypeRule(
            try Self.dataClass(json["class"], classes, at: "\(name).class")
        )
        rule.subjects = try subjects(json["subject"], at: "\(name).subject")
        switch json["attributes"] {
        case nil: break
        case .object(let attributes):
            for (attribute, value) in attributes.members {
                let place = "\(name).attributes.\(attribute)"
                rule.attributes[context.expand(attribute)] = try Self.dataClass(
                    value,
                    classes,
                    at: place
                )
            }
        default: throw Self.refusal("\(name).attributes", "It must be an object.")
        }
        if rule.highestClass.isAboutPeople, rule.subjects.isEmpty {
            throw Self.refusal(
                "\(name).subject",
                "Data about people needs the attribute that names the person, or \"id\"."
            )
        }
        rule.retention = try Self.retention(json["retention"], at: "\(name).retention")
        if let value = json["controller"] {
            guard let kind = value.stringValue.flatMap({ ControllerKind($0) }) else {
                throw Self.refusal(
                    "\(name).controller",
                    "It must be one of DPV's \(ControllerKind.names.joined(separator: ", "))."
                )
            }
            rule.controller = kind
        }
        return rule
    }

    /// The shortest time for which histories are kept, so that no mistyped `PT1S` empties them.
    private static let leastRetentionMicroseconds = 3_600_000_000.0

    private static func retention(
        _ value: JSONValue?,
        at place: String
    ) throws(BrokerError) -> ISODuration? {
        guard let value else { return nil }
        guard let duration = value.stringValue.flatMap({ ISODuration($0) }),
            duration.meanMicroseconds >= leastRetentionMicroseconds
        else {
            throw refusal(place, "It must be a duration of an hour or more, such as P2Y or P30D.")
        }
        return duration
    }

    private static func dataClass(
        _ value: JSONValue?,
        _ classes: DataClasses,
        at place: String
    ) throws(BrokerError) -> DataClass {
        guard let word = value?.stringValue, let found = classes[word] else {
            let own = classes.own.map { ", " + $0.word }.joined()
            throw refusal(place, "It must be one of public, internal, personal, sensitive\(own).")
        }
        return found
    }

    private func subjects(
        _ value: JSONValue?,
        at place: String
    ) throws(BrokerError) -> [SubjectPath] {
        switch value {
        case nil: return []
        case .string(let text): return [try path(text, at: place)]
        case .array(let elements):
            var paths: [SubjectPath] = []
            for element in elements {
                guard case .string(let text) = element else {
                    throw Self.refusal(place, "Each element must be the name of an attribute.")
                }
                paths.append(try path(text, at: place))
            }
            return paths
        default:
            throw Self.refusal(place, "It must be the name of an attribute, or an array of them.")
        }
    }

    /// `patient`, `booking.patient` for an attribute of an attribute, or `id` for the entity itself.
    private func path(_ text: String, at place: String) throws(BrokerError) -> SubjectPath {
        if text == "id" || text == "@id" { return SubjectPath(names: []) }
        // An IRI has dots of its own.
        let names = text.contains(":") ? [text] : text.split(separator: ".").map(String.init)
        guard !names.isEmpty else { throw Self.refusal(place, "It names no attribute.") }
        return SubjectPath(names: names.map { context.expand($0) })
    }

    static func refusal(_ member: String, _ reason: String) -> BrokerError {
        BrokerError(.badRequestData, "\(member): \(reason)")
    }
}

extension Classification {
    /// The classification with its names compacted.
    func json(_ context: LDContext) -> JSONObject {
        var json = JSONObject()
        if !classes.own.isEmpty { json[ClassificationReader.classesMember] = classes.json }
        for (type, rule) in types.sorted(by: { $0.key.text < $1.key.text }) {
            var one: JSONObject = ["class": .string(rule.dataClass.word)]
            let paths = rule.subjects.map { path in
                path.names.isEmpty
                    ? "id" : path.names.map { context.compact($0) }.joined(separator: ".")
            }
            if paths.count == 1 { one["subject"] = .string(paths[0]) }
            if paths.count > 1 { one["subject"] = .array(paths.map { .string($0) }) }
            if !rule.attributes.isEmpty {
                var attributes = JSONObject()
                for (name, found) in rule.attributes.sorted(by: { $0.key.text < $1.key.text }) {
                    attributes[context.compact(name)] = .string(found.word)
                }
                one["attributes"] = .object(attributes)
            }
            one["retention"] = rule.retention.map { .string($0.text) }
            one["controller"] = rule.controller.map { .string($0.text) }
            json[context.compact(type)] = .object(one)
        }
        return json
    }

    static let documentID = "classification"

    /// The classification as it is kept, with whole names.
    var document: Document {
        var json = JSONObject()
        if !classes.own.isEmpty { json[ClassificationReader.classesMember] = classes.json }
        for (type, rule) in types.sorted(by: { $0.key.text < $1.key.text }) {
            var attributes = JSONObject()
            for (name, found) in rule.attributes { attributes[name.text] = .string(found.word) }
            var one: JSONObject = [
                "class": .string(rule.dataClass.word),
                "subjects": .array(
                    rule.subjects.map { .array($0.names.map { .string($0.text) }) }
                ),
                "attributes": .object(attributes),
            ]
            one["retention"] = rule.retention.map { .string($0.text) }
            one["controller"] = rule.controller.map { .string($0.text) }
            json[type.text] = .object(one)
        }
        return Document(
            kind: .classification,
            id: Self.documentID,
            body: JSONValue.object(json).serialized
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let classes = try? DataClasses(json[ClassificationReader.classesMember])
        else { return nil }
        var types: [IRI: TypeRule] = [:]
        for (type, value) in json.members where type != ClassificationReader.classesMember {
            guard let one = value.objectValue,
                let found = one["class"]?.stringValue.flatMap({ classes[$0] }),
                let paths = one["subjects"]?.arrayValue,
                let attributes = one["attributes"]?.objectValue
            else { return nil }
            var rule = TypeRule(found)
            for path in paths {
                guard let names = path.arrayValue?.map(\.stringValue), !names.contains(nil) else {
                    return nil
                }
                rule.subjects.append(SubjectPath(names: names.compactMap { $0.map { IRI($0) } }))
            }
            for (name, word) in attributes.members {
                guard let found = word.stringValue.flatMap({ classes[$0] }) else {
                    return nil
                }
                rule.attributes[IRI(name)] = found
            }
            if let text = one["retention"]?.stringValue {
                guard let retention = ISODuration(text) else { return nil }
                rule.retention = retention
            }
            if let text = one["controller"]?.stringValue {
                guard let controller = ControllerKind(text) else { return nil }
                rule.controller = controller
            }
            types[IRI(type)] = rule
        }
        self.init(types, classes: classes)
    }
}
