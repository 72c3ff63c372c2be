import Chance
import ContextModel
import NIOHTTP1

/// A request about entities.
///
/// Every value is unique, so that it can be found in state, history and notifications.
enum EntityRequest: LoadRequest {
    case create(String, value: Int)
    /// Two attributes at once: one without the other would be half a request.
    case update(String, value: Int)
    case append(String, value: Int, extra: String)
    case deleteAttribute(String, extra: String)
    case delete(String)
    case batchUpsert([String], value: Int)
    /// A file over HTTP, small enough to be one batch.
    case upload([String], value: Int)
    case batchDelete([String])

    /// The entities that it is about.
    var ids: [String] {
        switch self {
        case .create(let id, _), .update(let id, _), .append(let id, _, _),
            .deleteAttribute(let id, _), .delete(let id):
            [id]
        case .batchUpsert(let ids, _), .upload(let ids, _), .batchDelete(let ids): ids
        }
    }
}

/// The expected content of one entity.
struct KnownEntity: Sendable, Equatable {
    /// Attributes with their values; nil when there is no such entity.
    var attributes: [String: Int]?
    /// Every value that `value` has had, in order.
    var values: [Int] = []
}

/// The expected effects of one worker's requests about entities.
struct EntityLoad: LoadModel {
    static let type = "Crash"

    let name: String
    private(set) var entities: [String: KnownEntity] = [:]
    private var number = 0

    init(name: String) { self.name = name }

    var ids: [String] { entities.keys.sorted() }

    func known(_ id: String) -> KnownEntity { entities[id] ?? KnownEntity() }

    static func stored(_ id: String, in state: StoredState) async throws -> KnownEntity {
        try await state.entity(id)
    }

    var alive: [String] { entities.filter { $0.value.attributes != nil }.keys.sorted() }

    // MARK: Choosing requests

    private static let most = 12

    /// A request that is possible now.
    mutating func next(_ dice: inout SeededGenerator) -> EntityRequest {
        number += 1
        let alive = alive
        guard alive.count >= 3, let id = alive.randomElement(using: &dice) else {
            return .create(freshID(&dice), value: number)
        }
        let extras = entities[id]?.attributes?.keys.filter { $0.hasPrefix("extra") }.sorted() ?? []
        switch Int.random(in: 0..<20, using: &dice) {
        case 0..<2 where alive.count < Self.most: return .create(freshID(&dice), value: number)
        case 0..<10: return .update(id, value: number)
        case 10..<13:
            return .append(id, value: number, extra: "extra\(Int.random(in: 0..<3, using: &dice))")
        case 13..<15:
            return extras.randomElement(using: &dice).map { .deleteAttribute(id, extra: $0) }
                ?? .update(id, value: number)
        case 15: return .delete(id)
        case 16..<19:
            let some = alive.filter { _ in Bool.random(using: &dice) } + [freshID(&dice)]
            return Bool.random(using: &dice)
                ? .batchUpsert(some, value: number) : .upload(some, value: number)
        default: return .batchDelete(Array(alive.shuffled(using: &dice).prefix(4)))
        }
    }

    /// Sometimes a deleted entity is created again.
    private func freshID(_ dice: inout SeededGenerator) -> String {
        let gone = entities.filter { $0.value.attributes == nil }.keys.sorted()
        if Int.random(in: 0..<3, using: &dice) == 0, let id = gone.randomElement(using: &dice) {
            return id
        }
        return "urn:ngsi-ld:\(Self.type):\(name)-\(number)"
    }

    // MARK: Effects

    mutating func apply(_ request: EntityRequest) {
        for id in request.ids { apply(request, to: id) }
    }

    /// A batch is written in portions: the first of its entities may be there, each complete.
    func outcomes(of request: EntityRequest) -> [EntityLoad] {
        request.ids.indices.map { last in
            var outcome = self
            for id in request.ids[...last] { outcome.apply(request, to: id) }
            return outcome
        }
    }

    private mutating func apply(_ request: EntityRequest, to id: String) {
        var entity = entities[id] ?? KnownEntity()
        switch request {
        case .create(_, let value), .update(_, let value), .batchUpsert(_, let value),
            .upload(_, let value):
            entity.attributes = (entity.attributes ?? [:]).merging(pair(value)) { $1 }
            entity.values.append(value)
        case .append(_, let value, let extra):
            entity.attributes?["value"] = value
            entity.attributes?[extra] = value
            entity.values.append(value)
        case .deleteAttribute(_, let extra): entity.attributes?[extra] = nil
        case .delete, .batchDelete: entity.attributes = nil
        }
        entities[id] = entity
    }

    private func pair(_ value: Int) -> [String: Int] { ["value": value, "twin": value] }
}

extension EntityRequest {
    private static let entities = "/ngsi-ld/v1/entities"
    private static let operations = "/ngsi-ld/v1/entityOperations"

    /// The request as HTTP.
    var http: (method: HTTPMethod, path: String, json: JSONValue?) {
        switch self {
        case .create(let id, let value):
            return (.POST, Self.entities, entity(id, ["value": value, "twin": value]))
        case .update(let id, let value):
            let attributes = fragment(["value": value, "twin": value])
            return (.PATCH, "\(Self.entities)/\(id)/attrs", .object(attributes))
        case .append(let id, let value, let extra):
            let attributes = fragment(["value": value, extra: value])
            return (.POST, "\(Self.entities)/\(id)/attrs", .object(attributes))
        case .deleteAttribute(let id, let extra):
            return (.DELETE, "\(Self.entities)/\(id)/attrs/\(extra)", nil)
        case .delete(let id): return (.DELETE, "\(Self.entities)/\(id)", nil)
        case .batchUpsert(let ids, let value):
            let bodies = ids.map { entity($0, ["value": value, "twin": value]) }
            return (.POST, "\(Self.operations)/upsert?options=update", .array(bodies))
        case .upload(let ids, let value):
            let bodies = ids.map { entity($0, ["value": value, "twin": value]) }
            return (.POST, "/hub/imports/entities", .array(bodies))
        case .batchDelete(let ids):
            return (.POST, "\(Self.operations)/delete", .array(ids.map(JSONValue.string)))
        }
    }

    private func entity(_ id: String, _ attributes: [String: Int]) -> JSONValue {
        var object: JSONObject = ["id": .string(id), "type": .string(EntityLoad.type)]
        object.members += fragment(attributes).members
        return .object(object)
    }

    private func fragment(_ attributes: [String: Int]) -> JSONObject {
        JSONObject(
            attributes.sorted { $0.key < $1.key }.map { name, value in
                (name, ["type": "Property", "value": .number(JSONNumber(value))])
            }
        )
    }
}
