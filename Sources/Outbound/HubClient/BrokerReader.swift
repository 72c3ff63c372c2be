package import Collect
package import ContextModel
import Foundation

/// Reads all that a broker has over its API, page by page: of NGSI-LD, or of NGSIv2.
package struct BrokerReader: Sendable {
    /// The API of a broker.
    package enum Dialect: Sendable { case ngsiLD, ngsiV2 }

    package let dialect: Dialect
    private let broker: HTTPHub

    /// The entities of a request, and the evolutions, of which each may be long.
    private static let entitiesPerPage = 100
    private static let evolutionsPerPage = 50
    /// The range that a temporal query must name (clause 5.7.4): all of time.
    private static let always = "timerel=after&timeAt=0001-01-01T00:00:00Z"
    private static let base = "/ngsi-ld/v1"

    /// A reader for a broker whose API is known.
    package init(_ broker: HTTPHub, _ dialect: Dialect) {
        self.broker = broker
        self.dialect = dialect
    }

    /// Finds out which API the broker has; `older` is the connection for NGSIv2.
    package static func probe(
        _ broker: HTTPHub,
        older: HTTPHub
    ) async throws(HubFailure) -> BrokerReader {
        do throws(HubFailure) {
            if try await broker.page(base + "/types") != nil {
                return BrokerReader(broker, .ngsiLD)
            }
        } catch .refused {}
        guard try await older.page("/v2/entities?limit=1") != nil else {
            throw .stopped(reason: "The broker has neither the API of NGSI-LD nor that of NGSIv2.")
        }
        return BrokerReader(older, .ngsiV2)
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }

    /// The page as JSON; nil when the broker has no such thing.
    private func json(_ path: String) async throws(HubFailure) -> JSONValue? {
        guard let page = try await broker.page(path) else { return nil }
        return try Self.read(page.body)
    }

    private static func read(_ body: [UInt8]) throws(HubFailure) -> JSONValue {
        do throws(JSONError) { return try JSONReader.read(body) } catch {
            throw .stopped(reason: "The broker's answer is not JSON: \(error)")
        }
    }

    // MARK: Entities

    /// The types that there are entities of.
    package func types() async throws(HubFailure) -> [String] {
        switch dialect {
        case .ngsiLD:
            let json = try await json(Self.base + "/types")
            return (json?.objectValue?["typeList"]?.arrayValue ?? []).compactMap(\.stringValue)
        case .ngsiV2:
            var types: [String] = []
            while true {
                let path = "/v2/types?limit=\(Self.entitiesPerPage)&offset=\(types.count)"
                let page = try await json(path)?.arrayValue ?? []
                if page.isEmpty { return types }
                types += page.map { $0.objectValue?["type"]?.stringValue ?? "" }
            }
        }
    }

    /// The entities of the type after the first `offset`; empty at the end.
    package func entities(
        of type: String,
        from offset: Int
    ) async throws(HubFailure) -> [JSONValue] {
        let start = dialect == .ngsiLD ? Self.base : "/v2"
        let query = "type=\(Self.encoded(type))&limit=\(Self.entitiesPerPage)&offset=\(offset)"
        return try await json("\(start)/entities?\(query)")?.arrayValue ?? []
    }

    /// How many entities of the type there are; nil when the broker does not say.
    package func count(of type: String) async throws(HubFailure) -> Int? {
        let (start, asks) =
            dialect == .ngsiLD ? (Self.base, "count=true") : ("/v2", "options=count")
        let query = "type=\(Self.encoded(type))&limit=1&\(asks)"
        return try await broker.page("\(start)/entities?\(query)")?.count
    }

    // MARK: Histories

    /// Returns the temporal evolutions of the type, each whole, without the first `offset` of them; nil when
    /// the broker keeps no history.
    ///
    /// One that is too long for an answer (206) has several elements.
    package func evolutions(
        of type: String,
        from offset: Int,
        _ each: (JSONValue) throws -> Void
    ) async throws -> Int? {
        guard dialect == .ngsiLD else { return nil }
        let limit = Self.evolutionsPerPage
        let query = "type=\(Self.encoded(type))&limit=\(limit)&offset=\(offset)&\(Self.always)"
        let path = "\(Self.base)/temporal/entities"
        guard let part = try await broker.temporalPart("\(path)?\(query)") else { return nil }
        let evolutions = try Self.read(part.body).arrayValue ?? []
        for evolution in evolutions {
            try each(evolution)
            guard let id = evolution.objectValue?["id"]?.stringValue else { continue }
            var end = part.cutOffAt
            while let known = end {
                let next = Timestamp(microseconds: known.microseconds + 1).text
                let rest = try await broker.temporalPart(
                    "\(path)/\(Self.encoded(id))?timerel=after&timeAt=\(next)"
                )
                guard let rest else { break }
                try each(try Self.read(rest.body))
                end = rest.cutOffAt
            }
        }
        return evolutions.count
    }

    // MARK: Subscriptions

    /// The subscriptions after the first `offset`, as NGSI-LD has them; empty at the end.
    package func subscriptions(from offset: Int) async throws(HubFailure) -> [JSONObject] {
        let start = dialect == .ngsiLD ? Self.base : "/v2"
        let path = "\(start)/subscriptions?limit=\(Self.entitiesPerPage)&offset=\(offset)"
        let list = (try await json(path)?.arrayValue ?? []).compactMap(\.objectValue)
        return list.map { dialect == .ngsiLD ? $0 : ForeignSubscription($0).subscription }
    }
}
