import Broker
import ContextModel
import Governance
import HubNetwork
import HTTPTypes
import Hummingbird
import Synchronization

/// The words and shapes of TAXII 2.1.
enum Taxii {
    static let mediaType = "application/taxii+json;version=2.1"
    static let objectType = "application/stix+json;version=2.1"
    static let base = "/taxii2/"
    static let root = base + "hub/"
    static let collections = root + "collections/"
    static let one = collections + "{collectionId}/"
    static let objects = one + "objects/"
    /// The one collection of each hub.
    static let collectionID = "8f0c3d5e-2f57-4d0b-9a4b-3c5f7d6e1a90"
    /// Bytes of an envelope that is brought, at most.
    static let maximumBodyBytes = 1 << 20

    static func answer(_ json: JSONObject, _ status: HTTPResponse.Status = .ok) -> Response {
        .json(.object(json), status: status, contentType: mediaType)
    }

    /// What is said of the collection (clause 5.2).
    static func collection(_ rights: (mayRead: Bool, mayWrite: Bool)) -> JSONObject {
        [
            "id": .string(collectionID), "title": "Reports of incidents", "alias": "reports",
            "can_read": .bool(rights.mayRead), "can_write": .bool(rights.mayWrite),
            "media_types": [.string(objectType)],
        ]
    }

    /// A page (clauses 3.7, 5.3 and 5.8); one without objects is empty.
    static func envelope(
        _ name: String,
        _ page: ReportPage,
        _ element: (KeptReport) -> JSONValue
    ) -> JSONObject {
        guard let last = page.reports.last else { return JSONObject() }
        var json: JSONObject = ["more": .bool(page.hasMore)]
        if page.hasMore { json["next"] = .string("\(last.added.microseconds)") }
        json[name] = .array(page.reports.map(element))
        return json
    }

    static func version(of report: KeptReport) -> JSONValue {
        report.report.object.json["modified"] ?? .null
    }

    static func manifest(_ report: KeptReport) -> JSONValue {
        [
            "id": .string(report.report.object.id), "date_added": .string(report.added.text),
            "version": version(of: report), "media_type": .string(objectType),
        ]
    }

    /// What became of objects that were brought (clause 4.3).
    static func status(
        _ id: String,
        of outcomes: [ReportOutcome],
        requested: Timestamp
    ) -> JSONObject {
        func details(_ outcomes: [ReportOutcome]) -> JSONValue {
            .array(
                outcomes.map { outcome in
                    var json: JSONObject = [
                        "id": .string(outcome.id ?? ""), "version": .string(outcome.version ?? ""),
                    ]
                    json["message"] = outcome.problem.map { .string($0) }
                    return .object(json)
                }
            )
        }
        func count(_ number: Int) -> JSONValue { .number(JSONNumber(number)) }
        let taken = outcomes.filter { $0.problem == nil }
        let refused = outcomes.filter { $0.problem != nil }
        var json: JSONObject = [
            "id": .string(id), "status": "complete", "request_timestamp": .string(requested.text),
            "total_count": count(outcomes.count), "success_count": count(taken.count),
        ]
        if !taken.isEmpty { json["successes"] = details(taken) }
        json["failure_count"] = count(refused.count)
        if !refused.isEmpty { json["failures"] = details(refused) }
        json["pending_count"] = 0
        return json
    }

    // MARK: Negotiation (clause 3.1 and 3.6)

    /// Throws `notAcceptable` where the client takes no TAXII 2.1.
    static func requireAccepted(_ accept: String?) throws(BrokerError) {
        guard let accept, !accept.isEmpty else { return }
        let isTaken = HeaderText.elements(of: accept)
            .contains { range in
                let parts = HeaderText.parameters(of: range)
                return ["*/*", "application/*"].contains(parts[0]) || isTaxii(parts)
            }
        guard isTaken else {
            throw BrokerError(.notAcceptable, "Answers here are \(mediaType), not '\(accept)'.")
        }
    }

    static func requireContentType(_ type: String?) throws(BrokerError) {
        guard let type, isTaxii(HeaderText.parameters(of: type)) else {
            throw BrokerError(.unsupportedMediaType, "The Content-Type must be \(mediaType).")
        }
    }

    private static func isTaxii(_ parts: [Substring]) -> Bool {
        let version = parts.dropFirst().lazy.compactMap(HeaderText.parameter)
            .first { $0.name == "version" }
        return parts[0].lowercased() == "application/taxii+json"
            && version.map { $0.value == "2.1" } ?? true
    }
}

extension ProblemDetails {
    /// The problem as TAXII has errors (clause 3.6.1).
    var taxiiResponse: Response {
        var response = response
        response.headers[.contentType] = Taxii.mediaType
        response.body = ResponseBody(
            json: [
                "title": .string(title), "description": .string(detail),
                "http_status": .string("\(status.code)"),
            ]
        )
        return response
    }
}

/// What became of the objects of the last requests, for whoever brought them; forgotten when the hub stops.
final class TaxiiStatuses: Sendable {
    /// So many are remembered at most, and of one party.
    static let maximum = 200
    static let maximumPerParty = 10

    private struct Kept {
        var id: String
        var party: Party
        var json: JSONObject
    }
    private let kept = Mutex<[Kept]>([])

    func keep(_ status: JSONObject, of caller: Caller) {
        let new = Kept(id: status["id"]?.stringValue ?? "", party: caller.party, json: status)
        kept.withLock { kept in
            kept.append(new)
            let own = kept.indices.filter { kept[$0].party == new.party }
            if own.count > Self.maximumPerParty { kept.remove(at: own[0]) }
            if kept.count > Self.maximum { kept.removeFirst(kept.count - Self.maximum) }
        }
    }

    func status(_ id: String, of caller: Caller) -> JSONObject? {
        kept.withLock { kept in kept.first { $0.id == id && $0.party == caller.party }?.json }
    }
}
