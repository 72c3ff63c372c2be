/// The format of a table, as far as it is known before reading.
package struct TableFormat: Sendable {
    /// The separator; nil for a comma.
    var separator: UInt8?
    /// The encoding; nil for UTF-8.
    ///
    /// A byte order mark in the file has precedence.
    var encoding: TextEncoding?
    /// The lines before the header.
    var skippedRows = 0
    /// Whether blanks around a field belong to it.
    var keepsBlanks = false
    /// Whether it comes from a map, so that messages may name keys of maps.
    var isFromMap = false

    package init(separator: UInt8? = nil) { self.separator = separator }

    /// Advice in the words of a map; empty when there is no map.
    func advice(_ sentence: String) -> String { isFromMap ? " " + sentence : "" }
}
