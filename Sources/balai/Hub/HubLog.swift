import ContextModel
import Foundation
import Gateway
import Logging
import Synchronization

/// Writes log lines to standard error, for people or for programs.
struct HubLog: LogHandler {
    let label: String
    let format: LogFormat
    /// The level of a logger that has one of its own, or else of all.
    var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    private let threshold: LogThreshold
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]
    /// Receives every line as well.
    private let notes: ErrorNoteHandler?

    init(
        label: String,
        format: LogFormat,
        threshold: LogThreshold,
        notes: ErrorNoteHandler? = nil
    ) {
        self.label = label
        self.format = format
        self.threshold = threshold
        self.notes = notes
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        notes?.log(event: event)
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { (key: $0.key == "hb.request.id" ? "request" : $0.key, value: "\($0.value)") }
        let line = Self.line(
            format,
            level: event.level,
            label: label,
            message: "\(event.message)",
            fields: fields,
            at: Date()
        )
        StandardError.write(line + "\n")
    }

    /// A log line, which stays on one line whatever it contains.
    static func line(
        _ format: LogFormat,
        level: Logger.Level,
        label: String,
        message: String,
        fields: [(key: String, value: String)],
        at moment: Date
    ) -> String {
        let time = Timestamp(moment).description
        switch format {
        case .text:
            let fields = fields.map { " \($0.key)=\($0.value)" }.joined()
            return onOneLine("\(time) \(level) \(message)\(fields)")
        case .json:
            let own = [
                ("time", time), ("level", "\(level)"), ("logger", label), ("message", message),
            ]
            let members = own + fields.map { ("data." + $0.key, $0.value) }
            return "{" + members.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",")
                + "}"
        }
    }

    /// The text with control characters escaped, so that nobody can forge a line.
    private static func onOneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                line += scalar.escaped(asASCII: true)
            default:
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    private static func quoted(_ text: String) -> String {
        let data = try? JSONEncoder().encode(text)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// The level from which on lines are written, by all loggers; it can be changed while the hub runs.
final class LogThreshold: Sendable {
    private let place: Atomic<Int>

    /// That of the program: Swift's loggers are made in one place for all of it.
    static let common = LogThreshold(.info)

    init(_ level: Logger.Level) { place = Atomic(level.place) }

    var level: Logger.Level {
        get { Logger.Level.allCases[place.load(ordering: .relaxed)] }
        set { place.store(newValue.place, ordering: .relaxed) }
    }
}

extension Logger.Level {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
