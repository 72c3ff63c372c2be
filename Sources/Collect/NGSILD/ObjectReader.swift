import ContextModel

/// Reads the JSON objects of a file one by one: one on each line, each on several lines, or all in
/// one array.
struct ObjectReader {
    /// The next object, or a problem.
    enum Found {
        case object(JSONObject, id: String)
        case problem(RowProblem)
    }

    private enum Layout {
        case unknown
        /// The first line, which may be a whole object or the beginning of one.
        case firstLine
        case lines
        /// Objects that may have several lines.
        case objects
        case array
    }

    private var bytes: ByteReader
    private let maximumBytes: Int
    private var layout = Layout.unknown
    private var line = 1
    /// The bytes of an object beyond the limit; the file is refused when they reach the limit
    /// again.
    private var excessBytes = 0
    private var isTooLong: Bool { excessBytes > 0 }
    private var nesting = Nesting()
    /// The text of the last object, and where it begins.
    private(set) var text: [UInt8] = []
    private(set) var startLine = 1

    /// An object of more than `maximumBytes` bytes is refused.
    init(_ source: any ByteSource, maximumBytes: Int) {
        bytes = ByteReader(source)
        self.maximumBytes = maximumBytes
    }

    var extent: ImportExtent { bytes.extent }

    /// The next object with an `id`, or a problem; nil at the end.
    mutating func next() throws(SourceError) -> Found? {
        text.removeAll(keepingCapacity: true)
        excessBytes = 0
        guard try readObject() else { return nil }
        if isTooLong { return problem("The entity has more than \(maximumBytes) bytes.") }
        do throws(JSONError) {
            guard case .object(let object) = try JSONReader.read(text) else {
                return problem("This is not a JSON object.")
            }
            guard let id = (object["id"] ?? object["@id"])?.stringValue, !id.isEmpty else {
                return problem("The entity has no `id`.")
            }
            return .object(object, id: id)
        } catch {
            return .problem(
                RowProblem(
                    file: bytes.source.name,
                    line: startLine + error.line - 1,
                    column: .init(number: error.column),
                    reason: error.message
                )
            )
        }
    }

    /// The origin of the last object.
    func origin(_ id: String) -> HubRequest.Origin {
        .init(entityID: id, file: bytes.source.name, line: startLine)
    }

    func problem(_ reason: String) -> Found {
        .problem(RowProblem(file: bytes.source.name, line: startLine, reason: reason))
    }
}

// MARK: - Bytes

extension ObjectReader {
    /// Reads the text of the next object; false at the end of the file.
    private mutating func readObject() throws(SourceError) -> Bool {
        nesting = Nesting()
        while let byte = try bytes.next() {
            if excessBytes > maximumBytes { throw endlessObject() }
            if byte == 0x0A { line += 1 }
            if layout == .unknown { find(byte) }
            switch layout {
            case .unknown: continue
            case .firstLine where byte == 0x0A && nesting.depth > 0 && !nesting.isInString:
                layout = .objects
                take(byte)
            case .firstLine where byte == 0x0A:
                layout = .lines
                return true
            case .firstLine:
                take(byte)
                nesting.take(byte)
            case .lines:
                if byte == 0x0A {
                    if !text.isEmpty { return true }
                } else {
                    take(byte)
                }
            case .objects where takeOfObjects(byte): return true
            case .objects: continue
            case .array where takeOfArray(byte): return true
            case .array: continue
            }
        }
        return !text.isEmpty
    }

    private func endlessObject() -> SourceError {
        SourceError(
            "`\(bytes.source.name)` has an entity of more than \(2 * maximumBytes) bytes, on line "
                + "\(startLine); the rest of the file cannot be read."
        )
    }

    /// Finds the layout of the file by its first character.
    private mutating func find(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF: break
        case UInt8(ascii: "["): layout = .array
        default: layout = .firstLine
        }
    }

    /// Takes a byte of objects that may have several lines.
    ///
    /// Returns true when it ends an object, or when the text cannot become one any more.
    private mutating func takeOfObjects(_ byte: UInt8) -> Bool {
        if text.isEmpty, !isTooLong, byte == 0x0A { return false }
        // A string cannot contain the end of a line, and an object begins only where a value may
        // stand.
        if byte == 0x0A, nesting.isInString || nesting.depth <= 0 { return true }
        if byte == UInt8(ascii: "{"), nesting.depth > 0, !nesting.awaitsValue {
            bytes.stepBack()
            return true
        }
        take(byte)
        nesting.take(byte)
        return byte == UInt8(ascii: "}") && nesting.depth == 0 && !nesting.isInString
    }

    /// Takes a byte of an array; true when it ends an element.
    private mutating func takeOfArray(_ byte: UInt8) -> Bool {
        let isBetween = text.isEmpty && !isTooLong
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"):
            if isBetween { return false }
        default: break
        }
        // An element that is not an object is read up to the comma after it, and refused as a
        // whole.
        if nesting.depth == 0, !isBetween, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
            return true
        }
        take(byte)
        nesting.take(byte)
        return nesting.depth == 0 && byte == UInt8(ascii: "}") && !nesting.isInString
    }

    private mutating func take(_ byte: UInt8) {
        if text.isEmpty {
            if byte == 0x20 || byte == 0x09 || byte == 0x0D { return }
            startLine = line
        }
        guard text.count < maximumBytes else {
            excessBytes += 1
            return
        }
        text.append(byte)
    }
}

/// The depth of a scan in objects and arrays.
private struct Nesting {
    private(set) var depth = 0
    private(set) var isInString = false
    private var isEscaped = false
    /// The last byte that is not white space.
    private var last: UInt8 = 0

    /// Whether a value may come next, or is not complete.
    var awaitsValue: Bool {
        isInString || last == UInt8(ascii: ":") || last == UInt8(ascii: ",")
            || last == UInt8(ascii: "[")
    }

    mutating func take(_ byte: UInt8) {
        if byte > 0x20 { last = byte }
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
    }
}
