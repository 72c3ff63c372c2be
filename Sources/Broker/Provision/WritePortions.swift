import ContextModel
import Governance
import Storage

/// How much of a long request is written in one transaction: others' writes come between.
///
/// An entity alone may take longer; it is not divided.
private struct WritePortion {
    private static let maximumElements = 1_000
    private static let maximumMicroseconds: Int64 = 25_000

    private let clock: @Sendable () -> Timestamp
    private let start: Timestamp
    private var count = 0

    init(_ clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
        start = clock()
    }

    /// Whether one more may be written in it.
    mutating func takesOneMore() -> Bool {
        count += 1
        guard count > 1 else { return true }
        return count <= Self.maximumElements
            && clock().microseconds - start.microseconds < Self.maximumMicroseconds
    }
}

/// What became of a request that is written in portions.
struct PortionsResult<Element: Sendable>: Sendable {
    var result = BatchResult()
    /// What was not written any more, and why: what came before it is on disk.
    var rest: ArraySlice<Element> = []
    var failure: StorageError?
}

extension Hub {
    /// Writes the elements one after the other, in as many transactions as others' writes need to come
    /// between.
    ///
    /// Throws what keeps the first of them from being written.
    func writeInPortions<Element: Sendable>(
        _ elements: [Element],
        to store: any TenantStore,
        _ grant: WriteGrant,
        tenant: TenantName?,
        now: Timestamp,
        correctsHistory: Bool = false,
        _ write: @escaping @Sendable (ChangeWriter, Element, inout BatchResult) throws -> Void
    ) async throws -> PortionsResult<Element> {
        var all = PortionsResult<Element>()
        var start = 0
        while start < elements.count {
            let first = start
            do {
                let (portion, next) = try await store.write(grant) {
                    [observer, clock] transaction in
                    let writer = ChangeWriter(
                        transaction: transaction,
                        observer: observer,
                        tenant: tenant,
                        now: now,
                        correctsHistory: correctsHistory
                    )
                    var (portion, result, next) = (WritePortion(clock), BatchResult(), first)
                    while next < elements.count, portion.takesOneMore() {
                        try write(writer, elements[next], &result)
                        next += 1
                    }
                    return (result, next)
                }
                all.result.created += portion.created
                all.result.changed += portion.changed
                all.result.errors += portion.errors
                start = next
            } catch let error as StorageError where start > 0 {
                all.rest = elements[start...]
                all.failure = error
                return all
            }
        }
        return all
    }
}

extension BrokerError {
    /// Why the rest of a request is not stored whose beginning is.
    init(restOfRequest error: StorageError) {
        switch error.code {
        case .diskFull:
            self.init(.storageFull, "The hub's disk is full: this was not stored.")
        case .overloaded, .closed:
            self.init(.overloaded, "Too many requests are waiting: this was not stored.")
        case .damaged, .locked, .failed, .tooManyTenants, .tookTooLong, .tooManyResults,
            .entityTooLarge:
            self.init(
                .internalError,
                "The hub could not store this.",
                note: error.description
            )
        }
    }
}
