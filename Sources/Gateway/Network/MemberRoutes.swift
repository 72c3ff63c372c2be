import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import HubNetwork

/// The hubs of the network. Not part of the standard.
extension NGSILDRoutes {
    mutating func addMemberRoutes() {
        let all = Self.networkBase + "/members"
        let one = all + "/{memberId}"
        add(
            RouteDescription(
                .get,
                all,
                .network,
                "Retrieve all hubs of the network that are known",
                answers: "application/json"
            )
        ) { exchange in
            .json(.array(try await exchange.hub.networking.members()))
        }
        add(
            RouteDescription(
                .post,
                all,
                .network,
                "Describe a hub of the network",
                accepts: ["application/json"],
                body: .member,
                status: 204
            )
        ) { exchange in
            let descriptions = try await exchange.descriptions()
            do { try await exchange.hub.networking.receive([descriptions]) } catch let error
                as MemberError
            {
                let code: BrokerError.Code =
                    switch error.kind {
                    case .contradiction: .conflict
                    case .tooMany: .tooManyResults
                    case .malformed, .unsigned, .old: .badRequestData
                    }
                throw BrokerError(code, error.description)
            }
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .get,
                one,
                .network,
                "Retrieve a hub of the network",
                answers: "application/json"
            )
        ) { exchange in
            let id = try exchange.capture("memberId")
            return .json(.object(try await exchange.hub.networking.member(id)))
        }
        addStandingRoutes(one)
    }

    private mutating func addStandingRoutes(_ one: String) {
        add(
            RouteDescription(
                .put,
                one + "/standing",
                .network,
                "Admit or suspend a hub of the network",
                accepts: ["application/json"],
                body: .standing,
                status: 204
            )
        ) { exchange in
            let (standing, reason) = try await exchange.standing()
            try await exchange.hub.governing.decide(
                standing,
                of: try exchange.capture("memberId"),
                reason: reason,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(.delete, one, .network, "Forget a hub of the network", status: 204)
        ) { exchange in
            try await exchange.hub.governing.forget(
                try exchange.capture("memberId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}

extension Exchange {
    /// What a hub says of itself: anybody may bring it, for it is signed.
    fileprivate func descriptions() async throws -> [String] {
        let (json, _) = try await body(to: .read, allowing: [.json])
        let texts = json.objectValue?["descriptions"]?.arrayValue?.compactMap(\.stringValue)
        guard let texts, json.objectValue?.count == 1 else {
            throw BrokerError(
                .badRequestData,
                "A hub is described by {\"descriptions\": [TEXT, …]}, the oldest first."
            )
        }
        return texts
    }

    fileprivate func standing() async throws -> (standing: MemberStanding, reason: String?) {
        let (json, _) = try await body(to: .administer, isKept: true, allowing: [.json])
        let members = json.objectValue ?? JSONObject()
        let standing = members["standing"]?.stringValue
        guard let standing = standing.flatMap({ MemberStanding(rawValue: $0) }),
            standing != .known,
            members.members.allSatisfy({ ["standing", "reason"].contains($0.key) })
        else {
            throw BrokerError(
                .badRequestData,
                "A standing is {\"standing\": \"admitted\" or \"suspended\", \"reason\": TEXT}."
            )
        }
        return (standing, members["reason"]?.stringValue)
    }
}
