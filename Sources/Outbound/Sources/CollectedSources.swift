package import Broker
import Collect
import ContextModel

/// Reads definitions of sources with the maps of Collect.
package struct CollectedSources: SourceReading {
    package init() {}

    package func read(
        _ definition: String,
        of name: SourceName
    ) throws(BrokerError) -> any MessageMapping {
        do throws(SourceError) {
            let source = try SourceDefinition(definition, name: name.text)
            return CollectedSource(source: source, mapper: try SourceMapper(source))
        } catch {
            throw BrokerError(.badRequestData, error.description)
        }
    }
}

/// A source whose messages a map of Collect maps.
private struct CollectedSource: MessageMapping {
    let source: SourceDefinition
    let mapper: SourceMapper

    var types: [String] { source.types }
    var isForDevices: Bool { source.isForDevices }
    var about: String? { source.about }
    var way: String { source.way.name }
    var isWatch: Bool { if case .watch = source.way { true } else { false } }
    var hasOwnTimes: Bool { source.hasOwnTimes }
    var definition: any Sendable { source }
    var reports: ReportInterval {
        switch source.reports {
        case .learned: .learned
        case .every(let seconds): .told(seconds: seconds)
        case .never: .never
        }
    }

    func map(_ message: ReceivedMessage) -> MappedContent {
        let mapped = mapper.map(
            SourceMessage(message.body, topic: message.topic, receivedAt: message.receivedAt)
        )
        return MappedContent(
            entities: mapped.entities,
            refusals: mapped.refusals,
            number: mapped.number
        )
    }
}
