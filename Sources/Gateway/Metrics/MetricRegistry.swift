package import CoreMetrics
import Synchronization

/// A small backend of swift-metrics that keeps every series in memory, for Prometheus to read.
package final class MetricRegistry: MetricsFactory, Sendable {
    /// The most series: labels from requests must not fill the memory.
    package let maximumSeries: Int

    private struct State {
        var series: [SeriesName: Series] = [:]
        var dropped = 0
    }
    private let state = Mutex(State())

    package init(maximumSeries: Int = 5000) {
        self.maximumSeries = maximumSeries
    }

    package func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        let made = series(SeriesName(label, dimensions, suffix: "_total")) { .counter(Count()) }
        if case .counter(let count) = made { return count }
        return NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let made = series(SeriesName(label, dimensions)) {
            aggregate ? .histogram(Histogram(bounds: Histogram.sizeBounds)) : .gauge(Level())
        }
        return switch made {
        case .gauge(let level): level
        case .histogram(let histogram): histogram
        case .counter, nil: NOOPMetricsHandler.instance
        }
    }

    package func makeMeter(
        label: String,
        dimensions: [(String, String)]
    ) -> any MeterHandler {
        let made = series(SeriesName(label, dimensions)) { .gauge(Level()) }
        if case .gauge(let level) = made { return level }
        return NOOPMetricsHandler.instance
    }

    package func makeTimer(
        label: String,
        dimensions: [(String, String)]
    ) -> any TimerHandler {
        let made = series(SeriesName(label, dimensions, suffix: "_seconds")) {
            .histogram(Histogram(bounds: Histogram.secondsBounds))
        }
        if case .histogram(let histogram) = made { return histogram }
        return NOOPMetricsHandler.instance
    }

    /// Does nothing: a series lives as long as the process, as Prometheus expects.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The series with this name, which is created if need be; nil when there are too many.
    private func series(_ name: SeriesName, make: () -> Series) -> Series? {
        state.withLock { state in
            if let series = state.series[name] { return series }
            guard state.series.count < maximumSeries else {
                state.dropped += 1
                return nil
            }
            let made = make()
            state.series[name] = made
            return made
        }
    }

    /// All series.
    var series: [SeriesName: Series] { state.withLock { $0.series } }

    /// All series in Prometheus' text format, in the order of names.
    ///
    /// Of several series with one name and different labels, such as those of routes, empty ones
    /// are left out.
    package func prometheusText(_ figures: HubFigures? = nil) -> String {
        let (series, dropped) = state.withLock { ($0.series, $0.dropped) }
        var text = PrometheusText()
        let told = series.filter { $0.labels.isEmpty || !$1.isEmpty }
        for (name, series) in told.sorted(by: { $0.key < $1.key }) {
            text.add(name, series)
        }
        for gauge in figures?.gauges ?? [] { text.addGauge(gauge.name, gauge.value) }
        text.add(figures?.sources ?? [])
        text.add(figures?.members ?? [])
        text.add(figures?.witnesses ?? [])
        text.addGauge("balai_metrics_dropped_series", Double(dropped))
        if let bytes = ProcessMetrics.residentBytes {
            text.addGauge("process_resident_memory_bytes", Double(bytes))
        }
        return text.text
    }
}

/// The name and labels of a series.
struct SeriesName: Hashable, Comparable {
    let name: String
    /// The labels: `key="value",…` with values escaped.
    let labels: String

    init(_ label: String, _ dimensions: [(String, String)], suffix: String = "") {
        let name = String(label.unicodeScalars.map(Self.nameCharacter))
        self.name = name.hasSuffix(suffix) ? name : name + suffix
        labels = dimensions.map { key, value in
            "\(String(key.unicodeScalars.map(Self.nameCharacter)))=\"\(Self.escaped(value))\""
        }.joined(separator: ",")
    }

    static func < (a: SeriesName, b: SeriesName) -> Bool {
        (a.name, a.labels) < (b.name, b.labels)
    }

    private static func nameCharacter(_ scalar: Unicode.Scalar) -> Character {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ":": Character(scalar)
        default: "_"
        }
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n", "\r\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
