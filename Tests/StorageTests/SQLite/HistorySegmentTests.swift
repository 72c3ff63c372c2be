import Storage
import Testing

@testable import StorageSQLite

@Suite struct HistorySegmentTests {
    private func sealed(_ instances: [HistorySegment.Instance]) throws -> HistorySegment {
        try HistorySegment.encode(instances).withUnsafeBytes { try HistorySegment($0) }
    }

    private func readings(_ values: [Double]) -> [HistorySegment.Instance] {
        values.enumerated().map { index, value in
            HistorySegment.Instance(
                time: Int64(index) * 3_600_000_000,
                sequence: 0,
                row: HistoryRow(
                    form: 1,
                    modified: nil,
                    created: nil,
                    value: .number(value),
                    body: nil
                )
            )
        }
    }

    private static let numbers: [[Double]] = [
        [0, 1, -1, 9_007_199_254_740_992], [0.1, 12.3, -4.05, 1e-6], [1.0 / 3, 2], [-0.0, 1],
        [.leastNonzeroMagnitude, .greatestFiniteMagnitude], [0.1, 1e17, 0.30000000000000004],
    ]

    @Test(arguments: numbers)
    func `numbers read back to the bit`(numbers: [Double]) throws {
        guard case .numbers(let read) = try sealed(readings(numbers)).values() else {
            Issue.record("the numbers are not kept as numbers")
            return
        }
        #expect(read.map(\.bitPattern) == numbers.map(\.bitPattern))
    }

    @Test func `regular readings with few digits take few bytes`() {
        let hourly = readings((0..<512).map { Double($0 % 40) / 10 })
        #expect(HistorySegment.encode(hourly).count < 512 * 3)
    }

    @Test(arguments: 0..<50)
    func `everything that is sealed reads back as it was`(seed: UInt64) throws {
        var dice = SeededDice(seed)
        let instances = HistorySegment.Instance.random(&dice)
        let read = try sealed(instances).instances()
        #expect(read == instances)
    }

    @Test(arguments: 0..<50)
    func `damaged bytes are an error or other instances, never more`(seed: UInt64) throws {
        var dice = SeededDice(seed)
        var bytes = HistorySegment.encode(HistorySegment.Instance.random(&dice))
        for _ in 0..<100 {
            bytes[Int.random(in: bytes.indices, using: &dice)] = .random(in: 0...255, using: &dice)
            let length = Int.random(in: 0...bytes.count, using: &dice)
            do {
                let read = try bytes[..<length].withUnsafeBytes {
                    try HistorySegment($0).instances()
                }
                #expect(read.count <= bytes.count)
            } catch {
                #expect(error as? StorageError == StorageError(.damaged, note: ""))
            }
        }
    }
}

extension HistorySegment.Instance {
    /// A run of instances that a store could have: in order, some at the same moment.
    fileprivate static func random(_ dice: inout SeededDice) -> [HistorySegment.Instance] {
        var time = Int64.random(in: -1_000_000...1_000_000, using: &dice)
        var sequence: Int64 = 0
        return (0..<Int.random(in: 1...40, using: &dice)).map { _ in
            let step = Int64.random(in: 0...3, using: &dice)
            sequence = step == 0 ? sequence + 1 : 0
            time += step * 1_000_000
            let isBody = Int.random(in: 0..<4, using: &dice) == 0
            let modified = [nil, time + step, time - 7].randomElement(using: &dice) ?? nil
            let created = [nil, time + 11].randomElement(using: &dice) ?? nil
            return HistorySegment.Instance(
                time: time,
                sequence: sequence,
                row: HistoryRow(
                    form: isBody ? nil : .random(in: 1...3, using: &dice),
                    modified: modified == time ? nil : modified,
                    created: created == (modified ?? time) ? nil : created,
                    value: [.null, .number(1.5), .text("häuser")].randomElement(using: &dice)
                        ?? .null,
                    body: isBody ? [1, 2, UInt8(sequence % 200)] : nil
                )
            )
        }
    }
}
