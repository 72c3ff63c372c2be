import ContextModel

/// Writes comma-separated values (RFC 4180).
///
/// A cell has its text exactly: nothing is put before texts that a spreadsheet program may take for a formula.
struct CSVWriter {
    private(set) var bytes: [UInt8] = []
    private var isFirstInRow = true

    /// Writes a cell; one with a comma, a quote or a line break is quoted.
    mutating func cell(_ text: String) {
        separate()
        var text = text
        text.withUTF8 { utf8 in
            guard utf8.contains(where: Self.needsQuotes) else {
                return bytes.append(contentsOf: utf8)
            }
            bytes.append(Self.quote)
            for byte in utf8 {
                if byte == Self.quote { bytes.append(Self.quote) }
                bytes.append(byte)
            }
            bytes.append(Self.quote)
        }
    }

    /// Writes a moment as in clause 4.6.3; nil as an empty cell.
    mutating func cell(_ moment: Timestamp?) {
        separate()
        moment?.append(to: &bytes)
    }

    /// Writes cells that another writer has written, in one row.
    mutating func cells(_ written: [UInt8]) {
        separate()
        bytes.append(contentsOf: written)
    }

    /// Writes a row of texts.
    mutating func row(_ texts: [String]) {
        for text in texts { cell(text) }
        endRow()
    }

    mutating func endRow() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
        isFirstInRow = true
    }

    private mutating func separate() {
        if isFirstInRow { isFirstInRow = false } else { bytes.append(UInt8(ascii: ",")) }
    }

    private static let quote = UInt8(ascii: "\"")

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == quote || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
