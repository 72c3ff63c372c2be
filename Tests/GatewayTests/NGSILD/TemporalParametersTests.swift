import Broker
import Clauses
import ContextModel
import Storage
import Testing

@testable import Gateway

@Suite(.clause("6.3.10", "6.3.12")) struct TemporalParametersTests {
    private func parameters(_ query: String) throws -> TemporalParameters {
        TemporalParameters(
            entities: EntityParameters(
                items: try QueryItems(urlQuery: query),
                ld: .core,
                limits: HubLimits()
            )
        )
    }

    private let first = Timestamp(microseconds: 1_000_000)
    private let last = Timestamp(microseconds: 2_000_000)

    @Test func `a query by identifiers alone is too wide`() throws {
        #expect(try !parameters("id=urn:a").entities.isSelective())
        #expect(try parameters("id=urn:a&type=Bus").entities.isSelective())
        #expect(try parameters("id=urn:a&local=true").entities.isSelective())
    }

    @Test func `evolutions are ordered by id only`() throws {
        func order(_ text: String) throws -> TemporalQuery.IDOrder? {
            try parameters("orderBy=\(text)").query(condition: .everything, requiresTime: false)
                .idOrder
        }
        #expect(try order("id") == .ascending)
        #expect(try order("id;desc") == .descending)
        for other in ["speed", "createdAt", "id,speed"] {
            #expect(throws: BrokerError(.badRequestData, "")) { try order(other) }
        }
    }

    @Test func `a range starts where the query does, and runs backwards with lastN`() throws {
        func range(_ query: String) throws -> String {
            try parameters(query).contentRange((first, last))
        }
        let (one, two) = ("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z")
        let (early, late) = ("1969-01-01T00:00:00Z", "1971-01-01T00:00:00Z")
        #expect(try range("") == "date-time \(one)-\(two)/*")
        #expect(try range("timerel=after&timeAt=\(early)") == "date-time \(early)-\(two)/*")
        #expect(try range("timerel=before&timeAt=\(late)") == "date-time \(one)-\(two)/*")
        #expect(try range("lastN=3") == "date-time \(two)-\(one)/3")
        #expect(
            try range("timerel=between&timeAt=\(early)&endTimeAt=\(late)&lastN=3")
                == "date-time \(late)-\(one)/3"
        )
    }

    @Test func `a member both in pick and in omit is refused`() throws {
        let entities = try parameters("pick=id,speed&omit=speed").entities
        #expect(throws: BrokerError(.badRequestData, "")) { try entities.representation() }
    }

    private func query(_ text: String) throws -> TemporalQuery {
        try parameters(text).query(condition: .everything, requiresTime: false)
    }

    @Test func `a range is read with its time property`() throws {
        let read = try query(
            "timerel=between&timeAt=1970-01-01T00:00:01Z&endTimeAt=1970-01-01T00:00:02Z"
                + "&timeproperty=modifiedAt&lastN=3"
        )
        #expect(read.from == first && read.to == last && read.lastN == 3)
        #expect(read.timeProperty == .modifiedAt)
        #expect(try query("").timeProperty == .observedAt)
    }

    @Test func `a missing time is refused where it is required`() throws {
        #expect(throws: BrokerError(.badRequestData, "")) {
            try parameters("").query(condition: .everything, requiresTime: true)
        }
    }

    @Test(
        arguments: [
            "timeAt=1970-01-01T00:00:01Z", "timerel=after", "timerel=since&timeAt=1970-01-01",
            "timerel=after&timeAt=soon", "timeproperty=bornAt", "lastN=0", "lastN=x",
            "options=aggregatedValues", "options=aggregatedValues&aggrMethods=median",
            "options=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=1h",
            "options=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=P1W1D",
        ]
    )
    func `an invalid parameter is refused`(text: String) {
        #expect(throws: BrokerError(.badRequestData, "")) { try query(text) }
    }

    @Test func `values are aggregated by months, by hours or all together`() throws {
        func period(_ text: String) throws -> AggregationPeriod? {
            let start = "options=aggregatedValues&aggrMethods=sum,max,sum"
            return try query(start + text).aggregation?.period
        }
        #expect(try period("") == .whole)
        #expect(try period("&aggrPeriodDuration=PT0S") == .whole)
        #expect(try period("&aggrPeriodDuration=PT1H") == .fixed(microseconds: 3_600_000_000))
        #expect(try period("&aggrPeriodDuration=P1Y") == .calendar(ISODuration(months: 12)))
        #expect(
            try period("&aggrPeriodDuration=P3Y6M4DT12H30M5S")
                == .calendar(ISODuration(months: 42, microseconds: 390_605_000_000))
        )
        #expect(
            try query("options=aggregatedValues&aggrMethods=sum,max,sum").aggregation?.methods
                == [.sum, .max]
        )
        #expect(try query("aggrMethods=sum").aggregation == nil)
    }

    @Test(
        .clause("6.3.12"),
        arguments: [
            ("", TemporalWriter.Format.instances), ("options=temporalValues", .values),
            ("options=temporalValues,aggregatedValues", .aggregates),
            ("options=aggregatedValues,simplified,sysAttrs", .aggregates),
            ("format=temporalValues&options=aggregatedValues", .values),
        ]
    )
    func `aggregation takes precedence over other formats, and format over options`(
        text: String,
        format: TemporalWriter.Format
    ) throws {
        #expect(try parameters(text).format == format)
    }
}
