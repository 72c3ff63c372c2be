import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import Gateway

/// Pages of other origins.
@Suite struct CrossOriginTests {
    private static func answer(
        _ origins: [String],
        from origin: String?,
        method: HTTPRequest.Method = .get
    ) -> HTTPFields {
        var head = HTTPRequest(method: method, scheme: "http", authority: "hub.example", path: "/")
        if let origin { head.headerFields[.origin] = origin }
        if method == .options { head.headerFields[.accessControlRequestMethod] = "GET" }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        var response = Response(status: .ok, headers: [.allow: "GET, HEAD, OPTIONS"])
        CrossOrigin(origins).permit(request, &response)
        return response.headers
    }

    private static let map = "https://map.example"

    @Test func `a page of a listed origin may read answers, without cookies`() {
        let fields = Self.answer([Self.map], from: Self.map)
        #expect(fields[.accessControlAllowOrigin] == Self.map)
        #expect(fields[.vary] == "Origin")
        #expect(fields[.accessControlAllowCredentials] == nil)
        #expect(fields[.accessControlAllowMethods] == nil)
    }

    @Test(arguments: ["https://other.example", "https://map.example.evil", "null", nil])
    func `no other page may`(origin: String?) {
        let fields = Self.answer([Self.map], from: origin)
        #expect(fields[.accessControlAllowOrigin] == nil)
        #expect(fields[.vary] == "Origin")
    }

    @Test func `without the setting nothing is said`() {
        let fields = Self.answer([], from: Self.map)
        #expect(fields[.accessControlAllowOrigin] == nil && fields[.vary] == nil)
    }

    @Test func `a star stands for all, and answers may be kept`() {
        let fields = Self.answer(["*"], from: Self.map)
        #expect(fields[.accessControlAllowOrigin] == "*" && fields[.vary] == nil)
    }

    @Test func `a browser that asks first is told methods and headers`() {
        let fields = Self.answer([Self.map], from: Self.map, method: .options)
        #expect(fields[.accessControlAllowMethods] == "GET, HEAD, OPTIONS")
        #expect(fields[.accessControlAllowHeaders]?.contains("Authorization") == true)
    }
}
