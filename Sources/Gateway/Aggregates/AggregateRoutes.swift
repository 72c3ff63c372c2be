import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

/// Sums across entities: by group and by period of the city's calendar, in one request.
///
/// The standard's temporal query aggregates each history for itself, in periods of UTC; this is Balai's own.
extension NGSILDRoutes {
    mutating func addAggregateRoutes() {
        add(
            RouteDescription(
                .get,
                "/aggregates",
                .features,
                "Aggregate histories across entities, by group and by period of the city's calendar",
                query: AggregateParameters.query,
                answers: MediaType.json.rawValue
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let parameters = try AggregateParameters(exchange, ld)
            let question = try parameters.question(now: exchange.hub.clock())
            let isTable = try parameters.wantsTable
            let found = try await exchange.hub.reading.sums(question, caller: exchange.caller)
            let writer = AggregateWriter(question, parameters, found.answer, ld)
            let bytes = try await exchange.writing(writer.approximateBytes) {
                isTable ? writer.table() : writer.json()
            }
            return exchange.answer(bytes, isTable ? .csv : .json, ld: nil)
        }
    }
}

/// Writes sums as JSON or as a table.
struct AggregateWriter {
    private let question: GroupQuestion
    private let parameters: AggregateParameters
    private let found: GroupedSums
    private let ld: LDContext
    private let keys: [GroupedSums.Key]

    init(
        _ question: GroupQuestion,
        _ parameters: AggregateParameters,
        _ found: GroupedSums,
        _ ld: LDContext
    ) {
        self.question = question
        self.parameters = parameters
        self.found = found
        self.ld = ld
        keys = found.sums.keys.sorted {
            ($0.group, $0.attribute.text, $0.period) < ($1.group, $1.attribute.text, $1.period)
        }
    }

    var approximateBytes: Int { keys.count * 150 }

    func table() -> [UInt8] {
        var csv = CSVWriter()
        csv.row(
            ["from", "to", "group", "name", "attribute"] + parameters.methods.map(\.rawValue)
        )
        for key in keys {
            guard let sum = found.sums[key] else { continue }
            csv.cell(parameters.calendar.text(question.edges[key.period]))
            csv.cell(parameters.calendar.text(question.edges[key.period + 1]))
            csv.cell(shown(key.group))
            csv.cell(found.names[key.group] ?? "")
            csv.cell(ld.compact(key.attribute))
            for method in parameters.methods { csv.cell(value(method, sum)?.literal ?? "") }
            csv.endRow()
        }
        return csv.bytes
    }

    func json() -> [UInt8] {
        var json = JSONWriter(reservingBytes: 16_384)
        json.beginObject()
        json.key("timeZone")
        json.string(parameters.calendar.name)
        json.key("period")
        json.string(parameters.period.rawValue)
        json.key("groups")
        json.beginArray()
        var open: GroupedSums.Key?
        for key in keys {
            if open.map({ $0.group != key.group || $0.attribute != key.attribute }) ?? true {
                if open != nil { end(&json) }
                begin(key, &json)
                open = key
            }
            write(key, &json)
        }
        if open != nil { end(&json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func begin(_ key: GroupedSums.Key, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("group")
        json.string(shown(key.group))
        if let name = found.names[key.group] {
            json.key("name")
            json.string(name)
        }
        json.key("attribute")
        json.string(ld.compact(key.attribute))
        json.key("periods")
        json.beginArray()
    }

    private func end(_ json: inout JSONWriter) {
        json.endArray()
        json.endObject()
    }

    private func write(_ key: GroupedSums.Key, _ json: inout JSONWriter) {
        guard let sum = found.sums[key] else { return }
        json.beginObject()
        json.key("from")
        json.string(parameters.calendar.text(question.edges[key.period]))
        json.key("to")
        json.string(parameters.calendar.text(question.edges[key.period + 1]))
        for method in parameters.methods {
            json.key(method.rawValue)
            if let value = value(method, sum) { json.number(value) } else { json.null() }
        }
        json.endObject()
    }

    /// The number; nil for one that JSON cannot have.
    private func value(_ method: AggregateParameters.Method, _ sum: GroupSum) -> JSONNumber? {
        let value =
            switch method {
            case .count: Double(sum.count)
            case .sum: sum.sum
            case .avg: sum.average
            case .min: sum.least
            case .max: sum.greatest
            }
        return value.isFinite ? JSONNumber(value) : nil
    }

    /// Types have short names in an answer.
    private func shown(_ group: String) -> String {
        guard question.grouping == .type else { return group }
        return group.split(separator: " ").map { ld.compact(IRI(String($0))) }.joined(
            separator: " "
        )
    }
}
