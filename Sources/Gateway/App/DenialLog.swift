import Broker
import Governance
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Logs denied requests with the party, the method and the path, and without the token.
///
/// A client that is denied again and again must neither fill the disk nor hide others' denials. So
/// only some lines are written for each party in a period, and the next line says how many were
/// left out.
final class DenialLog: Sendable {
    static let linesAtOnce = 20
    static let interval = Duration.seconds(10)
    private static let maximumPathCharacters = 200

    private struct State {
        var since: ContinuousClock.Instant?
        var lines = 0
        var leftOut = 0

        /// The number of lines left out before this one; nil when this one is left out, too.
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
    /// There are as many as the operator has named.
    private let states = Mutex<[Party: State]>([:])

    /// Logs an answer that denies; ignores any other.
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
