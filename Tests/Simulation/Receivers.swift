import Broker
import ContextModel

/// The receivers of notifications.
///
/// At random they are slow, down for a while, or accept a notification whose answer is lost.
final class Receivers: NotificationSender, @unchecked Sendable {
    /// A value that a receiver got.
    struct Told: Hashable {
        var url: String
        var entity: String
        var value: Int
    }
    /// In the order of arrival, used on the main thread only.
    private(set) var told: [Told] = []
    /// When each receiver was notified, in microseconds of the simulation.
    private(set) var arrivals: [String: [Int64]] = [:]
    /// The number of values in deliveries whose answer was lost; they are delivered again.
    private(set) var lostAnswers = 0
    private(set) var repeatable = 0
    private var downUntil: [String: Int64] = [:]
    private let world: World

    init(_ world: World) { self.world = world }

    func send(_ request: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let url = request.url
        // Cancelled when its process stops: the answer is lost.
        guard (try? await world.sleep(.milliseconds(world.random(1...150)))) != nil else {
            return .failed("stopped")
        }
        let now = world.clock().microseconds
        if now < downUntil[url, default: 0] { return .failed("down") }
        if world.random(0...999) < 5 {
            downUntil[url] = now + Int64(world.random(1...20)) * 1_000_000
            return .failed("down")
        }
        let values = take(request.answer.body, of: url, now)
        guard world.random(0...99) < 3 else { return .delivered }
        lostAnswers += 1
        repeatable += values
        return .failed("no answer")
    }

    /// Returns the number of values.
    private func take(_ body: [UInt8], of url: String, _ now: Int64) -> Int {
        arrivals[url, default: []].append(now)
        guard let data = (try? JSONReader.read(body))?.objectValue?["data"]?.arrayValue else {
            fatalError("a notification without data: \(String(decoding: body, as: UTF8.self))")
        }
        let before = told.count
        for entity in data.compactMap(\.objectValue) {
            guard let id = entity["id"]?.stringValue,
                let value = entity["count"]?.objectValue?["value"]?.numberValue?.intValue
            else { continue }
            told.append(Told(url: url, entity: id, value: value))
        }
        return told.count - before
    }
}
