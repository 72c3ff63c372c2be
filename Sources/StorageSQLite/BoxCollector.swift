internal import ContextModel
internal import GRDBSQLite
internal import Storage

/// Collects the entries of the index of places that meet a box.
///
/// SQLite shows it each entry while it walks through the index (a custom R*Tree query), and is told that none of them is
/// wanted: a row for each would take several times as long.
final class BoxCollector {
    /// The place of one entity.
    struct Entry {
        var key: Int64
        /// The middle of its box.
        var place: EntityPlace
        /// Whether its box is inside of that which is searched, and not only meets it.
        var isInside: Bool
    }

    private var found: [Entry] = []
    private var budget: DecisionBudget?
    /// The entries between two looks at the deadline.
    private static let entriesBetweenLooks = 1_000

    /// Creates the collector of a connection, which may search no places without it.
    init(_ handle: OpaquePointer) throws {
        let code = sqlite3_rtree_query_callback(
            handle,
            "collected",
            { info in
                guard let info, let context = info.pointee.pContext else { return SQLITE_ERROR }
                return Unmanaged<BoxCollector>.fromOpaque(context)
                    ._withUnsafeGuaranteedRef { $0.look(at: &info.pointee) }
            },
            Unmanaged.passUnretained(self).toOpaque(),
            nil
        )
        guard code == SQLITE_OK else {
            throw StorageError(sqliteCode: code, note: "the index of places cannot be searched")
        }
    }

    /// Looks at a node of the index, or at an entry, whose coordinates are in the order of the table's columns.
    private func look(at info: inout sqlite3_rtree_query_info) -> Int32 {
        guard let limits = info.aParam, let sides = info.aCoord, info.nParam == 4 else {
            return SQLITE_ERROR
        }
        let meets =
            sides[0] <= limits[1] && sides[1] >= limits[0] && sides[2] <= limits[3]
            && sides[3] >= limits[2]
        guard meets, info.iLevel == 0 else {
            info.eWithin = meets ? PARTLY_WITHIN : NOT_WITHIN
            // The deepest nodes first, so that few of them wait.
            info.rScore = Double(info.iLevel)
            return SQLITE_OK
        }
        let (longitude, latitude) = ((sides[0] + sides[1]) / 2, (sides[2] + sides[3]) / 2)
        found.append(
            Entry(
                key: info.iRowid,
                place: EntityPlace(longitude: longitude, latitude: latitude),
                isInside: sides[0] >= limits[0] && sides[1] <= limits[1]
                    && sides[2] >= limits[2] && sides[3] <= limits[3]
            )
        )
        info.eWithin = NOT_WITHIN
        let isDue = found.count % Self.entriesBetweenLooks == 0
        return isDue && !(budget?.allows(Self.entriesBetweenLooks) ?? true)
            ? SQLITE_INTERRUPT : SQLITE_OK
    }

    /// All entries that meet the box; throws `tookTooLong` where the time for the answer is over.
    fileprivate func entries(
        meeting box: GeoBox,
        _ connection: Connection,
        within budget: DecisionBudget?
    ) throws -> [Entry] {
        self.budget = budget
        defer { (found, self.budget) = ([], nil) }
        let search = try connection.prepare(
            "SELECT 1 FROM box WHERE key MATCH collected(?1, ?2, ?3, ?4)"
        )
        search.bind(1, box.west).bind(2, box.east).bind(3, box.south).bind(4, box.north)
        try search.run()
        return found
    }
}

extension Reader {
    /// The entries of the index of places that meet the box.
    func entries(meeting box: GeoBox) throws -> [BoxCollector.Entry] {
        try boxes.entries(meeting: box, connection, within: budget)
    }
}
