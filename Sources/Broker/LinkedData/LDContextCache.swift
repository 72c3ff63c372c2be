import ContextModel
import Governance
import Synchronization

/// The `@context` documents that this process has in memory, within limits.
///
/// Documents that the hub hosts or has created (its own) stay until somebody removes them; beyond
/// the limits, more are refused. Copies are evicted when there are too many (`FairCache`).
/// `LDContextFollower` brings in what the store has, and `LDContextStore` writes to the store.
final class LDContextCache: Sendable {
    /// The most documents of each kind, and their bytes together.
    static let maximumOfAKind = 1_000
    static let maximumBytes = 16 << 20

    /// A document of the hub's own.
    fileprivate struct Own {
        var entry: StoredLDContext
        var bytes: Int
        /// When it was last given to somebody who is about to refer to it.
        var givenAt: Timestamp
        /// False until it is in the store, and when it is about to be removed from there.
        var isPublished = false
    }

    fileprivate struct State {
        /// By URL.
        var own: [String: Own] = [:]
        /// By URL.
        var copies = FairCache<String, StoredLDContext>(
            maximumBytes: LDContextCache.maximumBytes,
            maximumCount: LDContextCache.maximumOfAKind
        )

        var published: [Own] { own.values.filter(\.isPublished) }
        var all: [StoredLDContext] { published.map(\.entry) + copies.values }

        func unused(since latest: Timestamp) -> [Own] {
            published.filter { $0.entry.kind == .implicitlyCreated && $0.givenAt < latest }
        }
    }

    private let state = Mutex(State())
    private let changes = Atomic(0)

    /// A number that changes whenever a document may have changed or was removed.
    var version: Int { changes.load(ordering: .acquiring) }

    /// Changes `version`.
    func noteChange() { changes.add(1, ordering: .acquiringAndReleasing) }

    // MARK: Finding

    var all: [StoredLDContext] { state.withLock { $0.all } }

    /// Finds a document by URL, or else by its local identifier; a copy counts as used when its
    /// URL is asked for.
    func find(_ name: String) -> StoredLDContext? {
        state.withLock { state in
            if let found = state.own[name], found.isPublished { return found.entry }
            return state.copies.use(name)?.value ?? state.all.first { $0.localID == name }
        }
    }

    // MARK: The hub's own

    /// Whether another document fits into its owner's share.
    func fits(_ entry: StoredLDContext, bytes: Int) -> Bool {
        state.withLock { $0.fits(entry, bytes: bytes) }
    }

    /// Reserves a place for a document that is about to be stored; false when there is none.
    func reserve(_ entry: StoredLDContext, bytes: Int) -> Bool {
        state.withLock { state in
            guard state.fits(entry, bytes: bytes) else { return false }
            state.own[entry.url] = Own(entry: entry, bytes: bytes, givenAt: entry.createdAt)
            return true
        }
    }

    /// Releases the place of a document that is not stored.
    func release(_ entry: StoredLDContext) { state.withLock { $0.own[entry.url] = nil } }

    /// The implicitly created document with equal content, for somebody who is about to refer to
    /// it; nil for none.
    func hand(_ context: JSONValue, at now: Timestamp) -> StoredLDContext? {
        state.withLock { state in
            let same = state.published.first {
                $0.entry.kind == .implicitlyCreated
                    && $0.entry.body.objectValue?["@context"] == context
            }
            guard let entry = same?.entry else { return nil }
            state.own[entry.url]?.givenAt = now
            return entry
        }
    }

    /// Whether there are implicitly created documents that were given to nobody since.
    func mayHaveUnused(since latest: Timestamp) -> Bool {
        state.withLock { !$0.unused(since: latest).isEmpty }
    }

    /// Withdraws implicitly created documents that were given to nobody since and are not in use.
    ///
    /// They are about to be removed from the store. Those in use need not be checked again for a
    /// while.
    func withdrawUnused(
        since latest: Timestamp,
        inUse: Set<String>,
        now: Timestamp
    ) -> [StoredLDContext] {
        state.withLock { state in
            let urls = state.unused(since: latest).map(\.entry)
            for entry in urls where inUse.contains(entry.url) {
                state.own[entry.url]?.givenAt = now
            }
            let gone = urls.filter { !inUse.contains($0.url) }
            for entry in gone { state.own[entry.url]?.isPublished = false }
            return gone
        }
    }

    /// Undoes the withdrawal of documents that could not be removed from the store.
    func restore(_ withdrawn: [StoredLDContext]) {
        state.withLock { state in
            for entry in withdrawn { state.own[entry.url]?.isPublished = true }
        }
    }

    // MARK: Copies

