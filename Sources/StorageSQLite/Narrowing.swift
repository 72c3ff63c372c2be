internal import ContextModel
internal import Storage

/// The keys an index leaves for a condition: all that match, and others too.
struct IndexLookup {
    let connection: Connection
    let vocabulary: Vocabulary
    /// Told of the attribute whose value index answers.
    var usesIndex: (Int64) -> Void = { _ in }

    /// By identifier, place or one value of an attribute, in the order of creation; nil when the
    /// condition is tied to none of them, or the index of the attribute is not complete.
    func candidates(_ condition: Condition) throws -> (any CandidateSource)? {
        let keys =
            if let ids = condition.requiredIDs {
                try self.keys(of: ids)
            } else if let boxes = condition.requiredBoxes?.boxes {
                try self.keys(in: boxes)
            } else { nil as [Int64]? }
        if let keys { return try KeyList(connection, keys: keys) }
        for test in condition.indexableTests {
            guard let value = test.onlyValue, let name = vocabulary.numbers[test.name.text],
                try isComplete(name), try crowded(name, atMost: 1).isEmpty
            else { continue }
            usesIndex(name)
            return try ValueWalk(connection, name: name, value: value)
        }
        return nil
    }

    func keys(of ids: Set<EntityID>) throws -> [Int64] {
        let row = try connection.prepare("SELECT key FROM entity WHERE id = ?1")
        return try ids.compactMap { id in
            defer { row.reset() }
            return try row.bind(1, id.uri).step() ? row.int(0) : nil
        }
    }

    private func keys(in boxes: [GeoBox]) throws -> [Int64] {
        let rows = try connection.prepare(
            """
            SELECT key FROM box WHERE west <= ?2 AND east >= ?1 AND south <= ?4 AND north >= ?3
            """
        )
        var keys: Set<Int64> = []
        for box in boxes {
            rows.bind(1, box.west).bind(2, box.east).bind(3, box.south).bind(4, box.north)
            defer { rows.reset() }
            while try rows.step() { keys.insert(rows.int(0)) }
        }
        return Array(keys)
    }

    // MARK: Values

    /// By the value index of an attribute; nil when no index is complete or it leaves too many.
    func keysByValue(_ condition: Condition) throws -> [Int64]? {
        for test in condition.indexableTests {
            guard let name = vocabulary.numbers[test.name.text], try isComplete(name) else {
                continue
            }
            guard let keys = try keys(name, test.ranges) else { continue }
            usesIndex(name)
            return keys
        }
        return nil
    }

    /// Attributes that a value index would help with, and that have none yet.
    func missingIndexes(_ condition: Condition) throws -> [IRI] {
        let known = try connection.prepare("SELECT 1 FROM indexed_attribute WHERE name = ?1")
        return try condition.indexableTests.map(\.name).filter { name in
            defer { known.reset() }
            guard let number = vocabulary.numbers[name.text] else { return false }
            return try !known.bind(1, number).step()
        }
    }

    /// Entities that may have any value of the attribute.
    private func crowded(_ name: Int64, atMost limit: Int) throws -> [Int64] {
        let rows = try connection.prepare(
            """
            SELECT key FROM attribute_value
            WHERE name = ?1 AND value = \(IndexStatements.anyValue) LIMIT ?2
            """
        ).bind(1, name).bind(2, Int64(limit))
        var keys: [Int64] = []
        while try rows.step() { keys.append(rows.int(0)) }
        return keys
    }

    private func isComplete(_ name: Int64) throws -> Bool {
        try connection.prepare(
            "SELECT 1 FROM indexed_attribute WHERE name = ?1 AND complete = 1"
        ).bind(1, name).step()
    }

    private func keys(_ name: Int64, _ ranges: [ValueRange]) throws -> [Int64]? {
        var keys = Set(try crowded(name, atMost: Limits.keysFromIndex + 1))
        if keys.count > Limits.keysFromIndex { return nil }
        for range in ranges {
            let rows = try connection.prepare(
                """
                SELECT key FROM attribute_value
                WHERE name = ?1 AND value >= ?2 AND value <= ?3 LIMIT ?4
                """
            ).bind(1, name).bind(2, range.low).bind(3, range.high)
                .bind(4, Int64(Limits.keysFromIndex + 1))
            while try rows.step() { keys.insert(rows.int(0)) }
            if keys.count > Limits.keysFromIndex { return nil }
        }
        return Array(keys)
    }
}

/// Values from `low` to `high`, both included, of one kind.
struct ValueRange {
    var low: Scalar
    var high: Scalar
}

/// A `q` term on an attribute's own value that a value index can answer.
struct IndexableTest {
    var name: IRI
    var ranges: [ValueRange]

    /// The one value that the attribute must have.
    var onlyValue: Scalar? {
        ranges.count == 1 && ranges[0].low == ranges[0].high ? ranges[0].low : nil
    }
}

extension Condition {
    /// Terms of which each holds for every match.
    var indexableTests: [IndexableTest] {
        switch self {
        case .all(let parts): parts.flatMap(\.indexableTests)
        case .value(let test): test.indexable.map { [$0] } ?? []
        default: []
        }
    }
}

extension ValueTest {
    fileprivate var indexable: IndexableTest? {
        guard path.names.count == 1, path.members.isEmpty, path.coreMember == nil,
            let ranges = comparison?.ranges
        else { return nil }
        return IndexableTest(name: path.names[0], ranges: ranges)
    }
}

extension Comparison {
    /// Where the index holds every value that meets the comparison; nil when it cannot say.
    fileprivate var ranges: [ValueRange]? {
        switch self {
        case .equal(let operands):
            let ranges = operands.map(\.range)
            return ranges.contains { $0 == nil } ? nil : ranges.compactMap { $0 }
        case .less(let operand), .lessOrEqual(let operand):
            return operand.scalar.map { [ValueRange(low: $0.least, high: $0)] }
        case .greater(let operand), .greaterOrEqual(let operand):
            return operand.scalar.map { [ValueRange(low: $0, high: $0.greatest)] }
        case .unequal, .matches, .matchesNot: return nil
        }
    }
}

extension Operand {
    fileprivate var range: ValueRange? {
        if case .range(let low, let high) = self {
            guard let low = low.scalar, let high = high.scalar else { return nil }
            return ValueRange(low: low, high: high)
        }
        return scalar.map { ValueRange(low: $0, high: $0) }
    }

    /// Moments are compared as moments however they are spelled, which text cannot tell.
    fileprivate var scalar: Scalar? {
        switch self {
        case .number(let number): number.isNaN ? nil : .number(number)
        case .bool(let bool): .number(bool ? 1 : 0)
        case .string(let text), .uri(let text): .text(text.indexed)
        case .dateTime, .date, .time, .range: nil
        }
    }
}

extension Scalar {
    /// The ends of a kind's values in SQLite's order.
    fileprivate var least: Scalar {
        if case .text = self { .text("") } else { .number(-.infinity) }
    }
    fileprivate var greatest: Scalar {
        // No UTF-8 begins with a greater character.
        if case .text = self { .text("\u{10FFFF}\u{10FFFF}") } else { .number(.infinity) }
    }
}
