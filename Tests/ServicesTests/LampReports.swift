import ContextModel
import Governance
import Services
import Storage

/// A small service that reads lamps and writes reports about them.
struct LampReports: ServiceModule {
    let name: ServiceName
    let title = "Broken lamps"
    let purpose = Purpose("dpv:ServiceProvision")
    var rights = [
        ServiceRight([.read], of: .type(LDContext.core.expand("Streetlight"))),
        ServiceRight(
            [.read, .write],
            of: .type(LDContext.core.expand("LampReport")),
            hiding: [LDContext.core.expand("reporter")]
        ),
    ]
    var jobs: [ServiceJob] = []
    var subscriptions: [ServiceSubscription] = []

    init(name: String = "lamps") {
        guard let name = ServiceName(name) else { preconditionFailure("no name: \(name)") }
        self.name = name
    }

    static let everything = EntityQuery(condition: .everything, limit: 100)
}

func entity(_ id: String, _ type: String, _ attributes: [String: JSONValue] = [:]) -> JSONValue {
    var members: [(key: String, value: JSONValue)] = [("id", .string(id)), ("type", .string(type))]
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
        members.append((name, ["type": "Property", "value": value]))
    }
    return .object(JSONObject(members))
}
