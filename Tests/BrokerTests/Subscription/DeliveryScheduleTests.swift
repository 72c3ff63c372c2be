import ContextModel
import Testing

@testable import Broker

@Suite struct DeliveryScheduleTests {
    private func at(_ seconds: Double) -> Timestamp {
        Timestamp(microseconds: Int64(seconds * 1_000_000))
    }

    @Test func `the first notification is sent at once`() {
        let schedule = DeliverySchedule()
        #expect(schedule.step(throttlingMicroseconds: 5_000_000, now: at(1)) == .send)
    }

    @Test func `throttling counts from the last success, also of an earlier run`() {
        var schedule = DeliverySchedule(lastSent: at(10))
        #expect(
            schedule.step(throttlingMicroseconds: 5_000_000, now: at(12)) == .wait(until: at(15))
        )
        #expect(schedule.step(throttlingMicroseconds: 5_000_000, now: at(15)) == .send)
        schedule.succeeded(at: at(20))
        #expect(
            schedule.step(throttlingMicroseconds: 5_000_000, now: at(20)) == .wait(until: at(25))
        )
        #expect(schedule.step(throttlingMicroseconds: nil, now: at(20)) == .send)
    }

    @Test func `retries wait twice as long each time, up to a limit`() {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 1_000_000
        limits.longestRetryMicroseconds = 4_000_000
        var schedule = DeliverySchedule()
        var pauses: [Int64] = []
        for _ in 0..<4 {
            #expect(
                schedule.failed(at: at(0), limits: limits, cooldownMilliseconds: nil, chance: 1)
                    == .retry
            )
            pauses.append(schedule.notBefore?.microseconds ?? 0)
        }
        #expect(pauses == [1_000_000, 2_000_000, 4_000_000, 4_000_000])
    }

    @Test func `chance spreads retries over the second half of the pause`() {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 1_000_000
        var schedule = DeliverySchedule()
        _ = schedule.failed(at: at(0), limits: limits, cooldownMilliseconds: nil, chance: 0)
        #expect(schedule.notBefore == at(0.5))
    }

    @Test func `a receiver's cooldown is kept`() {
        var schedule = DeliverySchedule()
        _ = schedule.failed(
            at: at(0),
            limits: DeliveryLimits(),
            cooldownMilliseconds: 30_000,
            chance: 0
        )
        #expect(
            schedule.step(throttlingMicroseconds: nil, now: at(29)) == .wait(until: at(30))
        )
    }

    @Test func `after the last attempt it is given up, and the next message has all attempts`() {
        var limits = DeliveryLimits()
        limits.maximumAttempts = 2
        var schedule = DeliverySchedule()
        let first = schedule.failed(
            at: at(0),
            limits: limits,
            cooldownMilliseconds: nil,
            chance: 0
        )
        let second = schedule.failed(
            at: at(1),
            limits: limits,
            cooldownMilliseconds: nil,
            chance: 0
        )
        #expect([first, second] == [.retry, .giveUp])
        #expect(schedule.failures == 0)
        #expect(schedule.step(throttlingMicroseconds: nil, now: at(1)) == .send)
    }
}
