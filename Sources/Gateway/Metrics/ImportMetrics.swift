import Collect
import CoreMetrics

/// Counts the files that were sent to the hub.
struct ImportMetrics: Sendable {
    private let imports: Counter
    private let refusals: Counter
    private let records: Counter
    private let failures: Counter

    init(_ registry: MetricRegistry) {
        imports = Counter(label: "balai_imports", factory: registry)
        refusals = Counter(label: "balai_imports_refused", factory: registry)
        records = Counter(label: "balai_import_records", factory: registry)
        failures = Counter(label: "balai_import_failures", factory: registry)
    }

    /// Counts a file that was read to its end.
    func finished(_ tally: ImportTally) {
        imports.increment()
        records.increment(by: tally.records)
        failures.increment(by: tally.failures)
    }

    /// Counts a file that was not read to its end.
    func refused() { refusals.increment() }
}
