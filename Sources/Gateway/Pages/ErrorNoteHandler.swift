package import ContextModel
package import Logging

/// Keeps errors from the log for the page *Health*; all lines also go to the usual log.
package struct ErrorNoteHandler: LogHandler {
    private let log: HealthLog
    private let label: String
    private let clock: @Sendable () -> Timestamp
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.warning

    /// The most characters of an error.
    private static let maximumCharacters = 300

    package init(label: String, log: HealthLog, clock: @escaping @Sendable () -> Timestamp) {
        self.label = label
        self.log = log
        self.clock = clock
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        guard event.level >= .warning else { return }
        let text = String("\(event.message)".prefix(Self.maximumCharacters))
        log.note(HealthSummary.ErrorLine(at: clock(), place: label, text: text))
    }
}
