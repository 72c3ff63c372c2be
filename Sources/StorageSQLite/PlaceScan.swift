internal import ContextModel
internal import Governance
internal import Storage

/// Finds where entities are by the index of places alone.
extension Reader {
    /// The middles of the boxes of all entities that match and meet the box, if more than `count` of them are inside of
    /// it; nil when they are not, or the index and the shapes of the entities do not decide that.
    ///
    /// The box of a long line meets many that the line does not.
    ///
    /// They decide it when types and attribute names decide the whole condition, and the grant, and when
    /// `location` is the only place that an entity has.
    func places(
        in box: GeoBox,
        moreThan count: Int,
        plan: EntityPlan,
        _ grant: ReadGrant
    ) throws -> [EntityPlace]? {
        guard plan.isDecidedByShape, let hidden = plan.hiddenByShape(from: grant),
            let location = plan.vocabulary.numbers[IRI.location.text]
        else { return nil }
        var shapes: Set<Int64> = []
        for number in plan.shapes.keys {
            guard let shape = plan.vocabulary.shapes[number], shape.has(location),
                !(hidden[number]?.contains(.location) ?? true)
            else { continue }
            guard shape.hasPlaceOnly(location) else { return nil }
            shapes.insert(number)
        }
        guard !shapes.isEmpty else { return nil }
        let expired = try connection.prepare(
            "SELECT 1 FROM entity INDEXED BY entity_expires WHERE expires IS NOT NULL AND expires <= ?1 LIMIT 1"
        ).bind(1, plan.now.microseconds)
        defer { expired.reset() }
        // What of them is left has to be looked at.
        if try expired.step() { return nil }
        var entries = try entries(meeting: box)
        guard entries.count > count else { return nil }
        let mayMeetOthers = plan.vocabulary.shapes.contains { number, shape in
            shape.hasPlace && !shapes.contains(number)
        }
        if mayMeetOthers {
            let keys = try keys(of: shapes)
            entries.removeAll { !keys.contains($0.key) }
        }
        return entries.count(where: \.isInside) > count ? entries.map(\.place) : nil
    }

    private func keys(of shapes: Set<Int64>) throws -> KeySet {
        var (keys, steps) = (KeySet(), 0)
        let rows = try connection.prepare(
            "SELECT key FROM entity INDEXED BY entity_shape WHERE shape = ?1"
        )
        for shape in shapes {
            rows.bind(1, shape)
            defer { rows.reset() }
            while try rows.step() {
                try charge(&steps)
                keys.insert(rows.int(0))
            }
        }
        return keys
    }

    /// Counts a row; throws `tookTooLong` where the time for the answer is over.
    private func charge(_ steps: inout Int) throws {
        if steps % 1_000 == 0 { try budget.require(1_000) }
        steps += 1
    }
}

/// Keys of entities, which are mostly dense: one bit each.
private struct KeySet {
    private var words: [UInt64] = []
    /// The keys that would make the bits too many.
    private var others: Set<Int64> = []
    private static let mostWords = 1 << 20

    mutating func insert(_ key: Int64) {
        guard key >= 0, key >> 6 < Self.mostWords else {
            others.insert(key)
            return
        }
        let word = Int(key >> 6)
        if word >= words.count {
            words += Array(repeating: 0, count: word + 1 - words.count + words.count / 2)
        }
        words[word] |= 1 << UInt64(key & 63)
    }

    func contains(_ key: Int64) -> Bool {
        guard key >= 0, key >> 6 < words.count else { return others.contains(key) }
        return words[Int(key >> 6)] & 1 << UInt64(key & 63) != 0
    }
}

extension Shape {
    /// Whether an attribute can have a geometry.
    fileprivate var hasPlace: Bool {
        members.contains { $0.kinds & Self.placeBit != 0 }
    }

    private static let placeBit = UInt8(1) << Attribute.Kind.geoProperty.rawValue

    /// Whether no attribute but this one can have a geometry.
    func hasPlaceOnly(_ name: Int64) -> Bool {
        members.allSatisfy {
            $0.name == name ? $0.kinds == Self.placeBit : $0.kinds & Self.placeBit == 0
        }
    }
}
