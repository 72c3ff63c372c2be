import ContextModel
package import Governance

extension Party {
    /// As a document of the hub keeps whom it belongs to.
    var json: JSONValue {
        switch self {
        case .anonymous: ["kind": "anonymous"]
        case .operator: ["kind": "operator"]
        case .named(let id): ["kind": "named", "name": .string(id.text)]
        case .service(let name): ["kind": "service", "name": .string(name.text)]
        }
    }

    /// Reads what `json` wrote.
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

    /// Begins the text of every service's party.
    package static let servicePrefix = "service:"

    /// As the operator reads and writes it, and the log names it: no token is made for a party named
    /// like the others.
    package var text: String {
        switch self {
        case .anonymous: "anonymous"
        case .operator: "operator"
        case .named(let id): id.text
        case .service(let name): Self.servicePrefix + name.text
        }
    }
}
