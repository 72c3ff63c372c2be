import Broker

/// Writes series in Prometheus' text exposition format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""
    private var lastName = ""

    mutating func add(_ name: SeriesName, _ series: Series) {
        switch series {
        case .counter(let count):
            addType(name.name, "counter")
            addSample(name.name, name.labels, "\(count.value)")
        case .gauge(let level):
            addType(name.name, "gauge")
            addSample(name.name, name.labels, Self.number(level.value))
        case .histogram(let histogram):
            addType(name.name, "histogram")
            addHistogram(name, histogram)
        }
    }

    mutating func addGauge(_ name: String, _ value: Double) {
        addType(name, "gauge")
        addSample(name, "", Self.number(value))
    }

    mutating func add(_ members: [MemberFigures]) {
        func labels(_ member: MemberFigures, _ more: [(String, String)] = []) -> String {
            SeriesName("", [("city", member.name), ("member", member.id)] + more).labels
        }
        for member in members {
            guard let age = member.age else { continue }
            addType("balai_member_record_age_seconds", "gauge")
            addSample("balai_member_record_age_seconds", labels(member), Self.number(age))
        }
        for member in members {
            guard let size = member.size else { continue }
            addType("balai_member_record_entries", "gauge")
            addSample("balai_member_record_entries", labels(member), "\(size)")
        }
        for member in members {
            for kind in MemberFigures.kinds {
                let isFound = member.findings.contains(kind)
                addType("balai_member_record_findings", "gauge")
                addSample(
                    "balai_member_record_findings",
                    labels(member, [("finding", kind)]),
                    isFound ? "1" : "0"
                )
            }
        }
    }

    mutating func add(_ witnesses: [WitnessFigures]) {
        func label(_ witness: WitnessFigures) -> String {
            SeriesName("", [("witness", witness.name)]).labels
        }
        for witness in witnesses {
            guard let age = witness.age else { continue }
            addType("balai_witness_age_seconds", "gauge")
            addSample("balai_witness_age_seconds", label(witness), Self.number(age))
        }
        for witness in witnesses {
            addType("balai_witness_failures_total", "counter")
            addSample("balai_witness_failures_total", label(witness), "\(witness.failures)")
        }
    }

    mutating func add(_ sources: [SourceMetrics]) {
        let series: [(String, String, (SourceMetrics) -> Int?)] = [
            ("balai_source_connected", "gauge", { $0.figures.isConnected.map { $0 ? 1 : 0 } }),
            ("balai_source_entities_total", "counter", { $0.figures.entities }),
            ("balai_source_messages_total", "counter", { $0.figures.messages }),
            ("balai_source_refused_kept", "gauge", { $0.keptRefusals }),
            ("balai_source_refused_total", "counter", { $0.figures.refused }),
            ("balai_source_silent", "gauge", { $0.figures.things > 0 ? $0.figures.silent : nil }),
        ]
        for (name, type, value) in series {
            for source in sources {
                guard let value = value(source) else { continue }
                var labels = [("source", source.name)]
                if let tenant = source.tenant { labels.append(("tenant", tenant)) }
                addType(name, type)
                addSample(name, SeriesName("", labels).labels, "\(value)")
            }
        }
    }

    private mutating func addHistogram(_ name: SeriesName, _ histogram: Histogram) {
        let (counts, sum) = histogram.cumulative
        let prefix = name.labels.isEmpty ? "" : name.labels + ","
        for (bound, count) in zip(histogram.bounds.map(Self.number) + ["+Inf"], counts) {
            addSample(name.name + "_bucket", "\(prefix)le=\"\(bound)\"", "\(count)")
        }
        addSample(name.name + "_sum", name.labels, Self.number(sum))
        addSample(name.name + "_count", name.labels, "\(counts.last ?? 0)")
    }

    /// Adds the type once for all series of a name, which follow each other.
    private mutating func addType(_ name: String, _ type: String) {
        if name == lastName { return }
        lastName = name
        if let help = Self.help[name] { text += "# HELP \(name) \(help)\n" }
        text += "# TYPE \(name) \(type)\n"
    }

    private mutating func addSample(_ name: String, _ labels: String, _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// The descriptions of the hub's own series.
    private static let help = [
        "balai_database_bytes": "Size of all databases with their logs.",
        "balai_disk_free_bytes": "Free space of the disk with the data folder.",
        "balai_disk_used_bytes": "Used or reserved space of that disk.",
        "balai_entities": "Entities of all tenants.",
        "balai_import_failures_total": "Rows and records of files that were not stored.",
        "balai_import_records_total": "Rows and records of files that were read.",
        "balai_imports_refused_total": "Files sent that were not read to their end.",
        "balai_imports_total": "Files sent that were read to their end.",
        "balai_member_record_age_seconds":
            "Time since a member of the network said last which checkpoint of its record is its newest.",
        "balai_member_record_entries":
            "Entries of a member's record, as far as this hub has seen it.",
        "balai_member_record_findings":
            "Whether a member's record shows a fork, a rollback or a gap.",
        "balai_metrics_dropped_series": "Series not kept because there are too many.",
        "balai_notifications_oldest_seconds": "How long the oldest notification has waited.",
        "balai_notifications_waiting": "Notifications not delivered yet.",
        "balai_requests_refused_disk_full_total": "Requests refused because the disk is full.",
        "balai_source_connected": "Whether a source is connected, or its address answers.",
        "balai_source_entities_total": "Entities that messages of a source became or changed.",
        "balai_source_messages_total": "Messages of a source since the start.",
        "balai_source_refused_kept": "Refused messages of a source that are kept.",
        "balai_source_refused_total":
            "Messages of a source that were refused, as a whole or in part.",
        "balai_source_silent": "Things of a source that should report and do not.",
        "balai_witness_age_seconds": "Time since a witness signed a checkpoint of the record.",
        "balai_witness_failures_total": "How often a witness did not sign when it was asked.",
        "http_request_duration_seconds": "Time to answer, by method and route.",
        "http_requests_total": "Requests answered, by method, route and class of status.",
        "process_resident_memory_bytes": "Resident memory.",
    ]

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
