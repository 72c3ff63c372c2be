import ContextModel

/// Collects mapped records into few large requests.
///
/// Entities are collected in lists. Instances of history are collected for each entity and
/// attribute, so that a wide file with a column for each sensor becomes one long request for each
/// sensor, and not one short request for each cell.
package struct ImportBatch {
    static let maximumEntitiesPerRequest = 1_000
    static let maximumRequestBytes = 1 << 20
    static let maximumInstancesPerRequest = 2_000
    /// The bytes of all kinds that are collected before they are sent.
    static let maximumBytes = 8 << 20

    /// The problems found while reading, in order.
    package private(set) var problems: [RowProblem] = []
    /// The references without a target, in order.
    package private(set) var danglingReferences: [RowProblem] = []
    /// The number of readings collected.
    package private(set) var readingCount = 0

    private var upserts: [Upsert] = []
    private var histories: [History] = []
    private var historyNumbers: [String: Int] = [:]
    private var byteCount = 0
    private var longestHistory = 0

    private struct Upsert {
        var operation: HubRequest.Operation
        var body = JSONWriter()
        var isLinkedData: Bool
        var origins: [HubRequest.Origin] = []
        var ids: Set<String> = []
    }

    private struct History {
        var type: String
        var origin: HubRequest.Origin
        var attributes: [(name: String, instances: [UInt8])] = []
        var count = 0
    }

    package init() {}

    /// Whether it should be sent.
    package var isFull: Bool {
        byteCount >= Self.maximumBytes || longestHistory >= Self.maximumInstancesPerRequest
            || problems.count >= Self.maximumEntitiesPerRequest
            || upserts.count > 1
            || upserts.last.map { $0.origins.count >= Self.maximumEntitiesPerRequest } ?? false
    }

    /// Whether there is nothing to send and nothing to report.
    var isEmpty: Bool {
        upserts.isEmpty && histories.isEmpty && problems.isEmpty
            && danglingReferences.isEmpty
    }

    /// Adds a problem of a row.
    package mutating func add(_ problem: RowProblem) { problems.append(problem) }

    /// Adds a reference without a target, of an entity that was added.
    mutating func add(dangling reference: RowProblem) { danglingReferences.append(reference) }

    /// Adds an entity in JSON.
    ///
    /// The same entity is added to a second request when it comes again: the standard does not say
    /// which of two in one list is the later one.
    package mutating func add(
        entity json: some Collection<UInt8>,
        origin: HubRequest.Origin,
        isLinkedData: Bool = false,
        as operation: HubRequest.Operation = .upsert
    ) {
        if !fits(json.count, origin.entityID, isLinkedData, operation) {
            var upsert = Upsert(operation: operation, isLinkedData: isLinkedData)
            upsert.body.beginArray()
            upserts.append(upsert)
        }
        let last = upserts.count - 1
        upserts[last].body.raw(json)
        upserts[last].origins.append(origin)
        upserts[last].ids.insert(origin.entityID)
        byteCount += json.count
        readingCount += origin.load.readings
    }

    private func fits(
        _ bytes: Int,
        _ id: String,
        _ isLinkedData: Bool,
        _ operation: HubRequest.Operation
    ) -> Bool {
        guard let last = upserts.last else { return false }
        return last.isLinkedData == isLinkedData && last.operation == operation
            && last.origins.count < Self.maximumEntitiesPerRequest
            && last.body.bytes.count + bytes < Self.maximumRequestBytes && !last.ids.contains(id)
    }

    /// The buffer for the history of an entity; the origin is that of its first instance.
    package mutating func history(type: String, origin: HubRequest.Origin) -> Int {
        if let known = historyNumbers[origin.entityID] { return known }
        histories.append(History(type: type, origin: origin))
        historyNumbers[origin.entityID] = histories.count - 1
        return histories.count - 1
    }

    /// Adds an instance in JSON to the history.
    package mutating func add(
        instance json: some Collection<UInt8>,
        of attribute: String,
        to history: Int
    ) {
        let name = histories[history].attributes.firstIndex { $0.name == attribute }
        if let name {
            histories[history].attributes[name].instances.append(UInt8(ascii: ","))
            histories[history].attributes[name].instances.append(contentsOf: json)
        } else {
            histories[history].attributes.append((attribute, Array(json)))
        }
        histories[history].count += 1
        longestHistory = max(longestHistory, histories[history].count)
        byteCount += json.count
        readingCount += 1
    }

    /// The requests with everything that was collected; entities come before their history.
    package consuming func requests() -> [HubRequest] {
        upserts.map { upsert in
            var body = upsert.body
            body.endArray()
            return HubRequest(
                operation: upsert.operation,
                body: body.bytes,
                isLinkedData: upsert.isLinkedData,
                origins: upsert.origins
            )
        } + histories.map(Self.request)
    }

    private static func request(_ history: History) -> HubRequest {
        let bytes = history.attributes.reduce(256) { $0 + $1.instances.count + 64 }
        var body = JSONWriter(reservingBytes: bytes)
        body.beginObject()
        body.key("id")
        body.string(history.origin.entityID)
        body.key("type")
        body.string(history.type)
        for attribute in history.attributes {
            body.key(attribute.name)
            body.beginArray()
            body.raw(attribute.instances)
            body.endArray()
        }
        body.endObject()
        var origin = history.origin
        origin.load = HubRequest.Load(readings: history.count)
        return HubRequest(operation: .history, body: body.bytes, origins: [origin])
    }
}
