import ContextModel
import Storage

/// Writes a table with a row for each entity, or for each moment of a history, and a column for each attribute.
///
/// A cell has the instance without `datasetId`; of several others, the first. Units have no place in it.
struct WideTable: Sendable {
    let entities: EntityWriter
    let attributes: [IRI]
    let timeProperty: TemporalTest.Property

    func writeHeader(isOfHistory: Bool, to csv: inout CSVWriter) {
        csv.row(
            (isOfHistory ? ["time"] : []) + ["id", "type"]
                + attributes.map(entities.context.compact)
        )
    }

    /// Writes the row of an entity.
    func write(_ entity: Entity, to csv: inout CSVWriter) {
        csv.cell(entity.id.uri)
        csv.cell(entities.typeText(entity.types))
        let text = CellText(entities: entities)
        for name in attributes {
            csv.cell(
                entity[name].filter { entities.shows($0, ends: false) }.preferred.map(text.text)
                    ?? ""
            )
        }
        csv.endRow()
    }

    /// Writes a row for each moment of a part of a history, in the order of time.
    func write(_ evolution: Evolution, to csv: inout CSVWriter) {
        let text = CellText(entities: entities)
        let places = Dictionary(
            attributes.enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var rows: [Timestamp: [Attribute?]] = [:]
        for attribute in evolution.attributes {
            guard let place = places[attribute.name] else { continue }
            for instance in attribute.instances where entities.shows(instance, ends: false) {
                guard let time = instance.momentInTable(timeProperty) else { continue }
                let known = rows[time]?[place]
                if known == nil || known?.datasetID != nil && instance.datasetID == nil {
                    rows[time, default: Array(repeating: nil, count: attributes.count)][place] =
                        instance
                }
            }
        }
        let type = entities.typeText(evolution.types)
        for (time, cells) in rows.sorted(by: { $0.key < $1.key }) {
            csv.cell(time.text)
            csv.cell(evolution.id.uri)
            csv.cell(type)
            for cell in cells { csv.cell(cell.map(text.text) ?? "") }
            csv.endRow()
        }
    }
}

extension [Attribute] {
    /// The default instance, or else the first.
    fileprivate var preferred: Attribute? { first { $0.datasetID == nil } ?? first }
}
