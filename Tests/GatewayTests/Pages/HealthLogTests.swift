import ContextModel
import CoreMetrics
import Logging
import Storage
import Testing

@testable import Gateway

struct HealthLogTests {
    private let registry = MetricRegistry()
    private let log: HealthLog
    private let start = Timestamp(microseconds: 1_795_395_600_000_000)

    init() { log = HealthLog(registry: registry, version: "1", startedAt: start) }

    private func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: start.microseconds + seconds * 1_000_000)
    }

    private func answer(_ status: String, _ count: Int) {
        let labels = [("route", "/"), ("status", status)]
        Counter(label: "http_requests", dimensions: labels, factory: registry)
            .increment(by: count)
    }

    private func measure(_ name: String) throws -> HealthSummary.Measure {
        try #require(
            log.summary(withMeasures: true, withErrors: false).measures?
                .first { $0.name == .words(name) }
        )
    }

    private let nothingWaits = OutboxDepth(count: 0, oldest: nil)

    @Test func `rates are computed from the sample before`() throws {
        answer("2xx", 100)
        log.sample(at: after(10), outbox: nothingWaits, deadLetters: 0)
        answer("2xx", 20)
        answer("4xx", 5)
        log.sample(at: after(15), outbox: nothingWaits, deadLetters: 0)
        #expect(try measure("healthRequests").history == [10, 5])
        #expect(try measure("healthRefused").value == 1)
        #expect(log.summary(withMeasures: true, withErrors: false).state == .good)
    }

    @Test func `the time to answer is the mean of the last requests alone`() throws {
        let timer = Timer(label: "http_request_duration", factory: registry)
        answer("2xx", 1)
        timer.recordNanoseconds(9_000_000_000)
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 0)
        answer("2xx", 2)
        timer.recordNanoseconds(3_000_000)
        timer.recordNanoseconds(5_000_000)
        log.sample(at: after(10), outbox: nothingWaits, deadLetters: 0)
        #expect(abs(try measure("healthAnswerTime").value - 4) < 0.001)
    }

    @Test func `an error of the hub needs attention until it is over`() throws {
        answer("5xx", 1)
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 0)
        #expect(log.summary(withMeasures: true, withErrors: false).state == .attention)
        log.sample(at: after(10), outbox: nothingWaits, deadLetters: 0)
        #expect(log.summary(withMeasures: true, withErrors: false).state == .good)
    }

    @Test(
        arguments: [
            (30, .good), (60, .attention), (3_599, .attention), (3_600, .bad),
        ] as [(Int64, HealthSummary.State)]
    )
    func `the age of the oldest notification decides`(
        age: Int64,
        state: HealthSummary.State
    ) throws {
        log.sample(at: after(age), outbox: OutboxDepth(count: 3, oldest: start), deadLetters: 0)
        #expect(try measure("healthWaiting").value == 3)
        #expect(try measure("healthWaiting").state == state)
    }

    @Test func `dead letters need attention`() throws {
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 2)
        #expect(try measure("healthGivenUp").value == 2)
        #expect(try measure("healthGivenUp").state == .attention)
        log.sample(at: after(10), outbox: nothingWaits, deadLetters: 0)
        #expect(try measure("healthGivenUp").state == .good)
    }

    @Test func `samples and errors are kept up to their limits`() throws {
        for index in 1...Int64(HealthLog.sampleLimit + 3) {
            log.sample(at: after(index), outbox: nothingWaits, deadLetters: 0)
            log.note(.init(at: after(index), place: "p", text: "\(index)"))
        }
        #expect(try measure("healthMemory").history.count == HealthLog.sampleLimit)
        let errors = try #require(log.summary(withMeasures: true, withErrors: true).errors)
        #expect(errors.count == HealthLog.errorLimit)
        #expect(errors.first?.text == "\(HealthLog.sampleLimit + 3)")
    }

    @Test(
        arguments: [
            (100, 1_000, .good), (99, 1_000, .attention), (5, 100, .attention), (4, 100, .bad),
            (40, 1_000_000, .attention), (10_000, 1_000_000, .good), (0, 1_000_000, .bad),
        ] as [(Int64, Int64, HealthSummary.State)]
    )
    func `a disk with little space needs attention, and a full one is an error`(
        freeMegabytes: Int64,
        totalMegabytes: Int64,
        state: HealthSummary.State
    ) throws {
        let disk = DiskSpace(
            freeBytes: freeMegabytes * 1_048_576,
            totalBytes: totalMegabytes * 1_048_576
        )
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 0, disk: disk)
        let room = try measure("healthDisk")
        #expect(room.state == state)
        guard case .words(let key, _) = room.explanation else { throw PageError(description: "") }
        #expect(key == (state == .bad ? "healthDiskFull" : "healthDiskWhy"))
        #expect(log.summary(withMeasures: true, withErrors: false).state == state)
    }

    @Test func `a write refused for lack of space counts as a full disk for a minute`() throws {
        let disk = DiskSpace(freeBytes: 1 << 40, totalBytes: 1 << 41)
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 0, disk: disk)
        #expect(log.summary(withMeasures: false, withErrors: false).state == .good)
        Counter(label: ProblemReporter.refusedForFullDisk, factory: registry).increment()
        #expect(log.summary(withMeasures: false, withErrors: false).store == .full)
        #expect(try measure("healthDisk").state == .bad)
        log.sample(at: after(10), outbox: nothingWaits, deadLetters: 0, disk: disk)
        log.sample(at: after(65), outbox: nothingWaits, deadLetters: 0, disk: disk)
        #expect(log.summary(withMeasures: false, withErrors: false).store == .full)
        log.sample(at: after(70), outbox: nothingWaits, deadLetters: 0, disk: disk)
        #expect(log.summary(withMeasures: true, withErrors: false).state == .good)
    }

    @Test func `without a known disk there is no figure for it`() {
        log.sample(at: after(5), outbox: nothingWaits, deadLetters: 0)
        let measures = log.summary(withMeasures: true, withErrors: false).measures
        #expect(measures?.contains { $0.name == .words("healthDisk") } == false)
    }

    @Test func `errors are included only on request`() {
        #expect(log.summary(withMeasures: true, withErrors: false).errors == nil)
        #expect(log.summary(withMeasures: true, withErrors: true).errors == [])
    }

    @Test func `warnings and errors are noted, cut to a line`() throws {
        let moment = after(1)
        let handler = ErrorNoteHandler(label: "balai", log: log) { moment }
        var logger = Logger(label: "balai") { _ in handler }
        logger.logLevel = .trace
        logger.info("all is well")
        logger.error("the disk is full")
        logger.warning("\(String(repeating: "x", count: 5_000))")
        let errors = try #require(log.summary(withMeasures: true, withErrors: true).errors)
        #expect(errors.map(\.text.count) == [300, 16])
        #expect(errors.last == .init(at: moment, place: "balai", text: "the disk is full"))
    }
}
