import Broker
package import ContextModel
package import Governance
import Logging
package import Services

/// Invented people of the demo city: a registry of residents, visits to a clinic and taps of bus cards.
///
/// They are there so that the rights of people can be tried out: each kind of data is about somebody, and
/// a policy of its own says who may use it for what.
package struct DemoPeopleService: ServiceModule {
    package init() {}

    package let name = Self.serviceName
    package let title = "Demo people"
    package let purpose = Purpose("dpv:ServiceProvision")
    package let rights = [
        ServiceRight(
            [.write],
            of: .any(["Person", "Visit", "CardTap"].map { .type(LDContext.core.expand($0)) })
        )
    ]
    package let entityTypes = ["Person", "Visit", "CardTap"]

    /// Made of letters and a hyphen, so there is one.
    private static let serviceName: ServiceName = {
        guard let name = ServiceName("demo-people") else {
            preconditionFailure("the demo people have no valid name")
        }
        return name
    }()

    package let classification: JSONObject = [
        "Person": ["class": "personal", "subject": "id"],
        "Visit": [
            "class": "personal", "subject": "patient", "attributes": ["ward": "internal"],
        ],
        "CardTap": ["class": "personal", "subject": "holder"],
    ]

    package let policies: [JSONObject] = [
        policy("registry", of: "registry", reading: "Person", for: "ServiceProvision"),
        policy("clinic", of: "clinic", reading: "Visit", for: "PublicHealth"),
        policy("buses", of: "buses", reading: "CardTap", for: "ServiceOptimisation"),
    ]

    private static func policy(
        _ name: String,
        of party: String,
        reading type: String,
        for purpose: String
    ) -> JSONObject {
        [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
            "uid": .string("urn:balai:policy:demo-\(name)"),
            "permission": [
                [
                    "action": "read", "assignee": .string("urn:balai:party:\(party)"),
                    "target": .string(type),
                    "constraint": [
                        [
                            "leftOperand": "purpose", "operator": "isA",
                            "rightOperand": .string("https://w3id.org/dpv#\(purpose)"),
                        ]
                    ],
                ]
            ],
        ]
    }

    package var jobs: [ServiceJob] {
        [
            ServiceJob("people") { context in
                while true {
                    try await Self.tell(context)
                    try await context.sleep(Self.secondsBetweenTaps)
                }
            }
        ]
    }

    private static let secondsBetweenTaps: Int64 = 30

    private static func tell(_ context: ServiceContext) async throws {
        let result = try await context.city.upsert(DemoPeople.entities(at: context.clock()))
        if let first = result.errors.first {
            context.logger.warning("The demo people were refused: \(first.error.detail)")
        }
    }
}
