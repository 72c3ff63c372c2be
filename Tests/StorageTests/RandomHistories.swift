import ContextModel
import Governance
import Storage

/// Random temporal queries.
enum HistoryQueries {
    static let all = TemporalQuery(condition: .everything, instanceLimit: 10_000, limit: 100)

    /// Ranges, newest instances, cut pages, and aggregates by each kind of period and moment.
    static func random(_ dice: inout SeededDice) -> [TemporalQuery] {
        (0..<8).map { _ in
            var query = all
            if Bool.random(using: &dice) { query.from = moment(&dice) }
            if Bool.random(using: &dice) {
                query.to = max(moment(&dice), query.from ?? seconds(-9))
            }
            if Int.random(in: 0..<4, using: &dice) == 0 {
                let test = ValueTest(
                    path: AttributePath(names: [.speed]),
                    comparison: .greater(.number(Double(Int.random(in: 0..<60, using: &dice))))
                )
                query.condition = .value(test)
            }
            query.timeProperty =
                [.observedAt, .observedAt, .modifiedAt, .createdAt, .deletedAt]
                .randomElement(using: &dice) ?? .observedAt
            if Bool.random(using: &dice) {
                query.aggregation = Aggregation(
                    methods: Aggregation.Method.allCases,
                    period: [
                        .whole, .fixed(microseconds: 7_000_000),
                        .calendar(ISODuration(months: 1, microseconds: 3_000_000)),
                    ].randomElement(using: &dice) ?? .whole
                )
            } else {
                query.lastN = [nil, 3, 20].randomElement(using: &dice) ?? nil
                query.instanceLimit = [5, 10_000].randomElement(using: &dice) ?? 5
            }
            return query
        }
    }

    private static func moment(_ dice: inout SeededDice) -> Timestamp {
        seconds(Int.random(in: -2...90, using: &dice))
    }
}

/// A change of a history.
enum HistoryChange {
    case append(IRI, [Attribute])
    /// Replaces the instance at this place among all, oldest first.
    case replace(Int, Attribute)
    case remove(Int)
    case removeAttribute(IRI)
    case retain(RetentionRule.Effect, age: Int)

    static func random(_ dice: inout SeededDice) -> HistoryChange {
        let name: IRI = Bool.random(using: &dice) ? .speed : .label
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: return .replace(.random(in: 0..<60, using: &dice), .random(&dice))
        case 1: return .remove(.random(in: 0..<60, using: &dice))
        case 2: return .removeAttribute(name)
        case 3: return .retain(.remove, age: .random(in: 20...80, using: &dice))
        case 4:
            return .retain(
                .thin(periodMicroseconds: .random(in: 2...9, using: &dice) * 1_000_000),
                age: .random(in: 0...60, using: &dice)
            )
        default:
            return .append(
                name,
                (0..<Int.random(in: 1...60, using: &dice)).map { _ in .random(&dice) }
            )
        }
    }

    func apply(to tenant: any TenantStore) async throws {
        let id = EntityID("urn:a")
        switch self {
        case .append(let name, let instances): try await tenant.append("a", name, instances)
        case .replace(let place, let attribute):
            guard let found = try await instance(place, tenant) else { return }
            _ = try await tenant.transact {
                try $0.modifyHistory(
                    id,
                    name: found.name,
                    instanceID: found.instanceID,
                    attribute
                )
            }
        case .remove(let place):
            guard let found = try await instance(place, tenant) else { return }
            _ = try await tenant.transact {
                try $0.removeHistory(id, .instance(found.name, instanceID: found.instanceID))
            }
        case .removeAttribute(let name):
            _ = try await tenant.transact {
                try $0.removeHistory(id, .attribute(name, datasetID: nil))
            }
        case .retain(let effect, let age):
            _ = try await tenant.retain(
                [
                    RetentionRule(
                        type: nil,
                        ageMicroseconds: Int64(age) * 1_000_000,
                        effect: effect
                    )
                ],
                now: seconds(90),
                grant: InternalGrant(.retention)
            )
        }
    }

    private func instance(
        _ place: Int,
        _ tenant: any TenantStore
    ) async throws -> (name: IRI, instanceID: String)? {
        let page = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        let all = (page.evolutions.first?.attributes ?? []).flatMap { attribute in
            attribute.instances.map { (attribute.name, $0.details?.instanceID ?? "") }
        }
        return all.isEmpty ? nil : all[place % all.count]
    }
}

extension Attribute {
    /// A reading within 90 seconds: a number, a text, or a value with a body of its own.
    static func random(_ dice: inout SeededDice) -> Attribute {
        let second = Int.random(in: 0..<90, using: &dice)
        let values: [JSONValue] = [
            .number(JSONNumber(Int.random(in: 0..<50, using: &dice))), 0.1, 12.25, "on", true,
            [1, 2], .number(JSONNumber(uncheckedLiteral: "1.10")), ["a": 1],
        ]
        let isPlain = Int.random(in: 0..<4, using: &dice) > 0
        var attribute = reading(
            isPlain ? values[0] : values.randomElement(using: &dice) ?? 1,
            at: second,
            dataset: Int.random(in: 0..<4, using: &dice) == 0 ? "urn:dataset" : nil
        )
        if Bool.random(using: &dice) {
            attribute.modifiedAt = seconds(second + .random(in: 0...5, using: &dice))
        }
        if Int.random(in: 0..<20, using: &dice) == 0 {
            attribute.details = AttributeDetails(deletedAt: seconds(second + 1))
        }
        return attribute
    }
}

extension EvolutionPage {
    /// The content of the page, to compare with another page.
    var text: String {
        let evolutions = evolutions.map { evolution in
            let beyond = evolution.kindsBeyondRange.map { "\($0.key) \($0.value)" }.sorted()
            let entity = "\(evolution.id) \(evolution.types) \(evolution.scopes)"
            let times = [evolution.createdAt, evolution.modifiedAt].map { $0?.text ?? "" }
            let none = evolution.notAggregated.map(\.text).sorted()
            return "\(entity) \(times) \(evolution.attributes) \(beyond) "
                + "\(evolution.aggregates) \(none)"
        }
        return "\(evolutions) \(String(describing: contentRange))"
    }
}
