import Broker
import ContextModel
import Federation
import HTTPTypes
import Hummingbird

/// Changes that sources take part in, and their answers (clauses 5.6 and 6.3.6).
extension Exchange {
    /// Makes a change here and, unless it is local, at the sources that registrations match.
    func distributed<Own: Sendable>(
        _ change: DistributedChange,
        _ ld: LDContext,
        own: (JSONValue?) async throws -> Own
    ) async throws -> DistributedAnswer<Own> {
        var forwarding: Forwarding?
        if try !items.flag("local") {
            let selection = EntitySelection(types: change.types, ids: [change.id])
            forwarding = self.forwarding([selection], ld)
        }
        return try await hub.writing.distributed(
            change,
            forwarding,
            caller: caller,
            own: own
        )
    }

    /// The change with this operation of the entity in the path, which sources may take part in.
    func change(
        _ operation: DistributedOperation,
        attribute: String? = nil,
        instance: String? = nil,
        body: JSONValue? = nil,
        passing names: [String] = [],
        _ ld: LDContext
    ) throws(BrokerError) -> DistributedChange {
        DistributedChange(
            operation,
            of: try entityID(),
            attribute: attribute,
            instance: instance,
            body: body,
            parameters: names.compactMap { name in
                items[name].map { KeyValuePair(key: name, value: $0) }
            },
            types: try parameters(ld).typeCondition()
        )
    }

    /// The answer to a change: as it is for the hub alone, or 207 with what was not made.
    func answer<Own>(
        _ result: DistributedAnswer<Own>,
        of id: EntityID,
        whole: () -> Response
    ) -> Response {
        if result.isWhole { return whole() }
        let isPartlyMade = result.own != nil || result.sources > 0
        let body: JSONValue = [
            "success": .array(isPartlyMade ? [.string(id.uri)] : []),
            "errors": .array(
                result.failures.map { failure in
                    var entry: JSONObject = ["entityId": .string(id.uri)]
                    if let registration = failure.registration {
                        entry["registrationId"] = .string(registration)
                    }
                    entry["error"] = .object(ProblemDetails(failure.error).json)
                    return .object(entry)
                }
            ),
        ]
        return answer(body.serialized, .json, ld: nil, status: .multiStatus)
    }

    /// The answer to a purge of which sources did not make their part (clause 6.4.3.3).
    func answer<Own>(failuresOf result: DistributedAnswer<Own>) -> Response {
        let body: JSONValue = [
            "success": [],
            "errors": .array(
                result.failures.map { failure in
                    var entry: JSONObject = [:]
                    if let registration = failure.registration {
                        entry["registrationId"] = .string(registration)
                    }
                    entry["error"] = .object(ProblemDetails(failure.error).json)
                    return .object(entry)
                }
            ),
        ]
        return answer(body.serialized, .json, ld: nil, status: .multiStatus)
    }

    /// The answer to an update of attributes: 204, or 207 with those that stayed as they were
    /// (clause 5.2.18).
    func answer(_ result: DistributedAnswer<UpdateResult>) -> Response {
        let updated = (result.own?.updated ?? []) + result.changed
        var rest: [JSONValue] = (result.own?.notUpdated ?? []).map {
            [
                "attributeName": .string($0.text),
                "reason": "It exists and may not be overwritten, or it does not exist.",
            ]
        }
        for failure in result.failures {
            var entry: JSONObject = ["reason": .string(failure.error.detail)]
            if let registration = failure.registration {
                entry["registrationId"] = .string(registration)
            }
            let names = failure.attributes.isEmpty ? [nil] : failure.attributes.map(Optional.some)
            for name in names {
                entry["attributeName"] = name.map { .string($0.text) }
                rest.append(.object(entry))
            }
        }
        if rest.isEmpty { return answer(.noContent) }
        let body: JSONValue = [
            "updated": .array(updated.map { .string($0.text) }), "notUpdated": .array(rest),
        ]
        return answer(body.serialized, .json, ld: nil, status: .multiStatus)
    }
}
