import Foundation

/// A YAML map for a table: which columns become which attributes of which entities.
///
/// `docs/collect.md` describes every key.
package struct ColumnMap: Sendable {
    var type: String
    var id: Template
    var separator = UInt8(ascii: ",")
    /// The encoding of the file; nil when the map does not name one.
    var encoding: TextEncoding?
    /// The lines before the header.
    var skippedRows = 0
    /// Whether blanks around a cell belong to it.
    var keepsBlanks = false
    var numbers = NumberStyle()
    /// Whether each row adds readings to an entity that is written once.
    var isHistory = false
    /// Whether an import also sets the entity's current state to its newest reading.
    var isCurrent = true
    var keepsRepeats = false
    var time: Time?
    var wide: Wide?
    var lookup: Lookup?
    var location: Place?
    /// The cell that has both coordinates in one text.
    var coordinates: Coordinates?
    /// The cell that has the location as GeoJSON; for messages alone.
    var geometry: String?
    /// Whether the location is a reading with a time, as that of a vehicle is; for messages alone.
    var isLocationObserved = false
    var skips: [Skip] = []
    /// The texts that mean that nothing was measured.
    var emptyTexts: Set<String> = []
    /// The measured attributes: with `history`, each row adds an instance.
    var attributes: [Attribute] = []
    /// The attributes of the thing itself: with `history`, they are written once for each entity.
    var entity: [Attribute] = []

    /// A map with nothing but the type and the identifier.
    init(type: String, id: Template) {
        self.type = type
        self.id = id
    }

    /// The format of the table.
    var format: TableFormat {
        var format = TableFormat(separator: separator)
        format.encoding = encoding
        format.skippedRows = skippedRows
        format.keepsBlanks = keepsBlanks
        format.isFromMap = true
        return format
    }

    /// The time at which a row was observed.
    struct Time: Sendable {
        var value: Template
        var pattern = TimePattern.iso
        var zone: TimeZone
        /// Times of day before this belong to the next calendar day.
        var dayStartMicroseconds: Int64 = 0
    }

    /// A file with a column for each sensor: each cell is a separate reading.
    struct Wide: Sendable {
        var columns: [String] = []
        var exceptColumns: [String] = []
        /// The name in the map for the name of the column.
        var name: String
        /// The name in the map for the content of the cell.
        var value: String
    }

    /// Another table with one row for each key, such as the locations of sensors.
    struct Lookup: Sendable {
        var file: String
        var key: String
        var match: Template
    }

    /// The location of the entity: columns, or constants.
    struct Place: Sendable {
        var latitude: Source
        var longitude: Source
    }

    /// A cell with two coordinates.
    struct Coordinates: Sendable {
        var text: Template
        var isLongitudeFirst = false
    }

    /// The rows that are left out without a report.
    struct Skip: Sendable {
        var column: String
        var texts: Set<String>
    }

    /// The source of a value.
    enum Source: Sendable {
        case template(Template)
        /// A constant in JSON.
        case constant([UInt8])
    }

    /// The conversions of a text to a value.
    enum Conversion: String, Sendable, CaseIterable {
        case number, string, boolean, dateTime
        case relationship
    }

    struct Attribute: Sendable {
        var name: String
        var source: Source
        var conversion = Conversion.string
        /// Whether the map names the conversion; without one, a value of JSON stays as it is.
        var isConverted = false
        var unitCode: String?
        var isObserved = true
        /// Whether each value of the cell names an entity, and not the first alone; for messages.
        var isSeveral = false
        /// A constant in JSON for an empty cell, which otherwise is a gap.
        var missing: [UInt8]?
    }
}
