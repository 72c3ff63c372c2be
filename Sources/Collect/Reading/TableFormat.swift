/// What is known of a table before it is read.
package struct TableFormat: Sendable {
    /// `nil` for a comma.
    var separator: UInt8?
    /// `nil` for UTF-8; a byte order mark in the file is believed in any case.
    var encoding: TextEncoding?
    /// Lines before the header.
    var skippedRows = 0
    /// Whether blanks around a field are part of it.
    var keepsBlanks = false
    /// Whether a map can say otherwise, so that messages tell which key it has for that.
    var isFromMap = false

    package init(separator: UInt8? = nil) { self.separator = separator }

    /// Advice in the words of a map; none where there is no map.
    func advice(_ sentence: String) -> String { isFromMap ? " " + sentence : "" }
}
