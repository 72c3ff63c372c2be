import Foundation

/// What a YAML map says about a table: which columns become which attributes of which entities.
///
/// `docs/collect.md` describes every key.
package struct ColumnMap: Sendable {
    var type: String
    var id: Template
    var separator = UInt8(ascii: ",")
    /// How the file's bytes stand for characters; `nil` where the map leaves that to the file.
    var encoding: TextEncoding?
    /// Lines before the header.
    var skippedRows = 0
    /// Whether blanks around a cell are part of it.
    var keepsBlanks = false
    var numbers = NumberStyle()
    /// Each row adds readings to what the entity is, which is written once.
    var isHistory = false
    /// Whether the newest reading becomes the entity's current state.
    var isCurrent = true
    var keepsRepeats = false
    var time: Time?
    var wide: Wide?
    var lookup: Lookup?
    var location: Place?
    var skips: [Skip] = []
    /// Texts that mean: nothing was measured.
    var emptyTexts: Set<String> = []
    /// Measured: with `history` each row adds an instance.
    var attributes: [Attribute] = []
    /// Of the thing itself: with `history` written once for each entity.
    var entity: [Attribute] = []

    /// How the table is written.
    var format: TableFormat {
        var format = TableFormat(separator: separator)
        format.encoding = encoding
        format.skippedRows = skippedRows
        format.keepsBlanks = keepsBlanks
        format.isFromMap = true
        return format
    }

    /// When a row was observed.
    struct Time: Sendable {
        var value: Template
        var pattern = TimePattern.iso
        var zone: TimeZone
        /// Times of day before it belong to the next calendar day.
        var dayStartMicroseconds: Int64 = 0
    }

    /// A file with a column per sensor: each cell is a reading of its own.
    struct Wide: Sendable {
        var columns: [String] = []
        var exceptColumns: [String] = []
        /// What the map calls the name of the column.
        var name: String
        /// What the map calls the content of the cell.
        var value: String
    }

    /// Another table with one row for each key, such as the places of sensors.
    struct Lookup: Sendable {
        var file: String
        var key: String
        var match: Template
    }

    /// Where the entity is: columns, or constants.
    struct Place: Sendable {
        var latitude: Source
        var longitude: Source
    }

    /// Rows to leave out without a word.
    struct Skip: Sendable {
        var column: String
        var texts: Set<String>
    }

    /// Where a value comes from.
    enum Source: Sendable {
        case template(Template)
        /// JSON text.
        case constant([UInt8])
    }

    /// What a text is turned into.
    enum Conversion: String, Sendable, CaseIterable {
        case number, string, boolean, dateTime
        case relationship
    }

    struct Attribute: Sendable {
        var name: String
        var source: Source
        var conversion = Conversion.string
        var unitCode: String?
        var isObserved = true
    }
}
