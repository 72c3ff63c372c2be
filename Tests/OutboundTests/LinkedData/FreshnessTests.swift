import NIOHTTP1
import Testing

@testable import Outbound

@Suite struct FreshnessTests {
    private static let noon = "Wed, 25 Nov 2026 12:00:00 GMT"
    private static let five = "Wed, 25 Nov 2026 12:05:00 GMT"

    @Test(
        arguments: [
            (["Cache-Control": "max-age=60"], 60),
            (["Cache-Control": "Public, MAX-AGE=60, s-maxage=90"], 90),
            (["Cache-Control": "max-age=60", "Age": "20"], 40),
            (["Cache-Control": "max-age=60", "Age": "80"], 0),
            (["Cache-Control": "no-cache, max-age=60"], 0),
            (["Cache-Control": "no-store"], 0),
            (["Cache-Control": "max-age=soon"], 0),
            (["Cache-Control": "max-age=99999999999999999999"], Int.max),
            (["Expires": five, "Date": noon], 300),
            (["Expires": noon, "Date": five], 0),
            (["Expires": "0", "Date": noon], 0),
            (["Expires": five, "Date": noon, "Cache-Control": "max-age=7"], 7),
            (["Cache-Control": "public"], nil),
            ([:], nil),
        ] as [([String: String], Int?)]
    )
    func `a server tells how long an answer stays fresh`(headers: [String: String], seconds: Int?) {
        #expect(Freshness.seconds(HTTPHeaders(headers.map { ($0.key, $0.value) })) == seconds)
    }
}
