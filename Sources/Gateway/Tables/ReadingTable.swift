import ContextModel
import Storage

/// Writes a table with a row for each reading: an instance of an attribute, of the present or of the past.
struct ReadingTable: Sendable {
    static let columns = ["time", "id", "type", "attribute", "value", "unit"]

    let entities: EntityWriter
    /// The time of an instance that stands in the first column.
    let timeProperty: TemporalTest.Property

    /// Writes the rows of an entity's present state, with the time of those that were observed.
    func write(_ entity: Entity, to csv: inout CSVWriter) {
        write(entity.id, entity.types, entity.attributes, to: &csv) { $0.observedAt }
    }

    /// Writes the rows of a part of a history.
    func write(_ evolution: Evolution, to csv: inout CSVWriter) {
        write(evolution.id, evolution.types, evolution.attributes, to: &csv) { [timeProperty] in
            $0.momentInTable(timeProperty)
        }
    }

    private func write(
        _ id: EntityID,
        _ types: [IRI],
        _ attributes: [NamedAttribute],
        to csv: inout CSVWriter,
        time: (Attribute) -> Timestamp?
    ) {
        let text = CellText(entities: entities)
        let typeText = entities.typeText(types)
        for attribute in attributes where entities.representation.projection.shows(attribute.name) {
            var common: (dataset: String?, cells: [UInt8])?
            for instance in attribute.instances
            where entities.shows(instance, ends: timeProperty == .deletedAt) {
                if common == nil || common?.dataset != instance.datasetID {
                    var cells = CSVWriter()
                    cells.cell(id.uri)
                    cells.cell(typeText)
                    cells.cell(entities.columnName(attribute.name, instance.datasetID))
                    common = (instance.datasetID, cells.bytes)
                }
                csv.cell(time(instance))
                csv.cells(common?.cells ?? [])
                csv.cell(text.text(of: instance))
                csv.cell(instance.unitCode ?? "")
                csv.endRow()
            }
        }
    }
}

extension Attribute {
    /// The time in a table of a history: that of the change where the instance has none of the kind, as in
    /// `temporalValues`.
    func momentInTable(_ property: TemporalTest.Property) -> Timestamp? {
        time(property) ?? modifiedAt
    }
}

extension EntityWriter {
    /// Whether a table shows the instance: the end of an attribute is no value, and is shown only where
    /// `ends` are asked for.
    func shows(_ instance: Attribute, ends: Bool) -> Bool {
        guard instance.details?.deletedAt == nil || ends else { return false }
        return representation.datasetIDs?.contains(instance.datasetID) ?? true
    }

    /// The types of an entity in one cell, with blanks between.
    func typeText(_ types: [IRI]) -> String { types.map(context.compact).joined(separator: " ") }

    /// The name of an attribute, and in brackets the `datasetId` of its instance if it has one.
    func columnName(_ name: IRI, _ datasetID: String?) -> String {
        let short = context.compact(name)
        return datasetID.map { "\(short)[\($0)]" } ?? short
    }
}
