import ContextModel
package import Governance

extension Party {
    /// The party in JSON, as documents have their owners.
    var json: JSONValue {
        switch self {
        case .anonymous: ["kind": "anonymous"]
        case .operator: ["kind": "operator"]
        case .named(let id): ["kind": "named", "name": .string(id.text)]
        case .service(let name): ["kind": "service", "name": .string(name.text)]
        }
    }

    /// Reads the result of `json`.
    init?(_ json: JSONValue) {
        switch json.objectValue?["kind"]?.stringValue {
        case "anonymous": self = .anonymous
        case "operator": self = .operator
        case "named":
            guard let name = json.objectValue?["name"]?.stringValue else { return nil }
            self = .named(PartyID(name))
        case "service":
            let text = json.objectValue?["name"]?.stringValue
            guard let name = text.flatMap(ServiceName.init) else { return nil }
            self = .service(name)
        default: return nil
        }
    }

    /// The beginning of the text of every service's party.
    package static let servicePrefix = "service:"

    /// The name of the party in the operator's configuration and in the log.
    ///
    /// No token can be created for a party with the name of another kind of party.
    package var text: String {
        switch self {
        case .anonymous: "anonymous"
        case .operator: "operator"
        case .named(let id): id.text
        case .service(let name): Self.servicePrefix + name.text
        }
    }
}

extension Standing {
    /// Adds the standing of its maker to a document; nothing for one without roles or a person.
    func write(to json: inout JSONObject) {
        if !roleNames.isEmpty { json["roles"] = .array(roleNames.map { .string($0) }) }
        json["subject"] = subject.map { .string($0.uri) }
    }

    /// Reads the result of `write`.
    init(_ json: JSONObject) {
        self.init(
            roleNames: json["roles"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            subject: json["subject"]?.stringValue.map { SubjectID($0) }
        )
    }
}
