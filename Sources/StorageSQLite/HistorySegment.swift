internal import Storage

/// A sealed run of instances of one series: one body with a column for each part of an instance.
///
/// Columns are decoded on demand, so that aggregation reads times and values alone. Everything
/// that was sealed reads back exactly: times, numbers and bodies as the rows had them.
struct HistorySegment {
    /// An instance as its row had it.
    struct Instance: Equatable {
        var time: Int64
        var sequence: Int64
        var row: HistoryRow
    }

    /// Neighbouring instances of one form; nil for instances with a body of their own.
    struct FormRun {
        var form: Int64?
        var range: Range<Int>
    }

    /// The content of an instance that is not a plain number.
    struct Cell {
        var value: Scalar
        var body: [UInt8]?
    }

    enum Values {
        case numbers([Double])
        case cells([Cell])
    }

    /// The first byte, which identifies the format and its version.
    static let mark: UInt8 = 0x31

    /// The columns, in the order in which they are stored.
    enum Column: Int, CaseIterable {
        case times, forms, values, modified, created, sequences
    }

    let count: Int
    private let bytes: [UInt8]
    /// The range of each column; empty for a column that follows from the others.
    private let columns: [Range<Int>]

    init(_ bytes: UnsafeRawBufferPointer) throws {
        self.bytes = [UInt8](bytes)
        var reader = ColumnReader(bytes)
        guard try reader.byte() == Self.mark else { throw ColumnReader.damage }
        count = Int(clamping: try reader.unsigned())
        var columns: [Range<Int>] = []
        for _ in Column.allCases {
            let column = try reader.sized()
            guard let base = bytes.baseAddress, let start = column.baseAddress else {
                throw ColumnReader.damage
            }
            columns.append((start - base)..<(start - base + column.count))
        }
        self.columns = columns
        // Each time takes at least one byte, so a larger count is damage.
        guard count <= columns[Column.times.rawValue].count else { throw ColumnReader.damage }
    }

    /// Reads a column; nil when it is not stored.
    private func read<Content>(
        _ column: Column,
        _ body: (inout ColumnReader) throws -> Content
    ) throws -> Content? {
        let range = columns[column.rawValue]
        guard !range.isEmpty else { return nil }
        return try bytes.withUnsafeBytes { bytes in
            var reader = ColumnReader(UnsafeRawBufferPointer(rebasing: bytes[range]))
            return try body(&reader)
        }
    }

    /// Reads one number for each instance.
    @inline(__always)
    private func list<Number>(
        _ next: (_ index: Int) throws -> Number
    ) throws -> [Number] {
        try [Number](unsafeUninitializedCapacity: count) { buffer, filled in
            for index in 0..<count {
                buffer.initializeElement(at: index, to: try next(index))
                filled = index + 1
            }
        }
    }

    // MARK: Columns

    /// The time of each instance.
    ///
    /// Readings mostly have equal distances in time, so the column holds by how much each distance
    /// differs from the one before.
    func times() throws -> [Int64] {
        let times = try read(.times) { reader in
            var time: Int64 = 0
            var step: Int64 = 0
            return try list { _ in
                step &+= try reader.signed()
                time &+= step
                return time
            }
        }
        return times ?? []
    }

    func forms() throws -> [FormRun] {
        let runs = try read(.forms) { reader in
            var runs: [FormRun] = []
            var start = 0
            while start < count {
                let form = Int64(clamping: try reader.unsigned())
                let length = Int(clamping: try reader.unsigned())
                guard length > 0, length <= count - start else { throw ColumnReader.damage }
                runs.append(
                    FormRun(form: form == 0 ? nil : form, range: start..<(start + length))
                )
                start += length
            }
            return runs
        }
        return runs ?? []
    }

    func values() throws -> Values {
        let values = try read(.values) { reader -> Values in
            switch ValueCoding(rawValue: try reader.byte()) {
            case .decimals:
                let scale = try Decimals.scale(Int(try reader.byte()))
                var scaled: Int64 = 0
                return .numbers(
                    try list { _ in
                        scaled &+= try reader.signed()
                        return Double(scaled) / scale
                    }
                )
            case .doubles: return .numbers(try list { _ in try reader.double() })
            case .cells:
                var cells: [Cell] = []
                for _ in 0..<count { cells.append(try Self.cell(&reader)) }
                return .cells(cells)
            case nil: throw ColumnReader.damage
            }
        }
        return values ?? .numbers([])
    }

    private static func cell(_ reader: inout ColumnReader) throws -> Cell {
        let tag = try reader.byte()
        let value: Scalar =
            switch tag & 3 {
            case CellTag.number: .number(try reader.double())
            case CellTag.text: .text(String(decoding: try reader.sized(), as: UTF8.self))
            default: .null
            }
        return Cell(value: value, body: tag & CellTag.body == 0 ? nil : [UInt8](try reader.sized()))
    }

    /// The time at which each instance was modified.
    func modified(_ times: [Int64]) throws -> [Int64] {
        let modified = try read(.modified) { reader in
            var moment = times.first ?? 0
            return try list { _ in
                moment &+= try reader.signed()
                return moment
            }
        }
        return modified ?? times
    }

    /// The time at which each instance was created.
    func created(_ modified: [Int64]) throws -> [Int64] {
        let created = try read(.created) { reader in
            try list { modified[$0] &+ (try reader.signed()) }
        }
        return created ?? modified
    }

    func sequences() throws -> [Int64] {
        let sequences = try read(.sequences) { reader in
            try list { _ in Int64(clamping: try reader.unsigned()) }
        }
        return sequences ?? [Int64](repeating: 0, count: count)
    }

    // MARK: Instances

    /// All instances, oldest first.
    func instances() throws -> [Instance] {
        let times = try times()
        let modified = try modified(times)
        let created = try created(modified)
        let sequences = try sequences()
        let values = try values()
        return try forms().flatMap { run in
            run.range.map { index in
                let cell = values[index]
                return Instance(
                    time: times[index],
                    sequence: sequences[index],
                    row: HistoryRow(
                        form: run.form,
                        modified: modified[index] == times[index] ? nil : modified[index],
                        created: created[index] == modified[index] ? nil : created[index],
                        value: cell.value,
                        body: cell.body
                    )
                )
            }
        }
    }
}

extension HistorySegment.Values {
    subscript(index: Int) -> HistorySegment.Cell {
        switch self {
        case .numbers(let numbers): HistorySegment.Cell(value: .number(numbers[index]), body: nil)
        case .cells(let cells): cells[index]
        }
    }
}

/// The encodings of the values of a segment.
enum ValueCoding: UInt8 {
    /// Whole numbers divided by one power of ten, each as its difference from the one before.
    case decimals
    case doubles
    /// Any other values, each with its tag.
    case cells
}

/// The tag of a cell: the type of its value, and whether a body follows.
enum CellTag {
    static let null: UInt8 = 0
    static let number: UInt8 = 1
    static let text: UInt8 = 2
    static let body: UInt8 = 4
}
