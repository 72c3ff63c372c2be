import ContextModel
import Synchronization

@testable import Collect

/// A hub that records requests and gives chosen answers.
final class RecordingHub: HubDestination {
    struct Log {
        var entities: [JSONValue] = []
        var histories: [JSONValue] = []
        /// The entities of requests with readings, including late ones.
        var newest: [JSONValue] = []
        var requests = 0
    }

    private let log = Mutex(Log())
    private let answer: @Sendable (Int) throws(HubFailure) -> [EntityRefusal]

    /// `answer` gets the number of the request, counted from 1.
    init(answer: @escaping @Sendable (Int) throws(HubFailure) -> [EntityRefusal] = { _ in [] }) {
        self.answer = answer
    }

    var received: Log { log.withLock { $0 } }

    var entities: [JSONValue] { received.entities }

    var ids: [String] { entities.compactMap { $0.objectValue?["id"]?.stringValue } }

    /// The readings of an attribute in the order of arrival: moment and value.
    ///
    /// Those for current state are last.
    func readings(_ id: String, _ attribute: String) -> [String] {
        let current = received.newest.filter { $0.objectValue?[attribute] != nil }
        return (received.histories + current).filter { $0.objectValue?["id"]?.stringValue == id }
            .flatMap { history in
                let given = history.objectValue?[attribute] ?? .null
                return (given.arrayValue ?? [given]).compactMap { instance in
                    let members = instance.objectValue
                    let value = members?["value"] ?? members?["object"] ?? .null
                    return "\(members?["observedAt"]?.stringValue ?? "") \(value.text)"
                }
            }
    }

    func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal] {
        let refusals = try await upsert(readings, isLinkedData: false)
        let list = try read(readings).arrayValue ?? []
        log.withLock { $0.newest += list }
        return refusals
    }

    /// The last reading for current state: value and moment.
    func current(_ id: String, _ attribute: String) -> String? {
        let last = entities.last {
            $0.objectValue?["id"]?.stringValue == id && $0.objectValue?[attribute] != nil
        }
        let members = last?.objectValue?[attribute]?.objectValue
        return members.map {
            "\($0["observedAt"]?.stringValue ?? "") \($0["value"]?.text ?? "")"
        }
    }

    func upsert(
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal] {
        let number = log.withLock { log in
            log.requests += 1
            return log.requests
        }
        let refusals = try answer(number)
        let list = try read(entities).arrayValue ?? []
        log.withLock { $0.entities += list }
        return refusals
    }

    func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure) {
        let number = log.withLock { log in
            log.requests += 1
            return log.requests
        }
        _ = try answer(number)
        let entity = try read(temporalEntity)
        log.withLock { $0.histories.append(entity) }
    }

    private func read(_ bytes: [UInt8]) throws(HubFailure) -> JSONValue {
        do throws(JSONError) { return try JSONReader.read(bytes) } catch {
            throw .stopped(reason: "not JSON: \(error)")
        }
    }
}
