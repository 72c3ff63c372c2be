import CoreMetrics

/// The series of one route, created before the first request.
struct RouteMetrics: Sendable {
    private let duration: Timer
    /// The counters by class of status, 1xx to 5xx.
    private let answers: [Counter]

    init(method: String, route: String, registry: MetricRegistry) {
        let labels = [("method", method), ("route", route)]
        duration = Timer(
            label: "http_request_duration",
            dimensions: labels,
            factory: registry
        )
        answers = (1...5).map {
            Counter(
                label: "http_requests",
                dimensions: labels + [("status", "\($0)xx")],
                factory: registry
            )
        }
    }

    func record(status: Int, duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        answers[max(0, min(4, status / 100 - 1))].increment()
    }
}
