import ContextModel
import Synchronization
import Testing

@testable import Collect

struct DemoDriverTests {
    /// A hub that writes down what it is sent and fails when told to.
    private final class Notebook: HubDestination {
        struct Page {
            var upserts: [Int] = []
            var histories = 0
            var failuresLeft = 0
        }
        let page = Mutex(Page())

        func upsert(
            _ entities: [UInt8],
            isLinkedData: Bool
        ) async throws(HubFailure) -> [EntityRefusal] {
            let fails = page.withLock { page in
                page.failuresLeft -= 1
                return page.failuresLeft >= 0
            }
            if fails { throw .stopped(reason: "away") }
            let count = (try? JSONReader.read(entities))?.arrayValue?.count ?? -1
            page.withLock { $0.upserts.append(count) }
            return []
        }

        func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal] {
            try await upsert(readings, isLinkedData: false)
        }

        func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure) {
            page.withLock { $0.histories += 1 }
        }
    }

    /// A clock that each pause moves on, and that stops the run after so many pauses.
    private final class Pacer: Sendable {
        let state: Mutex<(now: Int64, left: Int)>
        init(pauses: Int) { state = Mutex((1_795_395_600_000_000, pauses)) }

        var now: Timestamp { Timestamp(microseconds: state.withLock { $0.now }) }

        func pause(_ seconds: Int64) throws {
            try state.withLock { state in
                state.now += seconds * 1_000_000
                state.left -= 1
                if state.left < 0 { throw CancellationError() }
            }
        }
    }

    private func drive(_ notebook: Notebook, pauses: Int) async -> [String] {
        let pacer = Pacer(pauses: pauses)
        let told = ToldLines()
        let driver = DemoDriver(
            city: DemoCity(seed: 1),
            hub: notebook,
            clock: { pacer.now },
            sleep: { try pacer.pause($0) },
            tell: { told.add($0) }
        )
        await driver.run()
        return told.lines
    }

    private final class ToldLines: Sendable {
        private let kept = Mutex<[String]>([])
        func add(_ line: String) { kept.withLock { $0.append(line) } }
        var lines: [String] { kept.withLock { $0 } }
    }

    @Test func `the whole city comes first, then changes, and a day of history`() async {
        let notebook = Notebook()
        let told = await drive(notebook, pauses: 3)
        let page = notebook.page.withLock { $0 }
        let count = DemoCity(seed: 1).deviceCount
        #expect(page.upserts.count == 4)
        #expect(page.upserts.first == count)
        #expect(page.upserts.dropFirst().allSatisfy { $0 > 0 && $0 < count })
        #expect(page.histories == count)
        #expect(told.isEmpty)
    }

    @Test func `a hub that is away is tried again and gets everything later`() async {
        let notebook = Notebook()
        notebook.page.withLock { $0.failuresLeft = 2 }
        let told = await drive(notebook, pauses: 3)
        let page = notebook.page.withLock { $0 }
        #expect(told.count == 2)
        #expect(page.upserts.count == 2)
        #expect(page.upserts.first == DemoCity(seed: 1).deviceCount)
    }
}
