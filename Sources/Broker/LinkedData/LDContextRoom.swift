internal import ContextModel
internal import Governance

/// The `@context` documents in memory, within limits, and who is fetching.
struct LDContextRoom {
    /// Documents of each kind at most, and their bytes together: hosted and implicitly created ones
    /// are refused beyond it, of copies some go.
    static let maximumOfAKind = 1_000
    static let maximumBytes = 16 << 20
    /// Fetches under way at most.
    static let maximumFetches = 32

    /// One that stays until somebody removes it.
    private struct Own {
        var entry: StoredLDContext
        var bytes: Int
        /// When it was last given to somebody who is about to name it.
        var handedAt: Timestamp
        /// Not before the store has it, and no more when it is about to go from there.
        var isPublished = false
    }

    /// By URL.
    private var own: [String: Own] = [:]
    private var copies = FairCache<String, StoredLDContext>(
        maximumBytes: maximumBytes,
        maximumCount: maximumOfAKind
    )
    private var fetches = PartyShares(capacity: maximumFetches)

    var all: [StoredLDContext] { published.map(\.entry) + copies.values }

    private var published: [Own] { own.values.filter(\.isPublished) }

    /// By URL, or else by its local identifier; a copy counts as used when its URL is asked for.
    mutating func find(_ name: String) -> StoredLDContext? {
        if let found = own[name], found.isPublished { return found.entry }
        return copies.use(name)?.value ?? all.first { $0.localID == name }
    }

    // MARK: The hub's own

    /// Whether another one has room in its owner's share.
    func hasRoom(for entry: StoredLDContext, bytes: Int) -> Bool {
        var count = FairShares<Party>(capacity: Self.maximumOfAKind)
        var room = FairShares<Party>(capacity: Self.maximumBytes)
        for one in own.values where one.entry.kind == entry.kind {
            count.take(one.entry.owner)
            room.take(one.entry.owner, one.bytes)
        }
        return count.mayTake(entry.owner) && room.mayTake(entry.owner, bytes)
    }

    /// Takes room for one that is about to be written to disk; false when there is none.
    mutating func reserve(_ entry: StoredLDContext, bytes: Int) -> Bool {
        guard hasRoom(for: entry, bytes: bytes) else { return false }
        own[entry.url] = Own(entry: entry, bytes: bytes, handedAt: entry.createdAt)
        return true
    }

    mutating func publish(_ entry: StoredLDContext) { own[entry.url]?.isPublished = true }

    /// Gives the room back that was taken for one that is not kept.
    mutating func release(_ entry: StoredLDContext) { own[entry.url] = nil }

    /// One that says the same already, which somebody is about to name.
    mutating func hand(_ context: JSONValue, at now: Timestamp) -> StoredLDContext? {
        let same = published.first {
            $0.entry.kind == .implicitlyCreated
                && $0.entry.body.objectValue?["@context"] == context
        }
        guard let entry = same?.entry else { return nil }
        own[entry.url]?.handedAt = now
        return entry
    }

    /// Whether there are implicitly created ones that were given to nobody since.
    func mayHaveUnused(since latest: Timestamp) -> Bool {
        published.contains { $0.entry.kind == .implicitlyCreated && $0.handedAt < latest }
    }

    /// Withdraws implicitly created ones that were given to nobody since and are not in use.
    ///
    /// They are about to go from the store. Those in use need not be looked at again for a while.
    mutating func withdrawUnused(
        since latest: Timestamp,
        inUse: Set<String>,
        now: Timestamp
    ) -> [StoredLDContext] {
        let old = published.filter {
            $0.entry.kind == .implicitlyCreated && $0.handedAt < latest
        }
        for item in old where inUse.contains(item.entry.url) {
            own[item.entry.url]?.handedAt = now
        }
        let gone = old.map(\.entry).filter { !inUse.contains($0.url) }
        for entry in gone { own[entry.url]?.isPublished = false }
        return gone
    }

    // MARK: Copies

    func copy(_ url: String) -> StoredLDContext? { copies[url] }

    /// Keeps a copy; returns the copies that went for it, perhaps itself.
    mutating func put(_ copy: StoredLDContext, bytes: Int) -> [StoredLDContext] {
        let replaced = copies[copy.url].flatMap { $0.localID == copy.localID ? nil : $0 }
        let gone = copies.put(copy, for: copy.url, bytes: bytes, owner: copy.owner)
        return gone + (replaced.map { [$0] } ?? [])
    }

    /// Forgets a copy that is still as it was read.
    mutating func remove(_ copy: StoredLDContext) {
        if copies[copy.url] == copy { copies.remove(copy.url) }
    }

    // MARK: What the store has

    /// Takes over what the store has, unless a newer copy of it is here; returns the copies for which
    /// there is no room, or of whose URL there is another.
    mutating func follow(_ entry: StoredLDContext, bytes: Int) -> [StoredLDContext] {
        guard entry.kind == .cached else {
            let handedAt = own[entry.url]?.handedAt ?? entry.createdAt
            own[entry.url] = Own(
                entry: entry,
                bytes: bytes,
                handedAt: handedAt,
                isPublished: true
            )
            return []
        }
        // What is here and not yet in the store is newer.
        if let known = copies[entry.url], known.owner != .anonymous, known.isNoOlder(than: entry) {
            return known.localID == entry.localID ? [] : [entry]
        }
        return put(entry, bytes: bytes)
    }

    /// Forgets what the store has no more; what it was, if it was here.
    mutating func forget(localID: String) -> StoredLDContext? {
        if let entry = own.values.first(where: { $0.entry.localID == localID })?.entry {
            own[entry.url] = nil
            return entry
        }
        let copy = copies.values.first { $0.localID == localID && $0.owner != .anonymous }
        if let copy { copies.remove(copy.url) }
        return copy
    }

    /// Forgets what is not in the store and should be.
    mutating func forget(except localIDs: Set<String>) {
        for one in published where !localIDs.contains(one.entry.localID) {
            own[one.entry.url] = nil
        }
        for copy in copies.values
        where copy.owner != .anonymous && !localIDs.contains(copy.localID) {
            copies.remove(copy.url)
        }
    }

    // MARK: Fetching

    /// False when the sharer fetches as many as its share.
    mutating func beginFetch(_ sharer: Sharer) -> Bool {
        fetches.takeIfFair(sharer)
    }

    mutating func endFetch(_ sharer: Sharer) { fetches.giveBack(sharer) }
}
