internal import ContextModel
internal import Storage

/// Finds, by an index, a superset of the entities that match a condition.
struct IndexLookup {
    let connection: Connection
    let vocabulary: Vocabulary
    /// Called with the attribute whose value index answers.
    var usesIndex: (Int64) -> Void = { _ in }

    /// Candidates found by identifier, place or one value of an attribute, in the order of
    /// creation.
    ///
    /// Returns nil when the condition requires none of them, or the index of the attribute is
    /// incomplete.
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

    /// Keys from the value index of an attribute; nil when no index is complete or too many keys
    /// are left.
    func keysByValue(_ condition: Condition) throws -> [Int64]? {
        for test in condition.indexableTests {
            guard let name = vocabulary.numbers[test.name.text], try isComplete(name) else {
                continue
            }
            guard let keys = try keys(name, test.ranges) else { continue }
            usesIndex(name)
            return keys
        }
        for mention in condition.mentions {
            if let keys = try keys(of: mention) { return keys }
        }
        return nil
    }

    /// Keys of the entities that may mention the text; nil when an index of the attributes is not complete, or
    /// too many keys are left.
    private func keys(of mention: EntityMention) throws -> [Int64]? {
        let value = Scalar.text(mention.text.indexed)
        var keys = Set(
            mention.isIdentifier ? try self.keys(of: [EntityID(mention.text)]) : []
        )
        // No entity has an attribute whose name has no number.
        let names = mention.names.compactMap { vocabulary.numbers[$0.text] }
        for name in names {
            guard try isComplete(name),
                let some = try self.keys(name, [ValueRange(low: value, high: value)])
            else { return nil }
            keys.formUnion(some)
        }
        names.forEach(usesIndex)
        return Array(keys)
    }

    /// The attributes for which a value index would help and that have none.
    func missingIndexes(_ condition: Condition) throws -> [IRI] {
        let known = try connection.prepare("SELECT 1 FROM indexed_attribute WHERE name = ?1")
        let names = condition.indexableTests.map(\.name) + condition.mentions.flatMap(\.names)
        return try names.filter { name in
            defer { known.reset() }
            guard let number = vocabulary.numbers[name.text] else { return false }
            return try !known.bind(1, number).step()
        }
    }

    /// The entities with an entry for "any value" of the attribute.
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

/// The values of one kind from `low` to `high`, both included.
struct ValueRange {
    var low: Scalar
    var high: Scalar
}

/// A term of `q` on an attribute's own value that a value index can answer.
struct IndexableTest {
    var name: IRI
    var ranges: [ValueRange]

    /// The only value that the attribute may have.
    var onlyValue: Scalar? {
        ranges.count == 1 && ranges[0].low == ranges[0].high ? ranges[0].low : nil
    }
}

extension Condition {
    /// Terms that hold for every match.
    var indexableTests: [IndexableTest] {
        switch self {
        case .all(let parts): parts.flatMap(\.indexableTests)
        case .value(let test): test.indexable.map { [$0] } ?? []
        default: []
        }
    }
}

extension Condition {
    /// What every match mentions.
    fileprivate var mentions: [EntityMention] {
        switch self {
        case .all(let parts): parts.flatMap(\.mentions)
        case .decided(let decision): decision.decider.mention.map { [$0] } ?? []
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
    /// The ranges of the index that contain every value that meets the comparison; nil when the
    /// index cannot answer it.
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

    /// Moments are compared as moments in any spelling, which the index of texts cannot do.
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
    /// The least and greatest values of a kind in SQLite's order.
    fileprivate var least: Scalar {
        if case .text = self { .text("") } else { .number(-.infinity) }
    }
    fileprivate var greatest: Scalar {
        // No text in UTF-8 sorts after these characters.
        if case .text = self { .text("\u{10FFFF}\u{10FFFF}") } else { .number(.infinity) }
    }
}
