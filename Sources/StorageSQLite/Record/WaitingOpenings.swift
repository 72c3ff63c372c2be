internal import Record
internal import Synchronization

/// An opening with the person whom it is about, in the order of the index.
struct PersonOpening: Comparable, Sendable {
    /// Stands for the person; others may share it, which costs time alone.
    let person: Int64
    /// The opening's key in the record.
    let key: Int64

    init(of subject: String, tenant: String, key: Int64) {
        person = Self.person(subject, tenant: tenant)
        self.key = key
    }

    /// The first eight bytes of a hash of the person and the tenant.
    static func person(_ subject: String, tenant: String) -> Int64 {
        // A subject is a URI, which has no byte of value zero.
        let hash = TreeHash.leaf(joining: [Array(subject.utf8), [0], Array(tenant.utf8)])
        return withUnsafeBytes(of: hash) { $0.loadUnaligned(as: Int64.self) }
    }

    static func < (a: PersonOpening, b: PersonOpening) -> Bool {
        (a.person, a.key) < (b.person, b.key)
    }
}

/// The openings that are on disk and not in the index of persons yet.
///
/// New ones are in the order they came. When there are enough of them they become a run, which is in the order of
/// the index, and goes into it part by part. One thread adds and moves openings, any may look for some.
final class WaitingOpenings: Sendable {
    private struct State {
        var new: [PersonOpening] = []
        /// The run that goes into the index, and how many of it are in there.
        var run: [PersonOpening] = []
        var moved = 0

        mutating func completeRun() {
            run.removeFirst(moved)
            moved = 0
            run += new
            new.removeAll(keepingCapacity: true)
            run.sort()
        }
    }
    private let state = Mutex(State())
    /// How many openings become a run.
    let inRun: Int

    init(inRun: Int) { self.inRun = inRun }

    /// The keys of a person's openings, in no order.
    func keys(of person: Int64) -> [Int64] {
        state.withLock { state in
            var keys: [Int64] = []
            for openings in [state.run, state.new] {
                for opening in openings where opening.person == person { keys.append(opening.key) }
            }
            return keys
        }
    }

    /// The next ones to go into the index, with the end of what is in it then where that grows.
    func next(_ count: Int) -> (openings: ArraySlice<PersonOpening>, end: Int64?) {
        state.withLock { state in
            let openings = state.run[state.moved...].prefix(count)
            let isWhole = openings.endIndex == state.run.count && !openings.isEmpty
            return (openings, isWhole ? state.run.lazy.map(\.key).max().map { $0 + 1 } : nil)
        }
    }

    /// Makes one run of all openings that wait.
    func completeRun() { state.withLock { $0.completeRun() } }

    /// Notes the openings that a transaction has added, and how many it has moved into the index.
    ///
    /// Call it after the commit.
    func note(added: [PersonOpening], moved: Int) {
        state.withLock { state in
            state.new += added
            state.moved += moved
            guard state.moved == state.run.count, state.new.count >= inRun else { return }
            state.completeRun()
        }
    }
}
