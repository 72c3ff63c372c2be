import Clauses
import ContextModel
import Governance
import Storage
import Testing

/// Every store aggregates evolutions in the same way.
@Suite(.clause("4.5.19", "AGGRTEMPORAL")) struct AggregationContractTests {
    private func query(
        from: Int? = nil,
        to: Int? = nil,
        aggregation: Aggregation? = nil
    ) -> TemporalQuery {
        TemporalQuery(
            condition: .ids([EntityID("urn:a")]),
            from: from.map(seconds),
            to: to.map(seconds),
            instanceLimit: 100,
            aggregation: aggregation,
            limit: 10
        )
    }

    @Test(arguments: StoreKind.all)
    func `values are aggregated by period, and a gap is not a zero`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let readings = [0: 2, 5: 4, 9: 4, 31: 7].map {
            Attribute.reading(.number(JSONNumber($0.value)), at: $0.key)
        }
        try await tenant.append("a", .speed, readings)
        let aggregation = Aggregation(
            methods: Aggregation.Method.allCases,
            period: .fixed(microseconds: 10_000_000)
        )
        let page = try await tenant.evolutions(
            query(from: 0, to: 40, aggregation: aggregation),
            grant: Grants.read()
        )
        let values = try #require(page.evolutions.first?.aggregates.first?.values)
        func first(_ method: Aggregation.Method) -> JSONValue? {
            values.first { $0.method == method }?.periods.first?.value
        }
        #expect(values.allSatisfy { $0.periods.map(\.from) == [seconds(0), seconds(30)] })
        #expect(first(.totalCount) == 3)
        #expect(first(.distinctCount) == 2)
        #expect(first(.sum) == 10)
        #expect(first(.min) == 2)
        #expect(first(.max) == 4)
        #expect(first(.sumsq) == 36)
        let deviation = try #require(first(.stddev)?.numberValue?.doubleValue)
        #expect(abs(deviation - (8.0 / 9).squareRoot()) < 1e-12)
    }

    /// The values of clause 4.5.19.1 for each type of value, in the order of the methods.
    private static let eligible: [([JSONValue], [Aggregation.Method: JSONValue])] = [
        ([1, 3], [.avg: 2, .min: 1, .max: 3, .sum: 4, .sumsq: 10, .stddev: 1]),
        ([true, false], [.avg: 0.5, .min: 0, .max: 1, .sum: 1, .sumsq: 1, .stddev: 0.5]),
        (["b", "a"], [.min: "a", .max: "b"]),
        ([[1], [1, 2, 3]], [.avg: 2, .min: 1, .max: 3, .sum: 4, .sumsq: 10, .stddev: 1]),
        ([["a": 1], ["a": 2]], [:]),
        (
            [
                ["@type": "Time", "@value": "10:00:00Z"], ["@type": "Time", "@value": "11:00:00Z"],
            ],
            [
                .avg: ["@type": "Time", "@value": "10:30:00Z"],
                .min: ["@type": "Time", "@value": "10:00:00Z"],
                .max: ["@type": "Time", "@value": "11:00:00Z"],
            ]
        ),
        (
            [
                ["@type": "Date", "@value": "2026-02-01"],
                ["@type": "Date", "@value": "2026-01-01"],
            ],
            [
                .min: ["@type": "Date", "@value": "2026-01-01"],
                .max: ["@type": "Date", "@value": "2026-02-01"],
            ]
        ),
    ]

    private func sums(
        _ tenant: any TenantStore,
        _ methods: [Aggregation.Method] = Aggregation.Method.allCases
    ) async throws -> Evolution? {
        let aggregation = Aggregation(methods: methods, period: .whole)
        return try await tenant.evolutions(query(aggregation: aggregation), grant: Grants.read())
            .evolutions.first
    }

    @Test(.clause("4.5.19", "AGGRTEMPORAL"), arguments: StoreKind.all, eligible)
    func `each type of value is aggregated as far as the clause allows`(
        kind: StoreKind,
        sample: ([JSONValue], [Aggregation.Method: JSONValue])
    ) async throws {
        let (values, expected) = sample
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let readings = values.enumerated().map { Attribute.reading($1, at: $0) }
        var end = Attribute.reading("urn:ngsi-ld:null", at: 9)
        end.details = AttributeDetails(deletedAt: seconds(9))
        try await tenant.append("a", .speed, readings + [end])
        var wanted = expected
        (wanted[.totalCount], wanted[.distinctCount]) = (2, 2)
        let found = try #require(try await sums(tenant)?.aggregates.first).values
        for values in found {
            #expect(values.periods.map(\.value) == wanted[values.method].map { [$0] } ?? [])
        }
    }

    @Test(.clause("4.5.19.1"), arguments: StoreKind.all)
    func `long texts are compared and shown in full`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let long = String(repeating: "x", count: 300)
        var texts = ["a", "b"].map { Attribute.reading(.string(long + $0), at: 1) }
        // A sub-attribute makes it a body of its own.
        for index in texts.indices {
            texts[index].attributes = [
                NamedAttribute(name: .label, instances: [Attribute(kind: .property, value: 1)])
            ]
        }
        try await tenant.append("a", .speed, texts)
        let found = try #require(try await sums(tenant, [.distinctCount, .max])?.aggregates.first)
        #expect(found.values.flatMap { $0.periods.map(\.value) } == [2, .string(long + "b")])
    }

    @Test(.clause("4.5.19"), arguments: StoreKind.all)
    func `relationships are only counted`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let lines = ["urn:a", "urn:b", "urn:a"].enumerated().map {
            var line = Attribute.reading(.string($1), at: $0)
            line.kind = .relationship
            return line
        }
        try await tenant.append("a", .label, lines)
        let all = try #require(try await sums(tenant)?.aggregates.first).values
        #expect(all.map(\.method) == [.totalCount, .distinctCount])
        #expect(all.map { $0.periods.map(\.value) } == [[3], [2]])
        let none = try await sums(tenant, [.min, .avg])
        #expect(none?.aggregates.isEmpty == true && none?.notAggregated == [.label])
    }

    @Test(
        .clause("4.5.19.1"),
        arguments: StoreKind.all,
        [
            // The clause's own example: calendar years and months, then days and times.
            (
                "P3Y6M4DT12H30M5S", "2016-08-31T00:00:00Z",
                ["2020-03-04T12:30:05Z", "2023-09-09T01:00:10Z"]
            ),
            ("P1M1D", "2021-01-31T00:00:00Z", ["2021-03-01T00:00:00Z", "2021-04-02T00:00:00Z"]),
            ("P1M", "2024-01-31T00:00:00Z", ["2024-02-29T00:00:00Z", "2024-03-31T00:00:00Z"]),
            ("P1YT1S", "2024-02-29T00:00:00Z", ["2025-02-28T00:00:01Z", "2026-02-28T00:00:02Z"]),
            ("P2W", "2021-01-01T00:00:00Z", ["2021-01-15T00:00:00Z", "2021-01-29T00:00:00Z"]),
        ]
    )
    func `a period of months and days follows the calendar`(
        kind: StoreKind,
        sample: (period: String, start: String, ends: [String])
    ) async throws {
        let (period, first, boundaries) = sample
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let start = try #require(Timestamp(first))
        let ends = boundaries.compactMap { Timestamp($0) }
        // One reading at each boundary, and one just before it.
        let moments = ([start] + ends).flatMap { [$0.microseconds, $0.microseconds - 1] }
        let readings = moments.filter { $0 >= start.microseconds }.map {
            Attribute(kind: .property, value: 1, observedAt: Timestamp(microseconds: $0))
        }
        try await tenant.append("a", .speed, readings)
        let duration = try #require(ISODuration(period))
        var query = query()
        query.from = start
        query.aggregation = Aggregation(
            methods: [.totalCount],
            period: duration.months == 0
                ? .fixed(microseconds: duration.microseconds) : .calendar(duration)
        )
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let periods = try #require(page.evolutions.first?.aggregates.first?.values.first?.periods)
        #expect(periods.map(\.from) == [start] + ends)
        #expect(periods.prefix(2).map(\.to) == ends)
        #expect(periods.map(\.value) == [2, 2, 1])
    }

    @Test(arguments: StoreKind.all)
    func `aggregates of too many values are refused`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, (0..<600).map { .reading(1, at: $0) })
        try await tenant.append("a", .label, (0..<10).map { .reading(1, at: $0) })
        let aggregation = Aggregation(
            methods: [.min, .max],
            period: .fixed(microseconds: 1_000_000)
        )
        var query = query(aggregation: aggregation)
        query.pageLimit = 1_220
        let page = try await tenant.evolutions(query, grant: Grants.read())
        #expect(page.evolutions.first?.aggregates.count == 2)
        query.pageLimit = 1_000
        await #expect(throws: StorageError(.tooManyResults, note: "")) {
            try await tenant.evolutions(query, grant: Grants.read())
        }
    }

    /// The aggregates of long texts stay within the memory limit.
    @Test(arguments: StoreKind.all)
    func `aggregates that need too many bytes are refused`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let text = String(repeating: "x", count: 1 << 20)
        for second in 0..<40 {
            let value: JSONValue = .string("\(second)\(text)")
            try await tenant.append("a", .label, [.reading(value, at: second)])
            try await tenant.append("b", .label, [.reading(.array([value]), at: second)])
            try await tenant.append("c", .label, [.reading(value, at: second)])
        }
        func count(
            _ method: Aggregation.Method,
            _ ids: String...,
            upTo second: Int
        ) async throws -> Int {
            var query = query(
                aggregation: Aggregation(
                    methods: [method],
                    period: method == .max ? .fixed(microseconds: 1_000_000) : .whole
                )
            )
            query.condition = .ids(Set(ids.map { EntityID("urn:\($0)") }))
            query.to = seconds(second)
            return try await tenant.evolutions(query, grant: Grants.read()).evolutions.count
        }
        for (method, id) in [(.max, "a"), (.distinctCount, "a"), (.distinctCount, "b")]
            as [(Aggregation.Method, String)]
        {
            #expect(try await count(method, id, upTo: 10) == 1)
            await #expect(throws: StorageError(.tooManyResults, note: "")) {
                try await count(method, id, upTo: 40)
            }
        }
        #expect(try await count(.totalCount, "a", upTo: 40) == 1)
        // The distinct values of one series are freed before the next series is read.
        #expect(try await count(.distinctCount, "a", "b", upTo: 20) == 2)
        await #expect(throws: StorageError(.tooManyResults, note: "")) {
            try await count(.max, "a", "c", upTo: 20)
        }
    }
}
