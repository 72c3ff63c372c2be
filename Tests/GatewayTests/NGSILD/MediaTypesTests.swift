import Broker
import Clauses
import Testing

@testable import Gateway

@Suite(.clause("6.3.4", "6.3.6")) struct MediaTypesTests {
    private static let both: [MediaType] = [.json, .jsonLD]

    @Test(
        arguments: [
            (nil, .json), ("", .json), ("*/*", .json), ("application/json", .json),
            ("application/ld+json", .jsonLD), ("Application/LD+JSON", .jsonLD),
            ("text/html, application/ld+json", .jsonLD),
            ("application/json;q=0.5, application/ld+json", .jsonLD),
            ("application/json;q=0.5, application/ld+json;q=0.4", .json),
            ("application/*", .json), ("text/html, */*;q=0.1", .json),
            ("*/*, application/json;q=0", .jsonLD),
            ("application/ld+json; charset=utf-8; q=0.9, */*; q=0.1", .jsonLD),
            ("application/ld+json;profile=\"a,application/json\";q=0.9, */*;q=0.1", .jsonLD),
            ("application/json; q = 0.5, application/ld+json; Q=0.9", .jsonLD),
        ] as [(String?, MediaType)]
    )
    func `the type that the caller prefers is chosen`(accept: String?, type: MediaType) throws {
        #expect(try MediaType.negotiate(accept, from: Self.both) == type)
    }

    @Test(
        arguments: [
            "text/html", "application/geo+json", "application/json;q=0", "*/*;q=0", "nonsense", ",",
        ]
    )
    func `an unavailable type is refused with a list of available ones`(accept: String) {
        let error = #expect(throws: BrokerError.self) {
            try MediaType.negotiate(accept, from: Self.both)
        }
        #expect(error?.code == .notAcceptable)
        #expect(error?.detail.contains("application/json, application/ld+json") == true)
    }

    @Test(
        arguments: [
            ("application/json", .json), ("application/json; charset=utf-8", .json),
            (" Application/LD+JSON ;x", .jsonLD), ("application/geo+json", .geoJSON),
            ("application/merge-patch+json", .mergePatch), ("text/plain", nil), ("", nil),
            ("application/jsonx", nil),
        ] as [(String, MediaType?)]
    )
    func `the type of a body is read from its header`(header: String, type: MediaType?) {
        #expect(MediaType(contentType: header) == type)
    }
}
