import ContextModel

/// A file of NGSI-LD entities: one on each line, or all in one JSON array.
package struct EntityFile: ImportSource {
    /// An entity longer than this is refused.
    static let maximumEntityBytes = 4 << 20

    private enum Shape { case unknown, lines, array }

    private let source: any ByteSource
    private var piece: [UInt8] = []
    private var position = 0
    private var bytesRead = 0
    private var shape = Shape.unknown
    private var line = 1
    /// The text of the entity being read, and where it begins.
    private var text: [UInt8] = []
    private var startLine = 1
    private var isTooLong = false
    private var nesting = Nesting()

    package init(_ source: any ByteSource) { self.source = source }

    package var extent: ImportExtent {
        ImportExtent(bytesRead: bytesRead, bytesInAll: source.byteCount)
    }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        guard try readEntity() else { return false }
        defer {
            text.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        if isTooLong {
            batch.add(problem("The entity has more than \(Self.maximumEntityBytes) bytes."))
            return true
        }
        do throws(JSONError) {
            guard case .object(let entity) = try JSONReader.read(text) else {
                batch.add(problem("This is no JSON object."))
                return true
            }
            guard let id = (entity["id"] ?? entity["@id"])?.stringValue, !id.isEmpty else {
                batch.add(problem("The entity has no `id`."))
                return true
            }
            batch.add(
                entity: text,
                origin: .init(entityID: id, file: source.name, line: startLine),
                isLinkedData: entity["@context"] != nil
            )
        } catch {
            batch.add(
                RowProblem(
                    file: source.name,
                    line: startLine + error.line - 1,
                    column: .init(number: error.column),
                    reason: error.message
                )
            )
        }
        return true
    }

    private func problem(_ reason: String) -> RowProblem {
        RowProblem(file: source.name, line: startLine, reason: reason)
    }
}

// MARK: - Bytes

extension EntityFile {
    /// Gathers the next entity's text; false at the end of the file.
    private mutating func readEntity() throws(SourceError) -> Bool {
        nesting = Nesting()
        while let byte = try nextByte() {
            if byte == 0x0A { line += 1 }
            if shape == .unknown { find(byte) }
            switch shape {
            case .unknown: continue
            case .lines:
                if byte == 0x0A {
                    if !text.isEmpty { return true }
                } else {
                    take(byte)
                }
            case .array where takeOfArray(byte): return true
            case .array: continue
            }
        }
        return !text.isEmpty
    }

    /// Tells by the first character what shape the file has.
    private mutating func find(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF: break
        case UInt8(ascii: "["): shape = .array
        default: shape = .lines
        }
    }

    /// Takes a byte of an array; true when it ends an element.
    private mutating func takeOfArray(_ byte: UInt8) -> Bool {
        let isBetween = text.isEmpty && !isTooLong
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"):
            if isBetween { return false }
        default: break
        }
        // What is no object is gathered up to the comma behind it, to be refused as a whole.
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
        guard text.count < Self.maximumEntityBytes else {
            isTooLong = true
            return
        }
        text.append(byte)
    }

    private mutating func nextByte() throws(SourceError) -> UInt8? {
        if position == piece.count {
            bytesRead += piece.count
            piece = try source.nextPiece()
            position = 0
            if piece.isEmpty { return nil }
        }
        defer { position += 1 }
        return piece[position]
    }
}

/// How deep in objects and arrays a scan is.
private struct Nesting {
    private(set) var depth = 0
    private(set) var isInString = false
    private var isEscaped = false

    mutating func take(_ byte: UInt8) {
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
