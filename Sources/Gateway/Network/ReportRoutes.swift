import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import HubNetwork

/// Whose reports count here, and what they suspend, for administrators. Not part of the standard.
extension NGSILDRoutes {
    mutating func addReportRoutes() {
        let rules = Self.networkBase + "/reports/rules"
        add(
            RouteDescription(
                .get,
                rules,
                .network,
                "Retrieve who may read and write reports of incidents, and whose suspend",
                answers: "application/json"
            )
        ) { exchange in
            .json(.object(try await exchange.hub.coordinating.reportRules(caller: exchange.caller)))
        }
        add(
            RouteDescription(
                .put,
                rules,
                .network,
                "Decide who may read and write reports of incidents, and whose suspend",
                accepts: ["application/json"],
                body: .reportRules,
                status: 204
            )
        ) { exchange in
            let (json, _) = try await exchange.body(
                to: .administer,
                isKept: true,
                allowing: [.json]
            )
            try await exchange.hub.coordinating.putReportRules(json, caller: exchange.caller)
            return exchange.answer(.noContent)
        }
        addSuspensionRoutes()
    }

    private mutating func addSuspensionRoutes() {
        let all = Self.networkBase + "/suspensions"
        add(
            RouteDescription(
                .get,
                all,
                .network,
                "Retrieve what is suspended, and what was",
                answers: "application/json"
            )
        ) { exchange in
            .json(.array(try await exchange.hub.coordinating.suspensions(caller: exchange.caller)))
        }
        add(
            RouteDescription(
                .post,
                all,
                .network,
                "Suspend a hub, a key or a subscription",
                accepts: ["application/json"],
                body: .suspension,
                status: 201
            )
        ) { exchange in
            let (subject, hours, reason) = try await exchange.suspension()
            let name = try await exchange.hub.coordinating.suspend(
                subject,
                hours: hours,
                reason: reason,
                caller: exchange.caller
            )
            return exchange.created(at: all + "/" + name)
        }
        add(
            RouteDescription(
                .delete,
                all + "/{suspensionId}",
                .network,
                "Reverse a suspension, so that what it came of suspends no more",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.coordinating.reverse(
                try exchange.capture("suspensionId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}

extension Exchange {
    fileprivate func suspension() async throws -> (ReportedSubject, hours: Int, reason: String) {
        let (json, _) = try await body(to: .administer, isKept: true, allowing: [.json])
        let members = json.objectValue ?? JSONObject()
        guard let hours = members["hours"]?.numberValue?.intValue,
            let reason = members["reason"]?.stringValue, let subject = members["subject"],
            members.count == 3, (1...1_024).contains(reason.utf8.count)
        else {
            throw BrokerError(
                .badRequestData,
                "A suspension is {\"subject\": {…}, \"hours\": NUMBER, \"reason\": TEXT}."
            )
        }
        do throws(STIXError) { return (try ReportedSubject(subject), hours, reason) } catch {
            throw BrokerError(.badRequestData, error.description)
        }
    }
}

extension BodySchema {
    private static let names: JSONValue = ["type": "array", "items": text]
    private static let hours: JSONValue = ["type": "integer", "minimum": 1, "maximum": 720]

    static let reportRulesSchema: JSONValue = [
        "type": "object",
        "properties": [
            "readers": names, "writers": names, "heard": names, "trusted": names,
            "quorum": ["type": "integer", "minimum": 1, "maximum": 1_000], "hours": hours,
        ], "additionalProperties": false,
        "examples": [
            [
                "readers": ["role:hub"], "writers": ["urn:balai:party:csirt"], "heard": [],
                "trusted": [], "quorum": 3, "hours": 24,
            ]
        ],
    ]

    static let suspensionSchema: JSONValue = [
        "type": "object",
        "properties": [
            "subject": [
                "type": "object",
                "properties": [
                    "kind": one(of: ReportedSubject.Kind.allCases.map(\.rawValue)), "hub": text,
                    "id": text,
                ], "required": ["kind", "hub"], "additionalProperties": false,
            ], "hours": hours, "reason": text,
        ], "required": ["subject", "hours", "reason"], "additionalProperties": false,
    ]

    /// An envelope of TAXII with objects of STIX.
    static let reportEnvelopeSchema: JSONValue = [
        "type": "object", "properties": ["objects": list(["type": "object"])],
        "required": ["objects"], "additionalProperties": false,
    ]
}
