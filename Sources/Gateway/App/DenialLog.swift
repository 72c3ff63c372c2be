import Broker
import Governance
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Tells the log who was denied what: the party, the method and the path, and no token.
///
/// Whoever is denied again and again must not fill the disk with it, nor hide what others are denied:
/// of each party only so many lines are written in a while; the next one says how many were left out.
final class DenialLog: Sendable {
    static let linesAtOnce = 20
    static let interval = Duration.seconds(10)
    private static let maximumPathCharacters = 200

    private struct State {
        var since: ContinuousClock.Instant?
        var lines = 0
        var leftOut = 0

        /// How many were left out before this line; nil when it is left out, too.
        mutating func takeLine(_ now: ContinuousClock.Instant) -> Int? {
            if since.map({ $0.duration(to: now) >= DenialLog.interval }) ?? true {
                (since, lines) = (now, 0)
            }
            guard lines < DenialLog.linesAtOnce else {
                leftOut += 1
                return nil
            }
            lines += 1
            defer { leftOut = 0 }
            return leftOut
        }
    }
    /// As many as the operator has named.
    private let states = Mutex<[Party: State]>([:])

    /// Notes an answer that denies; any other is none of its business.
    func note(
        _ code: BrokerError.Code,
        _ request: HTTPRequest,
        _ context: GatewayContext,
        now: ContinuousClock.Instant = .now
    ) {
        guard code == .unauthenticated || code == .forbidden,
            let leftOut = states.withLock({
                $0[context.caller.party, default: State()].takeLine(now)
            })
        else { return }
        let path = (request.path ?? "").prefix { $0 != "?" }.prefix(Self.maximumPathCharacters)
        var metadata: Logger.Metadata = [
            "party": "\(context.caller.party.text)", "method": "\(request.method.rawValue)",
            "path": "\(path)",
            "why": code == .forbidden ? "not permitted" : "token missing or unknown",
        ]
        if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
        context.logger.notice("denied", metadata: metadata)
    }
}