    /// Adds a copy that was fetched; returns it as it is stored, and the copies that were evicted
    /// for it, perhaps itself.
    ///
    /// A copy that has the same URL already passes its identifier and owner on, so that a URL
    /// never has two. The new copy counts as the later one, even if another process with a fast
    /// clock fetched the other one.
    func put(
        _ fetched: StoredLDContext,
        bytes: Int
    ) -> (kept: StoredLDContext, gone: [StoredLDContext]) {
        state.withLock { state in
            var copy = fetched
            if let old = state.copies[copy.url] {
                copy.localID = old.localID
                copy.follow(old)
                if old.owner != .anonymous { copy.owner = old.owner }
            }
            return (copy, state.put(copy, bytes: bytes))
        }
    }

    /// Replaces a copy that is still as it was read; returns the present copy, and the copies
    /// evicted for it, or nil for these when it was not replaced.
    func replace(
        _ read: StoredLDContext,
        with new: StoredLDContext,
        bytes: Int
    ) -> (now: StoredLDContext, gone: [StoredLDContext]?) {
        state.withLock { state in
            guard let kept = state.copies[read.url] else { return (read, nil) }
            guard kept == read else { return (kept, nil) }
            return (new, state.put(new, bytes: bytes))
        }
    }

    /// The present copies under the URLs and identifiers of these; nil for each that is not there
    /// any more.
    func current(_ copies: [StoredLDContext]) -> [StoredLDContext?] {
        state.withLock { state in
            copies.map { copy in
                state.copies[copy.url].flatMap { $0.localID == copy.localID ? $0 : nil }
            }
        }
    }

    /// Removes a copy that is still as it was read.
    func remove(_ copy: StoredLDContext) {
        state.withLock { state in
            if state.copies[copy.url] == copy { state.copies.remove(copy.url) }
        }
    }

    // MARK: What the store has

    /// Adds the documents of the store, unless a newer copy is here; returns the copies for which
    /// there is no place, or of whose URL there is another one.
    func follow(_ stored: [(entry: StoredLDContext, bytes: Int)]) -> [StoredLDContext] {
        state.withLock { state in
            stored.flatMap { entry, bytes in
                let known = state.copies[entry.url]
                defer {
                    if let known, known.body != state.copies[known.url]?.body { noteChange() }
                }
                return state.follow(entry, bytes: bytes)
            }
        }
    }

    /// Removes a document that is not in the store any more.
    func forget(localID: String) {
        let isGone = state.withLock { state in
            if let own = state.own.values.first(where: { $0.entry.localID == localID }) {
                state.own[own.entry.url] = nil
                return true
            }
            let copy = state.copies.values.first {
                $0.localID == localID && $0.owner != .anonymous
            }
            if let copy { state.copies.remove(copy.url) }
            return copy != nil
        }
        if isGone { noteChange() }
    }

    /// Removes the documents that should be in the store and are not.
    func forget(except localIDs: Set<String>) {
        state.withLock { state in
            for one in state.published where !localIDs.contains(one.entry.localID) {
                state.own[one.entry.url] = nil
            }
            for copy in state.copies.values
            where copy.owner != .anonymous && !localIDs.contains(copy.localID) {
                state.copies.remove(copy.url)
            }
        }
        noteChange()
    }
}

extension LDContextCache.State {
    fileprivate func fits(_ entry: StoredLDContext, bytes: Int) -> Bool {
        var count = FairShares<Party>(capacity: LDContextCache.maximumOfAKind)
        var memory = FairShares<Party>(capacity: LDContextCache.maximumBytes)
        for one in own.values where one.entry.kind == entry.kind {
            count.take(one.entry.owner)
            memory.take(one.entry.owner, one.bytes)
        }
        return count.mayTake(entry.owner) && memory.mayTake(entry.owner, bytes)
    }

    /// Adds a copy; returns the copies that were evicted for it, perhaps itself.
    fileprivate mutating func put(_ copy: StoredLDContext, bytes: Int) -> [StoredLDContext] {
        let replaced = copies[copy.url].flatMap { $0.localID == copy.localID ? nil : $0 }
        let gone = copies.put(copy, for: copy.url, bytes: bytes, owner: copy.owner)
        return gone + (replaced.map { [$0] } ?? [])
    }

    fileprivate mutating func follow(_ entry: StoredLDContext, bytes: Int) -> [StoredLDContext] {
        guard entry.kind == .cached else {
            own[entry.url] = LDContextCache.Own(
                entry: entry,
                bytes: bytes,
                givenAt: own[entry.url]?.givenAt ?? entry.createdAt,
                isPublished: true
            )
            return []
        }
        // A copy that is here and not yet in the store is newer.
        if let known = copies[entry.url], known.owner != .anonymous, known.isNoOlder(than: entry) {
            return known.localID == entry.localID ? [] : [entry]
        }
        return put(entry, bytes: bytes)
    }
}
