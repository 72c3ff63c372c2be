import Borders
import Broker
import ContextModel
import HTTPTypes
import Hummingbird

/// Cities and the borders between them. Not part of the standard.
extension NGSILDRoutes {
    static let networkBase = "/network/v1"

    mutating func addNetworkRoutes() {
        addBorderRoutes()
        addExemptionRoutes()
        addMemberRoutes()
        addReportRoutes()
        addTaxiiRoutes()
    }

    private mutating func addBorderRoutes() {
        add(
            RouteDescription(
                .get,
                Self.networkBase + "/rules",
                .network,
                "Retrieve the rules about data that crosses borders",
                answers: "application/json"
            )
        ) { exchange in
            exchange.answer(BorderRuleTable.aseanText, .json, ld: nil)
        }
        add(
            RouteDescription(
                .get,
                Self.networkBase + "/verdict",
                .network,
                "Ask whether data may cross a border",
                query: BorderQuestionReader.parameters,
                answers: "application/json"
            )
        ) { exchange in
            let reader = BorderQuestionReader(
                items: exchange.items,
                today: exchange.hub.clock().date
            )
            let verdict = try await exchange.hub.governing.borderVerdict(
                on: try reader.question(),
                using: try reader.exemption()
            )
            return .json(.object(verdict))
        }
    }

    private mutating func addExemptionRoutes() {
        let all = Self.networkBase + "/exemptions"
        let one = all + "/{exemptionId}"
        add(
            RouteDescription(
                .get,
                all,
                .network,
                "Retrieve all exemptions of the pilot space",
                answers: "application/json"
            )
        ) { exchange in
            .json(.array(try await exchange.hub.governing.exemptions()))
        }
        add(
            RouteDescription(
                .get,
                one,
                .network,
                "Retrieve an exemption",
                answers: "application/json"
            )
        ) { exchange in
            let id = try exchange.capture("exemptionId")
            return .json(.object(try await exchange.hub.governing.exemption(id)))
        }
        add(
            RouteDescription(
                .put,
                one,
                .network,
                "Publish an exemption, or another version of it",
                accepts: ["application/json"],
                body: .exemption,
                status: 204
            )
        ) { exchange in
            let (json, _) = try await exchange.body(
                to: .administer,
                isKept: true,
                allowing: [.json]
            )
            let isNew = try await exchange.hub.governing.putExemption(
                try exchange.capture("exemptionId"),
                json,
                caller: exchange.caller
            )
            return isNew
                ? exchange.created(at: exchange.request.uri.path) : exchange.answer(.noContent)
        }
        add(
            RouteDescription(.delete, one, .network, "End an exemption now", status: 204)
        ) { exchange in
            try await exchange.hub.governing.endExemption(
                try exchange.capture("exemptionId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}
