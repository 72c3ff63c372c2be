import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

/// What data is, who may do what with it, and what people choose. Not part of the standard.
extension NGSILDRoutes {
    private static let base = "/governance/v1"

    mutating func addGovernanceRoutes() {
        addClassificationRoutes()
        addClassificationPreview()
        addCommonRulesRoutes()
        addPolicyPreview()
        addPolicyRoutes()
        addChoiceRoutes()
        addSubjectRoutes()
        addStatisticRoutes()
    }

    private mutating func addClassificationRoutes() {
        let path = Self.base + "/classification"
        add(
            RouteDescription(
                .get,
                path,
                .governance,
                "Retrieve the classification",
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let json = try await exchange.hub.governing.classification(
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(JSONValue.object(json).serialized, .json, ld: ld)
        }
        add(
            RouteDescription(
                .put,
                path,
                .governance,
                "Replace the classification",
                accepts: ["application/json", "application/ld+json"],
                body: .classification,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            try await exchange.hub.governing.replaceClassification(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addClassificationPreview() {
        add(
            RouteDescription(
                .post,
                Self.base + "/classification/preview",
                .governance,
                "Show what another classification would change",
                accepts: ["application/json", "application/ld+json"],
                body: .classification,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            let preview = try await exchange.hub.governing.previewClassification(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return .json(.object(preview))
        }
    }

    private mutating func addCommonRulesRoutes() {
        let path = Self.base + "/rules"
        add(
            RouteDescription(
                .get,
                path,
                .governance,
                "Retrieve the rules for all tenants",
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let json = try await exchange.hub.governing.commonRules(
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(JSONValue.object(json).serialized, .json, ld: ld)
        }
        add(
            RouteDescription(
                .put,
                path,
                .governance,
                "Replace the rules for all tenants",
                accepts: ["application/json", "application/ld+json"],
                body: .commonRules,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            try await exchange.hub.governing.putCommonRules(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                path,
                .governance,
                "Put the rules of the configuration in the place of the kept ones",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.governing.adoptConfiguredRules(caller: exchange.caller)
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .post,
                path + "/preview",
                .governance,
                "Show what other rules for all tenants would change",
                accepts: ["application/json", "application/ld+json"],
                body: .commonRules,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            let preview = try await exchange.hub.governing.previewCommonRules(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return .json(.object(preview))
        }
    }

    private mutating func addPolicyPreview() {
        add(
            RouteDescription(
                .post,
                Self.base + "/policies/preview",
                .governance,
                "Show what a policy would change",
                query: [
                    QueryParameter("delete", "The policy that would be put out of force instead.")
                ],
                accepts: ["application/json", "application/ld+json"],
                body: .policy,
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let governing = exchange.hub.governing
            if let id = try exchange.items.text("delete") {
                let preview = try await governing.previewDeletion(
                    of: id,
                    ld: ld,
                    caller: exchange.caller
                )
                return .json(.object(preview))
            }
            let (json, _) = try await exchange.body(to: .administer)
            let preview = try await governing.previewPolicy(json, ld: ld, caller: exchange.caller)
            return .json(.object(preview))
        }
    }

    private mutating func addPolicyRoutes() {
        let all = Self.base + "/policies"
        let one = all + "/{policyId}"
        add(
            RouteDescription(
                .get,
                all,
                .governance,
                "Retrieve all policies",
                answers: "application/json"
            )
        ) { exchange in
            .json(.array(try await exchange.hub.governing.policies(caller: exchange.caller)))
        }
        add(
            RouteDescription(
                .get,
                one,
                .governance,
                "Retrieve a policy",
                answers: "application/json"
            )
        ) { exchange in
            let policy = try await exchange.hub.governing.policy(
                try exchange.capture("policyId"),
                caller: exchange.caller
            )
            return .json(.object(policy))
        }
        add(
            RouteDescription(
                .put,
                one,
                .governance,
                "Put a policy into force",
                accepts: ["application/json", "application/ld+json"],
                body: .policy,
                status: 204
            )
        ) { exchange in
            // The @context of a policy says what words of ODRL mean, and not what types mean.
            let (json, _) = try await exchange.body(to: .administer)
            let isNew = try await exchange.hub.governing.putPolicy(
                try exchange.capture("policyId"),
                json,
                ld: try await exchange.ldContext(),
                caller: exchange.caller
            )
            return isNew
                ? exchange.created(at: exchange.request.uri.path) : exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                one,
                .governance,
                "Put a policy out of force",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.governing.deletePolicy(
                try exchange.capture("policyId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addChoiceRoutes() {
        add(
            RouteDescription(
                .post,
                Self.base + "/choices",
                .governance,
                "Make a choice",
                accepts: ["application/json"],
                body: .choice,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let (json, _) = try await exchange.body(to: .choose, isKept: true, allowing: [.json])
            let receipt = try await exchange.hub.governing.makeChoice(
                json,
                caller: exchange.caller
            )
            return exchange.answer(
                JSONValue.object(receipt).serialized,
                .json,
                ld: nil,
                status: .created
            )
        }
        add(
            RouteDescription(
                .get,
                Self.base + "/subjects/{subjectId}/choices",
                .governance,
                "Retrieve the choices of a person",
                answers: "application/json"
            )
        ) { exchange in
            let choices = try await exchange.hub.governing.choices(
                of: SubjectID(try exchange.capture("subjectId")),
                caller: exchange.caller
            )
            return .json(.array(choices))
        }
    }
}
