import Broker
import ContextModel
import Storage
import Testing

@testable import Gateway

@Suite struct TemporalParametersTests {
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

    @Test func `format takes precedence over options`() throws {
        #expect(try parameters("format=temporalValues&options=aggregatedValues").form() == .values)
        #expect(try parameters("options=temporalValues").form() == .values)
        #expect(try parameters("").form() == .instances)
    }

    @Test func `identifiers alone are too wide a query`() throws {
        #expect(try !parameters("id=urn:a").isSelective)
        #expect(try parameters("id=urn:a&type=Bus").isSelective)
        #expect(try parameters("id=urn:a&local=true").isSelective)
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

    @Test func `members given both to pick and to omit are refused`() throws {
        let entities = try parameters("pick=id,speed&omit=speed").entities
        #expect(throws: BrokerError(.badRequestData, "")) { try entities.representation() }
    }
}
