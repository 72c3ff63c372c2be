import CoreMetrics
import Testing

@testable import Gateway

@Suite struct MetricRegistryTests {
    @Test func `counters add up under one name`() {
        let registry = MetricRegistry()
        for amount in [1, 2] {
            Counter(label: "writes", dimensions: [("kind", "create")], factory: registry)
                .increment(by: amount)
        }
        #expect(
            registry.prometheusText().hasPrefix(
                "# TYPE writes_total counter\nwrites_total{kind=\"create\"} 3\n"
            )
        )
    }

    @Test func `gauges have the last value`() {
        let registry = MetricRegistry()
        let gauge = Gauge(label: "queue.depth", factory: registry)
        gauge.record(7)
        gauge.record(2.5)
        #expect(registry.prometheusText().contains("# TYPE queue_depth gauge\nqueue_depth 2.5\n"))
    }

    @Test func `of series with labels, only non-empty ones are written`() {
        let registry = MetricRegistry()
        for kind in ["create", "delete"] {
            _ = Counter(label: "writes", dimensions: [("kind", kind)], factory: registry)
            _ = Timer(label: "commit", dimensions: [("kind", kind)], factory: registry)
        }
        _ = Counter(label: "imports", factory: registry)
        Timer(label: "commit", dimensions: [("kind", "delete")], factory: registry)
            .recordNanoseconds(1)
        let text = registry.prometheusText()
        #expect(!text.contains("writes"))
        #expect(!text.contains("create"))
        #expect(text.contains("commit_seconds_count{kind=\"delete\"} 1\n"))
        #expect(text.contains("\nimports_total 0\n"))
    }

    @Test func `a histogram counts up to and including each bound`() {
        let registry = MetricRegistry()
        let timer = Timer(label: "commit", factory: registry)
        timer.recordNanoseconds(100_000)
        timer.recordNanoseconds(100_001)
        timer.recordNanoseconds(60_000_000_000)
        let text = registry.prometheusText()
        #expect(text.contains("# TYPE commit_seconds histogram\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"0.0001\"} 1\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"0.00025\"} 2\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"10\"} 2\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"+Inf\"} 3\n"))
        #expect(text.contains("commit_seconds_count 3\n"))
    }

    @Test func `label values are escaped and names are made valid`() {
        let registry = MetricRegistry()
        Counter(label: "a-b c", dimensions: [("k y", "x\"\\\ny")], factory: registry).increment()
        #expect(registry.prometheusText().contains("a_b_c_total{k_y=\"x\\\"\\\\\\ny\"} 1\n"))
    }

    @Test func `more series than the limit are dropped and counted`() {
        let registry = MetricRegistry(maximumSeries: 2)
        for number in 1...5 {
            Counter(label: "c", dimensions: [("n", "\(number)")], factory: registry).increment()
        }
        let text = registry.prometheusText()
        #expect(text.contains("balai_metrics_dropped_series 3\n"))
        #expect(!text.contains("n=\"3\""))
    }

    @Test func `a name keeps the kind it was first used with`() {
        let registry = MetricRegistry()
        Gauge(label: "x", factory: registry).record(1)
        Timer(label: "x", factory: registry).recordNanoseconds(1)
        Recorder(label: "x", factory: registry).record(9)
        #expect(registry.prometheusText().contains("\nx 9\n"))
    }
}
