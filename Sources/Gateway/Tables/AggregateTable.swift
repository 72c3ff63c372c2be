import ContextModel
import Storage

/// Writes a table with a row for each period of an aggregated history, and a column for each method.
struct AggregateTable: Sendable {
    let entities: EntityWriter
    let methods: [Aggregation.Method]

    func writeHeader(to csv: inout CSVWriter) {
        csv.row(["from", "to", "id", "type", "attribute"] + methods.map(\.rawValue))
    }

    func write(_ evolution: Evolution, to csv: inout CSVWriter) {
        let type = entities.typeText(evolution.types)
        for aggregate in evolution.aggregates
        where entities.representation.projection.shows(aggregate.name) {
            let column = entities.columnName(aggregate.name, aggregate.datasetID)
            for (from, period) in periods(of: aggregate).sorted(by: { $0.key < $1.key }) {
                csv.cell(from.text)
                csv.cell(period.to.text)
                csv.cell(evolution.id.uri)
                csv.cell(type)
                csv.cell(column)
                for method in methods { csv.cell(period.values[method] ?? "") }
                csv.endRow()
            }
        }
    }

    private typealias Period = (to: Timestamp, values: [Aggregation.Method: String])

    /// The values of all methods by the beginning of their period.
    private func periods(of aggregate: AggregatedAttribute) -> [Timestamp: Period] {
        var periods: [Timestamp: Period] = [:]
        for values in aggregate.values {
            for period in values.periods {
                let text = period.value.stringValue ?? period.value.text
                periods[period.from, default: (period.to, [:])].values[values.method] = text
            }
        }
        return periods
    }
}
