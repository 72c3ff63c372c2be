package import ContextModel
import Governance
package import HubNetwork
import Storage

/// Who may read and write reports of incidents at this hub, whom it hears, and whose word suspends: what an administrator
/// decides, and nobody as long as none has.
package struct ReportRules: Sendable, Hashable {
    /// Names that a list has at most.
    static let maximumNames = 1_000

    /// Those who may read, besides administrators: URIs of parties, names of hubs, and roles as `role:NAME`.
    package var readers: Set<String> = []
    /// Those who may write.
    package var writers: Set<String> = []
    /// The members whose reports are fetched, besides those that are trusted.
    package var heard: Set<MemberID> = []
    package var suspension = SuspensionRules()

    package init() {}

    /// The members that are asked for their reports.
    package var asked: Set<MemberID> { heard.union(suspension.trusted) }

    func mayRead(_ caller: Caller) -> Bool { Self.names(caller, in: readers) }
    func mayWrite(_ caller: Caller) -> Bool { Self.names(caller, in: writers) }

    /// Whether the list has the caller, and each in whose place it asks.
    private static func names(_ caller: Caller, in list: Set<String>) -> Bool {
        !list.isEmpty
            && caller.each.allSatisfy { one in
                one.party.id.map { list.contains($0.uri) } ?? false
                    || one.otherRoles.contains { list.contains("role:" + $0) }
            }
    }
}

extension ReportRules {
    package var json: JSONObject {
        func texts(_ names: some Sequence<String>) -> JSONValue {
            .array(names.sorted().map { .string($0) })
        }
        var json: JSONObject = [
            "readers": texts(readers), "writers": texts(writers),
            "heard": texts(heard.map(\.text)), "trusted": texts(suspension.trusted.map(\.text)),
            "hours": .number(JSONNumber(suspension.hours)),
        ]
        json["quorum"] = suspension.quorum.map { .number(JSONNumber($0)) }
        return json
    }

    /// Reads what `json` writes; lists that are left out are empty.
    ///
    /// Throws `BrokerError` for what is not wholly understood.
    package init(_ value: JSONValue) throws(BrokerError) {
        self.init()
        let known = ["readers", "writers", "heard", "trusted", "quorum", "hours"]
        guard let object = value.objectValue else {
            throw Self.error("The rules about reports are a JSON object, not \(value.excerpt).")
        }
        if let unknown = object.members.first(where: { !known.contains($0.key) }) {
            throw Self.error("\(unknown.key): The member is not understood.")
        }
        readers = try Self.parties("readers", object)
        writers = try Self.parties("writers", object)
        heard = try Self.hubs("heard", object)
        suspension.trusted = try Self.hubs("trusted", object)
        if let quorum = object["quorum"] {
            guard let count = quorum.numberValue?.intValue, 1...Self.maximumNames ~= count else {
                throw Self.error("quorum: It must be a whole number from 1 on.")
            }
            suspension.quorum = count
        }
        if let hours = object["hours"] {
            let range = 1...SuspensionRules.maximumHours
            guard let count = hours.numberValue?.intValue, range.contains(count) else {
                throw Self.error(
                    "hours: It must be a whole number from 1 to \(SuspensionRules.maximumHours)."
                )
            }
            suspension.hours = count
        }
    }

    private static func texts(
        _ name: String,
        _ object: JSONObject
    ) throws(BrokerError) -> [String] {
        guard let value = object[name] else { return [] }
        let texts = value.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == value.arrayValue?.count, texts.count <= maximumNames,
            texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 512 })
        else { throw error("\(name): It must be an array of at most \(maximumNames) names.") }
        return texts
    }

    private static func parties(
        _ name: String,
        _ object: JSONObject
    ) throws(BrokerError) -> Set<String> {
        Set(try texts(name, object).map { $0.hasPrefix("role:") ? $0 : PartyID($0).uri })
    }

    private static func hubs(
        _ name: String,
        _ object: JSONObject
    ) throws(BrokerError) -> Set<MemberID> {
        var hubs: Set<MemberID> = []
        for text in try texts(name, object) {
            guard let hub = MemberID(text) else {
                throw error("\(name): '\(text)' is no name of a hub.")
            }
            hubs.insert(hub)
        }
        return hubs
    }

    private static func error(_ detail: String) -> BrokerError {
        BrokerError(.badRequestData, detail)
    }
}

// MARK: - In the store

extension ReportRules {
    /// The identifier of the one document.
    static let id = "rules"

    var document: Document {
        Document(kind: .reportRules, id: Self.id, body: JSONValue.object(json).serialized)
    }

    /// Nil when the bytes are damaged, and then nobody may do anything.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body), let rules = try? ReportRules(json)
        else { return nil }
        self = rules
    }
}
