internal import Storage

extension HistorySegment {
    /// Encodes a segment of these instances, at least one, in the order of time.
    static func encode(_ instances: [Instance]) -> [UInt8] {
        var writer = ColumnWriter()
        writer.unsigned(UInt64(mark))
        writer.unsigned(UInt64(instances.count))
        for column in Column.allCases {
            var content = ColumnWriter()
            write(column, of: instances, to: &content)
            writer.sized(content.bytes)
        }
        return writer.bytes
    }

    private static func write(
        _ column: Column,
        of instances: [Instance],
        to writer: inout ColumnWriter
    ) {
        switch column {
        case .times: writeTimes(instances, to: &writer)
        case .forms: writeForms(instances, to: &writer)
        case .values: writeValues(instances, to: &writer)
        case .modified:
            guard instances.contains(where: { $0.modified != $0.time }) else { return }
            var last = instances[0].time
            for instance in instances {
                writer.signed(instance.modified &- last)
                last = instance.modified
            }
        case .created:
            guard instances.contains(where: { $0.created != $0.modified }) else { return }
            for instance in instances { writer.signed(instance.created &- instance.modified) }
        case .sequences:
            guard instances.contains(where: { $0.sequence != 0 }) else { return }
            for instance in instances { writer.unsigned(UInt64(instance.sequence)) }
        }
    }

    private static func writeTimes(_ instances: [Instance], to writer: inout ColumnWriter) {
        var time: Int64 = 0
        var step: Int64 = 0
        for instance in instances {
            let newStep = instance.time &- time
            writer.signed(newStep &- step)
            (time, step) = (instance.time, newStep)
        }
    }

    private static func writeForms(_ instances: [Instance], to writer: inout ColumnWriter) {
        var rest = instances[...]
        while let first = rest.first {
            let run = rest.prefix { $0.row.form == first.row.form }
            writer.unsigned(UInt64(first.row.form ?? 0))
            writer.unsigned(UInt64(run.count))
            rest = rest.dropFirst(run.count)
        }
    }

    private static func writeValues(_ instances: [Instance], to writer: inout ColumnWriter) {
        let numbers = instances.compactMap { instance -> Double? in
            guard instance.row.body == nil, case .number(let number) = instance.row.value else {
                return nil
            }
            return number
        }
        guard numbers.count == instances.count else {
            writer.unsigned(UInt64(ValueCoding.cells.rawValue))
            for instance in instances { write(instance.row, to: &writer) }
            return
        }
        guard let decimals = Decimals(numbers) else {
            writer.unsigned(UInt64(ValueCoding.doubles.rawValue))
            for number in numbers { writer.double(number) }
            return
        }
        writer.unsigned(UInt64(ValueCoding.decimals.rawValue))
        writer.unsigned(UInt64(decimals.digits))
        var last: Int64 = 0
        for number in decimals.scaled {
            writer.signed(number - last)
            last = number
        }
    }

    private static func write(_ row: HistoryRow, to writer: inout ColumnWriter) {
        let flag = row.body == nil ? 0 : CellTag.body
        switch row.value {
        case .null: writer.unsigned(UInt64(CellTag.null | flag))
        case .number(let number):
            writer.unsigned(UInt64(CellTag.number | flag))
            writer.double(number)
        case .text(let text):
            writer.unsigned(UInt64(CellTag.text | flag))
            writer.sized(text.utf8)
        }
        if let body = row.body { writer.sized(body) }
    }
}

extension HistorySegment.Instance {
    fileprivate var modified: Int64 { row.modified ?? time }
    fileprivate var created: Int64 { row.created ?? modified }
}

/// Numbers with few decimal places, as whole numbers and one power of ten.
struct Decimals {
    let digits: Int
    let scaled: [Int64]
    private static let maximumDigits = 6
    /// Not every whole number beyond this is exactly a double.
    private static let largest = 9_007_199_254_740_992.0

    /// Returns nil unless every number reads back exactly, to the bit.
    init?(_ numbers: [Double]) {
        for digits in 0...Self.maximumDigits {
            guard let scale = try? Self.scale(digits) else { return nil }
            let scaled = numbers.prefix { number in
                let whole = (number * scale).rounded()
                return abs(whole) <= Self.largest
                    && (Double(Int64(whole)) / scale).bitPattern == number.bitPattern
            }
            if scaled.count == numbers.count {
                self.digits = digits
                self.scaled = numbers.map { Int64(($0 * scale).rounded()) }
                return
            }
        }
        return nil
    }

    /// Ten to the power of `digits`, which is exactly a double.
    static func scale(_ digits: Int) throws -> Double {
        guard digits <= maximumDigits else { throw ColumnReader.damage }
        return (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    }
}
