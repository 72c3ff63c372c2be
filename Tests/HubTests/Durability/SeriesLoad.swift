import Chance
import ContextModel
import NIOHTTP1

/// A request about a series of readings that grows until the hub seals its older part.
enum SeriesRequest: LoadRequest {
    /// A file over HTTP: the readings of a range of seconds, all with one value.
    case upload(String, seconds: Range<Int>, value: Int)
    case append(String, second: Int, value: Int)
    /// Another value for a present moment, sealed or not.
    case correct(String, second: Int, value: Int)
    /// Aggregates the series: a reader of many readings has them sealed.
    case add(String)

    var ids: [String] {
        switch self {
        case .upload(let id, _, _), .append(let id, _, _), .correct(let id, _, _), .add(let id):
            [id]
        }
    }

    private static let evolutions = "/ngsi-ld/v1/temporal/entities"

    var http: (method: HTTPMethod, path: String, json: JSONValue?) {
        switch self {
        case .upload(let id, let seconds, let value):
            let series: JSONValue = [
                "id": .string(id), "type": .string(SeriesLoad.type),
                "value": .array(seconds.map { Self.reading(value, second: $0) }),
            ]
            return (.POST, "/hub/imports/history", [series])
        case .append(let id, let second, let value), .correct(let id, let second, let value):
            let fragment: JSONValue = ["value": [Self.reading(value, second: second)]]
            return (.POST, "\(Self.evolutions)/\(id)/attrs", fragment)
        case .add(let id):
            let question =
                "attrs=value&timerel=after&timeAt=1969-01-01T00:00:00Z"
                + "&options=aggregatedValues&aggrMethods=totalCount,sum&aggrPeriodDuration=PT0S"
            return (.GET, "\(Self.evolutions)/\(id)?\(question)", nil)
        }
    }

    private static func reading(_ value: Int, second: Int) -> JSONValue {
        let moment = Timestamp(microseconds: Int64(second) * 1_000_000)
        return [
            "type": "Property", "value": .number(JSONNumber(value)),
            "observedAt": .string(moment.text),
        ]
    }
}

/// The expected effects of one worker's requests about series.
struct SeriesLoad: LoadModel {
    static let type = "CrashSeries"

    /// The longest upload: more than the hub leaves unsealed at once.
    private static let longestUpload = 700
    /// The length at which another series is started.
    private static let long = 1_000

    let name: String
    /// The value at each second.
    private var series: [[Int]] = [[]]
    private var number = 0

    init(name: String) { self.name = name }

    var ids: [String] { series.indices.map(id) }

    func known(_ id: String) -> [Int] { index(of: id).map { series[$0] } ?? [] }

    private func id(_ index: Int) -> String { "urn:ngsi-ld:\(Self.type):\(name):\(index)" }

    private func index(of id: String) -> Int? {
        id.split(separator: ":").last.flatMap { Int($0) }.flatMap { index in
            series.indices.contains(index) ? index : nil
        }
    }

    mutating func next(_ dice: inout SeededGenerator) -> SeriesRequest {
        number += 1
        if series[series.count - 1].count >= Self.long { series.append([]) }
        let id = id(series.count - 1)
        let end = series[series.count - 1].count
        let upload = SeriesRequest.upload(
            id,
            seconds: end..<end + Int.random(in: 1...Self.longestUpload, using: &dice),
            value: number
        )
        guard end > 0 else { return upload }
        switch Int.random(in: 0..<10, using: &dice) {
        case 0..<2: return upload
        case 2..<5: return .append(id, second: end, value: number)
        case 5..<7:
            return .correct(id, second: Int.random(in: 0..<end, using: &dice), value: number)
        default: return .add(id)
        }
    }

    mutating func apply(_ request: SeriesRequest) {
        switch request {
        case .upload(let id, let seconds, let value):
            change(id) { $0 += seconds.map { _ in value } }
        case .append(let id, _, let value): change(id) { $0.append(value) }
        case .correct(let id, let second, let value): change(id) { $0[second] = value }
        case .add: break
        }
    }

    private mutating func change(_ id: String, _ body: (inout [Int]) -> Void) {
        if let index = index(of: id) { body(&series[index]) }
    }

    // MARK: At the hub

    static func stored(_ id: String, in state: StoredState) async throws -> [Int] {
        try await state.series(id)
    }

    func isTrue(_ answer: HubAnswer, to request: SeriesRequest) -> Bool {
        guard case .add(let id) = request else { return true }
        let value = try? answer.json.objectValue?["value"]?.objectValue
        let total = ["totalCount", "sum"].map { method in
            value?[method]?.arrayValue?.first?.arrayValue?.first?.numberValue?.doubleValue
        }
        let known = known(id)
        return total == [Double(known.count), Double(known.reduce(0, +))]
    }
}
