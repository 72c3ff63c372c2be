package import ContextModel
package import Federation
package import Storage

/// A stored context source registration: the members as written, with expanded names, and the
/// counts of requests to the source.
package struct RegistrationRecord: Sendable, Equatable {
    package let id: String
    /// The members without `id`, `type`, `@context` and those that only the hub writes.
    package var body: JSONObject
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp
    /// The counts of requests to the source (table 5.2.9-2); none are kept yet.
    package var requests = DeliveryCounts()

    package init(id: String, body: JSONObject, createdAt: Timestamp) {
        self.id = id
        self.body = body
        self.createdAt = createdAt
        modifiedAt = createdAt
    }

    /// The registration, ready for matching.
    package func registration() throws(BrokerError) -> ContextSourceRegistration {
        // Names are expanded, and an expanded name stands for itself in any @context.
        var registration = try RegistrationReader(context: .core).registration(body, id: id)
        registration.entity.createdAt = createdAt
        registration.entity.modifiedAt = modifiedAt
        return registration
    }
}

// MARK: - As a document

extension RegistrationRecord {
    package var document: Document {
        Document(kind: .registration, id: id, body: JSONValue.object(json).serialized)
    }

    /// Reads the result of `document`; nil when the bytes are damaged.
    package init?(_ document: Document) {
        guard document.kind == .registration,
            let json = try? JSONReader.read(document.body).objectValue
        else { return nil }
        self.init(id: document.id, json)
    }

    /// The record without the identifier.
    var json: JSONObject {
        var json: JSONObject = [
            "body": .object(body), "createdAt": .string(createdAt.text),
            "modifiedAt": .string(modifiedAt.text),
        ]
        requests.write(to: &json)
        return json
    }

    /// Reads the result of `json`.
    init?(id: String, _ json: JSONObject) {
        guard let body = json["body"]?.objectValue,
            let createdAt = json["createdAt"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(id: id, body: body, createdAt: createdAt)
        modifiedAt = json["modifiedAt"]?.stringValue.flatMap { Timestamp($0) } ?? createdAt
        requests = DeliveryCounts(json)
    }
}

// MARK: - In answers

extension RegistrationRecord {
    /// The part of the registration to show.
    package struct View: Sendable {
        package var sysAttrs = false
        /// The elements of `information` to show; nil for all.
        package var information: [Int]?
        /// Whether an EntityInfo with one type has an array of types, so that receivers of
        /// notifications meet only one form (clause 5.2.8 allows both).
        package var listsTypes = false

        package init(
            sysAttrs: Bool = false,
            information: [Int]? = nil,
            listsTypes: Bool = false
        ) {
            self.sysAttrs = sysAttrs
            self.information = information
            self.listsTypes = listsTypes
        }
    }

    /// The registration in the caller's words (clause 5.2.9).
    package func shown(_ ld: LDContext, _ view: View = View()) -> JSONObject {
        var json: JSONObject = ["id": .string(id), "type": "ContextSourceRegistration"]
        json.members += body.members
        if let indices = view.information, let all = json["information"]?.arrayValue {
            json["information"] = .array(indices.filter(all.indices.contains).map { all[$0] })
        }
        json.renameRegistration { ld.compact(IRI($0)) }
        if view.listsTypes { json.listTypes() }
        if requests.timesSent > 0 { requests.show(in: &json) }
        if view.sysAttrs {
            json["createdAt"] = .string(createdAt.text)
            json["modifiedAt"] = .string(modifiedAt.text)
        }
        return json
    }
}

extension JSONObject {
    /// The members of a registration, or of a fragment, as they are stored: with expanded names.
    func registrationBody(_ ld: LDContext) -> JSONObject {
        let dropped = RegistrationReader.readOnlyMembers.union([
            "@context", "id", "@id", "type", "@type",
        ])
        var body = JSONObject(members.filter { !dropped.contains($0.key) })
        body.renameRegistration { ld.expand($0).text }
        return body
    }

    /// Renames the names in a registration.
    fileprivate mutating func renameRegistration(_ name: (String) -> String) {
        for index in members.indices where !RegistrationReader.members.contains(members[index].key)
        { members[index].key = name(members[index].key) }
        mapInformation { info in
            for member in ["propertyNames", "relationshipNames"] {
                info[member] = info[member]?.renamed(name)
            }
            info.mapEntities {
                $0 = $0.withPlainKeywords
                $0["type"] = $0["type"]?.renamed(name)
            }
        }
    }

    fileprivate mutating func listTypes() {
        mapInformation { info in
            info.mapEntities { entity in
                guard let type = entity["type"], type.arrayValue == nil else { return }
                entity["type"] = .array([type])
            }
        }
    }

    private mutating func mapInformation(_ change: (inout JSONObject) -> Void) {
        map("information", change)
    }

    private mutating func mapEntities(_ change: (inout JSONObject) -> Void) {
        map("entities", change)
    }

    private mutating func map(_ member: String, _ change: (inout JSONObject) -> Void) {
        guard let elements = self[member]?.arrayValue else { return }
        self[member] = .array(
            elements.map { element in
                guard var object = element.objectValue else { return element }
                change(&object)
                return .object(object)
            }
        )
    }
}

extension JSONValue {
    fileprivate func renamed(_ name: (String) -> String) -> JSONValue {
        if let text = stringValue { return .string(name(text)) }
        return arrayValue.map { .array($0.map { $0.renamed(name) }) } ?? self
    }
}
