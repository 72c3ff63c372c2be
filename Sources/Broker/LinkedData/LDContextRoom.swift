internal import ContextModel
internal import Governance

/// The `@context` documents in memory, within limits, and who is fetching.
struct LDContextRoom {
    /// Documents of each kind at most, and their bytes together: hosted and implicitly created ones
    /// are refused beyond it, of copies some go.
    static let maximumOfAKind = 1_000
    static let maximumBytes = 16 << 20
    /// Fetches under way at most, and those of one party.
    static let maximumFetches = 32
    static let maximumFetchesOfParty = 8

    /// By URL, with their bytes: those that stay until somebody removes them.
    private var own: [String: (entry: StoredLDContext, bytes: Int)] = [:]
    private var copies = FairCache<String, StoredLDContext>(
        maximumBytes: maximumBytes,
        maximumCount: maximumOfAKind
    )
    private var fetches: [Party: Int] = [:]

    var all: [StoredLDContext] { own.values.map(\.entry) + copies.values }

    /// By URL, or else by its local identifier; a copy counts as used.
    mutating func find(_ name: String) -> StoredLDContext? {
        own[name]?.entry ?? copies.use(name)?.value ?? all.first { $0.localID == name }
    }

    /// Whether another one of the kind, with so many bytes, has room.
    func hasRoom(for kind: StoredLDContext.Kind, bytes: Int) -> Bool {
        let same = own.values.filter { $0.entry.kind == kind }
        let total = same.reduce(bytes) { $0 + $1.bytes }
        return same.count < Self.maximumOfAKind && total <= Self.maximumBytes
    }

    /// Keeps the document; returns the copies that went for it, perhaps itself.
    mutating func put(_ entry: StoredLDContext, bytes: Int) -> [StoredLDContext] {
        guard entry.kind == .cached else {
            own[entry.url] = (entry, bytes)
            return []
        }
        return copies.put(entry, for: entry.url, bytes: bytes, owner: entry.owner)
    }

    mutating func remove(_ entry: StoredLDContext) {
        own[entry.url] = nil
        copies.remove(entry.url)
    }

    /// False when so many fetch already.
    mutating func beginFetch(_ party: Party) -> Bool {
        guard fetches[party, default: 0] < Self.maximumFetchesOfParty,
            fetches.values.reduce(0, +) < Self.maximumFetches
        else { return false }
        fetches[party, default: 0] += 1
        return true
    }

    mutating func endFetch(_ party: Party) {
        let left = fetches[party, default: 1] - 1
        fetches[party] = left > 0 ? left : nil
    }
}
