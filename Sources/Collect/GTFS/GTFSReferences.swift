/// The entities of a feed, by which references without a target are found.
///
/// There is one for all files of a feed, which are read one after the other.
final class GTFSReferences {
    let memory: ImportMemory
    /// The identifiers of the entities written so far.
    private var written: Set<String> = []
    /// The type of each row of `stops.txt` by its key: other rows refer to it by the key alone.
    private var stopTypes: [String: String] = [:]
    private var agencies: [String] = []
    /// References to rows that may follow, with the problem to report if they do not.
    private var open: [(target: String, problem: RowProblem)] = []

    init(memory: ImportMemory = ImportMemory()) { self.memory = memory }

    /// Notes an entity; false if there was one with the identifier already.
    func note(_ id: String, type: String) throws(RowRefusal) -> Bool {
        guard !written.contains(id) else { return false }
        try memory.take(id)
        written.insert(id)
        if type == "GtfsAgency" { agencies.append(id) }
        return true
    }

    func isWritten(_ id: String) -> Bool { written.contains(id) }

    /// The agency of all routes that name none, if there is only one.
    var onlyAgency: String? { agencies.count == 1 ? agencies[0] : nil }

    /// Reads the keys of stops and their types.
    func readStops(_ source: any ByteSource) throws(SourceError) {
        guard var table = try Table.unlessEmpty(source) else { return }
        let id = try table.requiredIndex(of: "stop_id")
        let locationType = try table.index(of: "location_type")
        while true {
            switch try table.next() {
            case .end: return
            case .problem: continue
            case .row:
                let type = Self.stopType(locationType.map(table.row.text))
                // The first row of a key counts.
                let key = table.row.text(id)
                guard stopTypes[key] == nil else { continue }
                do throws(RowRefusal) { try memory.take(key) } catch {
                    throw SourceError("\(table.problem(error))")
                }
                stopTypes[key] = type
            }
        }
    }

    /// The type for a `location_type`: a stop (also for boarding areas and nodes), a station or an
    /// entrance.
    static func stopType(_ locationType: String?) -> String {
        switch locationType {
        case "1": "GtfsStation"
        case "2": "GtfsAccessPoint"
        default: "GtfsStop"
        }
    }

    /// The type of the stop with the key; `type` if there is none.
    func type(ofStop key: String, otherwise type: String) -> String { stopTypes[key] ?? type }

    /// Notes a reference that is a problem unless a later row of the same file is its target.
    ///
    /// Throws when there are too many of them.
    func wait(for target: String, or problem: RowProblem) throws(RowRefusal) {
        try memory.take(target.utf8.count + problem.reason.utf8.count)
        open.append((target, problem))
    }

    /// The problems of references whose targets did not follow.
    func unanswered() -> [RowProblem] {
        defer { open.removeAll() }
        return open.filter { !written.contains($0.target) }.map(\.problem)
    }
}
